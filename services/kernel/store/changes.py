"""Changes of plain rows: a statement built once for its shape, and the values of this one.

Building and compiling a statement costs more than sending it. All changes of one shape (the same table, the same
columns) therefore share one statement, which each database compiles once.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Table, and_, bindparam, delete, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import UpdateBase

_OLD = "where_"  # before the name of a column that is compared; a bare name is a value to be written


@dataclass(frozen=True, slots=True)
class Change:
    """One change: a statement without values, shared by all of its shape, and the values by name."""

    statement: UpdateBase
    values: dict[str, Any]


RowChange = Change | Executable


def execute(connection: Connection, change: RowChange, schemas: dict[str | None, str | None] | None = None) -> None:
    """Make a change by SQLAlchemy; ``schemas`` says in which schema the tables are meant."""
    options: Any = {"schema_translate_map": schemas} if schemas else {}
    if isinstance(change, Change):
        connection.execute(change.statement, change.values, execution_options=options)
    else:
        connection.execute(change, execution_options=options)


def inserted(table: Table, values: dict[str, Any]) -> Change:
    """One new row."""
    return Change(_insert(table), values)


def added(dialect: str, table: Table, values: dict[str, Any]) -> Change:
    """One new row, unless its key is there."""
    return Change(_add(dialect, table), values)


def put(dialect: str, table: Table, values: dict[str, Any]) -> Change:
    """One row, new or in place of the one with its primary key; columns not named keep what they hold."""
    return Change(_put(dialect, table, tuple(values)), values)


def updated(table: Table, where: dict[str, Any], values: dict[str, Any]) -> Change:
    """The rows whose columns equal ``where`` get ``values``."""
    return Change(_update(table, _shape(where), tuple(values)), _compared(where) | values)


def deleted(table: Table, where: dict[str, Any]) -> Change:
    """The rows whose columns equal ``where`` go."""
    return Change(_delete(table, _shape(where)), _compared(where))


@cache
def _insert(table: Table) -> UpdateBase:
    return insert(table).inline()


@cache
def _add(dialect: str, table: Table) -> UpdateBase:
    statement: UpdateBase = upsert(dialect)(table).on_conflict_do_nothing().inline()
    return statement


@cache
def _put(dialect: str, table: Table, names: tuple[str, ...]) -> UpdateBase:
    keys = [column.name for column in table.primary_key]
    statement = upsert(dialect)(table).inline()
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    made: UpdateBase
    if changed:
        made = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    else:
        made = statement.on_conflict_do_nothing(index_elements=keys)
    return made


@cache
def _update(table: Table, where: tuple[tuple[str, bool], ...], names: tuple[str, ...]) -> UpdateBase:
    return update(table).where(_match(table, where)).values({name: bindparam(name) for name in names})


@cache
def _delete(table: Table, where: tuple[tuple[str, bool], ...]) -> UpdateBase:
    return delete(table).where(_match(table, where))


def upsert(dialect: str) -> Any:
    """The INSERT of a dialect that knows ON CONFLICT."""
    return postgresql.insert if dialect == "postgresql" else sqlite.insert


def _shape(where: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    """The columns compared, and whether each is to be NULL, which no comparison finds."""
    return tuple((name, value is None) for name, value in where.items())


def _compared(where: dict[str, Any]) -> dict[str, Any]:
    return {_OLD + name: value for name, value in where.items() if value is not None}


def _match(table: Table, where: tuple[tuple[str, bool], ...]) -> Any:
    return and_(*(table.c[name].is_(None) if null else table.c[name] == bindparam(_OLD + name) for name, null in where))
