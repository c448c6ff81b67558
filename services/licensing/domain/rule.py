"""A rule: what one jurisdiction, or the network for it, demands of a kind of practice; dated, and with its source.

A rule has versions that follow one another in time, half-open in local dates of the rule's zone. `end` keeps apart
what is easily confused: *dated* (ends then), *open* (no end is enacted), *unknown* (an end is to be expected; the
version is certain only up to the day on which it was checked). `edition` counts corrections of the file itself.

Shape after OpenFisca's dated parameters and LegalRuleML's words (in force, in operation).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from services.contracts.practice import Condition, RuleRef
from services.contracts.practice.days import begins, next_day, parse_date
from services.contracts.vocabulary import (
    Confidence,
    ConsentMatter,
    CredentialKind,
    Obligation,
    Profession,
    RecordingConsent,
    RetentionStart,
)
from services.kernel.codec import dumps, to_plain
from services.kernel.fields import Hash, Id, Place
from services.kernel.time import Instant, LocalDate, Zone

RuleKind = Literal[
    "licence_required",
    "title_only",
    "voluntary_register",
    "registration_route",
    "compact_privilege",
    "temporary_practice",
    "supervision",
    "minor_consent",
    "digital_consent",
    "recording_duty",
    "retention_duty",
]
PLACE_KINDS: frozenset[RuleKind] = frozenset({"minor_consent", "digital_consent", "recording_duty", "retention_duty"})
Locus = Literal["client", "practitioner", "both", "title"]
End = Literal["dated", "open", "unknown"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a version comes from, who read it when, and until when it may be relied on (a local date, inclusive)."""

    cite: str
    url: str | None
    checked_on: LocalDate
    checked_by: str
    review_by: LocalDate
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class CredentialNeeded:
    """A verified credential in force: one of `kinds`, from a jurisdiction that fits one of `issuers`.

    An issuer is a place pattern, `home` (where the counselor lives) or `elsewhere` (not the rule's own place).
    `renewal_deems`: an application to renew keeps it in force. `lasts_months`: it counts no longer than that.
    """

    kinds: tuple[CredentialKind, ...]
    issuers: tuple[str, ...]
    renewal_deems: bool = False
    lasts_months: int | None = None


@dataclass(frozen=True, slots=True)
class CleanRecord:
    """No discipline of any credential within so many months."""

    months: int


@dataclass(frozen=True, slots=True)
class HomeIn:
    """The counselor lives in a place that fits one of these patterns."""

    places: tuple[str, ...]


Requirement = CredentialNeeded | CleanRecord | HomeIn


@dataclass(frozen=True, slots=True)
class OwnConsent:
    """From `at_least` full years a client consents alone, if all holds. `known` False: not settled."""

    matter: ConsentMatter
    at_least: int
    conditions: tuple[Condition, ...]
    known: bool


@dataclass(frozen=True, slots=True)
class Keeping:
    """A record is kept `years` after its start: the last contact, or the client's reaching `age`."""

    years: int
    start: RetentionStart
    age: int


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """What the rule says in [since, until). `known` False: that there is a rule is known, what it says is not.

    `operational_from` None: in operation since `since`; empty text: enacted, not begun.
    """

    since: LocalDate
    until: LocalDate | None
    end: End
    known: bool
    operational_from: LocalDate | None
    protected: bool
    requires: tuple[Requirement, ...]
    conditions: tuple[Condition, ...]
    applies_to: tuple[Condition, ...]
    forbids: tuple[Condition, ...]
    obligations: tuple[Obligation, ...]
    consent: tuple[OwnConsent, ...]
    recording: RecordingConsent | None
    keeping: tuple[Keeping, ...]
    source: Source

    @property
    def never_begun(self) -> bool:
        """Enacted, and no day named on which it begins."""
        return self.operational_from == ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule file. `network` True: not law, but the network's own standard for a place.

    `locus`: whose place decides whether it binds. client: that of the client. practitioner: that of the counselor, so
    it says nothing of who serves its people from elsewhere, and binds who lives there whomever they serve. both: either
    of the two. title: who bears the title towards clients there.
    """

    id: Id
    jurisdiction: Place
    kind: RuleKind
    title: str
    professions: tuple[Profession, ...]
    locus: Locus
    zone: Zone
    edition: int
    network: bool
    versions: tuple[RuleVersion, ...]

    def version_at(self, at: Instant) -> RuleVersion | None:
        """The version in force at the instant `at`, counted in the rule's own zone."""
        return next((v for v in self.versions if self.since(v) <= at and not self._over(v, at)), None)

    def since(self, version: RuleVersion) -> Instant:
        """The first instant of a version."""
        return self._begins(version.since)

    def until(self, version: RuleVersion) -> Instant | None:
        """The instant at which a version is over; None where no end is dated."""
        return None if version.until is None else self._begins(version.until)

    def in_operation(self, version: RuleVersion, at: Instant) -> bool:
        """Has the version begun to work at `at`? Enacted, in force and in operation are three different days."""
        if version.never_begun:
            return False
        return version.operational_from is None or at >= self._begins(version.operational_from)

    def stale_from(self, version: RuleVersion) -> Instant:
        """The first instant at which the version's source should have been read again."""
        return self._after(version.source.review_by)

    def doubtful_from(self, version: RuleVersion) -> Instant | None:
        """The first instant at which a version with an unknown end is no longer certain; None for other ends."""
        return self._after(version.source.checked_on) if version.end == "unknown" else None

    def moments(self) -> tuple[Instant, ...]:
        """Every instant at which the rule's own dates change what it says."""
        found = set()
        for v in self.versions:
            found |= {self.since(v), self.until(v), self.stale_from(v), self.doubtful_from(v)}
            if v.operational_from:
                found.add(self._begins(v.operational_from))
        return tuple(sorted(moment for moment in found if moment is not None))

    def ref(self, version: RuleVersion) -> RuleRef:
        """How a decision names this version."""
        return RuleRef(self.id, self.edition, version.since)

    def _over(self, version: RuleVersion, at: Instant) -> bool:
        until = self.until(version)
        return until is not None and at >= until

    def _begins(self, day: LocalDate) -> Instant:
        return begins(parse_date(day), self.zone)

    def _after(self, day: LocalDate) -> Instant:
        return begins(next_day(parse_date(day)), self.zone)


def zone_in(place: Place, rules: Iterable[Rule]) -> Zone | None:
    """The zone that a rule of this very place names; None where there is none."""
    return next((rule.zone for rule in rules if rule.jurisdiction == place), None)


def ruleset_hash(rules: tuple[Rule, ...]) -> Hash:
    """SHA-256 over the canonical JSON of the rules, sorted by id: the same rules in any order give the same hash."""
    ordered = sorted(rules, key=lambda rule: (rule.id, rule.edition))
    return Hash(sha256(b"amanah/ruleset/v1\n" + dumps(to_plain(tuple(ordered)))).hexdigest())


def source_hash(rule: Rule) -> Hash:
    """SHA-256 over the source blocks of all versions: what a person confirms to have read when they adopt the rule."""
    sources = tuple(version.source for version in rule.versions)
    return Hash(sha256(b"amanah/sources/v1\n" + dumps(to_plain(sources))).hexdigest())
