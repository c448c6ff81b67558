"""The consumer: each event once, in order; a lane that is not whole stops; the others go on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.kernel.chain import ORIGIN
from services.kernel.errors import Unavailable
from services.kernel.log.consumer import TRIES, Arrival, Consumer, LaneStopped, Position, PositionMoved, judge
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Message
from tests.unit.log.parts import INCARNATION, SERVICE, Hours, Reader, lane_of

LANES = [(SERVICE, 0), (SERVICE, 1)]
OTHER = "0190a1b2-0000-7000-8000-00000000000f"


@pytest.fixture
def log(tmp_path: Path) -> EmbeddedLog:
    log = EmbeddedLog(tmp_path / "log.db")
    log.make_topics({SERVICE: 2})
    return log


class Station:
    """A consumer with its reader, its clock and its alarms."""

    def __init__(self, log: EmbeddedLog, reader: Reader | None = None) -> None:
        self.reader, self.hours = reader or Reader(), Hours()
        self.alarms: list[LaneStopped] = []
        self.consumer = Consumer(log, LANES, self.reader, self.reader, clock=self.hours, alarm=self.alarms.append)

    def run(self, steps: int = 4) -> None:
        """So many polls, each a minute after the one before."""
        for _ in range(steps):
            self.consumer.step(0)
            self.hours.now += 60


def test_applies_a_lane_in_order_and_goes_on_where_it_was(log: EmbeddedLog) -> None:
    events = lane_of(8)
    log.publish(SERVICE, 0, events[:5])
    first = Station(log)
    first.run()
    log.publish(SERVICE, 0, events[5:])
    Station(log, first.reader).run()
    assert first.reader.sequences() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert first.reader.get(SERVICE, 0) == Position(INCARNATION, 8, events[7].chain, 7)


@pytest.mark.parametrize(
    ("kind", "spoil", "at"),
    [
        (Arrival.HOLE, lambda events: [*events[:2], *events[3:]], 3),
        (Arrival.FORK, lambda events: [*events[:2], replace(events[2], body=b"altered"), *events[3:]], 3),
        (Arrival.FORK, lambda events: [*events[:2], lane_of(2, body="rewritten")[1], *events[2:]], 2),
        (Arrival.INCARNATION, lambda events: [*events[:2], *lane_of(5, incarnation=OTHER)[2:]], 3),
        (Arrival.HOLE, lambda events: events[1:], 1),
    ],
)
def test_a_lane_that_is_not_whole_stops_with_an_alarm_and_the_others_go_on(
    log: EmbeddedLog, kind: Arrival, spoil: Callable[[list[Message]], list[Message]], at: int
) -> None:
    log.publish(SERVICE, 0, spoil(lane_of(5)))
    log.publish(SERVICE, 1, lane_of(5, lane=1))
    station = Station(log)
    station.run()
    assert station.alarms == [LaneStopped(kind, SERVICE, 0, at)]
    assert station.consumer.stopped == {(SERVICE, 0): station.alarms[0]}
    assert station.reader.sequences(0) == ([] if at == 1 else [1, 2])
    assert station.reader.sequences(1) == [1, 2, 3, 4, 5]


def test_a_hole_heals_when_the_missing_event_is_sent_again(log: EmbeddedLog) -> None:
    events = lane_of(6)
    log.publish(SERVICE, 0, [*events[:2], *events[4:]])
    station = Station(log)
    station.run()
    log.publish(SERVICE, 0, events[2:])
    station.run()
    assert station.reader.sequences() == [1, 2, 3, 4, 5, 6]
    assert station.consumer.stopped == {}


@pytest.mark.parametrize("offset", [4, 7, 5000])
def test_a_wrong_offset_in_the_position_is_only_a_hint(log: EmbeddedLog, offset: int) -> None:
    events = lane_of(9)
    log.publish(SERVICE, 0, events)
    reader = Reader({(SERVICE, 0): Position(INCARNATION, 3, events[2].chain, offset)})
    station = Station(log, reader)
    station.run()
    assert reader.sequences() == [4, 5, 6, 7, 8, 9]
    assert station.alarms == []


def test_a_log_that_lost_its_end_stops_the_lane_until_it_was_filled_again(log: EmbeddedLog) -> None:
    events = lane_of(9)
    reader = Reader({(SERVICE, 0): Position(INCARNATION, 7, events[6].chain, 6)})
    log.publish(SERVICE, 0, events[:4])
    station = Station(log, reader)
    station.run()
    assert [alarm.kind for alarm in station.alarms] == [Arrival.CUT]
    log.publish(SERVICE, 0, events[4:])
    station.run()
    assert reader.sequences() == [8, 9]
    assert station.consumer.stopped == {}


def test_an_unavailable_part_makes_the_lane_wait_longer_each_time_and_loses_nothing(log: EmbeddedLog) -> None:
    log.publish(SERVICE, 0, lane_of(3))
    log.publish(SERVICE, 1, lane_of(3, lane=1))
    reader = Reader(failing={2: [Unavailable("The database does not answer") for _ in range(2 * TRIES)]})
    station = Station(log, reader)
    station.consumer.step(0)
    assert station.consumer.waiting == dict.fromkeys(LANES, "The database does not answer")
    station.consumer.step(0)
    assert reader.sequences(0) == [1]
    station.run(2 * TRIES)
    assert reader.sequences(0) == reader.sequences(1) == [1, 2, 3]
    assert reader.parked == []
    assert station.consumer.waiting == {}


def test_poison_is_parked_after_three_tries_with_a_reason_that_quotes_nothing(log: EmbeddedLog) -> None:
    log.publish(SERVICE, 0, lane_of(4))
    reader = Reader(failing={2: [KeyError("a client's words") for _ in range(TRIES)]})
    station = Station(log, reader)
    station.run(TRIES + 1)
    assert reader.sequences() == [1, 3, 4]
    ((sequence, reason),) = reader.parked
    assert sequence == 2
    assert reason.startswith("KeyError at tests.unit.log.parts:")
    assert "words" not in reason


def test_an_event_that_fails_twice_is_not_parked(log: EmbeddedLog) -> None:
    log.publish(SERVICE, 0, lane_of(3))
    reader = Reader(failing={2: [ValueError() for _ in range(TRIES - 1)]})
    Station(log, reader).run(TRIES + 1)
    assert reader.sequences() == [1, 2, 3]
    assert reader.parked == []


def test_two_runners_of_one_position_apply_each_event_once(log: EmbeddedLog) -> None:
    events = lane_of(40)
    reader = Reader()
    first = Station(log, reader)
    second = Station(log, reader)
    for start in range(0, 40, 10):
        log.publish(SERVICE, 0, events[start : start + 10])
        first.run(1)
        second.run(1)
        first, second = second, first
    first.run(2)
    assert reader.sequences() == list(range(1, 41))


def test_a_position_set_back_by_a_rebuild_is_read_again(log: EmbeddedLog) -> None:
    log.publish(SERVICE, 0, lane_of(4))
    station = Station(log)
    station.run()
    station.reader.stored.clear()
    log.publish(SERVICE, 0, [lane_of(5)[4]])
    station.run()
    assert station.reader.sequences() == [1, 2, 3, 4, 1, 2, 3, 4, 5]


def test_an_interrupt_between_two_events_loses_none(log: EmbeddedLog) -> None:
    log.publish(SERVICE, 0, lane_of(5))
    reader = Reader(failing={3: [KeyboardInterrupt()]})
    station = Station(log, reader)
    with pytest.raises(KeyboardInterrupt):
        station.run()
    station.run()
    assert reader.sequences() == [1, 2, 3, 4, 5]


def test_the_first_event_brings_the_incarnation_and_must_be_number_one() -> None:
    first, second = lane_of(2)
    assert judge(first, None) is Arrival.NEXT
    assert judge(second, None) is Arrival.HOLE
    assert judge(replace(first, chain=ORIGIN), None) is Arrival.FORK


RUN = st.tuples(
    st.integers(0, 4),  # so many events are sent a second time
    st.integers(0, 4),  # so many new ones follow
    st.sampled_from(["wait", "poll", "restart"]),
    st.none() | st.integers(1, 24),  # an event that meets trouble once
)


@settings(max_examples=100, deadline=None)
@given(runs=st.lists(RUN, max_size=6))
def test_any_mixture_of_doubles_and_restarts_gives_each_event_once_in_order(
    runs: list[tuple[int, int, str, int | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A log as relays leave it: each run of events begins at most one behind what is already there."""
    events, there = lane_of(24), 0
    log = EmbeddedLog(tmp_path_factory.mktemp("log") / "log.db")
    log.make_topics({SERVICE: 2})
    station = Station(log)
    for again, new, then, trouble in runs:
        if trouble is not None:
            station.reader.failing[trouble] = [PositionMoved(), Unavailable("away")]
        log.publish(SERVICE, 0, events[max(0, there - again) : there + new])
        there = min(len(events), there + new)
        if then == "poll":
            station.run(1)
        elif then == "restart":
            station = Station(log, station.reader)
    station.run(20)  # each trouble costs two polls
    log.close()
    assert station.reader.sequences() == list(range(1, there + 1))
    assert station.alarms == []


def test_messages_carry_their_offsets(log: EmbeddedLog) -> None:
    log.publish(SERVICE, 0, lane_of(2))
    found: list[Message] = log.read(SERVICE, 0, 0)
    assert [message.offset for message in found] == [0, 1]
