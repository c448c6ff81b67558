"""One requirement of a rule against what is known of a counselor: does it hold at an instant, and by which credential.

A requirement that no credential meets is refused; one that only an unverified credential could meet is in doubt.
"""

from dataclasses import dataclass

from services.contracts.practice import Reason, RuleRef
from services.contracts.practice.days import begins, months_later, parse_date
from services.contracts.practice.kleene import any_of
from services.contracts.vocabulary import Profession, Truth
from services.kernel.fields import Code, Id, Place
from services.kernel.time import Instant
from services.licensing.domain.credential import DISCIPLINE, Credential, Standing, State
from services.licensing.domain.jurisdiction import matches, zone_of
from services.licensing.domain.profile import Profile
from services.licensing.domain.rule import CleanRecord, CredentialNeeded, HomeIn, Requirement


@dataclass(frozen=True, slots=True)
class Holder:
    """What is known of a counselor: profile and credentials."""

    profile: Profile
    credentials: tuple[Credential, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A requirement's truth, the reasons against it (none if yes), and the credentials on which it rests."""

    truth: Truth
    reasons: tuple[Reason, ...] = ()
    credentials: tuple[Id, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """The circumstances of one check: for whom, under which rule, at which instant, by what was known when."""

    holder: Holder
    profession: Profession
    place: Place
    rule: RuleRef
    at: Instant
    known_at: Instant

    def home(self) -> Place | None:
        """Where the counselor lives then."""
        return self.holder.profile.home_at(self.at, self.known_at)

    def known_credentials(self) -> tuple[Credential, ...]:
        """The credentials that had been recorded by then."""
        return tuple(c for c in self.holder.credentials if c.recorded_at <= self.known_at)


def check(requirement: Requirement, asked: Asked) -> Check:
    """Does the counselor meet `requirement`?"""
    if isinstance(requirement, CredentialNeeded):
        return _credential(requirement, asked)
    return _clean(requirement, asked) if isinstance(requirement, CleanRecord) else _home_in(requirement, asked)


def requirement_moments(requirement: Requirement, holder: Holder) -> set[Instant]:
    """Every instant at which the answer of `check` may change by time alone."""
    found = {home.since for home in holder.profile.homes}
    for credential in holder.credentials:
        found.update(credential.moments())
        if isinstance(requirement, CredentialNeeded) and requirement.lasts_months:
            found.add(_cap(credential, requirement.lasts_months))
        if isinstance(requirement, CleanRecord):
            found.update(_forgotten(credential, standing, requirement.months) for standing in credential.standings)
    return found


def _credential(needed: CredentialNeeded, asked: Asked) -> Check:
    """Every credential that fits is looked at; the best answer counts, and of a no every reason is told."""
    home = asked.home()
    if home is None and "home" in needed.issuers:
        return Check("unknown", (Reason("home_unknown", rule=asked.rule, mender="counselor"),))
    fitting = [c for c in asked.known_credentials() if _fits(c, needed, asked, home)]
    states = [(credential, _state(credential, needed, asked)) for credential in fitting]
    truth: Truth = any_of(state.counts for _, state in states)
    if truth == "no" and not states:
        return Check("no", (Reason("no_credential", Code("/".join(needed.kinds)), asked.rule, "counselor"),))
    bearing = tuple(credential.id for credential, state in states if state.counts == truth and truth != "no")
    if truth == "yes":
        return Check(truth, credentials=bearing)
    against = (Reason(s.code, Code(c.id), asked.rule, s.mender) for c, s in states if s.counts == truth)
    return Check(truth, tuple(against), bearing)


def _fits(credential: Credential, needed: CredentialNeeded, asked: Asked, home: Place | None) -> bool:
    if credential.kind not in needed.kinds or credential.profession != asked.profession:
        return False
    return any(_issued_by(credential.jurisdiction, pattern, asked.place, home) for pattern in needed.issuers)


def _issued_by(jurisdiction: Place, pattern: str, place: Place, home: Place | None) -> bool:
    if pattern == "home":
        return home is not None and jurisdiction == home
    if pattern == "elsewhere":
        return not matches(jurisdiction, place)
    return matches(jurisdiction, pattern)


def _state(credential: Credential, needed: CredentialNeeded, asked: Asked) -> State:
    state = credential.state_at(asked.at, asked.known_at, needed.renewal_deems)
    if state.counts != "no" and needed.lasts_months and asked.at >= _cap(credential, needed.lasts_months):
        return State("expired", "no", "expired", "nobody")
    return state


def _cap(credential: Credential, months: int) -> Instant:
    return begins(months_later(parse_date(credential.since), months), zone_of(credential.jurisdiction))


def _clean(needed: CleanRecord, asked: Asked) -> Check:
    """Discipline counts until `months` after the day on which it began, in the zone of its own authority."""
    found = []
    for credential in asked.known_credentials():
        zone = zone_of(credential.jurisdiction)
        for standing in credential.standings:
            known = standing.recorded_at <= asked.known_at and standing.kind in DISCIPLINE
            begun = begins(parse_date(standing.since), zone) <= asked.at
            if known and begun and asked.at < _forgotten(credential, standing, needed.months):
                found.append(Reason("disciplined", Code(credential.id), asked.rule, "authority"))
    return Check("no", tuple(found)) if found else Check("yes")


def _forgotten(credential: Credential, standing: Standing, months: int) -> Instant:
    return begins(months_later(parse_date(standing.since), months), zone_of(credential.jurisdiction))


def _home_in(needed: HomeIn, asked: Asked) -> Check:
    home = asked.home()
    if home is None:
        return Check("unknown", (Reason("home_unknown", rule=asked.rule, mender="counselor"),))
    if any(matches(home, pattern) for pattern in needed.places):
        return Check("yes")
    return Check("no", (Reason("home_elsewhere", Code(home), asked.rule),))
