"""The event log on Apache Kafka 4 (KRaft), through kafka-python.

How the promises of the port are kept:
- A producer without idempotence (that of kafka-python can wedge for good after a time-out), acks=all, one request in
  flight. One record batch at a time is sent and acknowledged before the next is begun. A batch is in the log whole or
  not at all, so what a failed publish leaves behind never has a hole. To keep a batch together the producer is told to
  linger; ``flush`` sends it at once.
- After any failure the producer is thrown away. Its last batch may still arrive, as a double.
- Consumers ``assign`` and ``seek``, without groups; ``auto_offset_reset='none'`` is the only policy that never jumps.
- A consumer that has heard nothing for a while is thrown away for a new one: kafka-python's may wait for ever for an
  answer that a broker took with it when it died, and a quiet log cannot be told from that.
- Clients are made when first used: a producer a process, readers as many as read at one time. They do not
  cross a fork.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import (
    KafkaConfigurationError,
    KafkaError,
    LogTruncationError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
)
from kafka.net.compat import KafkaNetClient

from services.kernel.log.kafka_records import batches, head_bytes, head_of, headers, lane_key, message_of
from services.kernel.log.port import HEADS_TOPIC, Head, LogUnavailable, Message, PositionLost, service_of, topic

_log = logging.getLogger(__name__)

_REQUEST = 1 << 20  # bytes of the largest request and record batch: an event of MAX_BYTES and what goes with it

_BATCH = 256 << 10  # bytes sent and acknowledged together
_LINGER = 2.0  # seconds a batch stays open unless it is flushed
_BOOTSTRAP = 3.0  # seconds for the first answer of a broker
_SILENCE = 10.0  # seconds without a message after which a consumer is not believed any more
_LONG_POLL = 0.25  # seconds a fetch waits at the broker; the longest delay of a seek
_FOREVER = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
# Small segments: only a closed segment is compacted.
_NEWEST = {"cleanup.policy": "compact", "segment.ms": "600000", "min.cleanable.dirty.ratio": "0.1"}


class KafkaLog:
    """The event log on the brokers ``servers`` (``host:port``, comma-separated).

    ``timeout`` (seconds, at least 4) bounds every call; ``replication`` is the copies of each topic; ``silence``: the
    seconds after which a consumer that hears nothing is renewed; ``security`` holds kafka-python's
    ``security_protocol``, ``ssl_*`` and ``sasl_*`` settings.
    """

    def __init__(
        self,
        servers: str,
        *,
        replication: int = 1,
        timeout: float = 10.0,
        silence: float = _SILENCE,
        security: Mapping[str, Any] | None = None,
    ) -> None:
        self._timeout, self._replication, self._silence = timeout, replication, silence
        self._settings: dict[str, Any] = {
            "bootstrap_servers": servers.split(","),
            "bootstrap_timeout_ms": int(_BOOTSTRAP * 1000),
            "reconnect_backoff_max_ms": 1000,
            "request_timeout_ms": int((timeout - _LINGER) * 1000),
            **(security or {}),
        }
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._producer: KafkaProducer | None = None
        self._ends: dict[TopicPartition, int] = {}
        self._readers: list[KafkaConsumer] = []
        self._kept: list[object] = []
        self._heads_lock = threading.Lock()
        self._heads: dict[bytes, Head] = {}
        self._heads_read = 0  # the offset up to which they were read

    def publish(self, service: str, lane: int, messages: Sequence[Message]) -> None:
        place = TopicPartition(topic(service), lane)
        with self._producing() as producer:
            for batch in batches(messages, _BATCH):
                self._send(producer, place, batch)

    def tail(self, service: str, lane: int) -> Message | None:
        place = TopicPartition(topic(service), lane)
        end = self._end(place)
        if end == 0:
            return None
        found = self.read(service, lane, end - 1, limit=1)
        if not found:
            raise LogUnavailable(f"The end of {place.topic}, lane {lane}, could not be read", retry_after=5)
        return found[0]

    def read(self, service: str, lane: int, offset: int, limit: int = 500, wait: float = 0.0) -> list[Message]:
        place = TopicPartition(topic(service), lane)
        end = self._end(place)
        if not 0 <= offset <= end:
            raise PositionLost(service, lane, offset)
        if offset == end and not wait:
            return []
        with self._reading() as consumer:
            if consumer.assignment() != {place}:
                consumer.assign([place])
            consumer.seek(place, offset)
            try:
                return _poll(consumer, wait if offset == end else self._timeout, limit)
            except (OffsetOutOfRangeError, LogTruncationError) as error:
                raise PositionLost(service, lane, offset) from error

    def follow(self, starts: Mapping[tuple[str, int], int]) -> "KafkaSubscription":
        for service, lane in starts:
            self._end(TopicPartition(topic(service), lane))  # a missing topic would be silent for ever
        with _asking("follow the event log"):
            return KafkaSubscription(self._new_consumer, starts, self._silence)

    def put_head(self, head: Head) -> None:
        with self._producing() as producer:
            key = lane_key(head.service, head.lane)
            future = producer.send(HEADS_TOPIC, head_bytes(head), key=key, partition=0)
            producer.flush(self._timeout)
            future.get(self._timeout)

    def heads(self) -> list[Head]:
        place = TopicPartition(HEADS_TOPIC, 0)
        with self._heads_lock, self._reading() as consumer:
            end = self._end(place)
            begin = consumer.beginning_offsets([place])[place]
            if not begin <= self._heads_read <= end:  # another topic by the same name
                self._heads.clear()
                self._heads_read = begin
            consumer.assign([place])
            consumer.seek(place, self._heads_read)
            deadline = time.monotonic() + self._timeout
            while (reached := consumer.position(place)) < end:
                if time.monotonic() > deadline:
                    raise LogUnavailable("The heads of the event log could not be read in time", retry_after=5)
                for record in consumer.poll(timeout_ms=500).get(place, ()):
                    if head := head_of(record):
                        self._heads[record.key] = head
            self._heads_read = max(self._heads_read, reached)
            return list(self._heads.values())

    def make_topics(self, lanes: Mapping[str, int]) -> None:
        common = {"max.message.bytes": str(_REQUEST), "min.insync.replicas": str(max(1, self._replication - 1))}
        wanted = {topic(service): (count, {**common, **_FOREVER}) for service, count in lanes.items()}
        wanted[HEADS_TOPIC] = (1, {**common, **_NEWEST})
        with self._administering() as admin:
            for name, (count, configs) in wanted.items():
                settings = {"num_partitions": count, "replication_factor": self._replication, "configs": configs}
                with suppress(TopicAlreadyExistsError):
                    admin.create_topics({name: settings})
            admin.wait_for_topics(list(wanted), timeout_ms=int(self._timeout * 1000))
            for found in admin.describe_topics(list(wanted)):
                if len(found["partitions"]) < (count := wanted[found["name"]][0]):
                    admin.create_partitions({found["name"]: count})

    def probe(self) -> None:
        with self._administering() as admin:
            admin.describe_cluster()

    def version(self) -> str:
        with self._administering() as admin:
            version = admin.get_broker_version_data(admin.describe_cluster()["brokers"][0]["broker_id"]).broker_version
        return "Apache Kafka " + ".".join(str(part) for part in version)

    def close(self) -> None:
        with self._lock:
            self._enter_process()
            self._drop_producer()
        while self._readers:
            _close(self._readers.pop())

    def _send(self, producer: KafkaProducer, place: TopicPartition, batch: Sequence[Message]) -> None:
        """Send one record batch and wait until it is acknowledged."""
        deadline = time.monotonic() + self._timeout + 1
        key = lane_key(batch[0].service, batch[0].lane)
        futures = [
            producer.send(place.topic, message.body, key=key, headers=headers(message), partition=place.partition)
            for message in batch
        ]
        producer.flush(max(0.0, deadline - time.monotonic()))
        offsets = [future.get(max(0.0, deadline - time.monotonic())).offset for future in futures]
        if offsets[0] < self._ends.get(place, 0):
            raise LogUnavailable(f"{place.topic}, lane {place.partition}, lost its end while being written")
        self._ends[place] = offsets[-1] + 1

    def _enter_process(self) -> None:
        """In a forked child, leave the parent's clients alone: their threads are not here, their sockets are shared."""
        if self._process != os.getpid():
            self._kept += [self._producer, *self._readers]  # never used, and never cleaned up from here
            self._producer, self._readers, self._process = None, [], os.getpid()
            self._ends.clear()

    @contextmanager
    def _producing(self) -> Iterator[KafkaProducer]:
        """The producer of this process, for one thread at a time; thrown away after any failure."""
        with self._lock, _asking("publish to the event log"):
            self._enter_process()
            try:
                self._producer = self._producer or self._new_producer()
                yield self._producer
            except BaseException:
                self._drop_producer()
                raise

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        self._ends.clear()
        if producer is None:
            return
        try:
            producer.close(timeout=1)
        except KafkaError as error:  # close() gives up before it has ended the sender: end it, or it goes on for ever
            _log.warning("the Kafka producer did not close", exc_info=error)
            producer._sender.force_close()
            producer._closed = True

    @contextmanager
    def _reading(self) -> Iterator[KafkaConsumer]:
        """A consumer for one read, of those at rest; thrown away after any failure."""
        with _asking("read the event log"):
            self._enter_process()
            try:
                consumer = self._readers.pop()
            except IndexError:
                consumer = self._new_consumer()
            try:
                yield consumer
            except BaseException:
                _close(consumer)
                raise
            self._readers.append(consumer)

    @contextmanager
    def _administering(self) -> Iterator[KafkaAdminClient]:
        with _asking("ask the event log"):
            admin = connect(KafkaAdminClient, **self._settings)
            try:
                yield admin
            finally:
                with suppress(KafkaError):
                    admin.close()

    def _new_producer(self) -> KafkaProducer:
        return connect(
            KafkaProducer,
            **self._settings,
            metrics_enabled=False,
            acks="all",
            enable_idempotence=False,
            max_in_flight_requests_per_connection=1,
            allow_auto_create_topics=False,
            batch_size=_BATCH,
            linger_ms=int(_LINGER * 1000),
            max_request_size=_REQUEST,
            max_block_ms=int(_BOOTSTRAP * 1000),
            delivery_timeout_ms=int(self._timeout * 1000),
        )

    def _new_consumer(self) -> KafkaConsumer:
        return connect(
            KafkaConsumer,
            **self._settings,
            metrics_enabled=False,
            enable_auto_commit=False,
            auto_offset_reset="none",
            allow_auto_create_topics=False,
            fetch_max_wait_ms=int(_LONG_POLL * 1000),
        )

    def _end(self, place: TopicPartition) -> int:
        """The offset behind the last message."""
        with self._reading() as consumer:
            lanes = consumer.partitions_for_topic(place.topic) or ()
            if place.partition not in lanes:
                raise _no_lane(place)
            return int(consumer.end_offsets([place], timeout_ms=int(self._timeout * 1000))[place])


