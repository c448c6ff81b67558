"""The ``.tlog-proof``: an inclusion proof with its checkpoint, one text file (C2SP tlog-proof, version 1).

The parts are the leaf's index, the hashes from the leaf's sibling to the root's child, and the signed checkpoint as it
was published. ``extra`` is opaque and proven by nothing.
"""

from dataclasses import dataclass

from services.audit.verifier.strict import FormatError, base64_bytes, base64_text, decimal, utf8
from services.audit.verifier.tree import HASH_SIZE

MAX_PROOF_BYTES = 1 << 20
MAX_HASHES = 63
"""The height of the tallest tree whose size is read."""

_FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof for the leaf at ``index``; ``checkpoint`` is the whole signed note, unread."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def data(self) -> bytes:
        """The bytes of the file."""
        lines = [_FIRST_LINE]
        if self.extra is not None:
            lines.append(f"extra {base64_text(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(base64_text(value) for value in self.hashes)
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint


def parse_proof(data: bytes) -> Proof:
    """The proof in these bytes; the checkpoint's own form and signature are for the caller. Raises ``FormatError``."""
    if len(data) > MAX_PROOF_BYTES:
        raise FormatError(f"the proof has more than {MAX_PROOF_BYTES} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    if not blank or not checkpoint:
        raise FormatError("the proof ends before its checkpoint")
    lines = utf8(head, "the proof").split("\n")
    if lines.pop(0) != _FIRST_LINE:
        raise FormatError(f"the proof does not begin with {_FIRST_LINE}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = base64_bytes(lines.pop(0).removeprefix("extra "), "the extra data of the proof")
    if not lines or not lines[0].startswith("index "):
        raise FormatError("the proof does not name its index")
    index = decimal(lines.pop(0).removeprefix("index "), "the index of the proof")
    if len(lines) > MAX_HASHES:
        raise FormatError(f"the proof has more than {MAX_HASHES} hashes")
    return Proof(index, tuple(_hash(line) for line in lines), checkpoint, extra)


def _hash(line: str) -> bytes:
    value = base64_bytes(line, "a hash of the proof")
    if len(value) != HASH_SIZE:
        raise FormatError(f"a hash of the proof has {len(value)} bytes, not {HASH_SIZE}")
    return value
