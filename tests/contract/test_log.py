"""The promises of the event log, kept by every implementation."""

import gc
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from services.kernel.codec import MAX_BYTES
from services.kernel.log.consumer import Consumer
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.kafka import KafkaLog
from services.kernel.log.port import HEADS_TOPIC, Head, Log, LogUnavailable, Message, PositionLost, topic
from services.kernel.log.relay import Relay
from services.kernel.parts import open_log as choose_log
from services.kernel.settings import load_settings
from services.kernel.time import Instant, plus
from tests.unit.log.parts import MemoryFeed, Reader, lane_of

NOON = Instant("2026-11-24T12:00:00.000000Z")
PATIENCE = 20.0  # seconds until something that must happen counts as not happening

OpenLog = Callable[[], Log]


@pytest.fixture(params=["embedded", "kafka"])
def open_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenLog]:
    """Opens the same log again and again, as several processes would."""
    opened: list[Log] = []
    server = request.getfixturevalue("kafka_server") if request.param == "kafka" else None

    def open_one() -> Log:
        opened.append(KafkaLog(server.address) if server else EmbeddedLog(tmp_path / "log.db"))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


@pytest.fixture
def service() -> str:
    """A service whose topic nobody has used."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def log(open_log: OpenLog, service: str) -> Log:
    log = open_log()
    log.make_topics({service: 3})
    return log


@pytest.fixture
def kafka_log(kafka_server: Any, service: str, caplog: pytest.LogCaptureFixture) -> Iterator[KafkaLog]:
    caplog.set_level(logging.CRITICAL, "kafka")  # a kept record keeps the error in it, and so the socket of the error
    log = KafkaLog(kafka_server.address, timeout=5)
    log.make_topics({service: 1})
    yield log
    log.close()
    gc.collect()  # kafka-python leaves the sockets of refused connections to the collector


def numbers(messages: list[Message]) -> list[int]:
    return [message.sequence for message in messages]


def read_all(log: Log, service: str, lane: int = 0) -> list[Message]:
    found: list[Message] = []
    while more := log.read(service, lane, len(found)):
        found += more
    return found


def poll_until(subscription: Any, count: int) -> list[Message]:
    """Poll until so many messages have come."""
    found: list[Message] = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count and time.monotonic() < deadline:
        found += subscription.poll(0.5)
    return found


def poll_until_lost(subscription: Any) -> PositionLost:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            subscription.poll(0.5)
        except PositionLost as lost:
            return lost
    raise AssertionError("the lost position was not told")


class TestPromises:
    def test_gives_back_what_was_published_in_order_with_consecutive_offsets(self, log: Log, service: str) -> None:
        events = lane_of(12, service=service)
        log.publish(service, 0, events[:5])
        log.publish(service, 0, events[5:])
        found = read_all(log, service)
        assert [(m.sequence, m.chain, m.incarnation, m.body, m.lane, m.service) for m in found] == [
            (m.sequence, m.chain, m.incarnation, m.body, 0, service) for m in events
        ]
        assert [message.offset for message in found] == list(range(12))

    def test_ten_thousand_messages_in_one_publish_and_none_is_lost(self, log: Log, service: str) -> None:
        log.publish(service, 0, lane_of(10_000, service=service, body="x" * 600))
        assert numbers(read_all(log, service)) == list(range(1, 10_001))

    def test_publishing_nothing_is_nothing(self, log: Log, service: str) -> None:
        log.publish(service, 0, [])
        assert log.tail(service, 0) is None

    def test_large_messages_and_any_bytes(self, log: Log, service: str) -> None:
        largest = os.urandom(MAX_BYTES)
        bodies = [largest, b"", bytes(range(256)), largest]
        log.publish(service, 0, [Message(service, 0, n, bytes(32), "i", body) for n, body in enumerate(bodies, 1)])
        assert [message.body for message in read_all(log, service)] == bodies

    def test_tail_is_the_last_message_of_its_lane(self, log: Log, service: str) -> None:
        assert log.tail(service, 1) is None
        log.publish(service, 1, lane_of(4, service=service, lane=1))
        log.publish(service, 2, lane_of(1, service=service, lane=2))
        tail = log.tail(service, 1)
        assert tail is not None
        assert (tail.lane, tail.sequence, tail.offset) == (1, 4, 3)

    def test_reads_on_from_an_offset_and_no_more_than_asked(self, log: Log, service: str) -> None:
        log.publish(service, 0, lane_of(9, service=service))
        assert numbers(log.read(service, 0, 3, limit=2)) == [4, 5]
        assert numbers(log.read(service, 0, 0, limit=1)) == [1]
        assert log.read(service, 0, 9) == []

    @pytest.mark.parametrize("offset", [-1, 4, 5_000])
    def test_reading_outside_the_log_is_told(self, log: Log, service: str, offset: int) -> None:
        log.publish(service, 0, lane_of(3, service=service))
        with pytest.raises(PositionLost) as lost:
            log.read(service, 0, offset)
        assert (lost.value.service, lost.value.lane, lost.value.offset) == (service, 0, offset)

    def test_a_waiting_read_gets_what_comes(self, log: Log, open_log: OpenLog, service: str) -> None:
        assert log.read(service, 0, 0, wait=0.05) == []
        other = open_log()
        writer = threading.Timer(0.2, lambda: other.publish(service, 0, lane_of(1, service=service)))
        writer.start()
        assert numbers(log.read(service, 0, 0, wait=PATIENCE)) == [1]
        writer.join()

    def test_two_writers_on_one_lane_lose_nothing_and_keep_each_ones_order(
        self, log: Log, open_log: OpenLog, service: str
    ) -> None:
        events = lane_of(300, service=service)

        def write(mine: Log) -> None:
            for start in range(0, 300, 20):
                mine.publish(service, 0, events[start : start + 20])

        writers = [threading.Thread(target=write, args=[mine]) for mine in (log, open_log(), log)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        found = read_all(log, service)
        assert sorted(numbers(found)) == sorted([*range(1, 301)] * 3)
        reader = Reader()
        consumer = Consumer(log, [(service, 0)], reader, reader)
        deadline = time.monotonic() + PATIENCE
        while len(reader.applied) < 300 and time.monotonic() < deadline:
            consumer.step(0.5)
        consumer.close()
        assert reader.sequences() == list(range(1, 301))
        assert consumer.stopped == {}

    def test_a_child_process_uses_the_log_it_inherited(self, log: Log, service: str) -> None:
        events = lane_of(2, service=service)
        log.publish(service, 0, events[:1])
        assert numbers(read_all(log, service)) == [1]
        if (child := os.fork()) == 0:
            try:
                log.publish(service, 0, events[1:])
                os._exit(0 if numbers(read_all(log, service)) == [1, 2] else 3)
            except BaseException:
                os._exit(4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert numbers(read_all(log, service)) == [1, 2]

    def test_a_lane_that_was_not_made_is_told_with_what_to_do(self, log: Log, service: str) -> None:
        for use in (
            lambda: log.publish(service, 9, lane_of(1, service=service, lane=9)),
            lambda: log.tail(service, 9),
            lambda: log.read(f"{service}-other", 0, 0),
            lambda: log.follow({(service, 9): 0}).poll(0),
        ):
            with pytest.raises(LogUnavailable) as unavailable:
                use()
            assert "amanah topics" in unavailable.value.help

    def test_topics_are_made_once_and_lanes_may_be_added(self, log: Log, open_log: OpenLog, service: str) -> None:
        log.publish(service, 0, lane_of(2, service=service))
        open_log().make_topics({service: 5})
        other = open_log()
        other.make_topics({service: 2})
        other.publish(service, 4, lane_of(1, service=service, lane=4))
        assert numbers(read_all(other, service)) == [1, 2]
        assert numbers(read_all(other, service, 4)) == [1]

    def test_the_newest_head_of_each_lane(self, log: Log, open_log: OpenLog, service: str) -> None:
        heads = [
            Head(service, lane, "i", n, bytes([n]) * 32, plus(NOON, seconds=n)) for n in range(20) for lane in (0, 1)
        ]
        for head in heads:
            log.put_head(head)
        for reader in (log, open_log()):
            mine = [head for head in reader.heads() if head.service == service]
            assert sorted(mine, key=lambda head: head.lane) == heads[-2:]

    def test_says_that_it_answers_and_what_it_is(self, log: Log) -> None:
        log.probe()
        name, _, version = log.version().rpartition(" ")
        assert name in ("SQLite", "Apache Kafka")
        assert version[0].isdigit()


class TestSubscription:
    def test_follows_several_lanes_each_from_its_offset(self, log: Log, service: str) -> None:
        for lane in range(3):
            log.publish(service, lane, lane_of(6, service=service, lane=lane))
        subscription = log.follow({(service, 0): 0, (service, 1): 4, (service, 2): 6})
        found = poll_until(subscription, 8)
        log.publish(service, 2, lane_of(7, service=service, lane=2)[6:])
        found += poll_until(subscription, 1)
        subscription.close()
        by_lane = {lane: [m.sequence for m in found if m.lane == lane] for lane in range(3)}
        assert by_lane == {0: [1, 2, 3, 4, 5, 6], 1: [5, 6], 2: [7]}

    def test_a_paused_lane_is_silent_until_it_is_sought(self, log: Log, service: str) -> None:
        for lane in (0, 1):
            log.publish(service, lane, lane_of(3, service=service, lane=lane))
        subscription = log.follow({(service, 0): 0, (service, 1): 0})
        subscription.pause(service, 0)
        assert {message.lane for message in poll_until(subscription, 3)} == {1}
        assert subscription.poll(0.3) == []
        subscription.seek(service, 0, 1)
        assert numbers(poll_until(subscription, 2)) == [2, 3]
        subscription.seek(service, 0, 0)
        assert numbers(poll_until(subscription, 3)) == [1, 2, 3]
        subscription.close()

    def test_a_place_beyond_the_end_is_told_until_it_is_sought_and_other_lanes_lose_nothing(
        self, log: Log, service: str
    ) -> None:
        for lane in (0, 1):
            log.publish(service, lane, lane_of(4, service=service, lane=lane))
        subscription = log.follow({(service, 0): 70, (service, 1): 0})
        found: list[Message] = []
        lost: list[PositionLost] = []
        deadline = time.monotonic() + PATIENCE
        while (len(found) < 4 or len(lost) < 2) and time.monotonic() < deadline:
            try:
                found += subscription.poll(0.2)
            except PositionLost as error:
                lost.append(error)
                if len(lost) == 2:
                    subscription.pause(service, 0)
        assert [(error.lane, error.offset) for error in lost] == [(0, 70), (0, 70)]
        assert numbers(found) == [1, 2, 3, 4]
        subscription.seek(service, 0, 3)
        assert numbers(poll_until(subscription, 1)) == [4]
        subscription.close()


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
class TestKafka:
    def test_a_place_below_the_start_is_told(self, kafka_log: KafkaLog, kafka_server: Any, service: str) -> None:
        kafka_log.publish(service, 0, lane_of(5, service=service))
        admin = KafkaAdminClient(bootstrap_servers=kafka_server.address)
        admin.delete_records({TopicPartition(topic(service), 0): 3})
        admin.close()
        with pytest.raises(PositionLost):
            kafka_log.read(service, 0, 1)
        subscription = kafka_log.follow({(service, 0): 0})
        assert poll_until_lost(subscription).offset == 0
        subscription.close()

    def test_events_are_kept_for_ever_and_of_heads_the_newest(
        self, kafka_log: KafkaLog, kafka_server: Any, service: str
    ) -> None:
        admin = KafkaAdminClient(bootstrap_servers=kafka_server.address)
        names = [topic(service), HEADS_TOPIC]
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        configs = admin.describe_configs(resources)["topic"]
        admin.close()
        events, heads = ({key: found["value"] for key, found in configs[name].items()} for name in names)
        assert (events["cleanup.policy"], events["retention.ms"], events["retention.bytes"]) == ("delete", "-1", "-1")
        assert heads["cleanup.policy"] == "compact"

    def test_more_copies_than_there_are_brokers_are_refused(self, kafka_server: Any, service: str) -> None:
        environ = {"AMANAH_LOG": "kafka", "AMANAH_KAFKA_BOOTSTRAP": kafka_server.address}
        log = choose_log(load_settings(environ | {"AMANAH_KAFKA_REPLICATION": "9"}))
        with pytest.raises(LogUnavailable, match="(?i)replication"):
            log.make_topics({service: 1})
        log.close()

    def test_who_hears_nothing_for_a_while_begins_anew_where_it_was(
        self, kafka_log: KafkaLog, kafka_server: Any, service: str
    ) -> None:
        """kafka-python's consumer may fall silent for good when a broker dies; each poll here is by a new one."""
        impatient = KafkaLog(kafka_server.address, silence=0.0)
        events = lane_of(4, service=service)
        subscription = impatient.follow({(service, 0): 0})
        heard: list[int] = []

        def hear(wanted: list[int]) -> None:
            deadline = time.monotonic() + PATIENCE
            while heard != wanted and time.monotonic() < deadline:
                heard.extend(message.sequence for message in subscription.poll(0.5))

        kafka_log.publish(service, 0, events[:2])
        hear([1, 2])
        subscription.pause(service, 0)
        kafka_log.publish(service, 0, events[2:])
        assert subscription.poll(0.5) == []
        subscription.seek(service, 0, 3)
        hear([1, 2, 4])
        assert heard == [1, 2, 4]
        subscription.close()
        impatient.close()

    def test_a_broker_away_is_told_in_bounded_time_and_met_again(
        self, kafka_log: KafkaLog, kafka_server: Any, service: str
    ) -> None:
        events = lane_of(4, service=service)
        kafka_log.publish(service, 0, events[:2])
        kafka_server.pause()
        try:
            began = time.monotonic()
            with pytest.raises(LogUnavailable):
                kafka_log.probe()
            with pytest.raises(LogUnavailable):
                kafka_log.publish(service, 0, events[2:])
            assert time.monotonic() - began < 20
        finally:
            kafka_server.resume()
        feed = MemoryFeed({0: events}, service=service)
        relay = Relay(feed, kafka_log, 0)
        deadline = time.monotonic() + PATIENCE
        while feed.relayed(0) < 4 and time.monotonic() < deadline:
            try:
                relay.step()
            except LogUnavailable:
                continue
        reader = Reader()
        consumer = Consumer(kafka_log, [(service, 0)], reader, reader)
        while len(reader.applied) < 4 and time.monotonic() < deadline:
            consumer.step(0.5)
        consumer.close()
        assert reader.sequences() == [1, 2, 3, 4]

    def test_a_broker_killed_while_publishing_gives_doubles_at_most(
        self, kafka_log: KafkaLog, kafka_server: Any, service: str
    ) -> None:
        """A relay publishes in small pieces, a consumer reads along; the broker dies under them."""
        feed = MemoryFeed({0: lane_of(6_000, service=service, body="x" * 400)}, service=service)
        relay, reader = Relay(feed, kafka_log, 0, limit=20), Reader()
        consumer = Consumer(kafka_log, [(service, 0)], reader, reader)
        over = threading.Event()

        def publish() -> None:
            while not over.is_set() and feed.relayed(0) < 6_000:
                try:
                    relay.step()
                except LogUnavailable:
                    over.wait(0.2)

        publishing = threading.Thread(target=publish)
        publishing.start()
        deadline, kills = time.monotonic() + 120, [500, 2_500] if os.environ.get("AMANAH_LONG") else [500]
        while len(reader.applied) < 6_000 and time.monotonic() < deadline:
            try:
                consumer.step(0.5)
            except LogUnavailable:
                continue
            if kills and len(reader.applied) > kills[0]:
                kills.pop(0)
                kafka_server.kill()
                kafka_server.start()
        over.set()
        publishing.join()
        consumer.close()
        assert kills == []
        assert reader.sequences() == list(range(1, 6_001))
        assert consumer.stopped == {}
        assert sorted(set(numbers(read_all(kafka_log, service)))) == list(range(1, 6_001))