class KafkaSubscription:
    """One consumer that reads several lanes; another in its place where it fell silent."""

    def __init__(
        self, make: Callable[[], KafkaConsumer], starts: Mapping[tuple[str, int], int], silence: float = _SILENCE
    ) -> None:
        self._make, self._silence = make, silence
        self._next = {TopicPartition(topic(service), lane): offset for (service, lane), offset in starts.items()}
        self._paused: set[TopicPartition] = set()
        self._lost: dict[TopicPartition, int] = {}
        self._consumer = self._begin()

    def _begin(self) -> KafkaConsumer:
        """A new consumer at the places that were reached."""
        consumer = self._make()
        consumer.assign(list(self._next))
        for place, offset in self._next.items():
            consumer.seek(place, offset)
        consumer.pause(*self._paused)
        self._heard = time.monotonic()
        return consumer

    def _hear(self, timeout: float) -> list[Message]:
        if time.monotonic() - self._heard > self._silence:
            silent, self._consumer = self._consumer, self._begin()
            _close(silent)
        found = _poll(self._consumer, timeout)
        for message in found:
            self._heard = time.monotonic()
            self._next[TopicPartition(topic(message.service), message.lane)] = message.offset + 1
        return found

    def poll(self, timeout: float) -> list[Message]:
        with _asking("follow the event log"):
            if not self._lost:
                try:
                    return self._hear(timeout)
                except OffsetOutOfRangeError as error:
                    self._lost.update(error.args[0])
                except LogTruncationError as error:
                    common = error.divergent_offsets  # where known, the last place that was not cut off
                    self._lost.update((place, at.offset if at else -1) for place, at in common.items())
            place, offset = next(iter(self._lost.items()))
            raise PositionLost(service_of(place.topic), place.partition, offset)

    def seek(self, service: str, lane: int, offset: int) -> None:
        place = TopicPartition(topic(service), lane)
        self._lost.pop(place, None)
        self._paused.discard(place)
        self._next[place] = offset
        self._consumer.seek(place, offset)
        self._consumer.resume(place)

    def pause(self, service: str, lane: int) -> None:
        place = TopicPartition(topic(service), lane)
        self._lost.pop(place, None)
        self._paused.add(place)
        self._consumer.pause(place)

    def close(self) -> None:
        _close(self._consumer)


