"""A handler that applies many events at once: the same result as one by one, also where one of them is not in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.kernel.errors import Unavailable
from services.kernel.log.consumer import Arrival, Consumer, Position
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Message
from tests.unit.log.parts import SERVICE, Hours, Reader, lane_of

LANES = [(SERVICE, 0), (SERVICE, 1)]


@dataclass
class BatchReader(Reader):
    """A reader that also takes many at once; it writes them one after another, and may break off in between."""

    batches: list[int] = field(default_factory=list)

    def apply_many(self, run: Sequence[tuple[Message, Position | None]]) -> None:
        self.batches.append(len(run))
        for message, before in run:
            self.apply(message, before)


@pytest.fixture
def log(tmp_path: Path) -> EmbeddedLog:
    log = EmbeddedLog(tmp_path / "log.db")
    log.make_topics({SERVICE: 2})
    return log


def consumer(log: EmbeddedLog, reader: Reader, hours: Hours) -> Consumer:
    return Consumer(log, LANES, reader, reader, clock=hours)


def test_a_poll_is_applied_at_once_with_the_position_before_each(log: EmbeddedLog) -> None:
    for lane in (0, 1):
        log.publish(SERVICE, lane, lane_of(5, lane=lane))
    reader = BatchReader()
    one = consumer(log, reader, Hours())
    assert one.step(0) == 10
    assert reader.batches == [10]
    assert reader.sequences(0) == reader.sequences(1) == [1, 2, 3, 4, 5]
    assert one.step(0) == 0


def test_doubles_are_left_out_and_a_hole_stops_its_lane_alone(log: EmbeddedLog) -> None:
    events = lane_of(6)
    log.publish(SERVICE, 0, [*events[:3], *events[1:3], *events[4:]])
    log.publish(SERVICE, 1, lane_of(4, lane=1))
    reader, hours = BatchReader(), Hours()
    one = consumer(log, reader, hours)
    for _ in range(3):
        one.step(0)
    assert reader.sequences(0) == [1, 2, 3]
    assert reader.sequences(1) == [1, 2, 3, 4]
    assert one.stopped[SERVICE, 0].kind is Arrival.HOLE


def test_after_an_error_in_the_batch_the_rest_is_applied_one_by_one(log: EmbeddedLog) -> None:
    log.publish(SERVICE, 0, lane_of(5))
    reader, hours = BatchReader(failing={3: [Unavailable("away"), Unavailable("still away")]}), Hours()
    one = consumer(log, reader, hours)
    one.step(0)
    assert reader.sequences() == [1, 2]  # written before the batch broke off, and not written again
    hours.now += 60
    one.step(0)
    assert reader.sequences() == [1, 2, 3, 4, 5]


def test_a_poison_event_in_a_batch_is_parked_by_itself(log: EmbeddedLog) -> None:
    log.publish(SERVICE, 0, lane_of(4))
    reader, hours = BatchReader(failing={2: [ValueError("poison") for _ in range(9)]}), Hours()
    one = consumer(log, reader, hours)
    for _ in range(6):
        one.step(0)
        hours.now += 60
    assert [sequence for sequence, _ in reader.parked] == [2]
    assert reader.sequences() == [1, 3, 4]
