"""The store on PostgreSQL: the whole transaction is one pipeline on an autocommit connection, one round trip.

``begin`` and ``commit`` go as ordinary statements inside the pipeline; events are appended by ``append_event``, called
once an event, under its lane's advisory lock. Inside a pipeline nothing is read back but the sequences, after its end.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import psycopg
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Executable, PoolProxiedConnection, RowMapping, text
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.sql.dml import UpdateBase

from services.kernel.chain import chain_head
from services.kernel.store.backend import HistoryRow, StoredEvent, erase_rows
from services.kernel.store.changes import Change
from services.kernel.store.pipeline import Pipeline
from services.kernel.store.pool import Pool, Raw
from services.kernel.store.schema import CLAIM_LOCK, LEAD_LOCK
from services.kernel.store.write import EventRow, Write, Written, in_lane_order

_HISTORY = "select type, typeversion, body from events where stream = $1 order by streamversion"
_AFTER = "select sequence, chain, body from events where lane = $1 and sequence > $2 order by sequence limit $3"
_APPEND = "select append_event($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
_CLAIM = f"select pg_advisory_xact_lock({CLAIM_LOCK}, hashtext($1))"
_DIALECT = psycopg_dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_PREPARED = "prepared"  # where a connection keeps the names of its prepared statements


class PostgresBackend:
    """One service's events and rows in one database."""

    def __init__(self, url: str, service: str, incarnation: str, *, eraser_url: str | None = None) -> None:
        self._pool = Pool(url)
        self.engine = self._pool.engine
        self._eraser = Pool(eraser_url, size=1) if eraser_url else self._pool
        self._head = chain_head(service, incarnation)

    def history(self, stream: str) -> list[HistoryRow]:
        result = self._fetch(_HISTORY, (stream,))
        get, number = result.get_value, int.from_bytes
        return [
            HistoryRow((get(row, 0) or b"").decode(), number(get(row, 1) or b""), get(row, 2) or b"")
            for row in range(result.ntuples)
        ]

    def after(self, lane: int, sequence: int, limit: int) -> list[StoredEvent]:
        result = self._fetch(_AFTER, (lane, sequence, limit))
        get, number = result.get_value, int.from_bytes
        return [
            StoredEvent(number(get(row, 0) or b""), get(row, 1) or b"", get(row, 2) or b"")
            for row in range(result.ntuples)
        ]

    def _fetch(self, statement: str, values: tuple[Any, ...]) -> PGresult:
        """The rows of one query that recurs, in binary form."""
        with self._pool.driver() as (borrowed, raw), _pipeline(borrowed, raw) as pipeline:
            pipeline.send(statement, values, binary=True)
            return pipeline.finish()[0]

    def commit(self, write: Write) -> list[Written]:
        ordered = in_lane_order(write.events)
        with self._pool.driver() as (borrowed, raw), _pipeline(borrowed, raw) as pipeline:
            self._send(pipeline, write, ordered)
            results = pipeline.finish()
        appended = results[len(results) - 1 - len(ordered) : -1]  # the last one is the commit's
        return [Written(row.lane, _sequence(result)) for row, result in zip(ordered, appended, strict=True)]

    def _send(self, pipeline: Pipeline, write: Write, ordered: list[EventRow]) -> None:
        pipeline.send("begin")
        for resource in sorted(write.locks):
            pipeline.send(_CLAIM, (resource,))
        for change in write.rows:
            if isinstance(change, Change):
                form = _compiled(change.statement, tuple(change.values))
                pipeline.send(form.text, form.values(change.values))
            else:
                form = _compile(change)
                pipeline.send_once(form.text, form.values(form.given))
        for row in ordered:
            pipeline.send(
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
        pipeline.send("commit")

    def erase(self, keyholder: str, erasure: str, time: str) -> int:
        with self._eraser.connection() as (connection, raw), raw.transaction():
            connection.execute(text(f"select pg_advisory_xact_lock({CLAIM_LOCK}, hashtext(:k))"), {"k": keyholder})
            return erase_rows(connection, keyholder, erasure, time)

    @contextmanager
    def lead(self, lane: int) -> Iterator["_Session | None"]:
        with self._pool.driver() as (_, raw):
            got = raw.execute("select pg_try_advisory_lock(%s, %s)", (LEAD_LOCK, lane)).fetchone()
            if not got or not got[0]:
                yield None
                return
            try:
                yield _Session(raw)
            finally:
                with contextlib.suppress(psycopg.Error):
                    raw.execute("select pg_advisory_unlock(%s, %s)", (LEAD_LOCK, lane))

    def rows(self, statement: Executable) -> list[RowMapping]:
        with self._pool.connection() as (connection, _):
            return list(connection.execute(statement).mappings())

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


def _pipeline(borrowed: PoolProxiedConnection, raw: Raw) -> Pipeline:
    return Pipeline(raw, borrowed.info.setdefault(_PREPARED, {}))


class _Form(NamedTuple):
    """A statement as the pipeline takes it: its text, the order of its values, and what each needs before."""

    text: str
    names: tuple[str, ...]
    processors: dict[str, Callable[[Any], Any]]
    given: dict[str, Any]

    def values(self, given: dict[str, Any]) -> list[Any]:
        if not self.processors:
            return [given[name] for name in self.names]
        return [self.processors.get(name, _as_it_is)(given[name]) for name in self.names]


@cache
def _compiled(statement: UpdateBase, names: tuple[str, ...]) -> _Form:
    """A shared statement, compiled once for the names of its values."""
    return _compile(statement, column_keys=list(names))


def _compile(statement: Executable, **options: Any) -> _Form:
    clause: Any = statement
    compiled = clause.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True}, **options)
    names = tuple(compiled.positiontup or ())
    made = {name: compiled.binds[name].type.dialect_impl(_DIALECT).bind_processor(_DIALECT) for name in names}
    processors = {name: process for name, process in made.items() if process is not None}
    return _Form(compiled.string, names, processors, compiled.params)


def _as_it_is(value: Any) -> Any:
    return value


def _sequence(result: PGresult) -> int:
    return int(result.get_value(0, 0) or 0)
