"""The chain that ties the events of a lane together.

``chain = SHA-256("amanah/chain/v1", service, incarnation, lane, sequence, previous chain, SHA-256(bytes))`` where
each part is framed by its length (4 bytes, big-endian); lane and sequence are 8 bytes, big-endian, signed; the first
previous chain is 32 zero bytes.
"""

import struct
from hashlib import sha256

ORIGIN = bytes(32)
_LENGTH = struct.Struct(">I").pack


def frame(*parts: bytes) -> bytes:
    """The parts, each behind its length, so that no two lists of parts give the same bytes."""
    return b"".join([_LENGTH(len(part)) + part for part in parts])


def chain_head(service: str, incarnation: str) -> bytes:
    """The part of the framed input that is the same for a whole store."""
    return frame(b"amanah/chain/v1", service.encode(), incarnation.encode())


def chain(head: bytes, lane: int, sequence: int, previous: bytes, body: bytes) -> bytes:
    """The 32-byte chain value of an event, given ``chain_head`` and the value before it."""
    parts = frame(struct.pack(">q", lane), struct.pack(">q", sequence), previous, sha256(body).digest())
    return sha256(head + parts).digest()
