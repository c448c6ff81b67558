"""The chain that ties the events of a lane together, as the verifier computes it.

``chain = SHA-256("amanah/chain/v1", service, incarnation, lane, sequence, previous chain, SHA-256(bytes))``, each part
framed by its length; lane and sequence are 8 bytes, big-endian, signed; texts are UTF-8; the first previous chain is
32 zero bytes. The producers compute it with code of their own: a test holds both equal.
"""

import struct
from collections.abc import Iterable
from hashlib import sha256

from services.audit.verifier.frame import frame
from services.audit.verifier.leaf import Leaf
from services.audit.verifier.tree import ProofError

FIRST_PREVIOUS = bytes(32)


def chain(service: str, incarnation: str, lane: int, sequence: int, previous: bytes, digest: bytes) -> bytes:
    """The 32-byte chain value of an event; ``digest`` is the SHA-256 of the event's bytes."""
    head = frame(b"amanah/chain/v1", service.encode(), incarnation.encode())
    numbers = frame(struct.pack(">q", lane), struct.pack(">q", sequence))
    return sha256(head + numbers + frame(previous, digest)).digest()


def verify_lanes(leaves: Iterable[Leaf], *, whole: bool) -> int:
    """Check the order and the links of these leaves' lanes, and count the links that could be checked.

    The leaves come in the order of the log. In a lane the sequence must rise, and the chain of each leaf must follow
    from the one before it where that one is at hand. With ``whole`` every lane must begin at 1 and have no hole.
    Raises ``ProofError``.
    """
    newest: dict[tuple[str, str, int], Leaf] = {}
    links = 0
    for leaf in leaves:
        lane = (leaf.service, leaf.incarnation, leaf.lane)
        before = newest.get(lane)
        came, previous = (before.sequence, before.chain) if before else (0, FIRST_PREVIOUS)
        newest[lane] = leaf
        place = f"{leaf.service}, lane {leaf.lane}, sequence {leaf.sequence}"
        if leaf.sequence <= came:
            raise ProofError(f"{place}: it stands behind sequence {came} of its lane")
        if leaf.sequence > came + 1:
            if whole:
                raise ProofError(f"{place}: sequence {came + 1} of its lane is missing")
            continue
        expected = chain(leaf.service, leaf.incarnation, leaf.lane, leaf.sequence, previous, leaf.sha256)
        if leaf.chain != expected:
            raise ProofError(f"{place}: its chain does not follow from the event before it")
        links += 1
    return links
