"""Audit's tables: the log itself, and the index that is made from it.

``PLAIN`` is the log: every event's bytes with its leaf, the tree's kept hashes, the signed checkpoints. Its rows are
only ever inserted and never made again: they are what everything else is proven by. ``TABLES`` is an index of those
bytes, by which an officer finds what they ask for; a rebuild makes it anew from the log's own rows, without the event
log and without keys. What it offers is checked against the bytes; what it leaves out is found by the rounds of
verification and by every export, which reads the log itself (``search``).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
)

from services.audit.domain.mention import mentions as mentioned
from services.audit.verifier.event import Event, event_of
from services.audit.verifier.strict import FormatError
from services.contracts import audit, identity, licensing, sessions  # noqa: F401  these declare what the log holds
from services.contracts.identity import ClientJoined, SignInsRevoked
from services.contracts.sessions import SessionBooked
from services.kernel.codec import decode
from services.kernel.events import Entry, UnknownVersion
from services.kernel.http.serving import revocations_table, revoke
from services.kernel.projections import Projections, Rows
from services.kernel.rebuild import Rebuild, Rebuilt, write_beside

TABLES = MetaData()
PLAIN = MetaData()
PROJECTIONS = Projections()

# A large log's index counts with 64 bits; on SQLite only INTEGER is the row's own number.
_LeafIndex = BigInteger().with_variant(Integer, "sqlite")

leaves = Table(
    "leaves",
    PLAIN,
    Column("leaf_index", _LeafIndex, primary_key=True, autoincrement=False),
    Column("service", Text, nullable=False),
    Column("incarnation", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("service", "incarnation", "lane", "sequence", name="leaves_place_key"),
)

# The hash of every complete subtree of 256^level leaves: the log's tiles, row by row.
hashes = Table(
    "hashes",
    PLAIN,
    Column("level", Integer, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("level", "place", name="hashes_pkey"),
)

# ``range`` holds the hashes of the tree's complete subtrees, from which the next checkpoint goes on.
checkpoints = Table(
    "checkpoints",
    PLAIN,
    Column("size", _LeafIndex, primary_key=True, autoincrement=False),
    Column("range", LargeBinary, nullable=False),
    Column("note", LargeBinary, nullable=False),
    Column("time", Text, nullable=False),
)

FINAL = ("leaves", "hashes", "checkpoints")

# One row: how far the present round of verification has come, what the last whole one found, and what is wrong.
rounds = Table(
    "rounds",
    PLAIN,
    Column("name", Text, primary_key=True),
    Column("reached", BigInteger, nullable=False),
    Column("range", LargeBinary, nullable=False),
    Column("verified_size", BigInteger, nullable=False),
    Column("verified_at", Text),
    Column("fault", Text, nullable=False),
)

# What was exported, so that it can be made again, byte by byte, for whoever exported it.
bundles = Table(
    "bundles",
    PLAIN,
    Column("bundle", Text, primary_key=True),
    Column("clinic", Text, nullable=False),
    Column("reader", Text, nullable=False),
    Column("filter", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("found", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("at", Text, nullable=False),
)

# One row an event that can be read; ``clinic`` is empty where it belongs to none.
trail = Table(
    "trail",
    TABLES,
    Column("leaf_index", _LeafIndex, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("clinic", Text, nullable=False),
    Index("trail_clinic", "clinic", "leaf_index"),
    Index("trail_time", "clinic", "time"),
)

mentions = Table(
    "mentions",
    TABLES,
    Column("leaf_index", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("leaf_index", "kind", "value", name="mentions_pkey"),
    Index("mentions_value", "value", "leaf_index"),
)

# What a reference that people quote stands for: the session or the client of that clinic.
referred = Table(
    "referred",
    TABLES,
    Column("clinic", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("id", Text, nullable=False),
    PrimaryKeyConstraint("clinic", "reference", "id", name="referred_pkey"),
)

revocations = revocations_table(TABLES)


@PROJECTIONS.on(SessionBooked)
def _(entry: Entry[SessionBooked], rows: Rows) -> None:
    booked = entry.data
    rows.add(referred, clinic=booked.clinic, reference=booked.reference, id=booked.session)


@PROJECTIONS.on(ClientJoined)
def _(entry: Entry[ClientJoined], rows: Rows) -> None:
    rows.add(referred, clinic=entry.data.clinic, reference=entry.data.reference, id=entry.data.client)


@PROJECTIONS.on(SignInsRevoked)
def _(entry: Entry[SignInsRevoked], rows: Rows) -> None:
    revoke(rows, revocations, entry.data.sid or entry.data.account, entry.data.at)


def read(service: str, body: bytes) -> tuple[Event, Entry[Any] | None] | None:
    """An event as the verifier reads it, and decoded where this release can; ``None`` for bytes that are no event of
    the service in whose lane they stand."""
    try:
        event = event_of(service, body)
    except FormatError:
        return None
    try:
        return event, decode(body)
    except (ValueError, TypeError, LookupError, RecursionError, UnknownVersion):
        return event, None


def index(leaf_index: int, event: Event, entry: Entry[Any] | None, rows: Rows) -> None:
    """Collect what the event at this index adds to the index tables."""
    rows.insert(trail, leaf_index=leaf_index, type=event.type, time=event.time, clinic=event.clinic)
    for mention in sorted(mentioned(event, entry)):
        rows.insert(mentions, leaf_index=leaf_index, kind=mention.kind, value=mention.value)
    if entry is not None:
        PROJECTIONS.apply(entry, rows)


class TrailRebuild(Rebuild):
    """The index from the log's own rows; see ``kernel.rebuild``."""

    def replay(self, connection: Connection, done: Rebuilt) -> None:
        newest: int | None = connection.scalar(select(func.max(leaves.c.leaf_index)))
        while newest is not None and done.events <= newest:
            columns = (leaves.c.leaf_index, leaves.c.service, leaves.c.body)
            batch = select(*columns).where(leaves.c.leaf_index >= done.events)
            for leaf_index, service, body in connection.execute(batch.order_by(leaves.c.leaf_index).limit(500)).all():
                done.events = leaf_index + 1
                found = read(service, bytes(body))
                if found is not None:
                    rows = Rows(connection.dialect.name)
                    index(leaf_index, *found, rows)
                    write_beside(connection, rows)


REBUILD = TrailRebuild
