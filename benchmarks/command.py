"""The whole command on a durable PostgreSQL: load five events, decode, fold, decide, bytes, read model, chain, append.

Beside it the same command of `eventsourcing` (without read model and chain), and the limit: one row of the same size,
INSERT and COMMIT, by psycopg alone; as plain calls (three round trips) and in one pipeline (one round trip, as ours).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import psycopg

from benchmarks import diary, peer
from benchmarks.ground import Report, describe, durable_postgres, folder, machine, paired, take_turns
from benchmarks.writers import Task, Writers
from services.kernel.work import Work

HISTORY = 5
ROUNDS = 7
EACH = {1: 200, 4: 400}  # commands of all writers in one round
SHAPE = {1: (1, 1), 4: (2, 2)}  # writers: processes and threads in each
_RAW = "insert into raw_rows (id, body) values (%s, %s)"


def run() -> list[Report]:
    report = Report("command: whole commands a second")
    with folder() as place, durable_postgres(place) as server:
        urls = {name: server.create_database(name) for name in ("ours", "peer", "raw")}
        plain = urls["raw"].replace("postgresql+psycopg", "postgresql")
        report.note(machine())
        report.note(describe(server))
        body = _prepare(urls, plain, place)
        report.note(f"a stream of {HISTORY} events, one event of {body} bytes appended")
        report.note("the peer keeps no read model and no chain; the limit does nothing but write")
        for writers, (processes, threads) in SHAPE.items():
            makers: dict[str, Callable[[], Task]] = {
                "ours": partial(ours, urls["ours"], place, False),
                "ours, one sealed text": partial(ours, urls["ours"], place, True),
                "eventsourcing": partial(theirs, urls["peer"]),
                "raw, pipelined": partial(raw_pipelined, plain, body),
                "raw, plain calls": partial(raw_plain, plain, body),
            }
            report.gap(f"{writers} writer(s): {processes} process(es) of {threads} thread(s)")
            _compare(report, makers, writers)
    return [report]


def _compare(report: Report, makers: dict[str, Callable[[], Task]], writers: int) -> None:
    processes, threads = SHAPE[writers]
    open_writers = {name: Writers(make, processes, threads) for name, make in makers.items()}
    try:
        turns = {name: _rounds(each, EACH[writers], _first(name, writers)) for name, each in open_writers.items()}
        for turn in turns.values():
            turn()  # once to warm connections and caches, not counted
        found = take_turns(turns, ROUNDS)
    finally:
        for each in open_writers.values():
            each.__exit__(None, None, None)
    for name, values in found.items():
        report.figures(name, values, "commands/s")
    report.ratio("ours / eventsourcing", paired(found, "ours", "eventsourcing"), at_least=2.4)
    report.ratio("ours / raw, pipelined", paired(found, "ours", "raw, pipelined"), at_least=0.45)
    report.ratio("ours / raw, plain calls", paired(found, "ours", "raw, plain calls"))
    report.ratio("ours with a seal / eventsourcing (no seal)", paired(found, "ours, one sealed text", "eventsourcing"))


def _rounds(writers: Writers, each: int, first: int) -> Callable[[], float]:
    """Each call takes the next streams, so that every command finds five events."""
    starts = count(first, each)
    return lambda: writers.rate(range(start := next(starts), start + each))


def _first(name: str, writers: int) -> int:
    """Plain and sealed commands, and one and four writers, take streams of their own."""
    span = (ROUNDS + 1) * EACH[4]
    return span * (2 * (writers == 4) + ("sealed" in name))


def _prepare(urls: dict[str, str], plain: str, place: Path) -> int:
    """Tables and streams; the size of our event's bytes."""
    diary.make_store(urls["ours"])
    service = diary.open_diary(urls["ours"], place)
    application = peer.open_peer(urls["peer"])
    for writers in SHAPE:
        for name in ("ours", "ours, one sealed text"):
            first = _first(name, writers)
            needed = range(first, first + (ROUNDS + 1) * EACH[writers])
            diary.fill(service, needed, HISTORY)
            if name == "ours":
                application.fill(needed, HISTORY)
    diary.make_keys(service)
    size = len(service.backend.history(diary.stream(0))[-1].body)
    service.backend.dispose()
    application.close()
    with psycopg.connect(plain, autocommit=True) as db:
        db.execute("create table raw_rows (id bigint primary key, body bytea not null)")
    return size


def ours(url: str, place: Path, sealed: bool) -> Task:
    """Our command by the real path."""
    service = diary.open_diary(url, place)
    command: Callable[[Work, int], int] = diary.keep_note if sealed else diary.plan_meeting
    return lambda plan: service.do(diary.WHO, command, plan)


def theirs(url: str) -> Task:
    return peer.open_peer(url).plan_meeting


def raw_plain(url: str, size: int) -> Task:
    """BEGIN (psycopg's own), INSERT, COMMIT: three round trips."""
    body, held, ids = bytes(size), threading.local(), _row_ids()

    def insert(_: int) -> None:
        if not hasattr(held, "db"):
            held.db = psycopg.connect(url)
        held.db.execute(_RAW, (next(ids), body))
        held.db.commit()

    return insert


def raw_pipelined(url: str, size: int) -> Task:
    """BEGIN, INSERT and COMMIT sent together: one round trip."""
    body, held, ids = bytes(size), threading.local(), _row_ids()

    def insert(_: int) -> None:
        if not hasattr(held, "db"):
            held.db = psycopg.connect(url, autocommit=True)
        with held.db.pipeline():
            held.db.execute("begin")
            held.db.execute(_RAW, (next(ids), body))
            held.db.execute("commit")

    return insert


def _row_ids() -> count[int]:
    """Numbers that no other process gives."""
    return count(int.from_bytes(os.urandom(4)) << 24)
