"""Read models: how each event changes the tables that queries ask.

A projection is a function of one event that collects row changes; it reads nothing and asks nobody, so the same
function serves the transaction of the append and a rebuild from nothing. House rule: a row is owned by one stream, or
is only ever inserted, because two streams may be written at the same moment.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Table

from services.kernel.events import Entry, event_type
from services.kernel.store import changes
from services.kernel.store.changes import RowChange

E = TypeVar("E")
Projection = Callable[[Entry[Any], "Rows"], None]


class Rows:
    """Collects row changes, for one database dialect (``sqlite`` or ``postgresql``). Values are plain values."""

    def __init__(self, dialect: str) -> None:
        self.statements: list[RowChange] = []
        self._dialect = dialect

    def insert(self, table: Table, **values: Any) -> None:
        """One new row."""
        self.statements.append(changes.inserted(table, values))

    def add(self, table: Table, **values: Any) -> None:
        """One new row, unless its primary key is there."""
        self.statements.append(changes.added(self._dialect, table, values))

    def add_where(self, table: Table, values: Any, columns: list[str]) -> None:
        """Rows from a SELECT, unless they are there."""
        insert = changes.upsert(self._dialect)(table)
        self.statements.append(insert.from_select(columns, values).on_conflict_do_nothing())

    def put(self, table: Table, **values: Any) -> None:
        """One row, new or in place of the one with its primary key; columns not named keep what they hold."""
        self.statements.append(changes.put(self._dialect, table, values))

    def update(self, table: Table, where: dict[str, Any], **values: Any) -> None:
        """Change the rows whose columns equal ``where``."""
        self.statements.append(changes.updated(table, where, values))

    def delete(self, table: Table, **where: Any) -> None:
        """Delete the rows whose columns equal ``where``."""
        self.statements.append(changes.deleted(table, where))


class Projections:
    """The projections of one service, by event type. A service's own events and those it listens to are alike here."""

    def __init__(self) -> None:
        self._by_type: dict[str, list[Projection]] = {}

    def on(self, cls: type[E]) -> Callable[[Callable[[Entry[E], Rows], None]], Callable[[Entry[E], Rows], None]]:
        """Register a projection of an event class."""

        def register(projection: Callable[[Entry[E], Rows], None]) -> Callable[[Entry[E], Rows], None]:
            self._by_type.setdefault(event_type(cls).name, []).append(projection)
            return projection

        return register

    def apply(self, entry: Entry[Any], rows: Rows) -> None:
        """Collect what an event changes."""
        for projection in self._by_type.get(entry.type, ()):
            projection(entry, rows)

    def knows(self, type_name: str) -> bool:
        return type_name in self._by_type

    @property
    def types(self) -> frozenset[str]:
        return frozenset(self._by_type)
