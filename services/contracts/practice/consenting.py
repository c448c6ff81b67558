"""May this client, at this age, in this place, consent alone; or has a guardian consented?

Treatment consent and digital consent are two matters with two ages; each must be met. In each, the guardian's consent
and the client's own at a sufficient age are alternatives. Where no rule tells the age, the answer is not known: of the
treatment for everybody, of the digital matter for whoever is under 18, above which no such law reaches.
"""

from collections.abc import Iterator

from services.contracts.practice.clearance import Condition, ConsentAge, PlaceRules, Reason, covers, place_chain
from services.contracts.practice.conditions import examine, moments
from services.contracts.practice.decision import Finding
from services.contracts.practice.facts import Facts
from services.contracts.practice.kleene import all_of, any_of, known
from services.contracts.vocabulary import Truth
from services.kernel.fields import Code
from services.kernel.time import Instant, Zone

_GROWN = Condition("client_age", at_least=18)


def consent(rules: PlaceRules | None, facts: Facts, at: Instant) -> tuple[Truth, tuple[Finding, ...]]:
    """The truth, and the findings on which it rests."""
    ages = [age for age in _ages(rules, facts) if covers(age.since, age.until, at)]
    if rules is None or not any(age.matter == "treatment" for age in ages):
        return "unknown", (_not_told(facts),)
    guardian = Finding(known(facts.guardian), _guardian_reason(facts))
    findings, truths = [guardian], []
    for matter in sorted({age.matter for age in ages}):
        options = [_option(age, rules.zone, facts, at) for age in ages if age.matter == matter]
        alone = any_of(all_of(f.truth for f in option) for option in options)
        truths.append(any_of((guardian.truth, alone)))
        findings += [finding for option in options for finding in option]
    grown = examine(_GROWN, facts, rules.zone, at, None).truth == "yes"
    if not grown and not any(age.matter == "digital" for age in ages):
        truths.append(any_of((guardian.truth, "unknown")))
        findings.append(_not_told(facts))
    return all_of(truths), tuple(findings)


def consent_moments(rules: PlaceRules | None, facts: Facts) -> Iterator[Instant]:
    """Every instant at which the answer of `consent` may change by time alone."""
    if rules is not None:
        yield from moments(_GROWN, facts, rules.zone)
    for age in _ages(rules, facts):
        yield age.since
        if age.until is not None:
            yield age.until
        for condition in _conditions(age):
            yield from moments(condition, facts, rules.zone if rules else Zone("UTC"))


def _ages(rules: PlaceRules | None, facts: Facts) -> tuple[ConsentAge, ...]:
    if rules is None or facts.client_place is None or rules.place not in place_chain(facts.client_place):
        return ()
    return rules.consent_ages


def _conditions(age: ConsentAge) -> tuple[Condition, ...]:
    return (Condition("client_age", at_least=age.at_least), *age.conditions)


def _option(age: ConsentAge, zone: Zone, facts: Facts, at: Instant) -> list[Finding]:
    findings = [examine(condition, facts, zone, at, age.source) for condition in _conditions(age)]
    return findings + [Finding("unknown", doubt) for doubt in age.doubts]


def _not_told(facts: Facts) -> Finding:
    reason = Reason("consent_age_unknown", fact=Code(facts.client_place or ""), mender="operator")
    return Finding("unknown", reason)


def _guardian_reason(facts: Facts) -> Reason:
    return Reason("holds") if facts.guardian else Reason("needs_guardian", mender="guardian")
