"""Many writers and one reader at full speed: does the reader see everything, once, in order?

Sixteen writers (four processes of four threads) append as fast as they can, a tenth of it on purpose at a version that
somebody else takes too; meanwhile one reader follows with a cursor a lane, as the relay does, and checks on every event
that it is the next one and that its chain fits. ``Naive`` is the usual wrong way, to test the race itself: numbers from
a sequence are given before the commit, so a reader passes by what commits late.
"""

import multiprocessing
import random
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import psycopg

from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.ids import new_id
from services.kernel.store.backend import Backend
from services.kernel.store.postgres import PostgresBackend
from services.kernel.store.sqlite import SqliteBackend
from services.kernel.store.write import EventRow, StreamMoved, Write
from tests.shop import INCARNATION, NOON

Kind = Literal["sqlite", "postgresql", "naive"]
PROCESSES, THREADS = 4, 4
CONFLICTS = 0.1
TWO_LANES = 0.1
PADDING = b" " * 900


@dataclass(frozen=True, slots=True)
class Race:
    """What is raced on. ``address`` is a file or a database's URL; ``seed`` decides who does what."""

    kind: Kind
    address: str
    lanes: int
    seconds: float
    seed: int


@dataclass(slots=True)
class Outcome:
    """What the writers were answered, what the reader saw, and what was wrong with it."""

    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    stored: int = 0
    polls: int = 0
    seconds: float = 0.0

    @property
    def lost(self) -> set[str]:
        """Acknowledged, and never seen by the reader."""
        return set(self.acknowledged) - set(self.seen)

    def __str__(self) -> str:
        rate = len(self.acknowledged) / self.seconds if self.seconds else 0.0
        return (
            f"{len(self.acknowledged)} events acknowledged in {self.seconds:.1f} s ({rate:.0f}/s), "
            f"{len(self.refused)} conflicts, {self.stored} stored, {len(self.seen)} seen in {self.polls} polls, "
            f"{len(self.lost)} lost, {len(self.faults)} faults"
        )


class Writing(Protocol):
    def append(self, ids: list[str], lanes: list[int], streams: list[str]) -> None:
        """Append one event a stream, each at version 1, in one transaction. Raises ``StreamMoved``."""


class Reading(Protocol):
    def step(self, outcome: Outcome) -> int:
        """Read on, note what was seen and what is wrong; gives the number of new events."""


