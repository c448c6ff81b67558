"""The Merkle tree of RFC 6962: its hashes, its root, and the checking of proofs (RFC 9162, section 2.1).

A hash is 32 bytes of SHA-256. A tree of ``size`` leaves is split at the largest power of two below ``size``. Checking
is strict: every width and the exact length of a proof count, an index lies below the size, and a proof of consistency
from the empty tree is refused, because everything is consistent with nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from services.audit.verifier.strict import FormatError, VerificationError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

Completed = Callable[[int, int, bytes], None]
"""Told (level, index, hash) of every complete subtree of 2^level leaves, as it becomes complete."""


class ProofError(VerificationError):
    """A proof does not show what it should show."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """A whole tree in a few hashes: one for each complete subtree, largest first.

    ``hashes`` holds as many 32-byte hashes as ``size`` has one-bits. That is all a log must keep to go on growing.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise FormatError(f"a tree of size {self.size} is not made of {len(self.hashes)} subtrees")
        _widths(self.hashes, "a subtree hash")

    def extended(self, leaf_hashes: Iterable[bytes], completed: Completed | None = None) -> "CompactRange":
        """The range after these leaves, in order."""
        size, stack = self.size, list(self.hashes)
        for leaf in leaf_hashes:
            level, index, top = 0, size, leaf
            if completed:
                completed(level, index, top)
            while index & 1:
                top = node_hash(stack.pop(), top)
                level, index = level + 1, index >> 1
                if completed:
                    completed(level, index, top)
            stack.append(top)
            size += 1
        return CompactRange(size, tuple(stack))

    def root(self) -> bytes:
        """The root of the tree: the subtrees joined from the smallest to the largest."""
        if not self.hashes:
            return EMPTY_ROOT
        top = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            top = node_hash(left, top)
        return top


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root of the tree of these leaf hashes."""
    return CompactRange().extended(leaf_hashes).root()


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash stands at ``index`` in the tree of ``size`` leaves with this root.

    RFC 9162, section 2.1.3.2. Raises ``ProofError`` when it does not, or when the proof is of the wrong form.
    """
    if not 0 <= index < size:
        raise ProofError(f"index {index} is not in a tree of size {size}")
    _widths((leaf, root, *proof), "a hash of the inclusion proof")
    node, last, top = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if node & 1 or node == last:
            top = node_hash(sibling, top)
            node, last = _climb_to_left_turn(node, last)
        else:
            top = node_hash(top, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the inclusion proof is too short")
    if top != root:
        raise ProofError("the inclusion proof leads to another root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that the tree of ``old`` leaves is the beginning of the tree of ``new`` leaves.

    RFC 9162, section 2.1.4.2. Raises ``ProofError`` when it is not, or when the proof is of the wrong form.
    """
    if not 0 < old <= new:
        raise ProofError(f"nothing can be shown from size {old} to size {new}: the older size must be 1 or more")
    if old == new:
        if proof or old_root != new_root:
            raise ProofError("two trees of one size need equal roots and an empty proof")
        return
    _widths((old_root, new_root, *proof), "a hash of the consistency proof")
    if not proof:
        raise ProofError("the consistency proof is empty")
    old_top, new_top = _walk_consistency(old, new, [old_root, *proof] if old.bit_count() == 1 else proof)
    if old_top != old_root:
        raise ProofError("the consistency proof leads to another old root")
    if new_top != new_root:
        raise ProofError("the consistency proof leads to another new root")


def _walk_consistency(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Walk up both trees at once, from the largest subtree that ends where the old tree ends; give both tops."""
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_top = new_top = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if node & 1 or node == last:
            old_top, new_top = node_hash(sibling, old_top), node_hash(sibling, new_top)
            node, last = _climb_to_left_turn(node, last)
        else:
            new_top = node_hash(new_top, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProofError("the consistency proof is too short")
    return old_top, new_top


def _climb_to_left_turn(node: int, last: int) -> tuple[int, int]:
    """Skip the levels at which the right edge has no sibling."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _widths(hashes: Iterable[bytes], what: str) -> None:
    for value in hashes:
        if len(value) != HASH_SIZE:
            raise ProofError(f"{what} has {len(value)} bytes, not {HASH_SIZE}")
