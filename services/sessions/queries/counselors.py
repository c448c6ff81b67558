"""Who counsels for a clinic, and what the law lets them do, as far as it was told to this service.

Who is parked counts as closed: where an event about a counselor could not be applied, nothing is known of them any
more, so no clearance of theirs is used until somebody looked (``amanah parked``). An event that cannot be read tells
whom it is about by the name of its stream; where that cannot be read either, everybody counts as closed.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import RowMapping, Select, select

from services.contracts.practice import Clearance, PlaceRules, place_chain
from services.kernel.codec import decode, from_plain
from services.kernel.events import UnknownVersion, persons_of
from services.kernel.fields import PersonId, Place
from services.kernel.store.tables import parked
from services.kernel.time import Instant
from services.kernel.work import Work
from services.sessions.readmodels.tables import clearances, clinics, memberships, place_rules, profiles


@dataclass(frozen=True, slots=True)
class Closed:
    """Whom something is about that could not be applied here. ``everybody``: of something nobody can tell whom."""

    persons: frozenset[str]
    everybody: bool

    def __contains__(self, person: object) -> bool:
        return self.everybody or person in self.persons


@dataclass(frozen=True, slots=True)
class Counselor:
    """A counselor of a clinic, under their professional name."""

    account: PersonId
    name: str
    languages: tuple[str, ...]


def counselors_of(work: Work, clinic: str) -> list[Counselor]:
    """Who counsels for this clinic now, by name."""
    found = {row["account"]: row for row in work.query(_active(work.now).where(memberships.c.clinic == clinic))}
    spoken = work.query(select(profiles).where(profiles.c.counselor.in_(found)))
    languages = {row["counselor"]: tuple(json.loads(row["languages"])) for row in spoken}
    made = [Counselor(PersonId(a), row["name"], languages.get(a, ())) for a, row in found.items()]
    return sorted(made, key=lambda each: (each.name.casefold(), each.account))


def is_counselor_of(work: Work, clinic: str, account: str) -> bool:
    """Whether this person counsels for the clinic now."""
    where = (memberships.c.clinic == clinic, memberships.c.account == account)
    return bool(work.query(_active(work.now).where(*where)))


def home_of(work: Work, counselor: str) -> Place | None:
    """Where the counselor lives and works from; None: not known."""
    found = work.query(select(profiles.c.home).where(profiles.c.counselor == counselor))
    return Place(found[0]["home"]) if found else None


def clearances_of(work: Work, counselor: str, place: Place) -> tuple[Clearance, ...]:
    """The newest clearances of a counselor that can count in a place; none for who is parked."""
    if counselor in parked_persons(work):
        return ()
    where = (clearances.c.counselor == counselor, clearances.c.place.in_(place_chain(place)))
    rows = work.query(select(clearances.c.body).where(*where))
    return tuple(from_plain(json.loads(row["body"]), Clearance) for row in rows)


def rules_of(work: Work, places: Iterable[Place]) -> tuple[PlaceRules, ...]:
    """For each place the rules of it, or of what it lies in; a place without any is left out."""
    wanted = {near for place in places for near in place_chain(place)}
    rows = work.query(select(place_rules).where(place_rules.c.place.in_(wanted)))
    known = {row["place"]: row["body"] for row in rows}
    nearest = {next((near for near in place_chain(place) if near in known), None) for place in places}
    return tuple(from_plain(json.loads(known[place]), PlaceRules) for place in sorted(p for p in nearest if p))


def clinic_row(work: Work, clinic: str) -> RowMapping | None:
    """What is known of a clinic: jurisdiction, zone and its retention floor."""
    found = work.query(select(clinics).where(clinics.c.clinic == clinic))
    return found[0] if found else None


def parked_persons(work: Work) -> Closed:
    """Everybody whom an event is about that could not be applied here."""
    found: set[str] = set()
    unread: set[str] = set()
    for row in work.query(select(parked.c.stream, parked.c.body)):
        try:
            found |= {person for _, person in persons_of(decode(row["body"]).data)}
        except (ValueError, UnknownVersion):
            unread.add(row["stream"])
    named = {part for stream in unread for part in stream.split("/")[2:]}  # service/noun/id, and what narrows it
    of_membership = select(memberships.c.account).where(memberships.c.membership.in_(named))
    found |= named | {row["account"] for row in work.query(of_membership)}
    return Closed(frozenset(found), everybody=any(stream.count("/") < 2 for stream in unread))


def has_parked_rules(work: Work, place: Place) -> bool:
    """Whether rules of this place, or of what it lies in, could not be applied here."""
    rules = [f"licensing/place-rules/{near}" for near in place_chain(place)]
    where = (parked.c.service == "licensing", parked.c.stream.in_(rules))
    return bool(work.query(select(parked.c.sequence).where(*where).limit(1)))


def _active(now: Instant) -> Select[tuple[str, str]]:
    """The counselor memberships that hold at ``now``."""
    return select(memberships.c.account, memberships.c.name).where(
        memberships.c.role == "counselor",
        memberships.c.since <= now,
        memberships.c.until.is_(None) | (memberships.c.until > now),
        memberships.c.ended.is_(None) | (memberships.c.ended > now),
    )
