"""The store's promises, on every database: see ``services.kernel.store.backend.Backend``."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.codec import decode
from services.kernel.errors import Conflict, Erased, Invalid, Stale
from services.kernel.fields import Id, PersonId
from services.kernel.service import SLICE, Answer, Once, Service
from services.kernel.store.backend import Backend
from services.kernel.store.tables import answers
from services.kernel.store.write import NameTaken, StreamMoved, TimeTaken
from services.kernel.time import Instant, plus
from services.kernel.work import Who, Work
from tests.shop import NOON, NoteSeen, keep_note, notes, open_shop

ANA = Who("ana")


def test_what_is_written_is_read_back_in_order_and_chained(shop: Service, backend: Backend) -> None:
    for n in range(5):
        shop.do(ANA, keep_note, "p1", f"note {n}")
    stored = backend.after(0, 0, 100)
    assert [row.sequence for row in stored] == [1, 2, 3, 4, 5]
    previous, head = ORIGIN, chain_head("shop", "test")
    for row in stored:
        previous = chain(head, 0, row.sequence, previous, bytes(row.body))
        assert bytes(row.chain) == previous
    assert [decode(bytes(row.body)).streamversion for row in stored] == [1, 2, 3, 4, 5]


def test_the_read_model_changes_with_the_event(shop: Service) -> None:
    shop.do(ANA, keep_note, "p1", "one")
    shop.do(ANA, keep_note, "p1", "two")
    assert shop.query(select(notes.c["count"]))[0]["count"] == 2


def test_two_writers_of_one_stream_do_not_lose_an_update(shop: Service) -> None:
    errors: list[Exception] = []

    def write() -> None:
        for n in range(10):
            while True:
                try:
                    shop.do(ANA, keep_note, "p1", f"{n}")
                    break
                except StreamMoved:
                    continue
                except Exception as error:
                    errors.append(error)
                    return

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert shop.query(select(notes.c["count"]))[0]["count"] == 40


def test_a_version_named_by_a_person_that_moved_is_told_as_stale(shop: Service) -> None:
    shop.do(ANA, keep_note, "p1", "one")

    def change(work: Work) -> None:
        work.entries("shop/person/p1")
        work.expect("shop/person/p1")

    shop.do(ANA, change, expected=1)
    with pytest.raises(Stale) as told:
        shop.do(ANA, change, expected=0)
    assert told.value.extra == {"current": 1}


def test_clinics_get_lanes_evenly_and_keep_them(shop: Service, backend: Backend, tmp_path: Path) -> None:
    given = [shop.lanes.of(f"clinic-{n}") for n in range(8)]
    assert sorted(given) == [0, 0, 1, 1, 2, 2, 3, 3]
    again = open_shop(backend, tmp_path, lanes=4)
    assert [again.lanes.of(f"clinic-{n}") for n in range(8)] == given


def test_a_repeated_request_is_answered_as_the_first_was(shop: Service) -> None:
    once = Once("ana", "keep-note", "key-12345", "print")

    def answer(result: Id, now: Instant) -> Answer:
        return Answer(201, f"/notes/{result}", '"1"')

    first = shop.do_once(ANA, once, answer, keep_note, "p1", "hello")
    second = shop.do_once(ANA, once, answer, keep_note, "p1", "hello")
    assert (second.status, second.location, second.replayed) == (201, first.location, True)
    assert shop.query(select(notes.c["count"]))[0]["count"] == 1
    with pytest.raises(Invalid):
        shop.do_once(ANA, Once("ana", "keep-note", "key-12345", "other"), answer, keep_note, "p1", "other")


def test_one_time_of_a_person_is_taken_once(shop: Service) -> None:
    def take(work: Work, start: Instant, minutes: int, owner: str) -> None:
        work.claim_time("counselor", start, plus(start, minutes=minutes), owner)

    shop.do(ANA, take, NOON, 50, "s1")
    with pytest.raises(TimeTaken):
        shop.do(ANA, take, plus(NOON, minutes=30), 50, "s2")
    shop.do(ANA, take, plus(NOON, minutes=50), 50, "s3")

    def release(work: Work) -> None:
        work.release_times("s1")

    shop.do(ANA, release)
    shop.do(ANA, take, NOON, 50, "s4")


def test_a_name_is_held_once(shop: Service) -> None:
    def take(work: Work, owner: str) -> None:
        work.claim_name("email", "x", owner)

    shop.do(ANA, take, "a")
    with pytest.raises(NameTaken):
        shop.do(ANA, take, "b")


def test_nothing_is_half_written(shop: Service, backend: Backend) -> None:
    def keep_and_clash(work: Work) -> None:
        keep_note(work, "p1", "words")
        work.claim_name("email", "x", "b")
        work.claim_name("email", "x", "c")

    with pytest.raises(NameTaken):
        shop.do(ANA, keep_and_clash)
    assert backend.after(0, 0, 10) == []
    assert shop.query(select(notes)) == []


def test_words_are_sealed_shown_with_a_record_and_erased(shop: Service, backend: Backend) -> None:
    note = shop.do(ANA, keep_note, "p1", "the words")
    assert all(b"the words" not in bytes(row.body) for row in backend.after(0, 0, 10))
    look = NoteSeen(client=PersonId("p1"), note=note)
    shown = shop.reader.show(ANA, "shop/look/1", look, [(note, "text")])
    assert shown.text(note, "text") == "the words"
    assert decode(bytes(backend.after(0, 1, 10)[0].body)).data == look
    assert backend.erase("p1", "e1", NOON) == 1
    assert backend.erase("p1", "e1", NOON) == 1
    gone = shop.reader.show(ANA, "shop/look/2", look, [(note, "text")])
    assert (gone.text(note, "text"), gone.state(note, "text")) == (None, "erased")
    with pytest.raises(Erased):
        shop.do(ANA, keep_note, "p1", "more words")


def test_a_value_that_is_lost_is_missing_and_never_erased(shop: Service) -> None:
    note = shop.do(ANA, keep_note, "p1", "the words")
    shown = shop.reader.show(
        ANA, "shop/look/1", NoteSeen(client=PersonId("p1"), note=note), [("no-such-event", "text")]
    )
    assert shown.state("no-such-event", "text") == "missing"


def test_ones_own_words_need_no_entry_but_only_ones_own(shop: Service, backend: Backend) -> None:
    mine = shop.do(ANA, keep_note, "p1", "mine")
    other = shop.do(ANA, keep_note, "p2", "other")
    before = len(backend.after(0, 0, 100))
    shown = shop.reader.own("p1", ["p1"], [(mine, "text"), (other, "text")])
    assert (shown.text(mine, "text"), shown.text(other, "text")) == ("mine", None)
    assert len(backend.after(0, 0, 100)) == before


@pytest.mark.parametrize("statement", ["update events set type = 'x'", "delete from events", "truncate events"])
def test_events_cannot_be_changed_in_the_database(shop: Service, backend: Backend, statement: str) -> None:
    shop.do(ANA, keep_note, "p1", "one")
    if statement.startswith("truncate") and backend.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DBAPIError, match="append-only"), backend.engine.connect() as connection:
        connection.execute(text(statement))


def test_leadership_of_a_lane_is_held_by_one(backend: Backend) -> None:
    with backend.lead(0) as first, backend.lead(0) as second, backend.lead(1) as other:
        assert first is not None
        assert first.still()
        assert second is None
        assert other is not None
    with backend.lead(0) as again:
        assert again is not None


def test_a_conflict_that_stays_is_told(shop: Service) -> None:
    shop.do(ANA, keep_note, "p1", "one")

    def never_loads(work: Work) -> None:
        work.append("shop/person/p1", NoteSeen(client=PersonId("p1"), note=Id("n")))

    with pytest.raises(Conflict):
        shop.do(ANA, never_loads)


def test_old_answers_are_forgotten_however_many_and_the_others_stay(shop: Service, backend: Backend) -> None:
    """Many may be of one moment, also where one slice ends and the next begins."""
    old, due, kept = (plus(NOON, hours=-hours) for hours in (100, 72, 71))
    moments = [old] * (SLICE + 2) + [due] * SLICE + [kept]
    row = {"actor": "ana", "operation": "o", "fingerprint": "f", "status": 201}
    with backend.engine.begin() as connection:
        connection.execute(insert(answers), [row | {"key": str(n), "time": at} for n, at in enumerate(moments)])
    shop.forget_answers()
    assert [row["time"] for row in shop.query(select(answers.c.time))] == [kept]
