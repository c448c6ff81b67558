"""The leaf: what the log says of one event, as canonical JSON of seven members.

``{v, service, incarnation, lane, sequence, chain, sha256}``. It names where the event stands and what its bytes hash
to, and nothing of what it says; so tiles and checkpoints reveal volume only.
"""

import re
from dataclasses import dataclass

from services.audit.verifier.strict import (
    MAX_JSON_INT,
    FormatError,
    canonical,
    canonical_json,
    hex_bytes,
    keys,
    matching,
    whole,
)
from services.audit.verifier.tree import HASH_SIZE, leaf_hash

VERSION = 1
MAX_LANE = 2**31 - 1

_KEYS = frozenset({"v", "service", "incarnation", "lane", "sequence", "chain", "sha256"})
_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,62}")
_INCARNATION = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One event's place and hash: ``chain`` and ``sha256`` are 32 bytes, ``sequence`` counts from 1 in its lane."""

    service: str
    incarnation: str
    lane: int
    sequence: int
    chain: bytes
    sha256: bytes

    def __post_init__(self) -> None:
        matching(self.service, _SERVICE, "the service of a leaf")
        matching(self.incarnation, _INCARNATION, "the incarnation of a leaf")
        whole(self.lane, 0, MAX_LANE, "the lane of a leaf")
        whole(self.sequence, 1, MAX_JSON_INT, "the sequence of a leaf")
        if len(self.chain) != HASH_SIZE or len(self.sha256) != HASH_SIZE:
            raise FormatError(f"chain and hash of a leaf have {HASH_SIZE} bytes")

    def data(self) -> bytes:
        """The bytes that are hashed into the tree."""
        return canonical(
            {
                "v": VERSION,
                "service": self.service,
                "incarnation": self.incarnation,
                "lane": self.lane,
                "sequence": self.sequence,
                "chain": self.chain.hex(),
                "sha256": self.sha256.hex(),
            }
        )

    def hash(self) -> bytes:
        """The leaf's hash in the tree."""
        return leaf_hash(self.data())


def parse_leaf(data: bytes) -> Leaf:
    """The leaf in these bytes. Raises ``FormatError`` for anything but the one spelling of a leaf."""
    found = keys(canonical_json(data, "the leaf"), _KEYS, "the leaf")
    whole(found["v"], VERSION, VERSION, "the version of a leaf")
    return Leaf(
        service=matching(found["service"], _SERVICE, "the service of a leaf"),
        incarnation=matching(found["incarnation"], _INCARNATION, "the incarnation of a leaf"),
        lane=whole(found["lane"], 0, MAX_LANE, "the lane of a leaf"),
        sequence=whole(found["sequence"], 1, MAX_JSON_INT, "the sequence of a leaf"),
        chain=hex_bytes(found["chain"], HASH_SIZE, "the chain of a leaf"),
        sha256=hex_bytes(found["sha256"], HASH_SIZE, "the hash of a leaf"),
    )
