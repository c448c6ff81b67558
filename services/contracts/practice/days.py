"""Days of a calendar, in the zone of a place. Days and birthdays of a client are counted where the client is.

Instants and their text are `kernel.time`'s. Intervals are half-open, so the last day of a thing ends with the first
instant of the day after it.
"""

from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.kernel.time import Instant, LocalDate, Zone, moment, start_of_day

BEGINNING = Instant("0001-01-01T00:00:00.000000Z")  # before every instant that a rule or a credential names


def parse_date(text: str) -> date:
    """The day of a local date's text. Raises ValueError unless it is written `YYYY-MM-DD`."""
    try:
        day = date.fromisoformat(text)
        exact = day.isoformat() == text
    except ValueError:
        exact = False
    if not exact:
        raise ValueError(f"{text!r} is not a date: write it as 2026-11-24")
    return day


def begins(day: date, zone: Zone) -> Instant:
    """The first instant of `day` in `zone`."""
    return start_of_day(LocalDate(day.isoformat()), zone)


@lru_cache(maxsize=4096)
def day_at(at: Instant, zone: Zone) -> date:
    """The day which people in `zone` have at the instant `at`."""
    return moment(at).astimezone(ZoneInfo(zone)).date()


def next_day(day: date) -> date:
    """The day after."""
    return day + timedelta(days=1)


def months_later(day: date, months: int) -> date:
    """The same day `months` later; where that month is too short, the first day of the next one: never too early."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return date(year, month + 2, 1)


def anniversary(day: date, years: int) -> date:
    """The same day `years` later, or earlier if negative; 29 February becomes 1 March where there is none."""
    return months_later(day, 12 * years)
