"""The store on SQLite: one file a service, WAL, ``synchronous=FULL``, ``BEGIN IMMEDIATE`` behind a lock of our own.

SQLite's own waiting starves writers; a thread lock and a lock on a side file keep the longest wait short.
"""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Executable, RowMapping, create_engine, event, insert
from sqlalchemy.exc import DBAPIError

from services.kernel.errors import Unavailable
from services.kernel.store.backend import ChainMaker, HistoryRow, StoredEvent, erase_rows
from services.kernel.store.changes import execute
from services.kernel.store.tables import events
from services.kernel.store.write import Write, Written, in_lane_order, meaning

_HISTORY = "select type, typeversion, body from events where stream = ? order by streamversion"
_AFTER = "select sequence, chain, body from events where lane = ? and sequence > ? order by sequence limit ?"
_TAIL = "select sequence, chain from events where lane = ? order by sequence desc limit 1"
# SQLite names the columns of a broken UNIQUE, not the constraint.
_UNIQUE = {
    "events.stream, events.streamversion": "events_stream_streamversion_key",
    "events.id": "events_id_key",
    "names.scope, names.name": "names_pkey",
    "times.person, times.starts": "times_pkey",
    "answers.actor, answers.operation, answers.key": "answers_pkey",
    "positions.service, positions.lane": "positions_pkey",
}


def sqlite_engine(path: Path) -> Engine:
    """An engine on a SQLite file whose transactions are begun and ended by hand."""
    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT", connect_args={"timeout": 10})

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            connection.execute(f"pragma {pragma}")

    return engine


class SqliteBackend:
    """One service's events and rows in one file."""

    def __init__(self, path: Path, service: str, incarnation: str) -> None:
        self.path = path
        self.engine = sqlite_engine(path)
        self._chain = ChainMaker(service, incarnation)
        self._turn = threading.Lock()
        self._side = path.with_suffix(".lock")

    def history(self, stream: str) -> list[HistoryRow]:
        with self._connected() as connection:
            return [HistoryRow(*row) for row in _raw(connection).execute(_HISTORY, (stream,))]

    def after(self, lane: int, sequence: int, limit: int) -> list[StoredEvent]:
        with self._connected() as connection:
            return [StoredEvent(*row) for row in _raw(connection).execute(_AFTER, (lane, sequence, limit))]

    def commit(self, write: Write) -> list[Written]:
        with self._writing() as connection:
            for statement in write.rows:
                execute(connection, statement)
            ordered = in_lane_order(write.events)
            tails = {lane: self._tail(connection, lane) for lane in {row.lane for row in ordered}}
            rows = list(self._chain.rows(ordered, {k: v for k, v in tails.items() if v}))
            if rows:
                connection.execute(insert(events), rows)
        return [Written(row["lane"], row["sequence"]) for row in rows]

    def erase(self, keyholder: str, erasure: str, time: str) -> int:
        with self._writing() as connection:
            count = erase_rows(connection, keyholder, erasure, time)
        with self._connected() as connection:
            _raw(connection).execute("pragma wal_checkpoint(TRUNCATE)")  # else the old pages stay in the WAL
        return count

    @contextmanager
    def lead(self, lane: int) -> Iterator["_Held | None"]:
        with self.path.with_suffix(f".lead{lane}").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            yield _Held()

    def rows(self, statement: Executable) -> list[RowMapping]:
        with self._connected() as connection:
            return list(connection.execute(statement).mappings())

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._connected() as connection:
            connection.exec_driver_sql("begin")
            try:
                yield connection
            finally:
                connection.exec_driver_sql("rollback")

    def dispose(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._turn, self._side.open("w") as side:
            fcntl.flock(side, fcntl.LOCK_EX)
            with self._connected() as connection:
                try:
                    connection.exec_driver_sql("begin immediate")
                    yield connection
                    connection.exec_driver_sql("commit")
                except BaseException:
                    if _raw(connection).in_transaction:
                        connection.exec_driver_sql("rollback")
                    raise

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection. Raises the errors of ``store.write`` for constraints they know, and ``Unavailable``."""
        try:
            with self.engine.connect() as connection:
                yield connection
        except (sqlite3.Error, DBAPIError) as error:
            raise _translated(error) from error

    @staticmethod
    def _tail(connection: Connection, lane: int) -> tuple[int, bytes] | None:
        found: tuple[int, bytes] | None = _raw(connection).execute(_TAIL, (lane,)).fetchone()
        return found


class _Held:
    """A file lock cannot be lost while the file is open."""

    def still(self) -> bool:
        return True


def _raw(connection: Connection) -> sqlite3.Connection:
    raw: Any = connection.connection.driver_connection
    return raw  # type: ignore[no-any-return]


def _translated(error: sqlite3.Error | DBAPIError) -> BaseException:
    orig = error.orig if isinstance(error, DBAPIError) else error
    text = str(orig)
    if text == "FOREIGN KEY constraint failed":
        return meaning("sealed_values_key_id_fkey") or error
    constraint = text.rpartition("constraint failed: ")[2]
    known = meaning(_UNIQUE.get(constraint, constraint))
    if known is not None:
        return known
    if isinstance(orig, sqlite3.OperationalError):
        return Unavailable("The database file does not answer just now.", help="Try again shortly.", retry_after=2)
    return error
