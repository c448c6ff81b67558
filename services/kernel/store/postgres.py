"""The store on PostgreSQL: the whole transaction is one pipeline on an autocommit connection, one round trip.

``begin`` and ``commit`` go as ordinary statements inside the pipeline; events are appended by ``append_event``, called
once an event, under its lane's advisory lock. Inside a pipeline nothing is read back but the sequences, after its end.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from services.kernel.chain import chain_head
from services.kernel.errors import Unavailable
from services.kernel.store.backend import HistoryRow, StoredEvent, erase_rows
from services.kernel.store.schema import CLAIM_LOCK, LEAD_LOCK
from services.kernel.store.write import Retry, Write, Written, in_lane_order, meaning

_HISTORY = "select type, typeversion, body from events where stream = %s order by streamversion"
_AFTER = "select sequence, chain, body from events where lane = %s and sequence > %s order by sequence limit %s"
_APPEND = "select append_event(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_CLAIM = f"select pg_advisory_xact_lock({CLAIM_LOCK}, hashtext(%s))"
_RETRYABLE = ("40P01", "40001")  # deadlock, serialisation failure


def postgres_engine(url: str, *, pool_size: int = 8) -> Engine:
    """An engine whose transactions are begun and ended by hand; connections are checked before use."""
    return create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=8,
        pool_pre_ping=False,
        pool_recycle=1800,
        connect_args={"connect_timeout": 3, "options": "-c timezone=UTC"},
    )


class PostgresBackend:
    """One service's events and rows in one database."""

    def __init__(self, url: str, service: str, incarnation: str, *, eraser_url: str | None = None) -> None:
        self.engine = postgres_engine(url)
        self._eraser = postgres_engine(eraser_url, pool_size=1) if eraser_url else self.engine
        self._head = chain_head(service, incarnation)

    def history(self, stream: str) -> list[HistoryRow]:
        with self._driver() as raw:
            return [HistoryRow(*row) for row in raw.execute(_HISTORY, (stream,), binary=True)]

    def after(self, lane: int, sequence: int, limit: int) -> list[StoredEvent]:
        with self._driver() as raw:
            return [StoredEvent(*row) for row in raw.execute(_AFTER, (lane, sequence, limit), binary=True)]

    def commit(self, write: Write) -> list[Written]:
        ordered = in_lane_order(write.events)
        with _told(self.engine), self.engine.connect() as connection:
            raw = _raw(connection)
            try:
                with raw.pipeline():
                    raw.execute("begin")
                    for resource in sorted(write.locks):
                        raw.execute(_CLAIM, (resource,))
                    for statement in write.rows:
                        connection.execute(statement)
                    cursors = [
                        raw.execute(
                            _APPEND,
                            (
                                self._head,
                                row.lane,
                                row.id,
                                row.stream,
                                row.streamversion,
                                row.type,
                                row.typeversion,
                                row.clinic,
                                row.time,
                                row.body,
                            ),
                        )
                        for row in ordered
                    ]
                    raw.execute("commit")
            except BaseException:
                _give_up(connection)
                raise
            return [Written(row.lane, _one(cursor)) for row, cursor in zip(ordered, cursors, strict=True)]

    def erase(self, keyholder: str, erasure: str, time: str) -> int:
        with _told(self._eraser), self._eraser.connect() as connection:
            raw = _raw(connection)
            with raw.transaction():
                connection.execute(text(f"select pg_advisory_xact_lock({CLAIM_LOCK}, hashtext(:k))"), {"k": keyholder})
                return erase_rows(connection, keyholder, erasure, time)

    @contextmanager
    def lead(self, lane: int) -> Iterator["_Session | None"]:
        with _told(self.engine), self.engine.connect() as connection:
            raw = _raw(connection)
            got = raw.execute("select pg_try_advisory_lock(%s, %s)", (LEAD_LOCK, lane)).fetchone()
            if not got or not got[0]:
                yield None
                return
            try:
                yield _Session(raw)
            finally:
                with contextlib.suppress(psycopg.Error):
                    raw.execute("select pg_advisory_unlock(%s, %s)", (LEAD_LOCK, lane))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with _told(self.engine), self.engine.connect() as connection:
            raw = _raw(connection)
            raw.execute("begin isolation level repeatable read read only")
            try:
                yield connection
            finally:
                with contextlib.suppress(psycopg.Error):
                    raw.execute("rollback")

    def dispose(self) -> None:
        self.engine.dispose()
        self._eraser.dispose()

    @contextmanager
    def _driver(self) -> Iterator[psycopg.Connection[Any]]:
        with _told(self.engine), self.engine.connect() as connection:
            yield _raw(connection)


class _Session:
    """A session lock lives as long as its connection answers."""

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        self._raw = raw

    def still(self) -> bool:
        try:
            self._raw.execute("select 1")
        except psycopg.Error:
            return False
        return True


def _raw(connection: Connection) -> "psycopg.Connection[Any]":
    raw: Any = connection.connection.driver_connection
    return raw  # type: ignore[no-any-return]


def _give_up(connection: Connection) -> None:
    """Leave the connection clean, or throw it away when it no longer answers."""
    raw = _raw(connection)
    try:
        raw.rollback()
        if raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            connection.invalidate()
    except psycopg.Error:
        connection.invalidate()


def _one(cursor: "psycopg.Cursor[Any]") -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _told(engine: Engine) -> Iterator[None]:
    """Turn a driver's error into one of ours; what is not foreseen goes on as it is."""
    try:
        yield
    except (psycopg.Error, DBAPIError) as error:
        orig = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(orig, psycopg.Error):
            raise
        known = meaning(orig.diag.constraint_name or "")
        if known is not None:
            raise known from None
        if orig.sqlstate in _RETRYABLE:
            raise Retry from orig
        if isinstance(orig, psycopg.OperationalError) or (orig.sqlstate or "").startswith(("57P", "08", "53")):
            engine.dispose()  # the other idle connections are as dead as this one
            raise Unavailable(
                "The database does not answer just now.", help="Nothing was lost. Try again shortly.", retry_after=2
            ) from orig
        raise
