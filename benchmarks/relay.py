"""From the answered commit to the event answerable in audit, over a real Kafka.

Three processes, as in an installation: the writer; the worker of its service, whose relay looks at the store every
``RELAY_IDLE`` seconds; audit's worker, which makes the leaf, grows the tree, writes its index and its position and
commits. Both databases are durable. Beside it kafka-python alone: from ``send`` in the writer to ``poll`` in a process
that does nothing else, with the same acks, topic settings and pace.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benchmarks import diary
from benchmarks.ground import Report, describe, durable_postgres, folder, machine, percentile
from deploy.local import kafka
from services.audit.ingest import Ingest
from services.audit.readmodels import PROJECTIONS
from services.kernel.keys.keyring import Keyring
from services.kernel.listening import Listener, Reactions
from services.kernel.log.consumer import Position
from services.kernel.log.kafka import KafkaLog
from services.kernel.log.port import Message, topic
from services.kernel.parts import Assembly, assemble
from services.kernel.settings import load_settings
from services.kernel.store.opening import Store, migrate
from services.kernel.worker import RELAY_IDLE, Worker

ROUNDS = 6
EACH = 60
GAP = (0.010, 0.040)  # seconds between two events, drawn evenly, so that no polling falls into step
WARM = 10
LONGEST = 30.0  # seconds to wait for the last events
RAW = "raw"


@dataclass(slots=True)
class Timed:
    """Audit's ingest, noting when an event was applied for good."""

    handler: Ingest
    times: dict[int, float] = field(default_factory=dict)

    def apply_many(self, run: Sequence[tuple[Message, Position | None]]) -> None:
        self.handler.apply_many(run)
        self.times.update({message.sequence: time.monotonic() for message, _ in run})

    def apply(self, message: Message, position_before: Position | None) -> None:
        self.handler.apply(message, position_before)
        self.times[message.sequence] = time.monotonic()

    def park(self, message: Message, reason: str) -> None:
        self.handler.park(message, reason)


def run() -> list[Report]:
    report = Report("relay: commit -> answerable in audit")
    with folder() as place, durable_postgres(place) as server:
        broker = kafka.start(place / "kafka")
        try:
            report.note(machine())
            report.note(describe(server))
            report.note(f"Kafka {broker.part.version}: one broker, acks=all; kafka-python in all processes")
            pace = " to ".join(f"{seconds * 1000:.0f}" for seconds in GAP)
            report.note(f"{ROUNDS * EACH} events each, one every {pace} ms, by turns")
            urls = {name: server.create_database(name) for name in ("writer", "audit")}
            ours, raw = _measure(urls, broker.address, place)
        finally:
            broker.stop()
    shares = (("p50", 0.50), ("p99", 0.99))
    found = {
        (name, words): report.figures(f"{name}, {words}", [percentile(values, share) * 1000], "ms")
        for name, values in (("ours, commit -> answerable", ours), ("raw, send -> poll", raw))
        for words, share in shares
    }
    limit = 3 * found["raw, send -> poll", "p99"] + RELAY_IDLE * 1000
    report.lines.append(f"  (the limit: 3 x raw p99 + one poll interval of {RELAY_IDLE * 1000:.0f} ms)")
    report.ratio("ours, p99 in ms", found["ours, commit -> answerable", "p99"], at_most=limit)
    report.ratio("ours / raw, p50", found["ours, commit -> answerable", "p50"] / found["raw, send -> poll", "p50"])
    return [report]


