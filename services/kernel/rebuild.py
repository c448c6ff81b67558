"""Read models from nothing: rebuilt beside the living ones, compared row by row, then switched.

A rebuild applies projections only, never reactions, and never opens a seal: so it runs with the keys' server off, and
after an erasure. On PostgreSQL the living tables are locked only while it catches up, compares and switches; on
SQLite writers wait until it is done.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, MetaData, except_, func, insert, select, text

from services.kernel.codec import decode
from services.kernel.log.port import Log, PositionLost
from services.kernel.projections import Projections, Rows
from services.kernel.store.backend import last_sequences
from services.kernel.store.changes import Change, execute
from services.kernel.store.tables import events, positions

SHADOW = "rebuild"
BATCH = 500
_BESIDE: dict[str | None, str | None] = {None: SHADOW}


@dataclass(slots=True)
class Rebuilt:
    """How many events were applied, and in which tables living and rebuilt rows differ (how many rows)."""

    events: int = 0
    rows: int = 0
    differences: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Rebuild:
    """One rebuild of one service. ``engine`` is that of the tables' owner; ``tables`` are what projections make.

    A service whose tables are made otherwise overrides ``replay``.
    """

    engine: Engine
    tables: MetaData
    projections: Projections
    log: Log
    service: str
    _applied: dict[tuple[str, int], int] = field(default_factory=dict)
    _shadow: MetaData = field(default_factory=MetaData)

    def __post_init__(self) -> None:
        for table in self.tables.sorted_tables:
            table.to_metadata(self._shadow, schema=SHADOW)

    def run(self, *, switch: bool) -> Rebuilt:
        """Rebuild and compare; with ``switch`` the rebuilt rows take the place of the living ones."""
        done = Rebuilt()
        with self.engine.connect() as connection:
            self._begin(connection)
            try:
                self._shadow.create_all(connection, checkfirst=False)
                self.replay(connection, done)
                self._lock(connection)
                self.replay(connection, done)
                self._compare(connection, done)
                if switch:
                    self._switch(connection)
                self._drop(connection)
                connection.exec_driver_sql("commit")
            except BaseException:
                connection.exec_driver_sql("rollback")
                raise
            finally:
                self._detach(connection)
        return done

    def replay(self, connection: Connection, done: Rebuilt) -> None:
        """Apply, beside the living tables, what was not applied yet. Called twice: the second time under the locks."""
        rows = Rows(connection.dialect.name)
        for source, lane, body in self._bodies(connection):
            self._applied[source, lane] += 1
            entry = decode(body)
            done.events += 1
            if self.projections.knows(entry.type):
                self.projections.apply(entry, rows)
            if len(rows.statements) >= BATCH:
                write_beside(connection, rows)
                rows = Rows(connection.dialect.name)
        write_beside(connection, rows)

    def _bodies(self, connection: Connection) -> Iterator[tuple[str, int, bytes]]:
        """Own events from the store; those of others from the log, as far as the service has applied them."""
        for lane in last_sequences(connection):
            yield from self._own(connection, lane)
        followed = select(positions.c.service, positions.c.lane, positions.c.sequence).order_by("service", "lane")
        for service, lane, until in connection.execute(followed).all():
            if service != self.service:
                yield from self._others(service, lane, until)

    def _own(self, connection: Connection, lane: int) -> Iterator[tuple[str, int, bytes]]:
        key = self.service, lane
        after = self._applied.setdefault(key, 0)
        while True:
            batch = select(events.c.body).where(events.c.lane == lane, events.c.sequence > after)
            bodies = connection.scalars(batch.order_by(events.c.sequence).limit(BATCH)).all()
            yield from ((self.service, lane, bytes(body)) for body in bodies)
            after += len(bodies)
            if len(bodies) < BATCH:
                return

    def _others(self, service: str, lane: int, until: int) -> Iterator[tuple[str, int, bytes]]:
        key = service, lane
        offset = 0
        self._applied.setdefault(key, 0)
        while self._applied[key] < until:
            messages = self.log.read(service, lane, offset, wait=5.0)
            if not messages:
                raise PositionLost(service, lane, offset)
            for message in messages:
                if message.sequence == self._applied[key] + 1 <= until:
                    yield service, lane, message.body
            offset = messages[-1].offset + 1

    def _compare(self, connection: Connection, done: Rebuilt) -> None:
        for table in self.tables.sorted_tables:
            beside = self._shadow.tables[f"{SHADOW}.{table.name}"]
            one = select(func.count()).select_from(except_(select(table), select(beside)).subquery())
            other = select(func.count()).select_from(except_(select(beside), select(table)).subquery())
            differ: int = (connection.scalar(one) or 0) + (connection.scalar(other) or 0)
            done.rows += connection.scalar(select(func.count()).select_from(beside)) or 0
            if differ:
                done.differences[table.name] = differ

    def _switch(self, connection: Connection) -> None:
        for table in reversed(self.tables.sorted_tables):
            connection.execute(table.delete())
        for table in self.tables.sorted_tables:
            beside = self._shadow.tables[f"{SHADOW}.{table.name}"]
            connection.execute(insert(table).from_select([c.name for c in table.columns], select(beside)))

    def _begin(self, connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            path = Path(str(self.engine.url.database)).with_suffix(".rebuild")
            path.unlink(missing_ok=True)
            connection.execute(text("attach :path as rebuild"), {"path": str(path)})
            connection.exec_driver_sql("begin immediate")
        else:
            connection.exec_driver_sql("begin")
            connection.exec_driver_sql(f"create schema {SHADOW}")

    def _lock(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql" and self.tables.sorted_tables:
            names = ", ".join(table.name for table in self.tables.sorted_tables)
            connection.exec_driver_sql(f"lock table {names} in exclusive mode")

    def _drop(self, connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"drop schema {SHADOW} cascade")

    def _detach(self, connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("detach rebuild")
            Path(str(self.engine.url.database)).with_suffix(".rebuild").unlink(missing_ok=True)


def write_beside(connection: Connection, rows: Rows) -> None:
    """Write the rows into the tables that are being rebuilt.

    Changes of one table keep their order; those of one shape that follow each other go to the database together.
    """
    waiting: dict[Any, list[Change]] = {}
    for change in rows.statements:
        if not isinstance(change, Change):
            _write(connection, *waiting.values())
            waiting.clear()
            execute(connection, change, _BESIDE)
            continue
        same = waiting.setdefault(change.statement.table, [])
        if same and same[0].statement is not change.statement:
            _write(connection, same)
            same.clear()
        same.append(change)
    _write(connection, *waiting.values())


def _write(connection: Connection, *groups: list[Change]) -> None:
    for group in groups:
        if group:
            values = [change.values for change in group]
            connection.execute(group[0].statement, values, execution_options={"schema_translate_map": _BESIDE})
