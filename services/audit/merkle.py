"""The Merkle log as it lies in the database: its size, its tree, its leaves with their bytes, its checkpoints.

Everything here is read in one snapshot, given as a connection. Nothing that is read is believed: there is no way to a
row of the log but ``at`` and ``between``, and they give a ``Kept`` only where the bytes are those of the leaf, the leaf
is that of its columns, and the tree holds its hash. Else they raise ``Damaged``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import Connection, RowMapping, and_, func, select

from services.audit.domain.bundle import Logged
from services.audit.domain.tiles import WIDTH
from services.audit.domain.tree import KeptHashes, Nodes, nodes_of
from services.audit.readmodels import checkpoints, hashes, leaves
from services.audit.verifier.checkpoint import Checkpoint, parse_checkpoint
from services.audit.verifier.leaf import Leaf, parse_leaf
from services.audit.verifier.note import Key, parse_note
from services.audit.verifier.strict import FormatError, VerificationError
from services.audit.verifier.tree import HASH_SIZE, CompactRange, leaf_hash
from services.kernel.errors import Unavailable
from services.kernel.keys.port import Keys
from services.kernel.time import Instant

BATCH = 256  # rows read at once
MOST_BYTES = 16 << 20  # and how much their events may have together, where there is more than one

RESTORE = "Restore the audit database from its newest copy, then run: amanah rebuild audit"
REBUILD = "Run: amanah rebuild audit. The log itself is whole, and nothing has to be restored."


class Damaged(Unavailable):
    """What lies in the log, or in the index of it, is not what was put there.

    Whoever finds it has it kept (``verifying.watched``). Until a later round finds the leaf ``index`` sound again,
    nothing is signed, and no entry, answer, tile or bundle is handed out. ``what`` is what was found.
    """

    slug = "log-damaged"
    title = "The audit log does not fit its own proofs"

    def __init__(self, index: int, what: str, *, help: str = RESTORE) -> None:
        super().__init__(f"Leaf {index}: {what}.", help=help, retry_after=60)
        self.index = index
        self.what = what


class StillDamaged(Damaged):
    """Somebody asks while a fault that was found before still stands."""

    def __init__(self, fault: Damaged) -> None:
        what = f"{fault.what}; nothing is signed or handed out while this stands"
        super().__init__(fault.index, what, help=fault.help)


@dataclass(frozen=True, slots=True)
class Kept:
    """One row of the log, checked: the leaf, its hash in the tree, its bytes, and the event's bytes."""

    index: int
    leaf: Leaf
    hash: bytes
    leaf_data: bytes
    body: bytes

    def logged(self) -> Logged:
        """The same for a bundle."""
        return Logged(self.index, self.leaf_data, self.body)


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint as it was published: the signed note, and the packed range from which the next one goes on."""

    size: int
    packed: bytes
    note: bytes
    time: Instant

    def range(self) -> CompactRange:
        """The tree's complete subtrees. Raises ``Damaged`` where they do not fit the size."""
        try:
            return unpack_range(self.size, self.packed)
        except VerificationError as error:
            raise Damaged(self.size - 1, f"the range of the checkpoint here cannot be read: {error}") from None

    def checkpoint(self) -> Checkpoint:
        """What the note says. Raises ``Damaged`` where it cannot be read or is of another size."""
        try:
            found = parse_checkpoint(parse_note(self.note).text)
        except FormatError as error:
            raise Damaged(self.size - 1, f"the checkpoint that ends here cannot be read: {error}") from None
        if found.size != self.size:
            raise Damaged(self.size - 1, f"the checkpoint that ends here speaks of {found.size} leaves")
        return found


def size_of(connection: Connection) -> int:
    """The number of leaves."""
    last: int | None = connection.scalar(select(func.max(leaves.c.leaf_index)))
    return 0 if last is None else last + 1


def kept_hashes(connection: Connection) -> KeptHashes:
    """The kept hashes, as they lie there."""

    def read(level: int, start: int, count: int) -> Sequence[bytes]:
        where = (hashes.c.level == level, hashes.c.place >= start, hashes.c.place < start + count)
        found = connection.scalars(select(hashes.c.hash).where(*where).order_by(hashes.c.place))
        return [bytes(value) for value in found]

    return read


