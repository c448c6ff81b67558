"""Reading a rule from the shape of its YAML file, strictly: an unknown word or an overlap of versions is an error.

Between two versions there may be a time of which nothing is told: then the rule says nothing, so it is not known.
An error names the file, the place in it, what is wrong and what to do; nothing is guessed and nothing is ignored.
"""

from typing import Any, Literal

from services.contracts.practice import Condition, Quota
from services.contracts.practice.reading import Reader
from services.contracts.vocabulary import (
    Act,
    AttestationKind,
    ConditionKind,
    Confidence,
    ConsentKind,
    CredentialKind,
    Modality,
    Obligation,
    Profession,
    QuotaOf,
    QuotaPer,
    QuotaUnit,
    RecordingConsent,
)
from services.kernel.fields import Code, Id, Place
from services.kernel.time import LocalDate, Zone, is_zone
from services.licensing.domain.jurisdiction import is_place
from services.licensing.domain.rule import (
    PLACE_KINDS,
    CleanRecord,
    CredentialNeeded,
    End,
    HomeIn,
    Keeping,
    Locus,
    OwnConsent,
    Requirement,
    Rule,
    RuleKind,
    RuleVersion,
    Source,
)

_Content = Literal["known", "unknown"]
_CODE_CONDITIONS: tuple[tuple[str, ConditionKind, Any], ...] = (("modality", "modality", Modality), ("act", "act", Act))
_EACH_CONDITIONS: tuple[tuple[str, ConditionKind, Any], ...] = (
    ("consents", "consent", ConsentKind),
    ("attests", "attestation", AttestationKind),
)
_ROUTE_WORDS = ("requires", "provided", "applies_to", "forbids", "obligations", "protected")
_DUTY_WORDS: dict[str, str] = {
    "minor_consent": "alone",
    "digital_consent": "alone",
    "recording_duty": "recording",
    "retention_duty": "keep",
}


def parse_rule(content: Any, file: str) -> Rule:
    """The rule that `content` (the YAML of one file, loaded) holds. Raises DataFileError."""
    top = Reader.over(content, file)
    kind: RuleKind = top.code("kind", RuleKind)
    jurisdiction = top.text("jurisdiction")
    zone = top.text("zone")
    rule = Rule(
        id=Id(top.text("id")),
        jurisdiction=Place(jurisdiction),
        kind=kind,
        title=top.text("title"),
        professions=() if kind in PLACE_KINDS else top.codes("professions", Profession),
        locus=top.code("locus", Locus),
        zone=Zone(zone),
        edition=top.number("edition", default=1, least=1),
        network=top.flag("network"),
        versions=tuple(_version(each, kind) for each in top.parts("versions", needed=True)),
    )
    top.finish()
    if not is_place(jurisdiction):
        raise top.error("jurisdiction", f"{jurisdiction!r} is not an ISO 3166 code", "write for example US-AZ or GB")
    if not is_zone(zone):
        raise top.error("zone", f"{zone!r} is not an IANA zone", "write for example America/Phoenix")
    if not rule.id.startswith(f"{jurisdiction.lower()}."):
        raise top.error("id", f"{rule.id!r} does not begin with its place", f"write {jurisdiction.lower()}.some-name")
    _check_order(top, rule)
    return rule


def _check_order(top: Reader, rule: Rule) -> None:
    """Versions follow one another, at once or later; only the last may be without a dated end."""
    for number, (one, other) in enumerate(zip(rule.versions, rule.versions[1:], strict=False)):
        if one.until is None or one.until > other.since:
            help = f"end it with `to: {other.since}` or earlier"
            raise top.error(f"versions[{number}].to", f"it reaches into the version from {other.since}", help)


def _version(reader: Reader, kind: RuleKind) -> RuleVersion:
    since, until, end = _interval(reader)
    known = reader.code("content", _Content, default="known") == "known"
    reader.note("note")
    _check_words(reader, kind, known)
    version = RuleVersion(
        since=since,
        until=until,
        end=end,
        known=known,
        operational_from=_operational(reader),
        protected=reader.flag("protected", default=True),
        requires=tuple(_requirement(each) for each in reader.parts("requires")),
        conditions=_conditions(reader.part("provided")),
        applies_to=_conditions(reader.part("applies_to")),
        forbids=_forbidden(reader.part("forbids")),
        obligations=reader.codes("obligations", Obligation, default=()),
        consent=tuple(_own_consent(each, kind) for each in reader.parts("alone")),
        recording=reader.code("recording", RecordingConsent) if reader.has("recording") else None,
        keeping=tuple(_keeping(each) for each in reader.parts("keep")),
        source=_source(reader),
    )
    reader.finish()
    if known and version.source.confidence == "U":
        help = "say `content: unknown`, or read a source that settles it"
        raise reader.error("source.confidence", "what is unclear (U) cannot be known content", help)
    return version