def _poll(consumer: KafkaConsumer, timeout: float, limit: int | None = None) -> list[Message]:
    records = consumer.poll(timeout_ms=int(timeout * 1000), max_records=limit)
    return [message_of(record) for found in records.values() for record in found]


def _close(consumer: KafkaConsumer) -> None:
    with suppress(KafkaError):
        consumer.close(autocommit=False, timeout_ms=1000)


def connect(kind: Callable[..., Any], **settings: Any) -> Any:
    """A new client of kafka-python's. One that meets no broker is ended, else its thread would stay behind."""
    nets: list[KafkaNetClient] = []

    def net(**more: Any) -> KafkaNetClient:
        nets.append(KafkaNetClient(**more))
        return nets[-1]

    try:
        return kind(**settings, kafka_client=net)
    except BaseException:
        for made in nets:
            made.close()
        raise


@contextmanager
def _asking(what: str) -> Iterator[None]:
    """Turn whatever the client or the broker says into the one error that callers know."""
    try:
        yield
    except KafkaConfigurationError:
        raise
    except (KafkaError, OSError, ValueError) as error:
        raise LogUnavailable(
            f"Could not {what}: {type(error).__name__}: {error}",
            help="Check that the Kafka brokers run and are reachable, and that the topics are made: amanah topics",
            retry_after=5,
        ) from error


def _no_lane(place: TopicPartition) -> LogUnavailable:
    return LogUnavailable(
        f"The event log has no lane {place.partition} in {place.topic}", help="Make it: amanah topics", retry_after=5
    )
