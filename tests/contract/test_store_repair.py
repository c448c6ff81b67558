"""``store verify`` and ``rebuild``, each after the thing was broken first."""

from pathlib import Path

import pytest
from sqlalchemy import select, text

from services.kernel.log.embedded import EmbeddedLog
from services.kernel.rebuild import Rebuild, Rebuilt
from services.kernel.service import Service
from services.kernel.store.backend import Backend, last_sequences
from services.kernel.store.verify import verify_store
from services.kernel.work import Who
from tests.shop import INCARNATION, TABLES, keep_note, notes, projections

ANA = Who("ana")

_UNLOCK = {
    "sqlite": ["drop trigger events_no_update", "drop trigger events_no_delete"],
    "postgresql": ["drop trigger events_no_change on events"],
}
SQLITE_BODY = "cast(replace(cast(body as text), 'p0', 'p9') as blob)"
POSTGRES_BODY = "convert_to(replace(convert_from(body, 'UTF8'), 'p0', 'p9'), 'UTF8')"


def fill(shop: Service, count: int = 6) -> None:
    for n in range(count):
        shop.do(ANA, keep_note, f"p{n % 2}", f"note {n}")


def tamper(backend: Backend, statement: str) -> None:
    """Somebody with all rights takes the guard off and changes the past."""
    with backend.engine.connect() as connection:
        for guard in _UNLOCK[backend.engine.dialect.name]:
            connection.execute(text(guard))
        connection.execute(text(statement))


def test_an_untouched_store_verifies(shop: Service, backend: Backend) -> None:
    fill(shop)
    found = verify_store(backend, "shop", INCARNATION, 4)
    assert (found.good, found.events, found.lanes[0]) == (True, 6, 6)


def test_events_of_a_lane_that_the_store_should_not_have_are_examined_too(shop: Service, backend: Backend) -> None:
    shop.do(ANA, keep_note, "p1", "a note of a clinic in a lane of its own", "c1")
    (lane,) = (lane for lane in range(4) if backend.after(lane, 0, 1))
    found = verify_store(backend, "shop", INCARNATION, lane)
    assert (found.events, found.lanes[lane]) == (1, 1)
    assert found.faults == [f"lane {lane} has events, but the store has {lane} lane(s): nobody publishes them"]


def test_each_lane_is_found_with_its_last_sequence(shop: Service, backend: Backend) -> None:
    fill(shop)
    for clinic in ("c1", "c2", "c3"):  # each in the lane that is emptiest
        shop.do(ANA, keep_note, clinic, "a note", clinic)
    expected = {lane: stored[-1].sequence for lane in range(4) if (stored := backend.after(lane, 0, 100))}
    with backend.reading() as connection:
        assert last_sequences(connection) == expected
    assert len(expected) > 1


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("delete from events where sequence = 3", "hole"),
        (f"update events set body = {SQLITE_BODY} where sequence = 3", "chain"),
        ("update events set clinic = 'other' where sequence = 2", "column clinic"),
        ("update events set streamversion = 99 where sequence = 2", "column streamversion"),
    ],
)
def test_a_changed_past_is_found(shop: Service, backend: Backend, statement: str, word: str) -> None:
    fill(shop)
    if backend.engine.dialect.name == "postgresql":
        statement = statement.replace(SQLITE_BODY, POSTGRES_BODY)
    tamper(backend, statement)
    found = verify_store(backend, "shop", INCARNATION, 4)
    assert not found.good
    assert any(word in fault for fault in found.faults)


def test_a_cut_tail_is_found_by_what_was_published(shop: Service, backend: Backend) -> None:
    fill(shop)
    tamper(backend, "delete from events where sequence > 4")
    assert verify_store(backend, "shop", INCARNATION, 4).good  # by itself a cut tail cannot be seen
    with backend.engine.connect() as connection:
        connection.execute(text("insert into relayed (lane, sequence) values (0, 6)"))
    assert "tail was cut" in verify_store(backend, "shop", INCARNATION, 4).faults[0]


def rebuild(backend: Backend, folder: Path, *, switch: bool) -> Rebuilt:
    log = EmbeddedLog(folder / "log.sqlite3")
    try:
        return Rebuild(backend.engine, TABLES, projections, log, "shop").run(switch=switch)
    finally:
        log.close()


def test_a_rebuild_finds_no_difference_where_there_is_none(shop: Service, backend: Backend, tmp_path: Path) -> None:
    fill(shop)
    done = rebuild(backend, tmp_path, switch=False)
    assert (done.events, done.rows, done.differences) == (6, 2, {})


def test_a_broken_read_model_is_found_and_mended(shop: Service, backend: Backend, tmp_path: Path) -> None:
    fill(shop)
    with backend.engine.connect() as connection:
        connection.execute(notes.update().where(notes.c.person == "p1").values(count=77))
        connection.execute(notes.delete().where(notes.c.person == "p0"))
    assert rebuild(backend, tmp_path, switch=False).differences == {"shop_notes": 3}
    assert len(shop.query(select(notes))) == 1
    rebuild(backend, tmp_path, switch=True)
    assert {(row["person"], row["count"]) for row in shop.query(select(notes))} == {("p0", 3), ("p1", 3)}
    assert rebuild(backend, tmp_path, switch=False).differences == {}
