"""``amanah doctor``: look at every part, say what is wrong, and how to mend it.

It changes and makes nothing, and asks each part for itself: settings, keys, databases and their revisions, the event
log, lanes, relays and readers that are behind or stopped, parked events, the zone data. What cannot be looked at is a
finding like any other.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

from sqlalchemy import func, select

from services.kernel.errors import CannotStart, Problem
from services.kernel.log.port import Head, Log
from services.kernel.parts import find_keys, find_log
from services.kernel.settings import SERVICES, Settings
from services.kernel.store.backend import last_sequences
from services.kernel.store.feed import StoreFeed
from services.kernel.store.opening import SchemaBehind, Store, lanes_mended, open_store
from services.kernel.store.tables import known, parked, relayed
from services.kernel.store.verify import compare_with_log
from services.kernel.time import plus

LATE = 60.0  # seconds by which what a service knows may be older than the newest head; a working one needs about 15


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
    found = [_zone_data(), _look("event log", partial(_log, settings))]
    with closing(find_log(settings)) if found[-1].good else nullcontext() as log:
        for name in services:
            found.append(_look(f"keys of {name}", partial(_keys, settings, name)))
            found += _service(settings, name, log)
    return found


def _look(part: str, ask: Callable[[str], Finding]) -> Finding:
    try:
        return ask(part)
    except CannotStart as error:
        return Finding(part, False, str(error), "amanah migrate" if isinstance(error, SchemaBehind) else "")
    except Problem as problem:
        return Finding(part, False, problem.detail, problem.help)


def _zone_data() -> Finding:
    return Finding("zone data", True, f"tzdata {version('tzdata')}, this machine's zone is {time.tzname[0]}")


def _log(settings: Settings, part: str) -> Finding:
    with closing(find_log(settings)) as log:
        log.probe()
        return Finding(part, True, f"{log.version()} answers")


def _keys(settings: Settings, name: str, part: str) -> Finding:
    find_keys(settings, name).probe()
    return Finding(part, True, "they can be used")


def _service(settings: Settings, name: str, log: Log | None) -> list[Finding]:
    opened: list[Store] = []

    def database(part: str) -> Finding:
        opened.append(open_store(settings, name))
        return Finding(part, True, f"{_count(opened[0])} events on {opened[0].lanes} lane(s)")

    found = [_look(f"database of {name}", database)]
    for store in opened:
        found.append(_look(f"lanes of {name}", partial(_lanes, settings, store)))
        found.append(_look(f"relay of {name}", partial(_relay, name, store)))
        found.append(_look(f"parked by {name}", partial(_parked, name, store)))
        if log is not None:
            found.append(_look(f"published by {name}", partial(_published, name, store, log)))
            found.append(_look(f"known to {name}", partial(_known, name, store, log)))
        store.backend.dispose()
    return found


def _count(store: Store) -> int:
    with store.backend.reading() as connection:
        return sum(last_sequences(connection).values())


def _lanes(settings: Settings, store: Store, part: str) -> Finding:
    good = store.lanes == settings.lanes
    seen = f"{store.lanes} in the store, {settings.lanes} in the settings"
    return Finding(part, good, seen, "" if good else lanes_mended(store, settings))


def _relay(name: str, store: Store, part: str) -> Finding:
    with store.backend.reading() as connection:
        lasts = last_sequences(connection)
        sent = {row.lane: row.sequence for row in connection.execute(select(relayed))}
    behind = sum(last - sent.get(lane, 0) for lane, last in lasts.items())
    mend = "" if behind == 0 else f"start the worker (amanah work {name}); if it runs, look at the event log"
    return Finding(part, behind == 0, f"{behind} events not yet published", mend)


def _parked(name: str, store: Store, part: str) -> Finding:
    with store.backend.reading() as connection:
        count = connection.scalar(select(func.count()).select_from(parked)) or 0
    mend = "" if count == 0 else f"amanah parked list {name}, then amanah parked replay {name}"
    return Finding(part, count == 0, f"{count} events set aside", mend)


def _published(name: str, store: Store, log: Log, part: str) -> Finding:
    """A relay stops where the log holds what the store does not."""
    faults = compare_with_log(StoreFeed(name, store), log, range(store.lanes))
    mend = f"see whether the store was restored, or this is another log: amanah store verify {name}" if faults else ""
    return Finding(part, not faults, "; ".join(faults) or "the event log holds nothing else than the store", mend)


def _known(name: str, store: Store, log: Log, part: str) -> Finding:
    """A reader stops at a lane that is not whole; then what it knows of that lane grows old while heads go on."""
    heads = log.heads()
    with store.backend.reading() as connection:
        until = {(row.service, row.lane): row.until for row in connection.execute(select(known))}
    followed = {service for service, _ in until}

    def late(head: Head) -> bool:
        known_until = until.get((head.service, head.lane))
        return known_until is None or plus(known_until, seconds=LATE) < head.time

    old = ", ".join(f"{head.service} lane {head.lane}" for head in heads if head.service in followed and late(head))
    mend = f"start the worker (amanah work {name}); if it runs, its log says why a lane waits or is stopped"
    return Finding(part, not old, f"not read to the end: {old}" if old else "all that it follows", mend if old else "")
