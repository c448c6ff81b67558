"""Counting contacts against a quota, in days of the client's place.

The contact that is being judged counts as one more. A quota holds if it is kept in every window that the contact
would lie in.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from services.contracts.practice.clearance import Quota
from services.contracts.practice.days import day_at
from services.contracts.practice.facts import Contact, Facts
from services.kernel.fields import PersonId
from services.kernel.time import Instant, Zone

_Entry = tuple[date, PersonId]  # the local day of a contact, and its client


def quota_holds(quota: Quota, facts: Facts, contacts: tuple[Contact, ...], zone: Zone, at: Instant) -> bool:
    """Would one more contact at `at` keep within `quota`?"""
    today = day_at(at, zone)
    entries = [(day_at(c.at, zone), c.client) for c in contacts if _counts(quota, facts, c)]
    return all(_measure(quota, w, today, facts.client) <= quota.at_most for w in _windows(quota, entries, today))


def quota_days(quota: Quota, facts: Facts, contacts: tuple[Contact, ...], zone: Zone) -> Iterator[date]:
    """Every local day on which the answer of `quota_holds` may change (some of them may turn out not to matter)."""
    for contact in contacts:
        if not _counts(quota, facts, contact):
            continue
        day = day_at(contact.at, zone)
        offsets = {0, 1}
        if quota.per == "week":
            offsets |= {-6, 7}
        if quota.unit == "consecutive_days":
            offsets |= {1 - quota.at_most, quota.at_most}
        yield from (day + timedelta(days=n) for n in offsets)
        if quota.per == "calendar_year":
            yield from (date(day.year, 1, 1), date(day.year + 1, 1, 1))


def _counts(quota: Quota, facts: Facts, contact: Contact) -> bool:
    same_counselor, same_client = contact.counselor == facts.counselor, contact.client == facts.client
    if quota.of == "counselor":
        return same_counselor
    return same_client if quota.of == "client" else same_counselor and same_client


def _windows(quota: Quota, entries: list[_Entry], today: date) -> list[list[_Entry]]:
    if quota.per == "lifetime":
        return [entries]
    if quota.per == "calendar_year":
        return [[e for e in entries if e[0].year == today.year]]
    starts = [today - timedelta(days=n) for n in range(7)]
    return [[e for e in entries if start <= e[0] < start + timedelta(days=7)] for start in starts]


def _measure(quota: Quota, entries: list[_Entry], today: date, client: PersonId) -> int:
    days = {day for day, _ in entries} | {today}
    if quota.unit == "sessions":
        return len(entries) + 1
    if quota.unit == "calendar_days":
        return len(days)
    if quota.unit == "consecutive_days":
        return (max(days) - min(days)).days + 1
    return len({who for _, who in entries} | {client})
