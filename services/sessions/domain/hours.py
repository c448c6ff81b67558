"""Hours: when a counselor can be booked.

A counselor says local hours of the week (``mon 09:00-12:00``) in a zone, and for single days other hours or none.
What can be booked follows from one function, ``free_times``: it makes the offer and it validates a booking, so
everything offered can be booked if nothing changed.

Times are local wall times until the very end (RFC 5545 reasons this way too): a start that a change of clocks leaves
out is not offered; of a start that comes twice the first is meant; a session ends so many real minutes after its
start. Days and intervals are half-open.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.contracts.sessions import AvailabilitySet, ExceptionSet
from services.contracts.vocabulary import Modality
from services.kernel.errors import FieldError, Invalid
from services.kernel.events import Entry
from services.kernel.fields import Code, PersonId
from services.kernel.time import Instant, LocalDate, Zone, instant, moment, plus

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES = range(15, 181)  # the length of a session
NOTICE = range(60 * 24 * 30 + 1)  # minutes before a start until which it can be booked
LONGEST_LOOK = 62  # days that one question may span
HORIZON = 400  # days from now; nothing later can be booked

_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(([01]\d|2[0-3]):([0-5]\d)|24:00)")
_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one local day, ``[begins, ends)``, in minutes since its 00:00 on the wall clock."""

    begins: int
    ends: int

    def __str__(self) -> str:
        return f"{self.begins // 60:02}:{self.begins % 60:02}-{self.ends // 60:02}:{self.ends % 60:02}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A time that a person has given away, ``[starts, ends)``."""

    starts: Instant
    ends: Instant


@dataclass(frozen=True, slots=True)
class Hours:
    """A counselor's hours. ``weekly``: spans by weekday (0: Monday). ``exceptions``: other spans for single days."""

    counselor: PersonId
    zone: Zone
    weekly: tuple[tuple[int, Span], ...]
    minutes: int
    notice_minutes: int
    modalities: tuple[Modality, ...]
    since: LocalDate
    until: LocalDate | None
    exceptions: dict[LocalDate, tuple[Span, ...]] = field(default_factory=dict)

    def spans(self, day: date) -> tuple[Span, ...]:
        """The open spans of a local day, in order."""
        name = LocalDate(day.isoformat())
        if name < self.since or (self.until is not None and name >= self.until):
            return ()
        if name in self.exceptions:
            return self.exceptions[name]
        return tuple(sorted(span for weekday, span in self.weekly if weekday == day.weekday()))


def evolve(state: Hours | None, entry: Entry[Any]) -> Hours | None:
    """The hours after one more entry of their stream. Exceptions outlive a new week."""
    event = entry.data
    match event:
        case AvailabilitySet():
            return Hours(
                counselor=event.counselor,
                zone=event.zone,
                weekly=parse_weekly(event.weekly),
                minutes=event.minutes,
                notice_minutes=event.notice_minutes,
                modalities=event.modalities,
                since=event.since,
                until=event.until,
                exceptions=state.exceptions if state else {},
            )
        case ExceptionSet() if state is not None:
            return replace(state, exceptions=state.exceptions | {event.day: parse_spans(event.hours)})
        case _:
            return state


def free_times(hours: Hours, taken: Iterable[Taken], now: Instant, since: Instant, until: Instant) -> Iterator[Instant]:
    """Every start in ``[since, until)`` that can be booked at ``now``, in order. ``taken``: of counselor and client."""
    earliest, until = max(since, plus(now, minutes=hours.notice_minutes)), min(until, horizon(now))
    busy = sorted(taken, key=lambda each: each.starts)
    for start in _starts(hours, earliest, until):
        ends = plus(start, minutes=hours.minutes)
        if not any(each.starts < ends and start < each.ends for each in busy):
            yield start


def is_free(hours: Hours, taken: Iterable[Taken], now: Instant, start: Instant) -> bool:
    """Whether this very start is one of the free times."""
    return start < horizon(now) and start in free_times(hours, taken, now, start, plus(start, minutes=1))


def horizon(now: Instant) -> Instant:
    """The instant from which on nothing can be booked yet."""
    return plus(now, days=HORIZON)


