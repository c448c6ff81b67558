"""Retention: whether a client's words may be erased now, or must be kept, until when and why.

Three things keep them: a legal hold; the rules of the places where the client was counselled and of the clinic's own;
and the floor that the clinic set itself. The longest wins. Years run from the last contact, or from the day on which
the client reaches an age. Where no counselling took place there is no record to keep: the words go at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from services.contracts.practice import PlaceRules, Retention
from services.contracts.practice.days import anniversary, begins, day_at, parse_date
from services.kernel.fields import Code
from services.kernel.time import Instant, Zone

HOLD = Code("legal_hold")
RULE = Code("retention_rule")
FLOOR = Code("clinic_floor")
AGE_UNKNOWN = Code("retention_age_unknown")


@dataclass(frozen=True, slots=True)
class Kept:
    """The words stay, until an instant (None: until that is known or lifted), on this basis."""

    basis: Code
    until: Instant | None


@dataclass(frozen=True, slots=True)
class Floor:
    """What the clinic itself promises: so many years after the last contact, days counted in its zone."""

    years: int
    zone: Zone


def keep(
    held: bool,
    last_contact: Instant | None,
    birth_date: str | None,
    rules: Iterable[PlaceRules],
    floor: Floor,
    now: Instant,
) -> Kept | None:
    """What keeps this client's words at ``now``; None: they may be erased."""
    if held:
        return Kept(HOLD, None)
    if last_contact is None:
        return None
    last = day_at(last_contact, floor.zone)
    spans = [Kept(FLOOR, begins(anniversary(last, floor.years), floor.zone))]
    for each in rules:
        spans += [_span(retention, each.zone, last_contact, birth_date) for retention in _in_force(each, now)]
    return _longest(span for span in spans if span.until is None or span.until > now)


def _in_force(rules: PlaceRules, now: Instant) -> list[Retention]:
    return [r for r in rules.retention if r.since <= now and (r.until is None or now < r.until)]


def _span(retention: Retention, zone: Zone, last_contact: Instant, birth_date: str | None) -> Kept:
    """How long one rule keeps. A rule that counts from an age keeps for good while the birth date is not known."""
    begin: date | None = day_at(last_contact, zone)
    if retention.start == "age":
        begin = anniversary(parse_date(birth_date), retention.age) if birth_date is not None else None
    if begin is None:
        return Kept(AGE_UNKNOWN, None)
    return Kept(RULE, begins(anniversary(begin, retention.years), zone))


def _longest(spans: Iterable[Kept]) -> Kept | None:
    """The span that ends last; without an end is longer than any."""
    return max(spans, key=lambda kept: (kept.until is None, kept.until or ""), default=None)
