"""A pool of connections to one PostgreSQL database, and what a driver's error means to the house.

Transactions are begun and ended by hand on autocommit connections. A connection leaves its block clean or is closed.
When one broke, all that were opened before it are as dead: they are closed when they are next taken, and replaced; so
after a restart of the database each waiting request is told once at most, and the service heals by itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, TimeoutError

from services.kernel.errors import Unavailable
from services.kernel.store.write import Retry, meaning

Raw = psycopg.Connection[Any]

_RETRYABLE = ("40P01", "40001")  # deadlock, serialisation failure
_AWAY = ("57P", "08", "53")  # shut down or starting, no connection, out of connections or room
_GENERATION = "generation"


def postgres_engine(url: str, *, pool_size: int = 8, wait: float = 10.0) -> Engine:
    """An engine whose transactions are begun and ended by hand; ``wait`` seconds for a free connection at most."""
    return create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,  # ``Pool`` leaves them clean itself, and asks the server only where it must
        pool_size=pool_size,
        max_overflow=8,
        pool_timeout=wait,
        pool_recycle=1800,
        # psycopg would deallocate all prepared statements, also those of ``Pipeline``, at every rollback
        connect_args={"connect_timeout": 3, "options": "-c timezone=UTC", "prepare_threshold": None},
    )


class Pool:
    """Connections to one database. Safe for threads."""

    def __init__(self, url: str, *, size: int = 8, wait: float = 10.0) -> None:
        self.engine = postgres_engine(url, pool_size=size, wait=wait)
        self._generation = 0
        event.listen(self.engine, "connect", self._made)
        event.listen(self.engine, "checkout", self._taken)

    @contextmanager
    def connection(self) -> Iterator[tuple[Connection, Raw]]:
        """A connection, as SQLAlchemy's and as the driver's own.

        Raises the errors of ``store.write`` for constraints they know, ``Retry``, and ``Unavailable``; what is not
        foreseen goes on as it is.
        """
        generation: int | None = None
        try:
            with self.engine.connect() as connection:
                generation = connection.info[_GENERATION]
                raw = _raw(connection)
                try:
                    yield connection, raw
                finally:
                    _leave_clean(connection, raw)
        except TimeoutError as busy:
            raise _unavailable("Too many requests wait for the database.") from busy
        except (psycopg.Error, DBAPIError) as error:
            known = self._meaning(error, generation)
            if known is None:
                raise
            raise known from error

    def dispose(self) -> None:
        """Close every connection that nobody uses."""
        self.engine.dispose()

    def _meaning(self, error: psycopg.Error | DBAPIError, generation: int | None) -> Exception | None:
        orig = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(orig, psycopg.Error):
            return None
        known = meaning(orig.diag.constraint_name or "")
        if known is not None:
            return known
        if orig.sqlstate in _RETRYABLE:
            return Retry()
        if isinstance(orig, psycopg.OperationalError) or (orig.sqlstate or "").startswith(_AWAY):
            if generation == self._generation:
                self._generation += 1
            return _unavailable("The database does not answer just now.")
        return None

    def _made(self, _connection: object, record: Any) -> None:
        record.info[_GENERATION] = self._generation

    def _taken(self, _connection: object, record: Any, _proxy: object) -> None:
        if record.info[_GENERATION] != self._generation:
            raise DisconnectionError("opened before the database was lost")


def _raw(connection: Connection) -> Raw:
    raw: Any = connection.connection.driver_connection
    return raw  # type: ignore[no-any-return]


def _leave_clean(connection: Connection, raw: Raw) -> None:
    """End a transaction that was left open; throw the connection away when it no longer answers."""
    if connection.invalidated:
        return
    try:
        if raw.info.transaction_status != TransactionStatus.IDLE:
            raw.rollback()
        if raw.info.transaction_status == TransactionStatus.IDLE:
            return
    except psycopg.Error:
        pass  # it is thrown away
    connection.invalidate()


def _unavailable(what: str) -> Unavailable:
    return Unavailable(what, help="Nothing was lost. Try again shortly.", retry_after=2)