def nodes(connection: Connection) -> Nodes:
    """The tree, read from its kept hashes, a tile at a time. It lives as long as the connection's snapshot."""
    read = kept_hashes(connection)

    @lru_cache(maxsize=64)
    def tile(level: int, index: int) -> Sequence[bytes]:
        return read(level, index * WIDTH, WIDTH)

    def kept(level: int, start: int, count: int) -> Sequence[bytes]:
        index, at = divmod(start, WIDTH)
        return tile(level, index)[at : at + count]  # what a node is made of never reaches over a tile

    return nodes_of(kept)


def between(connection: Connection, start: int, end: int) -> Iterator[Kept]:
    """The rows from index ``start`` to before ``end``, in order. Raises ``Damaged``, where one is missing too."""
    for rows in runs(connection, range(start, end)):
        yield from rows


def at(connection: Connection, indexes: Iterable[int]) -> Iterator[Kept]:
    """The rows at these indexes, rising. Raises ``Damaged``, where one is missing too."""
    for rows in runs(connection, sorted(indexes)):
        yield from rows


def runs(connection: Connection, indexes: Sequence[int]) -> Iterator[list[Kept]]:
    """The same for indexes that rise, as many at once as memory can well hold. Raises ``Damaged``."""
    own = and_(hashes.c.level == 0, hashes.c.place == leaves.c.leaf_index)
    rows = select(leaves, hashes.c.hash).outerjoin(hashes, own)
    for some in _portions(connection, indexes):
        found = {
            row["leaf_index"]: row for row in connection.execute(rows.where(leaves.c.leaf_index.in_(some))).mappings()
        }
        yield [_kept(index, found.get(index)) for index in some]


def newest_checkpoint(connection: Connection, size: int | None = None) -> Published | None:
    """The newest published checkpoint, or the one of ``size``."""
    asked = select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1)
    if size is not None:
        asked = asked.where(checkpoints.c.size == size)
    row = connection.execute(asked).mappings().first()
    if row is None:
        return None
    return Published(row["size"], bytes(row["range"]), bytes(row["note"]), row["time"])


def pack_range(range: CompactRange) -> bytes:
    """A range as one column; its size stands in another."""
    return b"".join(range.hashes)


def unpack_range(size: int, data: bytes) -> CompactRange:
    """The range again. Raises ``FormatError`` when it does not fit the size."""
    data = bytes(data)
    return CompactRange(size, tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)))


def log_keys(keys: Keys, origin: str) -> list[Key]:
    """The log's public keys, newest first."""
    versions = keys.public_keys("audit", "checkpoint")
    return [Key(origin, versions[version]) for version in sorted(versions, reverse=True)]


def signer_of(note: bytes, known: Sequence[Key]) -> Key:
    """The newest known key that signed a note. Raises ``VerificationError``."""
    named = {(signature.name, signature.key_id) for signature in parse_note(note).signatures}
    for key in known:
        if (key.name, key.id) in named:
            return key
    raise VerificationError("none of the log's keys signed this checkpoint")


def _portions(connection: Connection, indexes: Sequence[int]) -> Iterator[Sequence[int]]:
    """The indexes, cut where ``BATCH`` rows or ``MOST_BYTES`` of events are reached."""
    for first in range(0, len(indexes), BATCH):
        some = indexes[first : first + BATCH]
        asked = select(leaves.c.leaf_index, func.length(leaves.c.body).label("length"))
        rows = connection.execute(asked.where(leaves.c.leaf_index.in_(some)))
        length = {row.leaf_index: row.length for row in rows}
        start, total = 0, 0
        for place, index in enumerate(some):
            total += length.get(index, 0)
            if total > MOST_BYTES and place > start:
                yield some[start:place]
                start, total = place, length.get(index, 0)
        yield some[start:]


def _kept(index: int, row: RowMapping | None) -> Kept:
    """The row, checked against its own bytes, its columns and the tree. Raises ``Damaged``."""
    if row is None:
        raise Damaged(index, "its row is missing")
    data, body = bytes(row["leaf"]), bytes(row["body"])
    try:
        leaf = parse_leaf(data)
    except FormatError as error:
        raise Damaged(index, f"it cannot be read: {error}") from None
    if leaf.sha256 != sha256(body).digest():
        raise Damaged(index, "the event's bytes are not those whose hash it holds")
    columns = (row["service"], row["incarnation"], row["lane"], row["sequence"])
    if (leaf.service, leaf.incarnation, leaf.lane, leaf.sequence) != columns:
        raise Damaged(index, "its columns do not say what it says")
    found = leaf_hash(data)
    if row["hash"] is None or bytes(row["hash"]) != found:
        raise Damaged(index, "the tree holds another hash in its place")
    return Kept(index, leaf, found, data, body)
