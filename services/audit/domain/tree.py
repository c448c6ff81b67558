"""Growing the log's tree, and proving from it (RFC 6962, section 2.1).

Of the tree only the hashes of every eighth level are kept (C2SP tlog-tiles); the levels between are hashed again from
at most 256 of them. Kept hashes never change, so growing and proving never meet.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.audit.verifier.checkpoint import Checkpoint
from services.audit.verifier.tree import CompactRange, ProofError, node_hash, root, verify_consistency

TILE_HEIGHT = 8

Nodes = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree of 2^level leaves at (level, index)."""

KeptHashes = Callable[[int, int, int], Sequence[bytes]]
"""Gives (tile level, start, count): that many kept hashes of a level, in order. Tile level n is tree level 8n."""


@dataclass(frozen=True, slots=True)
class KeptHash:
    """One hash to keep: the subtree of 256^``level`` leaves at ``index`` of its level."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Growth:
    """What follows from appending leaves: the range to go on from, and the hashes to keep, in order of completion."""

    range: CompactRange
    kept: tuple[KeptHash, ...]


def grow(before: CompactRange, leaf_hashes: Iterable[bytes]) -> Growth:
    """Append leaves to the tree."""
    kept: list[KeptHash] = []

    def completed(level: int, index: int, value: bytes) -> None:
        if level % TILE_HEIGHT == 0:
            kept.append(KeptHash(level // TILE_HEIGHT, index, value))

    return Growth(before.extended(leaf_hashes, completed), tuple(kept))


def nodes_of(read: KeptHashes) -> Nodes:
    """The nodes of a tree whose kept hashes can be read. Use one for a request or a batch: it remembers."""

    @lru_cache(maxsize=4096)
    def node(level: int, index: int) -> bytes:
        tile_level, above = divmod(level, TILE_HEIGHT)
        wanted = 1 << above
        hashes = read(tile_level, index << above, wanted)
        if len(hashes) != wanted:
            raise ProofError(f"the tree is not complete at level {level}, index {index}: hashes are missing")
        return root(hashes)

    return node


def range_of(nodes: Nodes, size: int) -> CompactRange:
    """The range from which a tree of ``size`` leaves goes on growing."""
    hashes = []
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            hashes.append(nodes(level, (size >> level) - 1))
    return CompactRange(size, tuple(hashes))


def tree_root(nodes: Nodes, size: int) -> bytes:
    """The root of the first ``size`` leaves."""
    return _hash(nodes, 0, size) if size else root(())


def inclusion_proof(nodes: Nodes, index: int, size: int) -> tuple[bytes, ...]:
    """The hashes from the sibling of leaf ``index`` to the child of the root of ``size`` leaves.

    Raises ``ProofError`` for an index outside the tree.
    """
    if not 0 <= index < size:
        raise ProofError(f"index {index} is not in a tree of size {size}")
    return _path(nodes, index, 0, size)


def consistency_proof(nodes: Nodes, old: int, new: int) -> tuple[bytes, ...]:
    """The hashes that show that the first ``old`` leaves are the beginning of the first ``new``.

    Raises ``ProofError`` for sizes from which nothing follows; the empty tree is one.
    """
    if not 0 < old <= new:
        raise ProofError(f"nothing can be shown from size {old} to size {new}")
    return subtree_proof(nodes, 0, old, new)


def subtree_proof(nodes: Nodes, start: int, end: int, size: int) -> tuple[bytes, ...]:
    """The hashes that show that leaves ``start`` to ``end`` are a subtree of the first ``size``.

    SUBTREE_PROOF of draft-ietf-plants-merkle-tree-certs; with ``start`` 0 it is RFC 6962's consistency proof. An empty
    subtree needs no hashes.
    """
    if start == end:
        return ()
    return _subproof(nodes, start, end, 0, size, known=True)


def check_extends(nodes: Nodes, published: Checkpoint, next_head: Checkpoint) -> None:
    """Check that a head about to be signed continues the newest published one. Raises ``ProofError`` when not.

    To be asked before every signature: a log restored from an old copy must not sign a second history.
    """
    if next_head.origin != published.origin or next_head.size < published.size:
        raise ProofError(
            f"the log would go from size {published.size} back to {next_head.size}, or under another name; "
            "do not sign, and restore the newest state first"
        )
    if published.size:
        proof = consistency_proof(nodes, published.size, next_head.size)
        verify_consistency(published.size, next_head.size, proof, published.root, next_head.root)


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _hash(nodes: Nodes, low: int, high: int) -> bytes:
    """The hash of leaves ``low`` to ``high``; ``low`` is a multiple of a power of two not below their number."""
    size = high - low
    if size.bit_count() == 1:
        level = size.bit_length() - 1
        return nodes(level, low >> level)
    middle = low + _split(size)
    return node_hash(_hash(nodes, low, middle), _hash(nodes, middle, high))


def _path(nodes: Nodes, index: int, low: int, high: int) -> tuple[bytes, ...]:
    if high - low == 1:
        return ()
    middle = low + _split(high - low)
    if index < middle:
        return (*_path(nodes, index, low, middle), _hash(nodes, middle, high))
    return (*_path(nodes, index, middle, high), _hash(nodes, low, middle))


def _subproof(nodes: Nodes, start: int, end: int, low: int, high: int, *, known: bool) -> tuple[bytes, ...]:
    """RFC 6962's SUBPROOF for leaves ``start`` to ``end`` within ``low`` to ``high``."""
    if (start, end) == (low, high):
        return () if known else (_hash(nodes, low, high),)
    middle = low + _split(high - low)
    if end <= middle:
        return (*_subproof(nodes, start, end, low, middle, known=known), _hash(nodes, middle, high))
    if start >= middle:
        return (*_subproof(nodes, start, end, middle, high, known=known), _hash(nodes, low, middle))
    return (*_subproof(nodes, middle, end, middle, high, known=False), _hash(nodes, low, middle))
