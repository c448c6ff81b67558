"""A credential: licence, registration, certificate and the like, with its issuer and dates, and what became of it.

What was reported (dates, standings, verifications) is kept apart from what follows from it (`state_at`). A fact has
two times: since when it holds, and when it was recorded; so it can be asked what was known on any day. Dates are
local days of the issuing jurisdiction, `until` being the last day, as licences print it. Nothing is edited: a
correction is a further fact.

    recorded ──confirmed──▶ verified ──the last day ends──▶ expired
        └──────refused────▶ refused        (encumbered, ended: by a standing, from a day on)
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from services.contracts.licensing import CredentialRecorded, VerificationRecorded
from services.contracts.practice.days import begins, next_day, parse_date
from services.contracts.vocabulary import (
    CredentialKind,
    CredentialStatus,
    Mender,
    Profession,
    ReasonCode,
    SourceKind,
    StandingKind,
    Truth,
)
from services.kernel.errors import Invalid
from services.kernel.events import Entry
from services.kernel.fields import Id, PersonId, Place
from services.kernel.time import Instant, LocalDate
from services.licensing.domain.jurisdiction import zone_of
from services.licensing.domain.verification import Verification

_ENDS: frozenset[StandingKind] = frozenset({"surrendered"})
_RESTRICTS: frozenset[StandingKind] = frozenset({"encumbered", "suspended"})
_EARLIEST, _LATEST = (
    date(1900, 1, 1),
    date(2200, 12, 31),
)  # so that their instants, and what is counted from them, exist
DISCIPLINE: frozenset[StandingKind] = frozenset({"encumbered", "suspended", "disciplined"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What an authority did, or was asked to do, with a credential: on the days since..until (last day; None: open)."""

    kind: StandingKind
    since: LocalDate
    until: LocalDate | None
    recorded_at: Instant


@dataclass(frozen=True, slots=True)
class State:
    """What follows at one instant from what was known at another: status, whether it counts, why not, who can mend."""

    status: CredentialStatus
    counts: Truth
    code: ReasonCode
    mender: Mender


@dataclass(frozen=True, slots=True)
class Credential:
    """One credential with everything reported of it, in the order in which it was recorded."""

    id: Id
    counselor: PersonId
    kind: CredentialKind
    profession: Profession
    issuer: str
    jurisdiction: Place
    since: LocalDate
    until: LocalDate | None
    source_kind: SourceKind
    recorded_by: PersonId
    recorded_at: Instant
    verifications: tuple[Verification, ...] = ()
    standings: tuple[Standing, ...] = ()

    def state_at(self, at: Instant, known_at: Instant, renewal_deems: bool = False) -> State:
        """The state at `at`, from what had been recorded by `known_at`; refusals come before doubts."""
        kinds = {s.kind for s in self.standings if s.recorded_at <= known_at and self._stands(s, at)}
        deemed = renewal_deems and "renewal_applied" in kinds
        looks = (look for look in reversed(self.verifications) if look.recorded_at <= known_at)
        newest = max(looks, key=lambda look: look.looked_at, default=None)  # of two at one time the one recorded last
        if kinds & _ENDS:
            return State("ended", "no", "ended", "counselor")
        if kinds & _RESTRICTS:
            return State("encumbered", "no", "encumbered", "authority")
        if at < self.begins():
            return State("not_begun", "no", "not_yet_valid", "nobody")
        if self.is_over(at) and not deemed:
            return State("expired", "no", "expired", "counselor")
        return self._looked_at(newest, at)

    def begins(self) -> Instant:
        """The first instant of its first day."""
        return self._start(self.since)

    def ends(self) -> Instant | None:
        """The instant at which its last day is over; None if it bears no last day."""
        return None if self.until is None else self._end(self.until)

    def is_over(self, at: Instant) -> bool:
        """Is its last day over at `at`?"""
        ends = self.ends()
        return ends is not None and at >= ends

    def moments(self) -> tuple[Instant, ...]:
        """Every instant at which `state_at` may change by time alone."""
        found = [self.begins(), self.ends(), *(v.valid_until for v in self.verifications)]
        for standing in self.standings:
            found += [self._start(standing.since), self._end(standing.until) if standing.until else None]
        return tuple(moment for moment in found if moment is not None)

    def _looked_at(self, look: Verification | None, at: Instant) -> State:
        if look is None or look.verdict == "unclear":
            return State("recorded", "unknown", "not_verified", "verifier")
        if look.verdict == "refused":
            return State("refused", "no", "verification_refused", "counselor")
        if at >= look.valid_until:
            return State("lapsed", "unknown", "verification_lapsed", "verifier")
        return State("verified", "yes", "holds", "nobody")

    def _stands(self, standing: Standing, at: Instant) -> bool:
        if at < self._start(standing.since):
            return False
        return standing.until is None or at < self._end(standing.until)

    def _start(self, day: LocalDate) -> Instant:
        return begins(parse_date(day), zone_of(self.jurisdiction))

    def _end(self, day: LocalDate) -> Instant:
        return begins(next_day(parse_date(day)), zone_of(self.jurisdiction))


def check_dates(since: LocalDate, until: LocalDate | None, jurisdiction: Place) -> None:
    """Raise Invalid unless the days are days that a credential may bear, in order, and the jurisdiction has a known
    zone."""
    zone_of(jurisdiction)
    try:
        first = parse_date(since)
        last = parse_date(until) if until is not None else first
    except ValueError as error:
        raise Invalid(str(error), help="Copy the dates as the credential prints them") from None
    if last < first:
        raise Invalid(f"{until} is before {since}", help="The last day cannot come before the first day")
    if first < _EARLIEST or last > _LATEST:
        detail = f"The days of a credential lie between {_EARLIEST} and {_LATEST}"
        raise Invalid(detail, help="Copy the dates as the credential prints them; without a last day, leave it out")


def is_later(since: LocalDate, until: LocalDate | None, held_since: LocalDate, held_until: LocalDate | None) -> bool:
    """Is since..until a later period than the one held: begun no earlier, and begun or ending later?"""
    ends_later = held_until is not None and (until is None or until > held_until)
    return since > held_since or (since == held_since and ends_later)


def evolve(state: Credential | None, entry: Entry[Any]) -> Credential | None:
    """The credential after one more entry of its stream; entries of other types change nothing."""
    event = entry.data
    if isinstance(event, CredentialRecorded):
        return _recorded(event, entry.time)
    if isinstance(event, VerificationRecorded) and state is not None:
        look = Verification(
            credential=event.credential,
            verifier=event.verifier,
            verdict=event.verdict,
            source=event.source,
            looked_at=event.looked_at,
            valid_until=event.valid_until,
            recorded_at=entry.time,
        )
        return replace(state, verifications=(*state.verifications, look))
    return state


def _recorded(event: CredentialRecorded, at: Instant) -> Credential:
    return Credential(
        id=event.credential,
        counselor=event.counselor,
        kind=event.kind,
        profession=event.profession,
        issuer=event.issuer,
        jurisdiction=event.jurisdiction,
        since=event.since,
        until=event.until,
        source_kind=event.source,
        recorded_by=event.recorded_by,
        recorded_at=at,
    )
