"""``amanah doctor``: look at every part, say what is wrong, and how to mend it.

It changes nothing and asks each part for itself: settings, keys, databases and their revisions, the event log, lanes,
relays that are behind, parked events, the zone data.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from sqlalchemy import func, select

from services.kernel.errors import Problem
from services.kernel.parts import open_keys, open_log
from services.kernel.settings import SERVICES, Settings
from services.kernel.store.opening import SchemaBehind, Store, open_store
from services.kernel.store.tables import events, parked, relayed


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is good, what was seen, and what to do if it is not."""

    part: str
    good: bool
    seen: str
    mend: str = ""

    def line(self) -> str:
        mark = "good" if self.good else "WRONG"
        return f"{mark:5}  {self.part}: {self.seen}" + (f"\n       To mend it: {self.mend}" if self.mend else "")


def examine(settings: Settings, services: Sequence[str] = SERVICES) -> list[Finding]:
    """Everything that was looked at, the good and the wrong. ``services``: those whose parts this process may reach."""
    found = [_zone_data(), _look("event log", lambda: _log(settings))]
    for name in services:
        found.append(_look(f"keys of {name}", lambda name=name: _keys(settings, name)))  # type: ignore[misc]
        found += _service(settings, name)
    return found


def _look(part: str, ask: Callable[[], str]) -> Finding:
    try:
        return Finding(part, True, ask())
    except Problem as problem:
        return Finding(part, False, problem.detail, problem.help)


def _zone_data() -> Finding:
    return Finding("zone data", True, f"tzdata {version('tzdata')}, this machine's zone is {time.tzname[0]}")


def _log(settings: Settings) -> str:
    log = open_log(settings)
    try:
        log.probe()
        return f"{log.version()} answers"
    finally:
        log.close()


def _keys(settings: Settings, name: str) -> str:
    open_keys(settings, name).probe()
    return "they can be used"


def _service(settings: Settings, name: str) -> Iterator[Finding]:
    part = f"database of {name}"
    try:
        store = open_store(settings, name)
    except SchemaBehind as behind:
        yield Finding(part, False, str(behind), "amanah migrate")
        return
    except Problem as problem:
        yield Finding(part, False, problem.detail, problem.help)
        return
    try:
        yield Finding(part, True, f"{_count(store)} events on {store.lanes} lane(s)")
        yield _lanes(settings, name, store)
        yield _relay(name, store)
        yield _parked(name, store)
    finally:
        store.backend.dispose()


def _count(store: Store) -> int:
    with store.backend.reading() as connection:
        return connection.scalar(select(func.count()).select_from(events)) or 0


def _lanes(settings: Settings, name: str, store: Store) -> Finding:
    good = store.lanes == settings.lanes
    seen = f"{store.lanes} in the store, {settings.lanes} in the settings"
    return Finding(f"lanes of {name}", good, seen, "" if good else f"set AMANAH_LANES={store.lanes}")


def _relay(name: str, store: Store) -> Finding:
    with store.backend.reading() as connection:
        lasts = connection.execute(select(events.c.lane, func.max(events.c.sequence)).group_by(events.c.lane)).all()
        sent = {row.lane: row.sequence for row in connection.execute(select(relayed))}
    behind = sum(last - sent.get(lane, 0) for lane, last in lasts)
    mend = "" if behind == 0 else f"start the worker (amanah work {name}); if it runs, look at the event log"
    return Finding(f"relay of {name}", behind == 0, f"{behind} events not yet published", mend)


def _parked(name: str, store: Store) -> Finding:
    with store.backend.reading() as connection:
        count = connection.scalar(select(func.count()).select_from(parked)) or 0
    mend = "" if count == 0 else f"amanah parked list {name}, then amanah parked replay {name}"
    return Finding(f"parked by {name}", count == 0, f"{count} events set aside", mend)
