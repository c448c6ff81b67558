"""Instants, local dates and the clock.

An *instant* is text, UTC with six digits: ``2026-11-24T07:00:00.000000Z``. Its lexical order is its order in time, so
instants are compared as they stand. Only the edges of the house ask a clock; everything else is told the time.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NewType
from zoneinfo import ZoneInfo, available_timezones

from services.kernel.errors import Invalid

Instant = NewType("Instant", str)
LocalDate = NewType("LocalDate", str)
Zone = NewType("Zone", str)

Clock = Callable[[], Instant]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{6}Z", re.ASCII)  # ISO 8601 also knows 24:00


def instant(moment: datetime) -> Instant:
    """The instant of an aware datetime. Raises ``ValueError`` for a naive one."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs a zone; this datetime has none")
    text = moment.astimezone(UTC).isoformat(timespec="microseconds")  # strftime would write the year 900 as 900
    return Instant(text.removesuffix("+00:00") + "Z")


def moment(at: Instant) -> datetime:
    """The aware UTC datetime of an instant. Raises ``ValueError`` for other text."""
    if not _INSTANT.fullmatch(at):
        raise ValueError(f"not an instant: {at!r}")
    return datetime.fromisoformat(at)


def plus(at: Instant, **span: float) -> Instant:
    """The instant later by ``timedelta(**span)`` of real time."""
    return instant(moment(at) + timedelta(**span))


def parse_instant(text: str, pointer: str = "") -> Instant:
    """An instant from ISO 8601 text with an offset, as a person or a program sends it."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(
            f"{text[:40]!r} is not a time", help="Use ISO 8601, for example 2026-11-24T19:00:00+07:00"
        ) from None
    if value.tzinfo is None:
        raise Invalid("The time has no zone", help="Add the offset, for example 2026-11-24T19:00:00+07:00")
    try:
        return instant(value)
    except OverflowError:
        raise Invalid(f"{text[:40]!r} lies outside the years 1 to 9999", help="Check the year.") from None


def local_date(at: Instant, zone: str) -> LocalDate:
    """The calendar day that an instant falls on in a zone."""
    return LocalDate(moment(at).astimezone(ZoneInfo(zone)).date().isoformat())


def start_of_day(day: LocalDate, zone: str) -> Instant:
    """The first instant of a calendar day in a zone (some days do not begin at 00:00)."""
    naive = date.fromisoformat(day)
    return instant(datetime(naive.year, naive.month, naive.day, tzinfo=ZoneInfo(zone)))


def is_zone(name: str) -> bool:
    """Whether the IANA database knows this zone."""
    return name in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def system_clock() -> Instant:
    """The time now. Called only where the house meets the world."""
    return instant(datetime.now(UTC))
