"""The checkpoint: the tree's head as three lines of text (C2SP tlog-checkpoint).

Origin, size in decimal, root in base64; each line ends in a newline. Extension lines are refused: nobody could check
what they say. A checkpoint carries no time and no personal data.
"""

from dataclasses import dataclass

from services.audit.verifier.strict import FormatError, base64_bytes, base64_text, decimal
from services.audit.verifier.tree import HASH_SIZE


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of the log ``origin``: its ``size`` in leaves and its 32-byte ``root``."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed, with its final newline."""
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint of a note's text. Raises ``FormatError``."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise FormatError("a checkpoint is three lines: origin, size, root")
    origin, size, encoded, _ = lines
    if not origin:
        raise FormatError("the checkpoint names no origin")
    root = base64_bytes(encoded, "the root of the checkpoint")
    if len(root) != HASH_SIZE:
        raise FormatError(f"the root of the checkpoint has {len(root)} bytes, not {HASH_SIZE}")
    return Checkpoint(origin, decimal(size, "the size of the checkpoint"), root)
