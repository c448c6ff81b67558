"""Free times: a counselor's hours, less what counselor and client have given away already.

One human is a client of each clinic under another id. ``client_ids`` are all ids of the one who asks: no time is free
in which any of them is in a session.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sqlalchemy import select

from services.contracts.vocabulary import Modality
from services.kernel.service import Service
from services.kernel.store.tables import times
from services.kernel.time import Instant, instant, plus
from services.kernel.work import Work, micros
from services.sessions.domain.hours import Hours, Taken, free_times, horizon
from services.sessions.domain.offer import Ask, Offer, offer
from services.sessions.readmodels.tables import availability

NEXT_FREE = 5  # times that somebody is shown who came too late
LOOK_AHEAD = 28  # days


def taken_times(work: Work, since: Instant, until: Instant, *persons: str) -> list[Taken]:
    """What these people have given away between two instants, over all clinics."""
    where = (times.c.person.in_(persons), times.c.starts < micros(until), times.c.ends > micros(since))
    rows = work.query(select(times.c.starts, times.c.ends).where(*where))
    return [Taken(_instant(row["starts"]), _instant(row["ends"])) for row in rows]


def taken_around(work: Work, hours: Hours | None, client_ids: Iterable[str], start: Instant) -> list[Taken]:
    """What both have given away around one start, in case it can be booked at all."""
    if hours is None or start >= horizon(work.now):
        return []
    return taken_times(work, start, plus(start, minutes=hours.minutes), hours.counselor, *client_ids)


def free_for(work: Work, hours: Hours, client_ids: Iterable[str], since: Instant, until: Instant) -> Iterator[Instant]:
    """The times in ``[since, until)`` at which both are free, in order."""
    last = min(until, horizon(work.now))
    taken = taken_times(work, since, plus(last, minutes=hours.minutes), hours.counselor, *client_ids)
    return free_times(hours, taken, work.now, since, last)


def next_free(
    work: Work, hours: Hours | None, client_ids: Iterable[str], modality: Modality, since: Instant, ask: Ask
) -> tuple[Instant, ...]:
    """The next times at which both are free and the law permits it, for somebody whose time was taken."""
    if hours is None:
        return ()
    begin = min(max(since, work.now), horizon(work.now))
    found = offer(hours, modality, free_for(work, hours, client_ids, begin, plus(begin, days=LOOK_AHEAD)), ask, begin)
    return found.times[:NEXT_FREE] if isinstance(found, Offer) else ()


def _instant(microseconds: int) -> Instant:
    seconds, rest = divmod(microseconds, 1_000_000)
    return instant(datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest))


def version_of_hours(service: Service, counselor: str) -> int:
    """The version of a counselor's hours; 0 where there are none."""
    found = service.query(select(availability.c.version).where(availability.c.counselor == counselor))
    return int(found[0]["version"]) if found else 0
