"""Short ways to write rules, credentials and questions for the tests of licensing and of `judge`."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.contracts.practice import (
    Attestation,
    Clearance,
    Consent,
    Contact,
    Decision,
    Facts,
    PlaceRules,
    judge,
)
from services.contracts.vocabulary import Profession
from services.kernel.fields import Hash, Id, PersonId, Place
from services.kernel.time import Instant, LocalDate, instant
from services.licensing.domain.adoption import Adoption, Adoptions
from services.licensing.domain.clearance import AsOf, Subject, derive
from services.licensing.domain.credential import Credential, Standing
from services.licensing.domain.place_rules import derive_place_rules
from services.licensing.domain.profile import Home, Profile
from services.licensing.domain.requirement import Holder
from services.licensing.domain.rule import Rule
from services.licensing.domain.rule_file import parse_rule
from services.licensing.domain.verification import Verification

LONG_AGO = Instant("2000-01-01T00:00:00.000000Z")
LATER = Instant("2029-01-01T00:00:00.000000Z")
MIRA = PersonId("mira")
DEWI = PersonId("dewi")
SOURCE = {
    "cite": "a statute",
    "checked_on": date(2026, 11, 24),
    "checked_by": "a person",
    "review_by": date(2030, 1, 1),
    "confidence": "V",
}
ZONES = {
    "US-AZ": "America/Phoenix",
    "US-CA": "America/Los_Angeles",
    "US-HI": "Pacific/Honolulu",
    "CA-ON": "America/Toronto",
    "CA-AB": "America/Edmonton",
    "GB": "Europe/London",
    "GB-SCT": "Europe/London",
    "ID": "Asia/Jakarta",
    "MY": "Asia/Kuala_Lumpur",
    "US-IL": "America/Chicago",
    "US-CO": "America/Denver",
}


def rule_dict(place: str, kind: str, *versions: dict[str, Any], name: str = "rule", **more: Any) -> dict[str, Any]:
    """The YAML shape of a rule; a version that names no source, start or end gets one."""
    defaults = {"from": date(2000, 1, 1), "to": "open", "source": SOURCE}
    shape = {
        "id": f"{place.lower()}.{name}",
        "jurisdiction": place,
        "kind": kind,
        "title": "a rule",
        "locus": "client",
        "zone": ZONES.get(place, "America/New_York"),
        "versions": [defaults | version for version in versions or ({},)],
    }
    if kind not in ("minor_consent", "digital_consent", "recording_duty", "retention_duty"):
        shape["professions"] = ["counselor", "psychologist", "clinical_social_worker", "psychotherapist"]
    return shape | more


def rule(place: str, kind: str, *versions: dict[str, Any], name: str = "rule", **more: Any) -> Rule:
    """A parsed rule, from the same arguments."""
    return parse_rule(rule_dict(place, kind, *versions, name=name, **more), f"{place}/{name}.yaml")


def adults_only(place: str) -> Rule:
    """From 18 a client consents alone."""
    return rule(place, "minor_consent", {"alone": [{"from_age": 18}]}, name="minors")


def online_from(place: str, age: int = 13) -> Rule:
    """From this age a client consents alone to an online service."""
    return rule(place, "digital_consent", {"alone": [{"from_age": age}]}, name="digital")


def licensed(place: str, **version: Any) -> Rule:
    """A licence of the place is required."""
    needs = [{"credential": "licence", "issuer": place}]
    return rule(place, "licence_required", {"requires": needs} | version, name="own-licence")


def adopt(rules: Iterable[Rule], at: Instant = LONG_AGO) -> Adoptions:
    """All of them adopted at `at`."""
    return tuple(Adoption(each.id, each.edition, PersonId("operator"), Hash("read"), at) for each in rules)


def credential(
    kind: str,
    place: str,
    since: str = "2020-01-01",
    until: str | None = None,
    *,
    profession: Profession = "counselor",
    verdict: str | None = "confirmed",
    standings: tuple[Standing, ...] = (),
    recorded_at: Instant = LONG_AGO,
    valid_until: Instant = LATER,
    id: str = "",
) -> Credential:
    """A credential of Mira's, verified by somebody else unless told otherwise."""
    name = Id(id or f"{kind}-{place}")
    look: Any = (name, PersonId("vera"), verdict, "the register", recorded_at, valid_until, recorded_at)
    made: Any = Credential
    credential: Credential = made(
        id=name,
        counselor=MIRA,
        kind=kind,
        profession=profession,
        issuer="an authority",
        jurisdiction=Place(place),
        since=LocalDate(since),
        until=LocalDate(until) if until else None,
        source_kind="document",
        recorded_by=MIRA,
        recorded_at=recorded_at,
        standings=standings,
        verifications=() if verdict is None else (Verification(*look),),
    )
    return credential


