"""What a service does with the events of another, on every database: learn, react, move on, exactly once."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from services.kernel.codec import dumps
from services.kernel.errors import Unavailable
from services.kernel.fields import PersonId
from services.kernel.listening import SKIPPED_AT_MOST, Listener, Reactions
from services.kernel.log.consumer import Position, PositionMoved
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Message
from services.kernel.parking import list_parked
from services.kernel.service import Service
from services.kernel.store.backend import Backend
from services.kernel.store.postgres import PostgresBackend
from services.kernel.store.sqlite import SqliteBackend
from services.kernel.store.tables import positions
from services.kernel.work import Who, Work
from tests import till
from tests.shop import INCARNATION, NoteSeen, keep_note, notes, open_shop, projections
from tests.till import BROKEN, REACTIONS, changed, consumer, drain, drawer, learned, messages, noted, sale


@pytest.fixture
def listener(shop: Service, backend: Backend) -> Listener:
    till.make_tables(backend)
    return Listener(till.listening(shop), REACTIONS)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EmbeddedLog]:
    made = EmbeddedLog(tmp_path / "log.sqlite3")
    made.make_topics({"till": 1})
    yield made
    made.close()


@pytest.fixture(autouse=True)
def whole() -> Iterator[None]:
    yield
    BROKEN.clear()


def position(shop: Service) -> int | None:
    found = shop.query(select(positions.c.sequence))
    return found[0]["sequence"] if found else None


def stored(shop: Service) -> dict[int, int]:
    """The stored position of each lane."""
    return {row["lane"]: row["sequence"] for row in shop.query(select(positions))}


def pass_over(runner: Listener, lane: list[Message], start: int, end: int) -> None:
    """Have a runner read events of a lane that do not concern it."""
    for place, message in enumerate(lane[start:end], start):
        runner.apply(message, Position.of(lane[place - 1]) if place else None)


def another(shop: Service) -> Listener:
    """A second runner, or the first after its restart: it knows nothing but the database."""
    return Listener(till.listening(shop), REACTIONS)


def test_an_event_is_learned_and_reacted_to_once_in_spite_of_doubles_and_restarts(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    sent = messages(sale(n) for n in range(1, 21))
    log.publish("till", 0, [*sent[:8], *sent[3:10]])
    drain(consumer(log, listener))
    log.publish("till", 0, [*sent[:10], *sent[10:]])
    drain(consumer(log, another(shop)))
    drain(consumer(log, another(shop)))
    expected = [f"e{n}" for n in range(1, 21)]
    assert learned(shop) == sorted(expected)
    assert noted(shop, "p1") == expected
    assert position(shop) == 20


def test_of_two_runners_on_one_lane_the_slower_is_told_and_does_nothing(shop: Service, listener: Listener) -> None:
    first, second, third = messages(sale(n) for n in range(1, 4))
    other = another(shop)
    assert listener.get("till", 0) is None
    assert other.get("till", 0) is None
    listener.apply(first, None)
    with pytest.raises(PositionMoved):
        other.apply(first, None)
    before = other.get("till", 0)
    other.apply(second, before)
    with pytest.raises(PositionMoved):
        listener.apply(second, None)
    with pytest.raises(PositionMoved):
        listener.park(second, "cannot be applied")
    listener.apply(third, listener.get("till", 0))
    assert learned(shop) == ["e1", "e2", "e3"]
    assert noted(shop, "p1") == ["e1", "e2", "e3"]
    assert list_parked(shop) == []


def test_two_runners_side_by_side_apply_each_event_once(shop: Service, listener: Listener, log: EmbeddedLog) -> None:
    log.publish("till", 0, messages(sale(n, f"p{n % 3}") for n in range(1, 61)))
    readers = [consumer(log, each) for each in (listener, another(shop))]
    threads = [threading.Thread(target=drain, args=[reader]) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain(consumer(log, another(shop)))
    assert learned(shop) == sorted(f"e{n}" for n in range(1, 61))
    for person in range(3):
        assert noted(shop, f"p{person}") == [f"e{n}" for n in range(1, 61) if n % 3 == person]
    assert (position(shop), list_parked(shop)) == (60, [])


def test_an_event_that_cannot_be_applied_parks_its_stream_and_the_others_go_on(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    BROKEN.add("p1")
    log.publish("till", 0, messages([sale(1, "p0"), sale(2), sale(3, "p0"), sale(4), sale(5, "p2")]))
    drain(consumer(log, listener))
    assert learned(shop) == ["e1", "e3", "e5"]
    assert [(each.sequence, each.stream) for each in list_parked(shop)] == [
        (2, "till/person/p1"),
        (4, "till/person/p1"),
    ]
    first, second = list_parked(shop)
    assert (first.type, first.service, first.lane) == ("till.sale-made", "till", 0)
    assert first.reason.startswith("ValueError at tests.till:")
    assert "cannot be noted" not in first.reason  # a foreign error may quote a person's words
    assert second.reason == "an earlier event of this stream is parked"
    assert position(shop) == 5
    BROKEN.clear()
    log.publish("till", 0, messages([sale(1, "p0"), sale(2), sale(3, "p0"), sale(4), sale(5, "p2"), sale(6)])[5:])
    drain(consumer(log, another(shop)))
    assert noted(shop, "p1") == []  # the third waits behind the first two, though it could be applied by itself
    assert [each.sequence for each in list_parked(shop)] == [2, 4, 6]


@pytest.mark.parametrize(
    ("bad", "stream"),
    [
        (changed(sale(1), data={"client": 7}), "till/person/p1"),  # the data are not what was declared
        (dumps({"type": "till.sale-made"}), "(unreadable)"),
        (b"\xff not an event", "(unreadable)"),
    ],
)
def test_bytes_that_cannot_be_read_are_parked(
    shop: Service, listener: Listener, log: EmbeddedLog, bad: bytes, stream: str
) -> None:
    log.publish("till", 0, messages([bad, sale(2, "p2")]))
    drain(consumer(log, listener))
    assert [each.stream for each in list_parked(shop)] == [stream]
    assert learned(shop) == ["e2"]


def test_a_version_not_known_yet_waits_for_the_newer_release(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    log.publish("till", 0, messages([sale(1), changed(sale(2), typeversion=2), sale(3)]))
    reader = consumer(log, listener)
    for _ in range(20):
        reader.step(0.0)
    assert "till.sale-made version 2" in reader.waiting["till", 0]
    assert (learned(shop), position(shop), list_parked(shop)) == (["e1"], 1, [])


def test_a_version_not_known_of_a_type_that_does_not_concern_us_is_passed(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    log.publish("till", 0, messages([changed(drawer(1), typeversion=2), sale(2)]))
    drain(consumer(log, listener))
    assert (learned(shop), position(shop)) == (["e2"], 2)


def test_events_that_do_not_concern_us_move_the_position_before_too_many_are_read_again(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    sent = messages([*(drawer(n) for n in range(1, SKIPPED_AT_MOST + 100)), sale(SKIPPED_AT_MOST + 100)])
    log.publish("till", 0, sent[: SKIPPED_AT_MOST - 1])
    reader = consumer(log, listener)
    drain(reader)
    assert position(shop) is None
    log.publish("till", 0, sent[SKIPPED_AT_MOST - 1 : -1])
    drain(reader)
    assert position(shop) == SKIPPED_AT_MOST
    drain(consumer(log, another(shop)))
    assert position(shop) == SKIPPED_AT_MOST
    log.publish("till", 0, sent[-1:])
    drain(reader)
    assert (position(shop), learned(shop)) == (SKIPPED_AT_MOST + 100, [f"e{SKIPPED_AT_MOST + 100}"])


def test_of_two_runners_that_pass_over_events_the_slower_keeps_up_and_holds_up_no_other_lane(
    shop: Service, listener: Listener
) -> None:
    """Both keep positions in memory and write them now and then; each time the other was faster in some lane."""
    quiet, busy = messages(drawer(n) for n in range(1, 9)), messages((drawer(n) for n in range(1, 9)), lane=1)
    slower = another(shop)
    pass_over(listener, quiet, 0, 2)
    pass_over(slower, quiet, 0, 5)
    pass_over(slower, busy, 0, 3)
    listener.flush()
    slower.flush()
    assert stored(shop) == {0: 2, 1: 3}
    slower.flush()
    assert stored(shop) == {0: 5, 1: 3}  # what the faster one has not reached is written the next time
    pass_over(listener, quiet, 2, 8)
    for _ in range(2):
        listener.flush()
    assert stored(shop) == {0: 8, 1: 3}
    pass_over(slower, quiet, 5, 6)
    slower.flush()
    assert stored(shop) == {0: 8, 1: 3}  # never back


@pytest.mark.parametrize(("passed", "of_other"), [(199, 200), (150, 150), (150, 100)])
def test_a_runner_goes_on_at_once_where_another_wrote_the_position_within_what_it_passed_over(
    shop: Service, listener: Listener, log: EmbeddedLog, passed: int, of_other: int
) -> None:
    """With the 200th event passed over a position is due; the first case meets the other there."""
    end = max(passed, of_other)
    sent = messages([*(drawer(n) for n in range(1, end + 1)), *(sale(n) for n in range(end + 1, end + 4))])
    other, reader = another(shop), consumer(log, listener)
    log.publish("till", 0, sent[:passed])
    drain(reader)
    pass_over(other, sent, 0, of_other)
    other.flush()
    assert position(shop) == of_other
    log.publish("till", 0, sent[passed:])
    for _ in range(5):
        reader.step(0.0)
        assert reader.waiting == {}
    assert (noted(shop, "p1"), position(shop)) == ([f"e{n}" for n in range(end + 1, end + 4)], end + 3)


def test_a_runner_that_fell_behind_applies_nothing_twice_though_positions_are_asked_for(
    shop: Service, listener: Listener
) -> None:
    """Freshness asks for the stored position too; a runner must still be held to what it has read itself."""
    sent = messages(sale(n) for n in range(1, 5))
    slower = another(shop)
    for runner in (listener, slower):
        assert runner.get("till", 0) is None
    for message in sent[:3]:
        listener.apply(message, listener.get("till", 0))
    assert slower.get("till", 0) == listener.get("till", 0)
    with pytest.raises(PositionMoved):
        slower.apply(sent[0], None)
    assert (learned(shop), position(shop)) == (["e1", "e2", "e3"], 3)


def test_own_events_are_reacted_to_but_learned_only_with_their_append(shop: Service, backend: Backend) -> None:
    """The projection of an own event ran when it was appended; hearing of it again must not run it twice."""
    told: list[str] = []
    reactions = Reactions()

    @reactions.on(NoteSeen)
    def _seen(work: Work, entry: object) -> None:
        told.append("seen")

    shop.do(Who("ana"), keep_note, "p1", "words")
    shop.note(Who("ana"), "shop/look/1", NoteSeen(client=PersonId("p1"), note=shop.work(Who("ana")).new_id()), None)
    with backend.engine.connect() as connection:
        connection.execute(notes.update().values(count=77))
    listener = Listener(shop, reactions)
    assert listener.get("shop", 0) is None
    for row in backend.after(0, 0, 10):
        listener.apply(Message("shop", 0, row.sequence, bytes(row.chain), INCARNATION, bytes(row.body), 0), None)
    assert told == ["seen"]
    assert shop.query(select(notes))[0]["count"] == 77
    assert projections.knows("shop.note-kept")


def test_a_part_that_does_not_answer_makes_the_lane_wait_and_parks_nothing(
    shop: Service, backend: Backend, log: EmbeddedLog
) -> None:
    till.make_tables(backend)
    away = [True]
    reactions = Reactions()

    @reactions.on(till.SaleMade)
    def _ask(work: Work, entry: object) -> None:
        if away[0]:
            raise Unavailable("The keys' server does not answer.")

    log.publish("till", 0, messages([sale(1), sale(2)]))
    reader = consumer(log, Listener(till.listening(shop), reactions))
    for _ in range(20):
        reader.step(0.0)
    assert (learned(shop), list_parked(shop), position(shop)) == ([], [], None)
    away[0] = False
    drain(reader)
    assert learned(shop) == ["e1", "e2"]


class Killed(Listener):
    """A runner that is killed at its third event: before its transaction, or right behind it."""

    when = "before"
    seen = 0

    def take(self, *args: object, **more: object) -> None:
        self.seen += 1
        if self.seen == 3 and self.when == "before":
            self._reactions = Reactions()
            self._reactions.on(till.SaleMade)(lambda work, entry: os.kill(os.getpid(), signal.SIGKILL))
        super().take(*args, **more)  # type: ignore[arg-type]
        if self.seen == 3:
            os.kill(os.getpid(), signal.SIGKILL)


def _run_until_killed(where: str, folder: str, when: str) -> None:
    backend: Backend
    if where.startswith("postgresql"):
        backend = PostgresBackend(where, "shop", INCARNATION)
    else:
        backend = SqliteBackend(Path(where), "shop", INCARNATION)
    listener = Killed(till.listening(open_shop(backend, Path(folder), lanes=4)), REACTIONS)
    listener.when = when
    drain(consumer(EmbeddedLog(Path(folder) / "log.sqlite3"), listener))


@pytest.mark.parametrize("when", ["before", "behind"])
def test_a_runner_killed_between_apply_and_commit_or_behind_it_has_no_effect_twice_and_loses_none(
    shop: Service, backend: Backend, listener: Listener, log: EmbeddedLog, tmp_path: Path, when: str
) -> None:
    log.publish("till", 0, messages(sale(n) for n in range(1, 8)))
    if isinstance(backend, SqliteBackend):
        where = str(backend.path)
    else:
        where = make_url(backend.engine.url).render_as_string(hide_password=False)
    process = multiprocessing.get_context("spawn").Process(target=_run_until_killed, args=(where, str(tmp_path), when))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert position(shop) == (2 if when == "before" else 3)
    drain(consumer(log, listener))
    assert noted(shop, "p1") == learned(shop) == [f"e{n}" for n in range(1, 8)]