class StoreWriter:
    """Appends through the store."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def append(self, ids: list[str], lanes: list[int], streams: list[str]) -> None:
        rows = [
            EventRow(lane, each, stream, 1, "race.ran", 1, None, NOON, each.encode() + PADDING)
            for each, lane, stream in zip(ids, lanes, streams, strict=True)
        ]
        self._backend.commit(Write(events=rows))


class StoreReader:
    """Follows the lanes of a store as the relay does, and checks hole, order and chain."""

    def __init__(self, backend: Backend, lanes: int) -> None:
        self._backend = backend
        self._head = chain_head("shop", INCARNATION)
        self._last: dict[int, tuple[int, bytes]] = dict.fromkeys(range(lanes), (0, ORIGIN))

    def step(self, outcome: Outcome) -> int:
        return sum(self._lane(lane, outcome) for lane in self._last)

    def _lane(self, lane: int, outcome: Outcome) -> int:
        last, previous = self._last[lane]
        rows = self._backend.after(lane, last, 500)
        for row in rows:
            body = bytes(row.body)
            if row.sequence != last + 1:
                outcome.faults.append(f"lane {lane}: {row.sequence} came behind {last}")
            if bytes(row.chain) != chain(self._head, lane, row.sequence, previous, body):
                outcome.faults.append(f"lane {lane}: the chain of {row.sequence} does not fit")
            last, previous = row.sequence, bytes(row.chain)
            outcome.seen.append(body[:36].decode())
        self._last[lane] = last, previous
        return len(rows)


class Naive:
    """Numbers by a sequence, reads by ``number > cursor``: what an outbox usually does, and what loses events."""

    def __init__(self, url: str, seed: int) -> None:
        self._db = psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True)
        self._random = random.Random(seed)
        self._cursor = 0

    def prepare(self) -> None:
        self._db.execute("create table naive (number bigserial primary key, id text, stream text unique)")

    def append(self, ids: list[str], lanes: list[int], streams: list[str]) -> None:
        try:
            with self._db.transaction():
                for each, stream in zip(ids, streams, strict=True):
                    self._db.execute("insert into naive (id, stream) values (%s, %s) returning number", (each, stream))
                time.sleep(self._random.uniform(0, 0.002))  # as any transaction that does a little more
        except psycopg.errors.UniqueViolation:
            raise StreamMoved("taken") from None

    def step(self, outcome: Outcome) -> int:
        rows = self._db.execute(
            "select number, id from naive where number > %s order by number limit 500", (self._cursor,)
        ).fetchall()
        outcome.seen += [each for _, each in rows]
        self._cursor = rows[-1][0] if rows else self._cursor
        return len(rows)

    def close(self) -> None:
        self._db.close()


def run(race: Race) -> Outcome:
    """Run a race on an empty store and give what came out of it."""
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(PROCESSES + 1), context.Queue()
    writers = [context.Process(target=_write, args=(race, n, ready, results)) for n in range(PROCESSES)]
    outcome = Outcome()
    for writer in writers:
        writer.start()
    try:
        ready.wait(60)
        _read(race, outcome, results)
    finally:
        for writer in writers:
            writer.join(30)
            writer.kill()
    return outcome


def _read(race: Race, outcome: Outcome, results: Any) -> None:
    with closing(_reader(race)) as opened:
        began, missing = time.monotonic(), PROCESSES
        while missing:
            if opened.reading.step(outcome) == 0:
                time.sleep(0.001)  # leave the processor to the writers
            outcome.polls += 1
            while not results.empty():
                acknowledged, refused, faults = results.get()
                outcome.acknowledged += acknowledged
                outcome.refused += refused
                outcome.faults += faults
                missing -= 1
            if time.monotonic() > began + race.seconds + 60:
                raise TimeoutError(f"{missing} of the writing processes did not end")
        outcome.seconds = race.seconds
        while opened.reading.step(outcome):
            outcome.polls += 1
        outcome.stored = opened.count()


class _Reader:
    def __init__(self, reading: Reading, backend: Backend | None, naive: Naive | None) -> None:
        self.reading, self._backend, self._naive = reading, backend, naive

    def count(self) -> int:
        if self._backend is None:
            return 0
        with self._backend.reading() as connection:
            return int(connection.exec_driver_sql("select count(*) from events").scalar_one())

    def close(self) -> None:
        for opened in (self._backend.dispose if self._backend else None, self._naive.close if self._naive else None):
            if opened:
                opened()


def _reader(race: Race) -> _Reader:
    if race.kind == "naive":
        naive = Naive(race.address, race.seed)
        return _Reader(naive, None, naive)
    backend = open_backend(race.kind, race.address)
    return _Reader(StoreReader(backend, race.lanes), backend, None)


def open_backend(kind: Kind, address: str) -> Backend:
    """The store of the shop in another process."""
    if kind == "sqlite":
        return SqliteBackend(Path(address), "shop", INCARNATION)
    return PostgresBackend(address, "shop", INCARNATION)


def _write(race: Race, process: int, ready: Any, results: Any) -> None:
    """One process of writers."""
    backend = None if race.kind == "naive" else open_backend(race.kind, race.address)
    answers = [_Answers() for _ in range(THREADS)]
    ways: list[Writing] = [
        StoreWriter(backend) if backend else Naive(race.address, race.seed + process * THREADS + n)
        for n in range(THREADS)
    ]
    ready.wait(60)
    until = time.monotonic() + race.seconds
    threads = [
        threading.Thread(target=_write_on, args=(race, process * THREADS + n, ways[n], answers[n], until))
        for n in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(
        (
            _all(each.acknowledged for each in answers),
            _all(each.refused for each in answers),
            _all(each.faults for each in answers),
        )
    )
    if backend:
        backend.dispose()


@dataclass(slots=True)
class _Answers:
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def _write_on(race: Race, writer: int, way: Writing, answers: _Answers, until: float) -> None:
    chance = random.Random(race.seed * 1000 + writer)
    clashes = 0
    while time.monotonic() < until:
        lanes = [chance.randrange(race.lanes)]
        if chance.random() < TWO_LANES:
            lanes.append(chance.randrange(race.lanes))
        ids = [new_id() for _ in lanes]
        streams = [f"race/own/{each}" for each in ids]
        if chance.random() < CONFLICTS:  # the neighbour takes the same streams, one by one
            streams[0] = f"race/shared/{writer // 2}/{clashes}"
            clashes += 1
        try:
            way.append(ids, lanes, streams)
        except StreamMoved:
            answers.refused += ids
        except Exception as error:
            answers.faults.append(f"writer {writer}: {error!r}")
            return
        else:
            answers.acknowledged += ids


def _all(parts: Iterable[list[str]]) -> list[str]:
    return [each for part in parts for each in part]
