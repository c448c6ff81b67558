"""The store on PostgreSQL: the whole transaction is one pipeline on an autocommit connection, one round trip.

``begin`` and ``commit`` go as ordinary statements inside the pipeline; events are appended by ``append_event``, called
once an event, under its lane's advisory lock. Inside a pipeline nothing is read back but the sequences, after its end.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, LiteralString

import psycopg
from sqlalchemy import Connection, Dialect, text
from sqlalchemy.sql.dml import UpdateBase

from services.kernel.chain import chain_head
from services.kernel.store.backend import HistoryRow, StoredEvent, erase_rows
from services.kernel.store.changes import Change
from services.kernel.store.pool import Pool, Raw
from services.kernel.store.schema import CLAIM_LOCK, LEAD_LOCK
from services.kernel.store.write import Write, Written, in_lane_order

_HISTORY = "select type, typeversion, body from events where stream = %s order by streamversion"
_AFTER = "select sequence, chain, body from events where lane = %s and sequence > %s order by sequence limit %s"
_APPEND = "select append_event(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_CLAIM = f"select pg_advisory_xact_lock({CLAIM_LOCK}, hashtext(%s))"
_Processors = dict[str, Callable[[Any], Any]]


class PostgresBackend:
    """One service's events and rows in one database."""

    def __init__(self, url: str, service: str, incarnation: str, *, eraser_url: str | None = None) -> None:
        self._pool = Pool(url)
        self.engine = self._pool.engine
        self._eraser = Pool(eraser_url, size=1) if eraser_url else self._pool
        self._head = chain_head(service, incarnation)

    def history(self, stream: str) -> list[HistoryRow]:
        with self._pool.connection() as (_, raw):
            return [HistoryRow(*row) for row in raw.execute(_HISTORY, (stream,), binary=True)]

    def after(self, lane: int, sequence: int, limit: int) -> list[StoredEvent]:
        with self._pool.connection() as (_, raw):
            return [StoredEvent(*row) for row in raw.execute(_AFTER, (lane, sequence, limit), binary=True)]

    def commit(self, write: Write) -> list[Written]:
        ordered = in_lane_order(write.events)
        with self._pool.connection() as (connection, raw):
            with raw.pipeline():
                raw.execute("begin")
                for resource in sorted(write.locks):
                    raw.execute(_CLAIM, (resource,))
                for change in write.rows:
                    if isinstance(change, Change):
                        raw.execute(*_driver_form(change, self.engine.dialect))
                    else:
                        connection.execute(change)
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
            return [Written(row.lane, _one(cursor)) for row, cursor in zip(ordered, cursors, strict=True)]

    def erase(self, keyholder: str, erasure: str, time: str) -> int:
        with self._eraser.connection() as (connection, raw), raw.transaction():
            connection.execute(text(f"select pg_advisory_xact_lock({CLAIM_LOCK}, hashtext(:k))"), {"k": keyholder})
            return erase_rows(connection, keyholder, erasure, time)

    @contextmanager
    def lead(self, lane: int) -> Iterator["_Session | None"]:
        with self._pool.connection() as (_, raw):
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
        with self._pool.connection() as (connection, raw):
            raw.execute("begin isolation level repeatable read read only")
            try:
                yield connection
            finally:
                with contextlib.suppress(psycopg.Error):
                    raw.execute("rollback")

    def dispose(self) -> None:
        self._pool.dispose()
        self._eraser.dispose()


class _Session:
    """A session lock lives as long as its connection answers."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def still(self) -> bool:
        try:
            self._raw.execute("select 1")
        except psycopg.Error:
            return False
        return True


def _driver_form(change: Change, dialect: Dialect) -> tuple[LiteralString, dict[str, Any]]:
    """A change as the driver takes it: its text, compiled once for its shape, and its values."""
    text_, processors = _compiled(change.statement, tuple(change.values), dialect)
    if processors:
        return text_, change.values | {name: process(change.values[name]) for name, process in processors.items()}
    return text_, change.values


@cache
def _compiled(statement: UpdateBase, names: tuple[str, ...], dialect: Dialect) -> tuple[LiteralString, _Processors]:
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
    made = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()}
    return compiled.string, {name: process for name, process in made.items() if process is not None}


def _one(cursor: "psycopg.Cursor[Any]") -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0
