"""The Merkle log as it lies in the database: its size, its tree, its leaves with their bytes, its checkpoints.

Everything here is read in one snapshot, given as a connection. What is read is not believed: ``Kept.leaf`` checks that
the bytes are those of the leaf and the leaf that of its columns, and raises ``Damaged`` where they are not.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, RowMapping, func, select

from services.audit.domain.bundle import Logged
from services.audit.domain.tree import Nodes, nodes_of
from services.audit.readmodels import checkpoints, hashes, leaves
from services.audit.verifier.checkpoint import Checkpoint, parse_checkpoint
from services.audit.verifier.leaf import Leaf, parse_leaf
from services.audit.verifier.note import Key, parse_note
from services.audit.verifier.strict import FormatError, VerificationError
from services.audit.verifier.tree import HASH_SIZE, CompactRange
from services.kernel.errors import Unavailable
from services.kernel.keys.port import Keys
from services.kernel.time import Instant

BATCH = 256  # rows read at once: an event may have close to a megabyte


class Damaged(Unavailable):
    """What lies in the log is not what was put there. Nothing of it is signed or handed out until it is mended."""

    slug = "log-damaged"
    title = "The audit log does not fit its own proofs"

    def __init__(self, index: int, detail: str) -> None:
        help = "Restore the audit database from its newest copy, then run: amanah rebuild audit"
        super().__init__(f"Leaf {index}: {detail}.", help=help, retry_after=60)
        self.index = index


@dataclass(frozen=True, slots=True)
class Kept:
    """One row of the log."""

    index: int
    service: str
    incarnation: str
    lane: int
    sequence: int
    leaf_data: bytes
    body: bytes

    def leaf(self) -> Leaf:
        """The leaf, checked against the bytes and the columns. Raises ``Damaged``."""
        try:
            leaf = parse_leaf(self.leaf_data)
        except FormatError as error:
            raise Damaged(self.index, f"it cannot be read: {error}") from None
        if leaf.sha256 != sha256(self.body).digest():
            raise Damaged(self.index, "the event's bytes are not those whose hash it holds")
        if (leaf.service, leaf.incarnation, leaf.lane, leaf.sequence) != (
            self.service,
            self.incarnation,
            self.lane,
            self.sequence,
        ):
            raise Damaged(self.index, "its columns do not say what it says")
        return leaf

    def logged(self) -> Logged:
        """The same for a bundle."""
        self.leaf()
        return Logged(self.index, self.leaf_data, self.body)


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint as it was published: the signed note, and the range from which the next one goes on."""

    size: int
    range: CompactRange
    note: bytes
    time: Instant

    def checkpoint(self) -> Checkpoint:
        """What the note says. Raises a ``VerificationError`` when it cannot be read or is of another size."""
        found = parse_checkpoint(parse_note(self.note).text)
        if found.size != self.size:
            raise VerificationError(f"the checkpoint of size {self.size} speaks of {found.size} leaves")
        return found


def size_of(connection: Connection) -> int:
    """The number of leaves."""
    last: int | None = connection.scalar(select(func.max(leaves.c.leaf_index)))
    return 0 if last is None else last + 1


def nodes(connection: Connection) -> Nodes:
    """The tree, read from its kept hashes. It lives as long as the connection's snapshot."""

    def kept(level: int, start: int, count: int) -> Sequence[bytes]:
        where = (hashes.c.level == level, hashes.c.place >= start, hashes.c.place < start + count)
        found = connection.scalars(select(hashes.c.hash).where(*where).order_by(hashes.c.place))
        return [bytes(value) for value in found]

    return nodes_of(kept)


def between(connection: Connection, start: int, end: int) -> Iterator[Kept]:
    """The rows from index ``start`` to before ``end``, in order. Raises ``Damaged`` where one is missing."""
    for first in range(start, end, BATCH):
        wanted = range(first, min(first + BATCH, end))
        found = {kept.index: kept for kept in at(connection, wanted)}
        for index in wanted:
            if index not in found:
                raise Damaged(index, "its row is missing")
            yield found[index]


def at(connection: Connection, indexes: Iterable[int]) -> list[Kept]:
    """The rows at these indexes, rising; those that are not there are left out."""
    wanted = sorted(indexes)
    found: list[Kept] = []
    for first in range(0, len(wanted), BATCH):
        some = select(leaves).where(leaves.c.leaf_index.in_(wanted[first : first + BATCH]))
        found += [_kept(row) for row in connection.execute(some.order_by(leaves.c.leaf_index)).mappings()]
    return found


def newest_checkpoint(connection: Connection, size: int | None = None) -> Published | None:
    """The newest published checkpoint, or the one of ``size``."""
    asked = select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1)
    if size is not None:
        asked = asked.where(checkpoints.c.size == size)
    row = connection.execute(asked).mappings().first()
    if row is None:
        return None
    return Published(row["size"], unpack_range(row["size"], row["range"]), bytes(row["note"]), row["time"])


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


def _kept(row: RowMapping) -> Kept:
    return Kept(
        index=row["leaf_index"],
        service=row["service"],
        incarnation=row["incarnation"],
        lane=row["lane"],
        sequence=row["sequence"],
        leaf_data=bytes(row["leaf"]),
        body=bytes(row["body"]),
    )
