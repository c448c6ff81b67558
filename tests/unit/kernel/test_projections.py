"""Projections and the row changes that they collect, on a database in memory."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from sqlalchemy import ClauseElement, Column, Connection, Integer, MetaData, Table, Text, create_engine, select
from sqlalchemy.dialects import postgresql, sqlite

from services.kernel.events import Entry
from services.kernel.fields import Id, PersonId, Sealed
from services.kernel.projections import Projections, Rows
from services.kernel.store.changes import Change, RowChange, execute
from tests.shop import NOON, NoteKept, NoteSeen

SHELVES = MetaData()
shelf = Table(
    "shelf",
    SHELVES,
    Column("room", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("title", Text),
    Column("colour", Text, server_default="plain"),
)
seen = Table("seen", SHELVES, Column("id", Text, primary_key=True))


@pytest.fixture
def database() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        SHELVES.create_all(connection)
        yield connection
    engine.dispose()


def run(database: Connection, rows: Rows) -> list[tuple[Any, ...]]:
    for statement in rows.statements:
        execute(database, statement)
    return [tuple(row) for row in database.execute(select(shelf).order_by(shelf.c.room, shelf.c.place))]


def plain(change: RowChange) -> ClauseElement:
    return change.statement if isinstance(change, Change) else cast("ClauseElement", change)


def kept(number: int) -> Entry[Any]:
    data = NoteKept(client=PersonId("p1"), number=number, text=Sealed("ab"))
    return Entry(Id(f"e{number}"), "shop.note-kept", 1, "shop/person/p1", number, NOON, "ana", data)


def test_an_event_reaches_every_projection_of_its_type_in_order_and_no_other() -> None:
    projections, told = Projections(), []

    @projections.on(NoteKept)
    def _first(entry: Entry[NoteKept], rows: Rows) -> None:
        told.append(("first", entry.data.number))

    @projections.on(NoteKept)
    def _second(entry: Entry[NoteKept], rows: Rows) -> None:
        told.append(("second", entry.data.number))

    @projections.on(NoteSeen)
    def _other(entry: Entry[NoteSeen], rows: Rows) -> None:
        told.append(("other", 0))

    projections.apply(kept(7), Rows("sqlite"))
    assert told == [("first", 7), ("second", 7)]
    assert projections.types == {"shop.note-kept", "shop.note-seen"}
    assert not projections.knows("shop.never-heard-of")


def test_put_makes_a_row_or_replaces_what_it_names_and_keeps_the_rest(database: Connection) -> None:
    rows = Rows("sqlite")
    rows.put(shelf, room="a", place=1, title="one")
    rows.update(shelf, {"room": "a", "place": 1}, colour="red")
    rows.put(shelf, room="a", place=1, title="two")
    assert run(database, rows) == [("a", 1, "two", "red")]


def test_put_of_a_bare_key_and_add_leave_what_is_there(database: Connection) -> None:
    rows = Rows("sqlite")
    rows.insert(shelf, room="a", place=1, title="one")
    rows.add(shelf, room="a", place=1, title="other")
    rows.put(seen, id="x")
    rows.put(seen, id="x")
    assert run(database, rows) == [("a", 1, "one", "plain")]
    assert database.execute(select(seen)).all() == [("x",)]


def test_update_and_delete_touch_only_the_rows_that_match_in_every_column(database: Connection) -> None:
    rows = Rows("sqlite")
    for room, place in [("a", 1), ("a", 2), ("b", 1)]:
        rows.insert(shelf, room=room, place=place, title="old")
    rows.update(shelf, {"room": "a", "place": 2}, title="new")
    rows.delete(shelf, room="b", place=1)
    rows.delete(shelf, room="b", place=2)
    assert run(database, rows) == [("a", 1, "old", "plain"), ("a", 2, "new", "plain")]


@pytest.mark.parametrize("database", [postgresql, sqlite])
def test_the_same_projection_speaks_each_dialect(database: Any) -> None:
    dialect = database.dialect()
    rows = Rows(dialect.name)
    rows.put(shelf, room="a", place=1, title="one")
    rows.add_where(seen, select(shelf.c.room), ["id"])
    upsert, copy = (str(plain(each).compile(dialect=dialect)) for each in rows.statements)
    assert "ON CONFLICT (room, place) DO UPDATE SET title" in upsert
    assert "ON CONFLICT DO NOTHING" in copy
