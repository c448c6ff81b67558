"""From rules on duties to place rules: consent ages, recording, retention, for one place, whoever counsels.

Of each kind of duty the rules of the nearest place count: Scotland's own before those of Great Britain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from services.contracts.practice import ConsentAge, PlaceRules, Recording, Retention, place_chain
from services.contracts.practice.days import BEGINNING
from services.contracts.vocabulary import ConsentMatter
from services.kernel.fields import Place
from services.kernel.time import Instant, Zone
from services.licensing.domain.adoption import Adoptions, adopted
from services.licensing.domain.clearance import AsOf, place_zone, version_doubts
from services.licensing.domain.rule import PLACE_KINDS, Rule, RuleKind, RuleVersion, ruleset_hash
from services.licensing.domain.timeline import stretches


def derive_place_rules(
    place: Place, catalogue: Sequence[Rule], adoptions: Adoptions, as_of: AsOf, *, zone: Zone | None = None
) -> PlaceRules:
    """What binds every contact with a client in `place`, by the rules adopted as of `as_of`.

    `zone`: the one that was published for it before; see `clearance.place_zone`.
    """
    counting = adopted(catalogue, adoptions, as_of.rules_known_at)
    rules = tuple(rule for kind in sorted(PLACE_KINDS) for rule in _nearest(counting, kind, place))
    return PlaceRules(
        place=place,
        zone=place_zone(place, rules, catalogue, zone),
        consent_ages=tuple(age for rule in rules for age in _consent_ages(rule, as_of)),
        recording=tuple(each for rule in rules for each in _recording(rule)),
        retention=tuple(each for rule in rules for each in _retention(rule)),
        ruleset_hash=ruleset_hash(rules),
    )


def ruled_places(rules: Iterable[Rule]) -> tuple[Place, ...]:
    """The places that have place rules of their own, in order."""
    return tuple(sorted({rule.jurisdiction for rule in rules if rule.kind in PLACE_KINDS}))


def _nearest(rules: Iterable[Rule], kind: RuleKind, place: Place) -> list[Rule]:
    of_kind = [rule for rule in rules if rule.kind == kind]
    for near in place_chain(place):
        found = [rule for rule in of_kind if rule.jurisdiction == near]
        if found:
            return found
    return []


def _consent_ages(rule: Rule, as_of: AsOf) -> list[ConsentAge]:
    found = stretches(rule.moments(), lambda at: _ages_at(rule, as_of.rules_at or at))
    return [replace(age, since=since, until=until) for since, until, ages in found for age in ages]


def _ages_at(rule: Rule, at: Instant) -> tuple[ConsentAge, ...]:
    version = rule.version_at(at)
    if version is None or not rule.in_operation(version, at) or rule.kind not in ("minor_consent", "digital_consent"):
        return ()
    matter: ConsentMatter = "digital" if rule.kind == "digital_consent" else "treatment"
    doubts, ref = version_doubts(rule, version, at), rule.ref(version)
    if not version.known:
        return (ConsentAge(matter, BEGINNING, None, 0, (), ref, doubts),)
    unsettled = version_doubts(rule, replace(version, known=False), at)
    return tuple(
        ConsentAge(matter, BEGINNING, None, own.at_least, own.conditions, ref, doubts if own.known else unsettled)
        for own in version.consent
    )


def _dated(rule: Rule) -> list[tuple[RuleVersion, Instant, Instant | None]]:
    return [(version, rule.since(version), rule.until(version)) for version in rule.versions]


def _recording(rule: Rule) -> list[Recording]:
    return [
        Recording(since, until, version.recording, rule.ref(version))
        for version, since, until in _dated(rule)
        if version.recording is not None
    ]


def _retention(rule: Rule) -> list[Retention]:
    return [
        Retention(since, until, keeping.years, keeping.start, keeping.age, rule.ref(version))
        for version, since, until in _dated(rule)
        for keeping in version.keeping
    ]
