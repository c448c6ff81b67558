"""Audit's tables: the log itself, and the index that is made from it.

``PLAIN`` is the log: every event's bytes with its leaf, the tree's kept hashes, the signed checkpoints. Its rows are
only ever inserted and never made again: they are what everything else is proven by. ``TABLES`` is an index of those
bytes, by which an officer finds what they ask for; a rebuild makes it anew from the log's own rows, without the event
log and without keys. What it offers is checked against the bytes; what it leaves out is found by the rounds of
verification and by every export, which reads the log itself (``search``).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
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
from services.kernel.events import Entry
from services.kernel.http.serving import revocations_table, revoke
from services.kernel.log.consumer import reason_of
from services.kernel.projections import Projections, Rows
from services.kernel.rebuild import Rebuild, Rebuilt, write_beside

TABLES = MetaData()
PLAIN = MetaData()
PROJECTIONS = Projections()

READ_AT_ONCE = 32  # rows: an event may have close to a megabyte

_log = logging.getLogger(__name__)

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
    event = readable(service, body)
    if event is None:
        return None
    try:
        return event, decode(body)
    except Exception:  # whatever an upcast or a decoder meets in bytes that another wrote
        return event, None


def readable(service: str, body: bytes) -> Event | None:
    """The event in these bytes, if it is one that the service in whose lane they stand may record."""
    try:
        return event_of(service, body)
    except FormatError:
        return None


def index(leaf_index: int, event: Event, entry: Entry[Any] | None, rows: Rows) -> None:
    """Collect what the event at this index adds to the index tables.

    With ``entry`` none it is what follows from the bytes alone: enough to be found by everything in it
    (``must_mention``), and nothing is learned from it.
    """
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
            rest = select(*columns).where(leaves.c.leaf_index >= done.events).order_by(leaves.c.leaf_index)
            for leaf_index, service, body in connection.execute(rest.limit(READ_AT_ONCE)).all():
                done.events = leaf_index + 1
                found = read(service, bytes(body))
                if found is not None:
                    _index_beside(connection, leaf_index, *found)


def _index_beside(connection: Connection, leaf_index: int, event: Event, entry: Entry[Any] | None) -> None:
    """Index an event wholly, or, where that fails, by its bytes alone: as ``Ingest.park`` does."""
    try:
        rows = Rows(connection.dialect.name)
        index(leaf_index, event, entry, rows)
        with _or_nothing(connection):
            write_beside(connection, rows)
    except Exception as error:
        if entry is None:
            raise
        _log.warning("an event is indexed by its bytes alone", extra={"leaf": leaf_index, "reason": reason_of(error)})
        _index_beside(connection, leaf_index, event, None)


@contextmanager
def _or_nothing(connection: Connection) -> Iterator[None]:
    """What is written within is undone when it fails; the transaction around it goes on."""
    connection.exec_driver_sql("savepoint event")
    try:
        yield
    except Exception:
        connection.exec_driver_sql("rollback to savepoint event")
        raise
    connection.exec_driver_sql("release savepoint event")


REBUILD = TrailRebuild
