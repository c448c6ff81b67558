"""Local emergency and crisis numbers, from one sourced and dated file. It needs no event, no database and no key.

Help must always answer: a place without rows of its own gets its country's, and a country without rows the general
answer (the emergency number of where you are). A row past its review is shown all the same, marked `stale`; so is a row
whose hours are over, with when they begin again; a row of unclear confidence (U) is never shown. Emergency numbers come
first.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml

from services.contracts.practice import place_chain
from services.contracts.practice.reading import DataFileError, Reader
from services.contracts.vocabulary import Confidence, HelpCaution, HelpChannel, HelpKind, codes
from services.kernel.fields import Place
from services.kernel.time import Instant, LocalDate, instant, is_zone, moment

_FILE = Path(__file__).with_name("emergency.yaml")
_REVIEW_DAYS = 90
_EXTENSION = " ext. "
Hours = Literal["always", "unknown", "listed"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS = codes(Day)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach a line: a number to call or text (`119 ext. 8`: with what to press then), or an address."""

    channel: HelpChannel
    value: str

    @property
    def number(self) -> str:
        """The number without its extension."""
        return self.value.partition(_EXTENSION)[0]

    @property
    def extension(self) -> str:
        """What to press once the number answers; empty where nothing is."""
        return self.value.partition(_EXTENSION)[2]


@dataclass(frozen=True, slots=True)
class Opening:
    """Open on `days` from `since` to `until`, local minutes of the day; `until` not after `since`: past midnight."""

    days: tuple[Day, ...]
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One line of help. `name` is empty where the kind says all, `ways` only in the general answer."""

    place: Place
    kind: HelpKind
    name: str
    ways: tuple[Way, ...]
    hours: Hours
    zone: str
    openings: tuple[Opening, ...]
    languages: tuple[str, ...]
    caution: HelpCaution | None
    source: str
    confidence: Confidence
    reviewed_on: LocalDate
    review_by: LocalDate
    stale: bool = False

    def open_at(self, at: Instant) -> bool | None:
        """Does anybody answer at `at`? None: the hours are not known."""
        if self.hours != "listed":
            return True if self.hours == "always" else None
        local = moment(at).astimezone(ZoneInfo(self.zone))
        return any(_is_open(opening, local) for opening in self.openings)

    def opens_after(self, at: Instant) -> Instant | None:
        """From when on somebody answers again, where nobody does at `at`."""
        if self.open_at(at) is not False:
            return None
        local = moment(at).astimezone(ZoneInfo(self.zone))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        days = (midnight + timedelta(days=ahead) for ahead in range(8))
        starts = (
            day + timedelta(minutes=opening.since)
            for day in days
            for opening in self.openings
            if _DAYS[day.weekday()] in opening.days
        )
        return min(instant(start) for start in starts if start > local)


GENERAL = HelpLine(
    place=Place("*"),
    kind="emergency",
    name="",
    ways=(),
    hours="unknown",
    zone="",
    openings=(),
    languages=(),
    caution=None,
    source="",
    confidence="V",
    reviewed_on=LocalDate("2026-11-24"),
    review_by=LocalDate("9999-12-31"),
)


def numbers_for(place: Place | None, today: LocalDate) -> tuple[HelpLine, ...]:
    """The lines for somebody in `place`: emergency first, then the nearest place's. Never empty."""
    chain = place_chain(place) if place else ()
    found = [line for near in chain for line in _lines() if line.place == near and line.confidence != "U"]
    order = codes(HelpKind)
    found.sort(key=lambda line: order.index(line.kind))
    return tuple(replace(line, stale=line.review_by < today) for line in found) or (GENERAL,)


def all_places() -> tuple[Place, ...]:
    """Every place that has lines of its own, in the order of the file."""
    return tuple(dict.fromkeys(line.place for line in _lines()))


def parse_lines(content: Any, file: str) -> tuple[HelpLine, ...]:
    """The lines that a loaded file holds. Raises DataFileError, which says where and what to do."""
    top = Reader.over(content, file)
    lines = tuple(_line(each) for each in top.parts("lines", needed=True))
    top.finish()
    for line in lines:
        first = next(other for other in lines if place_chain(other.place)[-1] == place_chain(line.place)[-1])
        if first.kind not in ("emergency", "ambulance"):
            raise DataFileError(file, "lines", f"{line.place} does not begin with an emergency number", "put one first")
    return lines


@cache
def _lines() -> tuple[HelpLine, ...]:
    return parse_lines(yaml.safe_load(_FILE.read_text(encoding="utf-8")), _FILE.name)


def _line(reader: Reader) -> HelpLine:
    listed = reader.has("open")
    line = HelpLine(
        place=Place(reader.text("place")),
        kind=reader.code("kind", HelpKind),
        name=reader.text("name") if reader.has("name") else "",
        ways=tuple(_way(each) for each in reader.parts("contacts", needed=True)),
        hours="listed" if listed else reader.code("hours", Hours),
        zone=reader.text("zone") if listed else "",
        openings=tuple(_opening(each) for each in reader.parts("open")),
        languages=reader.words("languages") if reader.has("languages") else (),
        caution=reader.code("caution", HelpCaution) if reader.has("caution") else None,
        source=reader.text("source"),
        confidence=reader.code("conf", Confidence),
        reviewed_on=LocalDate(reader.day("reviewed_on")),
        review_by=LocalDate(reader.day("review_by")),
    )
    reader.finish()
    if listed and not is_zone(line.zone):
        raise reader.error("zone", f"{line.zone!r} is not an IANA zone", "write for example Europe/London")
    if date.fromisoformat(line.review_by) - date.fromisoformat(line.reviewed_on) > timedelta(days=_REVIEW_DAYS):
        raise reader.error("review_by", f"is more than {_REVIEW_DAYS} days after reviewed_on", "name an earlier day")
    return line


def _way(reader: Reader) -> Way:
    way = Way(reader.code("channel", HelpChannel), reader.text("value"))
    reader.finish()
    return way


def _opening(reader: Reader) -> Opening:
    opening = Opening(reader.codes("days", Day), _minutes(reader, "from"), _minutes(reader, "to"))
    reader.finish()
    return opening


def _minutes(reader: Reader, key: str) -> int:
    hour, colon, minute = reader.text(key).partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and int(hour) * 60 + int(minute) <= 24 * 60):
        raise reader.error(key, "is not a time of day", 'write it in quotes, for example "18:00" or "24:00"')
    return int(hour) * 60 + int(minute)


def _is_open(opening: Opening, local: datetime) -> bool:
    minute, today = local.hour * 60 + local.minute, _DAYS[local.weekday()]
    if opening.since < opening.until:
        return today in opening.days and opening.since <= minute < opening.until
    yesterday = _DAYS[local.weekday() - 1]
    return (today in opening.days and minute >= opening.since) or (yesterday in opening.days and minute < opening.until)