def holder(
    *credentials: Credential, home: str | None = "US-AZ", professions: tuple[str, ...] = ("counselor",)
) -> Holder:
    """Mira, with these credentials."""
    homes = (Home(Place(home), LONG_AGO, LONG_AGO),) if home else ()
    return Holder(Profile(MIRA, professions, (), homes), credentials)  # type: ignore[arg-type]


def clearance(
    who: Holder,
    rules: Iterable[Rule],
    place: str,
    profession: Profession = "counselor",
    *,
    known_at: Instant = LATER,
    facts_at: Instant | None = None,
    rules_at: Instant | None = None,
    adoptions: Adoptions | None = None,
) -> Clearance:
    """Mira's clearance, every rule adopted unless told otherwise."""
    rules = tuple(rules)
    subject = Subject(Id(f"clearance-{profession}-{place}"), profession, Place(place))
    as_of = AsOf(known_at, known_at, facts_at, rules_at)
    return derive(subject, who, rules, adopt(rules) if adoptions is None else adoptions, as_of)


def place_rules(rules: Iterable[Rule], place: str) -> PlaceRules:
    """The place's rules, every rule adopted."""
    rules = tuple(rules)
    return derive_place_rules(Place(place), rules, adopt(rules), AsOf(LATER, LATER))


def facts(place: str | None, **known: Any) -> Facts:
    """An adult, ordinary video contact with an existing client, nothing counted yet; override what differs."""
    ordinary: dict[str, Any] = {
        "counselor": MIRA,
        "client": DEWI,
        "salt": "5a" * 32,
        "client_place": place,
        "counselor_place": "US-AZ",
        "modality": "video",
        "act": "counselling",
        "client_birth_date": "1990-05-17",
        "guardian": False,
        "existing_client": True,
        "contacts": (),
    }
    return Facts(**(ordinary | known))


def ask(
    who: Holder, rules: Iterable[Rule], place: str, at: Instant, profession: Profession = "counselor", **known: Any
) -> Decision:
    """The whole way: derive Mira's clearance and the place rules from `rules`, then judge."""
    rules = tuple(rules)
    return judge([clearance(who, rules, place, profession)], place_rules(rules, place), facts(place, **known), at)


def local(text: str, zone: str) -> Instant:
    """The instant of a local time `2026-11-24 10:00` in `zone`."""
    return instant(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)))


def contact(at: Instant, client: PersonId = DEWI, counselor: PersonId = MIRA) -> Contact:
    """Another contact that counts."""
    return Contact(at, counselor, client)


def gave(*kinds: Any) -> tuple[Consent, ...]:
    """Consents given."""
    return tuple(Consent(kind, True) for kind in kinds)


def attests(*kinds: Any, true: bool = True) -> tuple[Attestation, ...]:
    """Statements, true unless told otherwise."""
    return tuple(Attestation(kind, true) for kind in kinds)


def codes(decision: Decision) -> set[str]:
    """The codes of the decision's reasons."""
    return {reason.code for reason in decision.reasons}
