"""What somebody else put into the event log on Kafka stops its lane and nothing else, and passes for nobody's."""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from kafka import KafkaProducer

from services.kernel.log.consumer import Arrival, Consumer, LaneStopped
from services.kernel.log.kafka import KafkaLog
from services.kernel.log.kafka_records import head_bytes, headers, lane_key
from services.kernel.log.port import HEADS_TOPIC, Head, Message, topic
from services.kernel.log.relay import LogDiverged, Relay
from services.kernel.time import Instant
from tests.unit.log.parts import MemoryFeed, Reader, lane_of

NOON = Instant("2026-11-24T12:00:00.000000Z")
PATIENCE = 20.0  # seconds until something that must happen counts as not happening


@pytest.fixture
def service() -> str:
    """A service whose topic nobody has used."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def log(kafka_server: Any, service: str) -> Iterator[KafkaLog]:
    log = KafkaLog(kafka_server.address)
    log.make_topics({service: 2})
    yield log
    log.close()


@pytest.fixture
def put(kafka_server: Any) -> Iterator[Callable[..., None]]:
    """Write any record, as a worker with the right to a topic could."""
    producer = KafkaProducer(bootstrap_servers=kafka_server.address, enable_idempotence=False)
    yield lambda topic, **record: producer.send(topic, partition=0, **record).get(10)
    producer.close()


def record_of(message: Message) -> dict[str, Any]:
    return {"value": message.body, "headers": headers(message)}


RECORDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "of another service": lambda service: record_of(lane_of(3, service="identity")[2]),
    "of another lane": lambda service: record_of(lane_of(3, service=service, lane=1)[2]),
    "without headers": lambda service: {"value": b"a test"},
    "without a value": lambda service: {"key": b"a test", "headers": headers(lane_of(3, service=service)[2])},
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_that_is_not_of_its_lane_stops_that_lane_alone(
    log: KafkaLog, put: Callable[..., None], service: str, kind: str
) -> None:
    """Whose event it is, is told by where it was written: there the broker holds a writer to its rights."""
    for lane in (0, 1):
        log.publish(service, lane, lane_of(2, service=service, lane=lane))
    put(topic(service), **RECORDS[kind](service))
    log.publish(service, 1, lane_of(4, service=service, lane=1)[2:])
    reader, alarms = Reader(), list[LaneStopped]()
    consumer = Consumer(log, [(service, 0), (service, 1)], reader, reader, alarm=alarms.append)
    deadline = time.monotonic() + PATIENCE
    while (len(reader.applied) < 6 or not alarms) and time.monotonic() < deadline:
        consumer.step(0.5)
    consumer.close()
    assert (reader.sequences(0), reader.sequences(1)) == ([1, 2], [1, 2, 3, 4])
    assert {name for name, _, _ in reader.applied} == {service}
    assert alarms == [LaneStopped(Arrival.FORK, service, 0, 3)]
    with pytest.raises(LogDiverged, match="no event of this lane"):
        Relay(MemoryFeed({0: lane_of(2, service=service)}, service=service), log, 0).step()


def test_a_head_that_is_none_hides_no_other(log: KafkaLog, put: Callable[..., None], service: str) -> None:
    head = Head(service, 0, "i", 1, bytes(32), NOON)
    log.put_head(head)
    put(HEADS_TOPIC, key=b"x", value=b"no head")
    put(HEADS_TOPIC, key=lane_key(service, 0), value=head_bytes(replace(head, lane=1)))
    assert [found for found in log.heads() if found.service == service] == [head]
