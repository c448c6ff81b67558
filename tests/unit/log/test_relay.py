"""The relay: what is in the store comes into the log; a crash gives doubles and never a loss."""

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from services.kernel.log.consumer import Consumer
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import NO_EVENT, LogUnavailable, Message
from services.kernel.log.relay import LogDiverged, Relay, contiguous_end
from tests.unit.log.parts import SERVICE, MemoryFeed, Reader, lane_of


@pytest.fixture
def log(tmp_path: Path) -> EmbeddedLog:
    log = EmbeddedLog(tmp_path / "log.db")
    log.make_topics({SERVICE: 2})
    return log


def lag() -> float | None:
    return REGISTRY.get_sample_value("amanah_relay_lag_events", {"service": SERVICE, "lane": "0"})


def published(log: EmbeddedLog) -> list[int]:
    return [message.sequence for message in log.read(SERVICE, 0, 0)]


def consumed(log: EmbeddedLog) -> list[int]:
    """What a reader makes of the log; it must find no reason to stop."""
    reader = Reader()
    consumer = Consumer(log, [(SERVICE, 0)], reader, reader)
    while consumer.step(0):
        pass
    assert consumer.stopped == {}
    return reader.sequences()


def test_publishes_batch_by_batch_and_notes_what_was_acknowledged(log: EmbeddedLog) -> None:
    feed = MemoryFeed({0: lane_of(25)})
    relay = Relay(feed, log, 0, limit=10)
    assert [relay.step() for _ in range(4)] == [10, 10, 5, 0]
    assert feed.relayed(0) == 25
    assert published(log) == list(range(1, 26))
    assert log.read(SERVICE, 0, 24)[0].body == b"event 25"


def test_a_crash_between_publish_and_note_gives_no_loss_and_readers_see_each_once(log: EmbeddedLog) -> None:
    class Crashing(MemoryFeed):
        crash = True

        def mark_relayed(self, lane: int, sequence: int) -> None:
            if self.crash:
                raise ConnectionError("the database went away")
            super().mark_relayed(lane, sequence)

    feed = Crashing({0: lane_of(7)})
    relay = Relay(feed, log, 0, limit=3)
    with pytest.raises(ConnectionError):
        relay.step()
    assert not relay.leading
    feed.crash = False
    while relay.step():
        pass
    assert feed.relayed(0) == 7
    assert consumed(log) == [1, 2, 3, 4, 5, 6, 7]


def test_a_log_away_is_said_and_the_relay_goes_on_by_itself(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path / "log.db")
    feed = MemoryFeed({0: lane_of(3)})
    relay = Relay(feed, log, 0)
    with pytest.raises(LogUnavailable) as unavailable:
        relay.step()
    assert unavailable.value.status == 503
    assert unavailable.value.help
    log.make_topics({SERVICE: 1})
    assert relay.step() == 3


def test_one_leads_a_lane_and_another_takes_over(log: EmbeddedLog) -> None:
    feed = MemoryFeed({0: lane_of(3)})
    first, second = Relay(feed, log, 0), Relay(feed, log, 0)
    assert (first.step(), second.step()) == (3, 0)
    assert (first.leading, second.leading) == (True, False)
    first.close()
    feed.lanes[0] = lane_of(5)
    assert second.step() == 2
    assert published(log) == [1, 2, 3, 4, 5]


def test_a_leader_whose_lock_is_gone_publishes_nothing_more(log: EmbeddedLog) -> None:
    feed = MemoryFeed({0: lane_of(3)})
    old, new = Relay(feed, log, 0), Relay(feed, log, 0)
    old.step()
    feed.take_away(0)
    feed.lanes[0] = lane_of(5)
    assert new.step() == 2
    assert old.step() == 0
    assert not old.leading
    assert published(log) == [1, 2, 3, 4, 5]


def test_a_zombie_that_publishes_all_the_same_makes_only_doubles(log: EmbeddedLog) -> None:
    events = lane_of(9)
    feed = MemoryFeed({0: events[:6]})
    old = Relay(feed, log, 0, limit=3)
    old.step()
    in_flight = feed.after(0, 3, 3)
    feed.take_away(0)
    new = Relay(feed, log, 0)
    new.step()
    log.publish(SERVICE, 0, in_flight)
    feed.lanes[0] = events
    new.close()
    while new.step():
        pass
    assert consumed(log) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_what_the_log_lost_is_sent_again_from_the_store(log: EmbeddedLog, tmp_path: Path) -> None:
    feed = MemoryFeed({0: lane_of(8)}, positions={0: 8})
    log.publish(SERVICE, 0, lane_of(3))
    Relay(feed, log, 0).step()
    assert published(log) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_hole_left_in_the_log_is_filled_when_the_relay_starts(log: EmbeddedLog) -> None:
    events = lane_of(8)
    log.publish(SERVICE, 0, [*events[:2], *events[4:6]])
    Relay(MemoryFeed({0: events}), log, 0).step()
    assert consumed(log) == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("in_log", "in_store", "reason"),
    [
        (lane_of(5), lane_of(3), "ahead of the store"),
        (lane_of(3, body="other"), lane_of(3), "another event in its place"),
        (lane_of(3, incarnation="0190a1b2-0000-7000-8000-00000000000f"), lane_of(3), "another incarnation"),
        ([*lane_of(5), lane_of(5)[0]], lane_of(3), "ahead of the store"),
    ],
)
def test_a_log_that_differs_from_the_store_stops_the_lane_and_is_left_as_it_is(
    log: EmbeddedLog, in_log: list[Message], in_store: list[Message], reason: str
) -> None:
    log.publish(SERVICE, 0, in_log)
    feed = MemoryFeed({0: in_store})
    relay = Relay(feed, log, 0)
    for _ in range(2):
        with pytest.raises(LogDiverged, match=reason):
            relay.step()
    assert len(published(log)) == len(in_log)
    assert feed.leaders == {}


def test_the_lag_is_told_while_the_log_is_away(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path / "log.db")
    feed = MemoryFeed({0: lane_of(3)})
    relay = Relay(feed, log, 0)
    for there in (3, 5):
        feed.lanes[0] = lane_of(there)
        with pytest.raises(LogUnavailable):
            relay.step()
        assert lag() == there
    log.make_topics({SERVICE: 1})
    relay.step()
    assert lag() == 0
    feed.mark_relayed(0, 2)  # as after a crash behind the publish: what the log has is not behind
    relay.close()
    relay.step()
    assert lag() == 0


def test_a_record_that_is_no_event_stops_the_relay_and_sends_nothing_again(log: EmbeddedLog) -> None:
    events = lane_of(4)
    log.publish(SERVICE, 0, [*events[:2], Message(SERVICE, 0, NO_EVENT, b"", "", b"a test"), events[2]])
    with pytest.raises(LogDiverged, match="no event of this lane"):
        Relay(MemoryFeed({0: events}), log, 0).step()
    assert len(published(log)) == 4


def test_contiguous_end() -> None:
    at = [Message(SERVICE, 0, sequence, b"", "", b"", offset) for offset, sequence in enumerate([1, 2, 4, 5, 3, 4])]
    assert contiguous_end(at) == 4
    assert contiguous_end(at[2:4]) == 5
    assert contiguous_end([Message(SERVICE, 0, 2, b"", "", b"", 0)]) == 0
