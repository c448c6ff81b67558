"""Several statements to PostgreSQL in one round trip, sent through libpq's pipeline mode as it is.

psycopg's own pipeline makes a cursor and a system call for each statement; for a transaction of four small statements
that is five times the work of the statements themselves. Nothing can be read before all were sent: one result each.
A statement that recurs is prepared, once a connection.

Specification: https://www.postgresql.org/docs/current/libpq-pipeline-mode.html
"""

from collections.abc import Generator, Sequence
from hashlib import sha256
from typing import Any, Self

from psycopg import Connection, DataError, OperationalError
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

_TEXT, _BINARY = 0, 1
_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Pipeline:
    """Statements for one connection, as a context manager; an error within, before ``finish``, closes the connection.

    ``prepared`` are the names of those that the connection knows already; the dictionary is kept with it.
    """

    def __init__(self, raw: Connection[Any], prepared: dict[str, bytes]) -> None:
        self._raw = raw
        self._conn: PGconn = raw.pgconn
        self._prepared = prepared
        self._sent: list[str | None] = []  # for each result to come: the statement it prepares, if it does
        self._open = False

    def __enter__(self) -> Self:
        self._conn.enter_pipeline_mode()
        self._open = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            self._raw.close()

    def send(self, statement: str, values: Sequence[Any] = (), *, binary: bool = False) -> None:
        """Queue a statement that recurs, with ``$1`` for its first value; ``binary`` is the form of its result."""
        name = self._prepared.get(statement)
        if name is None:
            name = b"amanah_" + sha256(statement.encode()).hexdigest()[:32].encode()
            self._prepared[statement] = name
            self._conn.send_prepare(name, statement.encode())
            self._sent.append(statement)
        parameters, formats = _parameters(values)
        self._conn.send_query_prepared(name, parameters, formats, _BINARY if binary else _TEXT)
        self._sent.append(None)

    def send_once(self, statement: str, values: Sequence[Any] = ()) -> None:
        """Queue a statement that is not worth preparing."""
        parameters, formats = _parameters(values)
        self._conn.send_query_params(statement.encode(), parameters, param_formats=formats)
        self._sent.append(None)

    def finish(self) -> list[PGresult]:
        """Send everything and wait, as long as the connection does; the results in order. Raises the first statement's
        error, after which the server has skipped the rest."""
        self._conn.pipeline_sync()
        results = self._raw.wait(self._exchange())
        self._conn.exit_pipeline_mode()
        self._open = False
        failed = next((result for result in results if result.status not in _GOOD), None)
        if failed is not None:
            self._forget(results)
            raise error_from_result(failed, encoding="utf-8")
        return [result for result, prepares in zip(results, self._sent, strict=True) if prepares is None]

    def _exchange(self) -> Generator[Wait, Ready | int, list[PGresult]]:
        while self._conn.flush():
            if (yield Wait.RW) & Ready.R:
                self._conn.consume_input()
        results: list[PGresult] = []
        ended = True
        while True:
            while self._conn.is_busy():
                yield Wait.R
                self._conn.consume_input()
            result = self._conn.get_result()
            if result is None:
                if ended:  # a living connection answers until its sync
                    raise OperationalError("the connection to the server was lost")
                ended = True
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            ended = False
            results.append(result)

    def _forget(self, results: list[PGresult]) -> None:
        """What was to be prepared behind the failure is not."""
        for result, prepares in zip(results, self._sent, strict=False):
            if prepares is not None and result.status not in _GOOD:
                self._prepared.pop(prepares, None)


def _parameters(values: Sequence[Any]) -> tuple[list[bytes | None], list[int]]:
    """Values as libpq takes them. Text goes in binary form, so that a NUL in it is refused and never cuts it short."""
    parameters: list[bytes | None] = []
    formats: list[int] = []
    for value in values:
        form = _BINARY if isinstance(value, str | bytes) else _TEXT
        parameters.append(_written(value))
        formats.append(form)
    return parameters, formats


def _written(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int | float):
        return repr(value).encode()
    raise DataError(f"a row holds text, bytes, numbers and truth values, not {type(value).__name__}")
