"""One condition against the facts of one contact: yes, no or unknown, with the reason."""

from collections.abc import Callable, Iterator, Mapping

from services.contracts.practice.clearance import Condition, Reason, RuleRef
from services.contracts.practice.days import anniversary, begins, parse_date
from services.contracts.practice.decision import Finding
from services.contracts.practice.facts import Facts
from services.contracts.practice.kleene import known
from services.contracts.practice.quotas import quota_days, quota_holds
from services.contracts.vocabulary import ConditionKind, Mender, ReasonCode, Truth
from services.kernel.fields import Code
from services.kernel.time import Instant, LocalDate, Zone

_Check = Callable[[Condition, Facts, Zone, Instant], tuple[Truth, str]]  # (condition, facts, zone, at) -> truth, fact


def examine(condition: Condition, facts: Facts, zone: Zone, at: Instant, rule: RuleRef | None) -> Finding:
    """The finding on `condition` for a contact at `at`; `zone` is that of the client's place."""
    truth, fact = _CHECKS[condition.kind](condition, facts, zone, at)
    no, unknown, mender = _CODES[condition.kind]
    code: ReasonCode = "holds" if truth == "yes" else no if truth == "no" else unknown
    return Finding(truth, Reason(code, Code(fact), rule, "nobody" if truth == "yes" else mender), condition)


def moments(condition: Condition, facts: Facts, zone: Zone) -> Iterator[Instant]:
    """Every instant at which the truth of `condition` may change by time alone."""
    if condition.kind == "client_age" and facts.client_birth_date is not None:
        yield _of_age(condition, facts.client_birth_date, zone)
    if condition.quota is not None and facts.contacts is not None:
        for day in quota_days(condition.quota, facts, facts.contacts, zone):
            yield begins(day, zone)


def _of_age(condition: Condition, birth_date: LocalDate, zone: Zone) -> Instant:
    return begins(anniversary(parse_date(birth_date), condition.at_least), zone)


def _one_of(value: str | None, condition: Condition) -> tuple[Truth, str]:
    return known(None if value is None else value in condition.one_of), value or ""


def _modality(condition: Condition, facts: Facts, zone: Zone, at: Instant) -> tuple[Truth, str]:
    return _one_of(facts.modality, condition)


def _act(condition: Condition, facts: Facts, zone: Zone, at: Instant) -> tuple[Truth, str]:
    return _one_of(facts.act, condition)


def _counselor_place(condition: Condition, facts: Facts, zone: Zone, at: Instant) -> tuple[Truth, str]:
    place = facts.counselor_place
    inside = None if place is None else any(f"{place}-".startswith(f"{code}-") for code in condition.one_of)
    return known(inside), place or ""


def _client_age(condition: Condition, facts: Facts, zone: Zone, at: Instant) -> tuple[Truth, str]:
    if facts.client_birth_date is None:
        return "unknown", ""
    return known(at >= _of_age(condition, facts.client_birth_date, zone)), ""  # a birth date is never shown as reason


def _quota(condition: Condition, facts: Facts, zone: Zone, at: Instant) -> tuple[Truth, str]:
    if condition.quota is None or facts.contacts is None:
        return "unknown", ""
    return known(quota_holds(condition.quota, facts, facts.contacts, zone, at)), ""


def _existing_client(condition: Condition, facts: Facts, zone: Zone, at: Instant) -> tuple[Truth, str]:
    return known(facts.existing_client), ""


def _consent(condition: Condition, facts: Facts, zone: Zone, at: Instant) -> tuple[Truth, str]:
    return _given(condition, {consent.kind: consent.given for consent in facts.consents})


def _attestation(condition: Condition, facts: Facts, zone: Zone, at: Instant) -> tuple[Truth, str]:
    return _given(condition, {attestation.kind: attestation.true for attestation in facts.attestations})


def _given(condition: Condition, answers: Mapping[str, bool]) -> tuple[Truth, str]:
    code = condition.one_of[0]
    return known(answers.get(code)), code


_CHECKS: dict[ConditionKind, _Check] = {
    "modality": _modality,
    "client_age": _client_age,
    "counselor_place": _counselor_place,
    "quota": _quota,
    "existing_client": _existing_client,
    "consent": _consent,
    "attestation": _attestation,
    "act": _act,
}

_CODES: dict[ConditionKind, tuple[ReasonCode, ReasonCode, Mender]] = {  # if no, if unknown, who can mend it
    "modality": ("modality_not_allowed", "modality_unknown", "client"),
    "client_age": ("client_too_young", "client_age_unknown", "guardian"),
    "counselor_place": ("counselor_elsewhere", "counselor_place_unknown", "counselor"),
    "quota": ("quota_used_up", "contacts_unknown", "nobody"),
    "existing_client": ("not_existing_client", "existing_client_unknown", "nobody"),
    "consent": ("consent_refused", "consent_missing", "client"),
    "attestation": ("attestation_denied", "attestation_missing", "counselor"),
    "act": ("act_not_covered", "act_unknown", "counselor"),
}
