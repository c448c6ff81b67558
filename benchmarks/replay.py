"""Replay: loading and folding long streams, beside the repository of `eventsourcing`; and rebuilding read models.

The peer's repository has no snapshots and no cache, which are its defaults. A rebuild is measured beside its limit: the
same rows sent by psycopg's `executemany`, without reading or decoding an event.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg

from benchmarks import diary, peer
from benchmarks.ground import Report, describe, durable_postgres, folder, machine, paired, per_second, take_turns
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.rebuild import Rebuild
from services.kernel.service import Service
from services.kernel.store.pool import postgres_engine

LENGTH = 1000
STREAMS = 8
REBUILT = 4000
_PUT = (
    "insert into diary_plans (stream, number, starts) values (%s, %s, %s) "
    "on conflict (stream) do update set number = excluded.number, starts = excluded.starts"
)


def run() -> list[Report]:
    with folder() as place, durable_postgres(place) as server:
        ground = [machine(), describe(server)]
        urls = {name: server.create_database(name) for name in ("ours", "peer", "rebuild", "limit")}
        return [_replay(ground, urls, place), _rebuild(ground, urls, place)]


def _replay(ground: list[str], urls: dict[str, str], place: Path) -> Report:
    report = Report("replay: events loaded and folded a second", list(ground))
    diary.make_store(urls["ours"])
    service, application = diary.open_diary(urls["ours"], place), peer.open_peer(urls["peer"])
    diary.fill(service, range(STREAMS), LENGTH)
    application.fill(range(STREAMS), LENGTH)
    report.note(f"{STREAMS} streams of {LENGTH} events, each loaded and folded into its state; one process, one thread")
    found = take_turns(
        {
            "ours": lambda: per_second(_ours(service), STREAMS * LENGTH),
            "eventsourcing": lambda: per_second(_theirs(application), STREAMS * LENGTH),
        }
    )
    for name, values in found.items():
        report.figures(name, values, "events/s")
    report.ratio("ours / eventsourcing", paired(found, "ours", "eventsourcing"), at_least=5.0)
    service.backend.dispose()
    application.close()
    return report


def _ours(service: Service) -> Callable[[], None]:
    def load() -> None:
        for number in range(STREAMS):
            state = service.work(diary.WHO).load(diary.stream(number), diary.evolve)
            assert state is not None
            assert state.number == LENGTH

    return load


def _theirs(application: peer.Plans) -> Callable[[], None]:
    def load() -> None:
        for number in range(STREAMS):
            plan: peer.Plan = application.repository.get(peer.Plan.create_id(number))
            assert plan.number == LENGTH

    return load


def _rebuild(ground: list[str], urls: dict[str, str], place: Path) -> Report:
    report = Report("rebuild: events applied to read models from nothing a second", list(ground))
    diary.make_store(urls["rebuild"])
    service = diary.open_diary(urls["rebuild"], place)
    diary.fill(service, range(REBUILT // 5), 5)
    report.note(f"{REBUILT} events, one row changed by each; rebuilt beside the living tables, compared, not switched")
    owner = postgres_engine(urls["rebuild"])
    log = EmbeddedLog(place / "log.sqlite3")

    def rebuild() -> None:
        done = Rebuild(owner, diary.TABLES, diary.PROJECTIONS, log, diary.SERVICE).run(switch=False)
        assert (done.events, done.differences) == (REBUILT, {})

    plain = urls["limit"].replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain) as db:
        db.execute("create table diary_plans (stream text primary key, number int not null, starts text not null)")
        db.commit()
        found = take_turns(
            {
                "ours": lambda: per_second(rebuild, REBUILT),
                "the rows alone": lambda: per_second(lambda: _rows_alone(db), REBUILT),
            },
            rounds=3,
        )
    for name, values in found.items():
        report.figures(name, values, "events/s")
    report.ratio("ours / the rows alone", paired(found, "ours", "the rows alone"))
    owner.dispose()
    log.close()
    service.backend.dispose()
    return report


def _rows_alone(db: psycopg.Connection[tuple[object, ...]]) -> None:
    rows = [(diary.stream(plan), number, diary.NOON) for plan in range(REBUILT // 5) for number in range(1, 6)]
    with db.cursor() as cursor:
        cursor.executemany(_PUT, rows)
    db.rollback()
