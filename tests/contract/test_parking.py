"""Replaying what was parked, on every database, each after the thing was broken first."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.kernel.listening import Listener
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.parking import Replayed, list_parked, replay_parked
from services.kernel.service import Service
from services.kernel.store.backend import Backend
from tests import till
from tests.till import BROKEN, REACTIONS, consumer, drain, learned, messages, noted, sale

PEOPLE = ("p0", "p1", "p2")


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


def park(log: EmbeddedLog, listener: Listener, count: int, *, broken: set[str]) -> None:
    """Sales of three people in turn, of whom some cannot be served."""
    BROKEN.update(broken)
    log.publish("till", 0, messages(sale(n, PEOPLE[n % 3]) for n in range(1, count + 1)))
    drain(consumer(log, listener))


def events_of(person: int, count: int) -> list[str]:
    return [f"e{n}" for n in range(1, count + 1) if n % 3 == person]


def test_nothing_is_replayed_where_nothing_is_parked(shop: Service, listener: Listener) -> None:
    assert list_parked(shop) == []
    assert replay_parked(shop, listener) == Replayed(0, {})


def test_after_the_cause_is_mended_everything_is_applied_in_order(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    park(log, listener, 12, broken={"p1", "p2"})
    assert len(list_parked(shop)) == 8
    BROKEN.clear()
    assert replay_parked(shop, listener) == Replayed(8, {})
    assert list_parked(shop) == []
    assert [noted(shop, person) for person in PEOPLE] == [events_of(n, 12) for n in range(3)]
    assert learned(shop) == sorted(f"e{n}" for n in range(1, 13))
    assert replay_parked(shop, listener) == Replayed(0, {})


def test_a_stream_stops_at_the_first_that_still_fails_and_the_others_go_on(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    park(log, listener, 12, broken={"p1", "p2"})
    BROKEN.discard("p2")
    done = replay_parked(shop, listener)
    assert done.applied == 4
    assert list(done.failing) == [("till", "till/person/p1")]
    sequence, reason = done.failing["till", "till/person/p1"]
    assert sequence == 1
    assert reason.startswith("ValueError at tests.till:")
    assert [each.sequence for each in list_parked(shop)] == [1, 4, 7, 10]
    assert (noted(shop, "p1"), noted(shop, "p2")) == ([], events_of(2, 12))


def test_a_failure_leaves_nothing_of_its_event_behind(shop: Service, listener: Listener, log: EmbeddedLog) -> None:
    """The row is removed in the transaction of the event: where that fails, the row stays, and nothing is learned."""
    park(log, listener, 3, broken={"p1"})
    for _ in range(2):
        replay_parked(shop, listener)
    assert [each.sequence for each in list_parked(shop)] == [1]
    assert learned(shop) == ["e2", "e3"]


def test_replays_at_once_apply_nothing_twice(shop: Service, listener: Listener, log: EmbeddedLog) -> None:
    park(log, listener, 45, broken={"p1", "p2"})
    BROKEN.clear()
    done: list[Replayed] = []
    threads = [threading.Thread(target=lambda: done.append(replay_parked(shop, listener))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.failing for each in done] == [{}, {}, {}]
    assert sum(each.applied for each in done) == 30
    assert [noted(shop, person) for person in PEOPLE] == [events_of(n, 45) for n in range(3)]
    assert learned(shop) == sorted(f"e{n}" for n in range(1, 46))


def test_a_replay_beside_a_working_consumer_leaves_nothing_behind_and_keeps_the_order(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    BROKEN.add("p1")
    sent = messages(sale(n, "p1") for n in range(1, 151))
    log.publish("till", 0, sent[:10])
    drain(consumer(log, listener))
    BROKEN.clear()
    log.publish("till", 0, sent[10:])
    working = threading.Thread(target=drain, args=[consumer(log, listener)])
    working.start()
    replayer = Listener(till.listening(shop), REACTIONS)
    while list_parked(shop):  # the last replay found the stream empty: nobody will replay it again
        assert replay_parked(shop, replayer).failing == {}
    working.join()
    assert list_parked(shop) == []
    assert noted(shop, "p1") == [f"e{n}" for n in range(1, 151)]


class Interrupted(Listener):
    """A runner that is held up right after it saw that a stream is parked, while somebody replays it."""

    meanwhile: Callable[[], object]

    def _is_parked(self, service: str, stream: str) -> bool:
        found = super()._is_parked(service, stream)
        if found:
            self.meanwhile()
        return found


def test_an_event_is_not_set_aside_behind_a_stream_that_was_replayed_at_that_moment(
    shop: Service, listener: Listener, log: EmbeddedLog
) -> None:
    BROKEN.add("p1")
    sent = messages(sale(n, "p1") for n in range(1, 3))
    log.publish("till", 0, sent[:1])
    drain(consumer(log, listener))
    BROKEN.clear()
    held_up = Interrupted(till.listening(shop), REACTIONS)
    held_up.meanwhile = lambda: replay_parked(shop, Listener(till.listening(shop), REACTIONS))
    log.publish("till", 0, sent[1:])
    drain(consumer(log, held_up))
    assert (noted(shop, "p1"), list_parked(shop)) == (["e1", "e2"], [])