def parse_weekly(weekly: Iterable[str]) -> tuple[tuple[int, Span], ...]:
    """Spans by weekday from their text. Raises ``Invalid``: each wrong one is named, spans of a day may not overlap."""
    found: list[tuple[int, Span]] = []
    for place, text in enumerate(weekly):
        name, _, span = text.partition(" ")
        if name not in WEEKDAYS:
            raise _wrong(f"/weekly/{place}", "Begin with mon, tue, wed, thu, fri, sat or sun: mon 09:00-12:00")
        found.append((WEEKDAYS.index(name), _span(span, f"/weekly/{place}")))
    for weekday in range(7):
        _ensure_apart([span for day, span in found if day == weekday], "/weekly")
    return tuple(sorted(found))


def parse_spans(hours: Iterable[str]) -> tuple[Span, ...]:
    """The spans of one day from their text, such as ``09:00-12:00``. Raises ``Invalid``."""
    spans = [_span(text, f"/hours/{place}") for place, text in enumerate(hours)]
    _ensure_apart(spans, "/hours")
    return tuple(sorted(spans))


def set_hours(event: AvailabilitySet) -> AvailabilitySet:
    """The event, if such hours can be kept. Raises ``Invalid`` with every field that is wrong."""
    errors: list[FieldError] = []
    if event.minutes not in MINUTES:
        errors.append(FieldError("/minutes", f"A session lasts {MINUTES.start} to {MINUTES.stop - 1} minutes."))
    if event.notice_minutes not in NOTICE:
        errors.append(FieldError("/notice_minutes", f"Send 0 to {NOTICE.stop - 1} minutes."))
    if not event.modalities:
        errors.append(FieldError("/modalities", "Name at least one way in which you meet clients."))
    if event.until is not None and event.until <= event.since:
        errors.append(FieldError("/until", "Send a day after the first one, or leave it out."))
    if errors:
        raise Invalid("These hours cannot be kept.", help="Mend what errors names.", errors=tuple(errors))
    parse_weekly(event.weekly)
    return event


def codes_of(texts: Iterable[str]) -> tuple[Code, ...]:
    """Texts of hours as they stand in an event: blanks trimmed, lower case."""
    return tuple(Code(" ".join(text.lower().split())) for text in texts)


def at_wall(day: date, minute: int, zone: ZoneInfo) -> Instant | None:
    """The instant of a wall time: of two the first; None where the clocks leave it out."""
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    exists = found.astimezone(zone).replace(tzinfo=None) == wall
    return instant(found) if exists else None


def _starts(hours: Hours, since: Instant, until: Instant) -> Iterator[Instant]:
    """Every start in ``[since, until)`` by the hours alone, in order of time."""
    zone = ZoneInfo(hours.zone)
    if since >= until:
        return
    day, last = (moment(at).astimezone(zone).date() for at in (since, until))
    if (last - day).days > LONGEST_LOOK:
        raise Invalid(f"This spans more than {LONGEST_LOOK} days.", help="Ask for fewer days at once.")
    while day <= last:
        starts = (
            at_wall(day, minute, zone)
            for span in hours.spans(day)
            for minute in range(span.begins, span.ends - hours.minutes + 1, hours.minutes)
        )
        yield from sorted({start for start in starts if start is not None and since <= start < until})
        day += timedelta(days=1)


def _span(text: str, pointer: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise _wrong(pointer, "Write hours as 09:00-12:00, on a clock of 24 hours.")
    begins = int(match[1]) * 60 + int(match[2])
    ends = _DAY if match[3] == "24:00" else int(match[4]) * 60 + int(match[5])
    if ends <= begins:
        raise _wrong(pointer, "The end must be later than the beginning; split hours that go past midnight.")
    return Span(begins, ends)


def _ensure_apart(spans: list[Span], pointer: str) -> None:
    ordered = sorted(spans)
    for earlier, later in zip(ordered, ordered[1:], strict=False):
        if later.begins < earlier.ends:
            raise _wrong(pointer, f"{earlier} and {later} overlap on one day; join them.")


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid("These hours cannot be read.", help=detail, errors=(FieldError(pointer, detail),))
