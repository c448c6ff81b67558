"""May this counselor serve this client here, at this instant? One pure answer, which explains itself.

Three-valued (Kleene): an unknown never becomes a yes. Routes are alternatives, the conditions inside a route must all
hold, a prohibition overrides every route. Nothing is cut short: every reason is given at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TypeVar

from services.contracts.practice.clearance import Clearance, PlaceRules, Reason, place_chain
from services.contracts.practice.consenting import consent, consent_moments
from services.contracts.practice.decision import Decision, Finding
from services.contracts.practice.facts import Facts
from services.contracts.practice.kleene import all_of, any_of
from services.contracts.practice.practising import Practice, practice_moments, practise
from services.contracts.vocabulary import Truth, Verdict
from services.kernel.codec import dumps, to_plain
from services.kernel.fields import Code, Hash, Id, Place
from services.kernel.time import Instant, moment

_VERDICTS: dict[Truth, Verdict] = {"yes": "permitted", "no": "prohibited", "unknown": "undetermined"}
_HASHED_AS = b"amanah/judge/v1\n"
_Part = TypeVar("_Part")


def judge(clearances: Iterable[Clearance], place_rules: PlaceRules | None, facts: Facts, at: Instant) -> Decision:
    """Decide for a contact that begins at the instant `at`.

    `clearances` may be any of the counselor's: those for other places are left aside, and of several that contain the
    client's place the nearest count. `place_rules` are those of the client's place or of what it lies in. The order
    of clearances, routes and facts does not matter. Raises ValueError if an instant or a date is not in its one form.
    """
    moment(at)
    ordered = _in_order(tuple(_sorted_clearance(clearance) for clearance in clearances))
    rules = replace(place_rules, consent_ages=_in_order(place_rules.consent_ages)) if place_rules else None
    known = _sorted_facts(facts)
    here = _for_this_place(ordered, known)
    answer = _answer(here, rules, known, at)
    routes = tuple(route for practice in answer.practices for route in practice.routes)
    carrier = next((p.clearance for p in answer.practices if p.truth == answer.practice), None)
    obligations = {code: None for route in routes if route.truth == "yes" for code in route.obligations}
    return Decision(
        verdict=_VERDICTS[answer.truth],
        at=at,
        reasons=_reasons(answer, known),
        routes=routes,
        consent=answer.consent,
        obligations=tuple(obligations),
        next_change_at=_next_change(here, rules, known, at, answer.truth),
        inputs_hash=_inputs_hash(ordered, rules, known, at),
        clearance=carrier.clearance if carrier else Id(""),
        revision=carrier.revision if carrier else 0,
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    truth: Truth
    practice: Truth
    practices: tuple[Practice, ...]
    consented: Truth
    consent: tuple[Finding, ...]


def _answer(clearances: Sequence[Clearance], rules: PlaceRules | None, facts: Facts, at: Instant) -> _Answer:
    practices = tuple(practise(clearance, facts, at) for clearance in clearances)
    practice: Truth = any_of(p.truth for p in practices) if practices else "unknown"
    consented, findings = consent(rules, facts, at)
    return _Answer(all_of((practice, consented)), practice, practices, consented, findings)


def _reasons(answer: _Answer, facts: Facts) -> tuple[Reason, ...]:
    """For a permitted contact what permits it, else everything that stands against it; each reason once."""
    found: list[Reason] = []
    if answer.practice != "yes" or answer.truth == "yes":
        found += [
            reason for p in answer.practices if answer.practice in ("no", "unknown", p.truth) for reason in p.reasons
        ]
    if not answer.practices:
        place = facts.client_place
        found.append(Reason("place_unknown", mender="client") if place is None else _no_clearance(place))
    if answer.consented != "yes":
        found += [finding.reason for finding in answer.consent if finding.truth != "yes"]
    return tuple(dict.fromkeys(found))


def _no_clearance(place: Place) -> Reason:
    return Reason("no_clearance", fact=Code(place), mender="operator")


def _next_change(
    clearances: Sequence[Clearance], rules: PlaceRules | None, facts: Facts, at: Instant, now: Truth
) -> Instant | None:
    """The earliest later instant at which the verdict differs. It can only differ at one of the moments."""
    moments = {when for clearance in clearances for when in practice_moments(clearance, facts)}
    moments.update(consent_moments(rules, facts))
    later = sorted(when for when in moments if when > at)
    return next((when for when in later if _answer(clearances, rules, facts, when).truth != now), None)


def _for_this_place(clearances: Sequence[Clearance], facts: Facts) -> list[Clearance]:
    """The counselor's clearances for the client's place; where there are none, for what it lies in."""
    for place in place_chain(facts.client_place) if facts.client_place else ():
        here = [c for c in clearances if c.counselor == facts.counselor and c.place == place]
        if here:
            return here
    return []


def _sorted_clearance(clearance: Clearance) -> Clearance:
    return replace(
        clearance,
        routes=_in_order(clearance.routes),
        blocked=_in_order(clearance.blocked),
        grounds=_in_order(clearance.grounds),
        prohibitions=_in_order(clearance.prohibitions),
    )


def _sorted_facts(facts: Facts) -> Facts:
    return replace(
        facts,
        contacts=None if facts.contacts is None else _in_order(facts.contacts),
        consents=_in_order(facts.consents),
        attestations=_in_order(facts.attestations),
    )


def _in_order(parts: Sequence[_Part]) -> tuple[_Part, ...]:
    return tuple(parts) if len(parts) < 2 else tuple(sorted(parts, key=_canonical))


def _inputs_hash(clearances: tuple[Clearance, ...], rules: PlaceRules | None, facts: Facts, at: Instant) -> Hash:
    """SHA-256 over the canonical JSON of everything that was given; salted by the facts, so it cannot be guessed."""
    inputs = {"at": at, "clearances": clearances, "facts": facts, "place_rules": rules}
    return Hash(sha256(_HASHED_AS + _canonical(inputs)).hexdigest())


def _canonical(value: object) -> bytes:
    return dumps(to_plain(value))
