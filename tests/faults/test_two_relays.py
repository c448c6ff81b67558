"""Two workers of one service: one leads a lane, and when it is killed the other goes on, without a hole or a double."""

from collections.abc import Callable, Iterator

import pytest

from deploy.local.house import Process, RealHouse
from services.kernel.store.schema import LEAD_LOCK
from tests.faults.counting import rows, settled
from tests.faults.scene import Scene, Visitor, wait_until

LANES = 4
LEADERS = """
    select pid from pg_locks where locktype = 'advisory' and classid = %s and granted
    and database = (select oid from pg_database where datname = current_database()) order by objid
"""


@pytest.fixture
def second(house: RealHouse) -> Iterator[Process]:
    """A second worker of identity, started beside the first."""
    first = house.processes["identity-worker"]
    log = first.log.with_name("identity-worker-2.log")
    process = Process("identity-worker-2", first.command, first.environment, log)
    process.start()
    yield process
    process.stop()
    house.start()


def test_the_other_takes_over_when_the_leader_is_killed(
    house: RealHouse, scene: Scene, second: Process, tell: Callable[[str], None]
) -> None:
    first = house.processes["identity-worker"]
    (visitor,) = scene.enrol(1)
    wait_until("the second worker to run", lambda: b"working on" in second.log.read_bytes())
    waits = []
    for leader in (first, second):
        settled(house)
        before = leaders(house)
        assert len(before) == LANES
        sign_in_often(visitor)
        leader.kill()
        waits.append(wait_until("another to lead every lane", lambda old=before: took_over(house, old), 60))  # type: ignore[misc]
        sign_in_often(visitor)
        if leader is first:
            settled(house)
            first.start()
    books, took = settled(house)
    tell(f"the other led after {waits[0]:.2f} and {waits[1]:.2f} s; all arrived {took:.1f} s after the last event")
    assert books.faults() == []


def leaders(house: RealHouse) -> list[int]:
    """The database's processes that hold a lane of identity, one a lane."""
    return [pid for (pid,) in rows(house, "identity", LEADERS, LEAD_LOCK)]


def took_over(house: RealHouse, before: list[int]) -> bool:
    now = leaders(house)
    return len(now) == LANES and not set(now) & set(before)


def sign_in_often(visitor: Visitor) -> None:
    for _ in range(5):
        visitor.actor.sign_in()
