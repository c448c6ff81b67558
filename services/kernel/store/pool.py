"""A pool of connections to one PostgreSQL database, and what a driver's error means to the house.

Transactions are begun and ended by hand on autocommit connections. A connection leaves its block clean or is closed.
One that the server ended is seen when it is taken, and replaced. When one broke in use, all that were opened before it
are as dead and are replaced too; so after a restart of the database the service heals by itself.

Nobody waits for ever. The server gives a statement ``STATEMENT`` seconds; one that says nothing for ``ANSWER`` seconds
(it was frozen, or its power failed) is given up, and so is its connection. Then ``Unavailable`` is raised.
"""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, TimeoutError

from services.kernel.errors import Unavailable
from services.kernel.store.write import Retry, meaning

Raw = psycopg.Connection[Any]

STATEMENT = 8  # seconds, less than ANSWER: then the server ends the statement, and the connection goes on
ANSWER = 10

_RETRYABLE = ("40P01", "40001")  # deadlock, serialisation failure
_AWAY = ("57P", "08", "53")  # shut down or starting, no connection, out of connections or room
_GENERATION = "generation"
# By these the system finds out that a network swallows everything.
_ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 1000 * ANSWER}


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


class _Connection(psycopg.Connection[Any]):
    """A connection on which nothing waits longer than ``ANSWER`` seconds for the server."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = ANSWER) -> Any:
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()  # it still owes an answer, which nobody will wait for
            raise


class Pool:
    """Connections to one database. Safe for threads."""

    def __init__(self, url: str, *, size: int = 8, wait: float = 10.0) -> None:
        self.engine = postgres_engine(url, pool_size=size, wait=wait)
        self._generation = 0
        event.listen(self.engine, "do_connect", _connect)
        event.listen(self.engine, "connect", self._made)
        event.listen(self.engine, "checkout", self._taken)

    @contextmanager
    def connection(self) -> Iterator[tuple[Connection, Raw]]:
        """A connection as SQLAlchemy's and as the driver's own; else as ``driver``."""
        with self.driver() as (borrowed, raw):
            yield Connection(self.engine, borrowed), raw  # not closed: ``driver`` gives back what it borrowed

    @contextmanager
    def driver(self) -> Iterator[tuple[PoolProxiedConnection, Raw]]:
        """A connection as the pool lends it and as the driver's own.

        Raises the errors of ``store.write`` for constraints they know, ``Retry``, and ``Unavailable``; what is not
        foreseen goes on as it is.
        """
        generation: int | None = None
        try:
            borrowed = self.engine.raw_connection()
            try:
                generation = borrowed.info[_GENERATION]
                raw: Any = borrowed.driver_connection
                try:
                    yield borrowed, raw
                finally:
                    _leave_clean(borrowed, raw)
            finally:
                borrowed.close()
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
        if isinstance(orig, psycopg.errors.QueryCanceled):
            return _unavailable("The database took too long.")
        if isinstance(orig, psycopg.OperationalError) or (orig.sqlstate or "").startswith(_AWAY):
            if generation == self._generation:
                self._generation += 1
            return _unavailable("The database does not answer just now.")
        return None

    def _made(self, _connection: object, record: Any) -> None:
        record.info[_GENERATION] = self._generation

    def _taken(self, connection: Any, record: Any, _proxy: object) -> None:
        if record.info[_GENERATION] != self._generation:
            raise DisconnectionError("opened before the database was lost")
        if _has_ended(connection):
            raise DisconnectionError("the database ended it")


def _connect(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> _Connection:
    """In SQLAlchemy's place: a connection whose patience ends."""
    given = f"{options['options']} -c statement_timeout={STATEMENT}s"
    return _Connection.connect(*arguments, **options | _ALIVE | {"options": given})


def _has_ended(raw: Raw) -> bool:
    """Whether the server hung up: on an idle connection nobody has anything to say. It costs no round trip."""
    watch = select.poll()
    watch.register(raw.pgconn.socket, select.POLLIN)
    return bool(watch.poll(0))


def _leave_clean(borrowed: PoolProxiedConnection, raw: Raw) -> None:
    """End a transaction that was left open; throw the connection away when it no longer answers."""
    if not borrowed.is_valid:
        return
    try:
        if raw.pgconn.transaction_status != TransactionStatus.IDLE:
            raw.rollback()
        if raw.pgconn.transaction_status == TransactionStatus.IDLE:
            return
    except psycopg.Error:
        pass  # it is thrown away
    borrowed.invalidate()


def _unavailable(what: str) -> Unavailable:
    return Unavailable(what, help="Nothing was lost. Try again shortly.", retry_after=2)
