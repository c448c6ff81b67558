"""Heads: a reader knows up to when it knows everything, and never claims more."""

from pathlib import Path

import pytest

from services.kernel.chain import ORIGIN
from services.kernel.log.consumer import Position
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.heads import Freshness, HeadWriter
from services.kernel.log.port import Head
from services.kernel.log.relay import Relay
from services.kernel.time import Instant, plus
from tests.unit.log.parts import INCARNATION, SERVICE, MemoryFeed, Reader, lane_of

NOON = Instant("2026-11-24T12:00:00.000000Z")
LANE = (SERVICE, 0)


class Wall:
    """A clock on the wall, set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> Instant:
        return self.now


@pytest.fixture
def log(tmp_path: Path) -> EmbeddedLog:
    log = EmbeddedLog(tmp_path / "log.db")
    log.make_topics({SERVICE: 2})
    return log


def at(sequence: int) -> Position:
    return Position(INCARNATION, sequence, lane_of(sequence)[-1].chain, sequence - 1)


def test_a_relay_writes_a_head_every_ten_seconds(log: EmbeddedLog) -> None:
    feed, wall = MemoryFeed({0: lane_of(3)}), Wall()
    relay = Relay(feed, log, 0, clock=wall)
    times = []
    for _ in range(5):
        relay.step()
        times.append(log.heads()[0].time)
        wall.now = plus(wall.now, seconds=4)
    assert times == [NOON, NOON, NOON, plus(NOON, seconds=12), plus(NOON, seconds=12)]
    assert log.heads() == [Head(SERVICE, 0, INCARNATION, 3, lane_of(3)[2].chain, times[-1])]


def test_only_the_leader_writes_heads(log: EmbeddedLog) -> None:
    feed = MemoryFeed()
    Relay(feed, log, 0, clock=Wall()).step()
    feed.leaders[1] = object()
    Relay(feed, log, 1, clock=Wall()).step()
    assert [head.lane for head in log.heads()] == [0]


def test_a_clock_set_back_does_not_silence_the_heads(log: EmbeddedLog) -> None:
    wall = Wall()
    writer = HeadWriter(MemoryFeed(), log, 0, wall)
    writer.write()
    wall.now = plus(NOON, hours=-1)
    assert writer.due()


def test_a_lane_without_events_is_quiet_not_cut(log: EmbeddedLog) -> None:
    HeadWriter(MemoryFeed(), log, 0, Wall()).write()
    freshness = Freshness(log, Reader(), [LANE])
    assert freshness.known_until(*LANE) is None
    freshness.refresh()
    assert log.heads()[0].chain == ORIGIN
    assert freshness.known_until(*LANE) == NOON


def test_knowledge_is_as_old_as_the_last_head_that_was_reached(log: EmbeddedLog) -> None:
    feed, wall, reader = MemoryFeed({0: lane_of(3)}), Wall(), Reader({LANE: at(3)})
    writer, freshness = HeadWriter(feed, log, 0, wall), Freshness(log, reader, [LANE])
    writer.write()
    freshness.refresh()
    feed.lanes[0] = lane_of(5)
    for wall.now in (plus(NOON, seconds=10), plus(NOON, seconds=20)):
        writer.write()
        freshness.refresh()
    assert freshness.known_until(*LANE) == NOON
    reader.stored[LANE] = at(5)
    freshness.refresh()
    assert freshness.known_until(*LANE) == plus(NOON, seconds=20)


def test_a_relay_that_fell_silent_makes_knowledge_old(log: EmbeddedLog) -> None:
    writer = HeadWriter(MemoryFeed({0: lane_of(2)}), log, 0, Wall())
    writer.write()
    freshness = Freshness(log, Reader({LANE: at(2)}), [LANE])
    for _ in range(3):
        freshness.refresh()
    assert freshness.known_until(*LANE) == NOON


@pytest.mark.parametrize(
    "position",
    [
        None,
        at(2),
        Position("0190a1b2-0000-7000-8000-00000000000f", 3, lane_of(3)[2].chain, 2),
        Position(INCARNATION, 3, lane_of(3, body="other")[2].chain, 2),
    ],
)
def test_a_head_that_is_not_reached_or_contradicts_proves_nothing(log: EmbeddedLog, position: Position | None) -> None:
    HeadWriter(MemoryFeed({0: lane_of(3)}), log, 0, Wall()).write()
    freshness = Freshness(log, Reader({LANE: position} if position else {}), [LANE])
    freshness.refresh()
    assert freshness.known_until(*LANE) is None