def _measure(urls: dict[str, str], address: str, place: Path) -> tuple[list[float], list[float]]:
    diary.make_store(urls["writer"])
    log = KafkaLog(address)
    log.make_topics({diary.SERVICE: 1, "audit": 1, RAW: 1})
    log.close()
    context = multiprocessing.get_context("spawn")
    relaying, reading, polling = (context.Pipe() for _ in range(3))
    processes = [
        context.Process(target=relay, args=(relaying[1], urls["writer"], address, place), daemon=True),
        context.Process(target=read, args=(reading[1], urls["audit"], address, place), daemon=True),
        context.Process(target=poll, args=(polling[1], address), daemon=True),
    ]
    for process in processes:
        process.start()
    try:
        for end, _ in (relaying, reading, polling):
            end.recv()
        committed, sent = _write(urls["writer"], address, place)
        reading[0].send(len(committed))
        polling[0].send(len(sent))
        applied, polled = reading[0].recv(), polling[0].recv()
        relaying[0].send("end")
    finally:
        for process in processes:
            process.join(10)
            process.kill()
    ours = [applied[n] - at for n, at in committed.items() if n > WARM]
    raw = [polled[n] - at for n, at in sent.items() if n > WARM]
    return ours, raw


def _write(url: str, address: str, place: Path) -> tuple[dict[int, float], dict[int, float]]:
    """When each event's commit was answered, and when each raw record was sent; both numbered from 1."""
    service = diary.open_diary(url, place)
    producer = KafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=False)
    committed: dict[int, float] = {}
    sent: dict[int, float] = {}
    body = b""

    def commit() -> None:
        nonlocal body
        service.do(diary.WHO, diary.plan_meeting, len(committed) + 1)
        committed[len(committed) + 1] = time.monotonic()
        body = body or service.backend.after(0, 0, 1)[0].body

    def send() -> None:
        number = len(sent) + 1
        sent[number] = time.monotonic()
        producer.send(topic(RAW), body, key=str(number).encode(), partition=0)
        producer.flush()

    for step in [commit] * WARM + [send] * WARM + ([commit] * EACH + [send] * EACH) * ROUNDS:
        step()
        time.sleep(random.uniform(*GAP))
    producer.close()
    service.backend.dispose()
    return committed, sent


def relay(end: Connection, url: str, address: str, place: Path) -> None:
    """The worker of the writer's service."""
    service = diary.open_diary(url, place)
    listener = Listener(service, Reactions())
    assembly = Assembly(service, Store(service.backend, diary.INCARNATION, 1), load_settings({"AMANAH_LANES": "1"}))
    worker = Worker(assembly, KafkaLog(address), listener, listener, ())
    worker.start()
    end.send("ready")
    end.recv()
    worker.stop()


def read(end: Connection, url: str, address: str, place: Path) -> None:
    """Audit's worker."""
    environ = {"AMANAH_DATABASE": "postgresql", "AMANAH_AUDIT_DATABASE_URL": url, "AMANAH_DATA": str(place / "data")}
    environ["AMANAH_KEYRING"] = str(place / "audit-keys" / "keyring.json")
    settings = load_settings(environ)
    Keyring(settings.keyring, data_folder=settings.data, found=True)
    migrate(settings, "audit")
    assembly = assemble(settings, "audit", PROJECTIONS)
    timed = Timed(Ingest(assembly.service))
    worker = Worker(assembly, KafkaLog(address), timed, timed.handler, (diary.SERVICE,))
    worker.start()
    end.send("ready")
    events = end.recv()
    deadline = time.monotonic() + LONGEST
    while len(timed.times) < events and time.monotonic() < deadline:
        time.sleep(0.05)
    end.send(timed.times)
    worker.stop()


def poll(end: Connection, address: str) -> None:
    """The raw consumer."""
    consumer = KafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest", enable_auto_commit=False)
    consumer.assign([TopicPartition(topic(RAW), 0)])
    consumer.poll(timeout_ms=200)
    end.send("ready")
    polled: dict[int, float] = {}
    wanted, deadline = 0, float("inf")
    while (not wanted or len(polled) < wanted) and time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=500).values():
            now = time.monotonic()
            polled.update({int(record.key): now for record in records})
        if end.poll():
            wanted, deadline = end.recv(), time.monotonic() + LONGEST
    end.send(polled)
    consumer.close()
