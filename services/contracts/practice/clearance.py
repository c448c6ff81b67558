"""What licensing tells: clearances and place rules, the law resolved for one counselor, profession and place.

A *clearance* lists every lawful way to practise (`Route`) with its time, what must still be true of the single
contact (`Condition`) and what the counselor owes (`obligations`); and every way that is shut (`Blocked`), and why.
A *ground* says that what no route allows is forbidden; without a ground, what no route allows is not known.

All intervals are half-open, [since, until), as instants; `until` is None where no end is enacted. These classes
travel inside events, so they hold only text, whole numbers, booleans, None and each other.
"""

from dataclasses import dataclass

from services.contracts.vocabulary import (
    ConditionKind,
    ConsentMatter,
    Mender,
    Obligation,
    Profession,
    QuotaOf,
    QuotaPer,
    QuotaUnit,
    ReasonCode,
    RecordingConsent,
    RetentionStart,
    RouteKind,
)
from services.kernel.fields import Code, Counselor, Hash, Id, Place
from services.kernel.time import Instant, LocalDate, Zone

_NONE = Code("")


@dataclass(frozen=True, slots=True)
class RuleRef:
    """Which rule was used: its id, the edition of its file, and the local date since which that version counts."""

    rule: Id
    edition: int
    since: LocalDate


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: a code, the fact compared (an id, a code, or codes of which any would do, joined by `/`; empty if
    none), the rule, and who can mend it."""

    code: ReasonCode
    fact: Code = _NONE
    rule: RuleRef | None = None
    mender: Mender = "nobody"


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `at_most` units in each window, counted over the contacts of the counselor, the client or the pair.

    sessions: contacts. calendar_days: days with a contact. consecutive_days: days from the first contact of the
    window to the last, both counted. clients: different clients. A week is any seven days in a row.
    """

    at_most: int
    unit: QuotaUnit
    per: QuotaPer
    of: QuotaOf = "counselor"


@dataclass(frozen=True, slots=True)
class Condition:
    """What only the single contact can answer. `one_of` holds codes or places, by kind:

    modality, counselor_place, act: the contact's is one of these. consent, attestation: this one was given.
    client_age: `at_least` full years. quota: `quota`. existing_client: the client was theirs before.
    """

    kind: ConditionKind
    one_of: tuple[Code, ...] = ()
    at_least: int = 0
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One lawful way. It is open at an instant in [since, until) if every condition holds and nothing is in doubt.

    `doubts` are reasons for which the route cannot be said to hold (a credential not verified yet, a rule past its
    review): with a doubt a route is at most *unknown*.
    """

    kind: RouteKind
    since: Instant
    until: Instant | None
    conditions: tuple[Condition, ...]
    obligations: tuple[Obligation, ...]
    sources: tuple[RuleRef, ...]
    credentials: tuple[Id, ...] = ()
    doubts: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """A way that is shut in [since, until), whatever the contact, with every reason at once."""

    kind: RouteKind
    since: Instant
    until: Instant | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """In [since, until), where its conditions hold, what no route allows is forbidden: a licence or title rule."""

    since: Instant
    until: Instant | None
    reason: Reason
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Prohibition:
    """In [since, until), where its conditions hold, no route helps."""

    since: Instant
    until: Instant | None
    reason: Reason
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Clearance:
    """All that the law lets this counselor do, in this profession, for clients in this place.

    `revision` counts up each time it is published; `next_change` is the next instant at which a route opens or shuts
    by time alone. `zone` is the place's IANA zone: days are counted in it.
    """

    clearance: Id
    revision: int
    counselor: Counselor
    profession: Profession
    place: Place
    zone: Zone
    routes: tuple[Route, ...]
    blocked: tuple[Blocked, ...]
    grounds: tuple[Ground, ...]
    prohibitions: tuple[Prohibition, ...]
    ruleset_hash: Hash
    next_change: Instant | None = None

    def edges(self) -> set[Instant]:
        """Every instant at which a part of the clearance begins or ends."""
        spans = [(r.since, r.until) for r in self.routes] + [(b.since, b.until) for b in self.blocked]
        spans += [(g.since, g.until) for g in self.grounds] + [(p.since, p.until) for p in self.prohibitions]
        return {edge for span in spans for edge in span if edge is not None}


@dataclass(frozen=True, slots=True)
class ConsentAge:
    """From `at_least` full years a client may consent alone if the conditions hold; a guardian may always."""

    matter: ConsentMatter
    since: Instant
    until: Instant | None
    at_least: int
    conditions: tuple[Condition, ...]
    source: RuleRef
    doubts: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """Whose yes a recording needs in [since, until)."""

    since: Instant
    until: Instant | None
    consent: RecordingConsent
    source: RuleRef


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a record is kept: `years` after the start; where several count, the longest.

    `start` is last_contact, or age: then the years begin when the client reaches `age` full years.
    """

    since: Instant
    until: Instant | None
    years: int
    start: RetentionStart
    age: int
    source: RuleRef


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """What binds every contact with a client in this place, whoever counsels."""

    place: Place
    zone: Zone
    consent_ages: tuple[ConsentAge, ...]
    recording: tuple[Recording, ...]
    retention: tuple[Retention, ...]
    ruleset_hash: Hash


def place_chain(place: Place) -> tuple[Place, ...]:
    """The place and what it lies in, the nearest first: GB-SCT, GB (ISO 3166-2 and 3166-1)."""
    country = Place(place.split("-", 1)[0])
    return (place,) if place == country else (place, country)


def covers(since: Instant, until: Instant | None, at: Instant) -> bool:
    """Is the instant `at` in [since, until)?"""
    return since <= at and (until is None or at < until)