def _interval(reader: Reader) -> tuple[LocalDate, LocalDate | None, End]:
    since = LocalDate(reader.day("from"))
    word = reader.word("to")
    if word == "open" or word == "unknown":
        return since, None, "open" if word == "open" else "unknown"
    until = LocalDate(reader.day("to"))
    if until <= since:
        raise reader.error("to", f"{until} is not after {since}", "a version ends after it begins")
    return since, until, "dated"


def _check_words(reader: Reader, kind: RuleKind, known: bool) -> None:
    """A rule on routes has no duties, a rule on duties no routes, and what is said not to be known is not told."""
    duty = _DUTY_WORDS.get(kind)
    wrong = _ROUTE_WORDS if duty else tuple(sorted(set(_DUTY_WORDS.values())))
    for word in wrong:
        if reader.has(word):
            raise reader.error(word, f"a rule of kind {kind} has no `{word}`", "remove it, or choose another kind")
    if duty and known != reader.has(duty):
        help = f"write either `{duty}: ...` or `content: unknown`"
        raise reader.error(duty, f"a rule of kind {kind} tells `{duty}` unless its content is unknown", help)


def _operational(reader: Reader) -> LocalDate | None:
    reader.optional_day("enacted_on")
    if not reader.has("operational_from"):
        return None
    return (
        LocalDate("") if reader.word("operational_from") == "not_begun" else LocalDate(reader.day("operational_from"))
    )


def _requirement(reader: Reader) -> Requirement:
    needed: Requirement
    if reader.has("no_discipline_months"):
        needed = CleanRecord(reader.number("no_discipline_months", least=1))
    elif reader.has("home_in"):
        needed = HomeIn(reader.words("home_in"))
    else:
        needed = CredentialNeeded(
            kinds=reader.codes("credential", CredentialKind),
            issuers=reader.words("issuer"),
            renewal_deems=reader.flag("renewal_deems"),
            lasts_months=reader.number("lasts_months", least=1) if reader.has("lasts_months") else None,
        )
    reader.finish()
    return needed


def _conditions(reader: Reader | None) -> tuple[Condition, ...]:
    """The conditions that a mapping names, in the order of the vocabulary. No mapping: none."""
    if reader is None:
        return ()
    found = []
    for key, kind, vocabulary in _CODE_CONDITIONS:
        if reader.has(key):
            found.append(Condition(kind, one_of=reader.codes(key, vocabulary)))
    if reader.has("counselor_place"):
        found.append(Condition("counselor_place", one_of=tuple(Code(p) for p in reader.words("counselor_place"))))
    for key, kind, vocabulary in _EACH_CONDITIONS:
        if reader.has(key):
            found += [Condition(kind, one_of=(code,)) for code in reader.codes(key, vocabulary)]
    if reader.flag("existing_client"):
        found.append(Condition("existing_client"))
    if reader.has("client_age_at_least"):
        found.append(Condition("client_age", at_least=reader.number("client_age_at_least", least=1)))
    found += [Condition("quota", quota=_quota(each)) for each in reader.parts("quotas")]
    reader.finish()
    return tuple(found)


def _forbidden(reader: Reader | None) -> tuple[Condition, ...]:
    """What is forbidden, each by itself: ways of contact and acts only."""
    if reader is None:
        return ()
    found = [Condition(kind, one_of=reader.codes(key, v)) for key, kind, v in _CODE_CONDITIONS if reader.has(key)]
    reader.finish()
    return tuple(found)


def _quota(reader: Reader) -> Quota:
    quota = Quota(
        at_most=reader.number("at_most", least=1),
        unit=reader.code("unit", QuotaUnit),
        per=reader.code("per", QuotaPer),
        of=reader.code("of", QuotaOf, default="counselor"),
    )
    reader.finish()
    return quota


def _own_consent(reader: Reader, kind: RuleKind) -> OwnConsent:
    own = OwnConsent(
        matter="digital" if kind == "digital_consent" else "treatment",
        at_least=reader.number("from_age"),
        conditions=_conditions(reader.part("provided")),
        known=reader.code("content", _Content, default="known") == "known",
    )
    reader.finish()
    return own


def _keeping(reader: Reader) -> Keeping:
    age = reader.number("after_age", default=0)
    keeping = Keeping(reader.number("years"), "age" if age else "last_contact", age)
    reader.finish()
    return keeping


def _source(version: Reader) -> Source:
    reader = version.part("source")
    if reader is None:
        raise version.error("source", "is missing", "say where this version comes from: cite, checked_on, ...")
    source = Source(
        cite=reader.text("cite"),
        url=reader.text("url") if reader.has("url") else None,
        checked_on=LocalDate(reader.day("checked_on")),
        checked_by=reader.text("checked_by"),
        review_by=LocalDate(reader.day("review_by")),
        confidence=reader.code("confidence", Confidence),
    )
    reader.finish()
    if source.review_by < source.checked_on:
        raise reader.error("review_by", "is before checked_on", "name the day by which it must be read again")
    return source
