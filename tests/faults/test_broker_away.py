"""The event log does not answer: commands go on, the outbox grows, and all of it arrives, in order, when it is back.
What must be fresh is refused once a quarter of an hour has passed without news.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.local.bao_policies import SERVICES
from deploy.local.house import RealHouse
from services.kernel.chain import ORIGIN
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Head, LogUnavailable
from services.mainjob.actor import made_id
from services.sessions import examples
from services.sessions.app import build
from tests.faults.counting import read_books, rows, settled
from tests.faults.scene import Scene, in_threads, wait_until
from tests.services.sessions_house import House

pytestmark = [
    pytest.mark.usefixtures("broker_restarts"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # see there
]
COMMANDS = 20


@pytest.fixture
def broker_away(house: RealHouse) -> Iterator[None]:
    """The broker is stopped until the test, or its end, starts it again."""
    kafka = house.cluster.kafka()
    kafka.stop()
    yield
    if not kafka.alive():
        kafka.start()


def test_commands_go_on_and_arrive_when_it_is_back(
    house: RealHouse, scene: Scene, request: pytest.FixtureRequest, tell: Callable[[str], None]
) -> None:
    (visitor,) = scene.enrol(1)
    start = scene.times(visitor, timedelta(days=4))[0]
    item = visitor.actor.get(f"/sessions/v1/consent-items?clinic={scene.clinic}")["items"][0]
    said = {"item": item["code"], "version": item["version"], "locale": "en"}
    settled(house)
    logs = {name: process.log.stat().st_size for name, process in house.processes.items() if name.endswith("-worker")}
    request.getfixturevalue("broker_away")

    for _ in range(COMMANDS):
        visitor.actor.post(f"/sessions/v1/clients/{visitor.client}/consents", said)
    session = made_id(visitor.actor.post("/sessions/v1/sessions", visitor.wish(scene.counselor.account, start)))
    visitor.actor.sign_in()
    for name, size in logs.items():
        log = house.processes[name].log
        wait_until(f"{name} to miss the event log", lambda at=log, n=size: b"tried again" in at.read_bytes()[n:], 90)  # type: ignore[misc]
    books = read_books(house)
    waiting = {
        service: sum(end - books.relayed[service].get(lane, 0) for lane, (end, _) in lanes.items())
        for service, lanes in books.ends.items()
    }
    assert waiting["sessions"] >= COMMANDS + 1
    assert waiting["identity"] >= 1

    house.cluster.kafka().start()
    books, took = settled(house)
    tell(f"{waiting['sessions']} events of sessions waited; all arrived {took:.1f} s after the broker was back")
    assert books.faults() == []
    assert visitor.actor.get(f"/sessions/v1/sessions/{session}")["stage"] == "booked"
    now = rows(house, "sessions", "select max(time) from events")
    newest = "select min(until) from known where service = 'licensing'"
    fresh = wait_until("news of licensing", lambda: rows(house, "sessions", newest) > now, 60)
    tell(f"sessions knew that it is up to date after {fresh:.1f} s more")


def test_after_a_quarter_of_an_hour_without_news_nothing_is_booked_or_started(tmp_path: Path) -> None:
    sessions = House(tmp_path)
    sessions.permit()
    sessions.set_hours()
    sessions.built = build(sessions.settings, sessions.clock)  # as it is put together for the house: with the bound
    disk = tmp_path / "disk"
    disk.mkdir()
    log = EmbeddedLog(disk / "log.sqlite3")
    log.make_topics(dict.fromkeys(SERVICES, 1))
    worker = sessions.built.make_worker(log)

    def news() -> None:
        """Licensing says that nothing is new, and the worker hears it."""
        log.put_head(Head("licensing", 0, "", 0, ORIGIN, sessions.clock.now))
        worker.know()

    news()
    ana, ben = sessions.client().enrol(), sessions.client().enrol()
    first, second = ana.book(), ben.book()
    ana.prepare(first)
    news()
    free = ana.first_time()
    assert start(sessions, first).status_code == 200
    ben.prepare(second)  # which turns the clock on, by more than a quarter of an hour
    unplugged = disk.rename(tmp_path / "unplugged")
    with pytest.raises(LogUnavailable):
        in_threads(lambda ask: ask(), [worker.know])
    before = len(sessions.events())
    for refused in (start(sessions, second), ana.try_to_book(free)):
        assert (refused.status_code, refused.json["reasons"][0]) == (409, "law_not_heard")
        assert refused.json["help"]
    recorded = [entry.type.partition(".")[2] for entry in sessions.events()[before:]]
    assert recorded == ["readiness-confirmed", "start-refused", "booking-refused"]
    go_on_and_end(sessions, first)

    unplugged.rename(disk)
    news()
    assert start(sessions, second).status_code == 200
    ana.book()
    log.close()


def go_on_and_end(sessions: House, session: str) -> None:
    """A session that runs is not disturbed."""
    counselor = sessions.as_counselor()
    assert counselor.post(f"/sessions/{session}/notes", {"text": "The session goes on."}).status_code == 201
    assert counselor.post(f"/sessions/{session}/end", {"outcome": "success"}).status_code == 200


def start(sessions: House, session: str) -> Any:
    """The counselor says that they are ready, and starts."""
    counselor = sessions.as_counselor()
    assert counselor.post(f"/sessions/{session}/readiness", examples.ready("counselor")).status_code == 200
    return counselor.post(f"/sessions/{session}/start", {"way": {"link": examples.ROOM}})
