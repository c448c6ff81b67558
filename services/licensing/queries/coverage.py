"""Where may a counselor practise: one answer a place and profession, derived anew at each question, so never stale.

Codes come with their sentences, rules with their sources, and what is not known with whom to ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from services.contracts.practice import Reason, Route, RuleRef, place_chain
from services.contracts.practice.days import BEGINNING
from services.contracts.vocabulary import ReasonCode
from services.contracts.words import MENDERS, OBLIGATIONS, REASONS, ROUTES, VERDICTS
from services.kernel.codec import to_plain
from services.kernel.errors import NotFound
from services.kernel.fields import Id, Place
from services.kernel.time import Instant
from services.kernel.work import Work
from services.licensing.domain.adoption import Adoptions, adopted
from services.licensing.domain.clearance import AsOf, Subject, cleared_places, derive
from services.licensing.domain.coverage import Coverage, coverage
from services.licensing.domain.requirement import Holder
from services.licensing.domain.rule import Rule
from services.licensing.lookups import everything_known, load_adoptions, load_holder, network_operators


def read_coverage(
    work: Work, counselor: str, catalogue: tuple[Rule, ...], place: Place | None = None
) -> dict[str, Any]:
    """What the counselor may do in each place that a rule speaks of, or in one place. Raises ``NotFound`` before
    there is a profile, ``Invalid`` for a place without a known zone."""
    holder = load_holder(work, counselor)
    if holder is None:
        raise NotFound("There is no profile of this counselor yet.", help="The counselor records it: PUT /profile.")
    adoptions = load_adoptions(work)
    as_of = everything_known(work.now, holder, adoptions)
    places = cleared_places(catalogue) if place is None else (place,)
    counting = adopted(catalogue, adoptions, as_of.rules_known_at)
    book = _Book(catalogue, frozenset(rule.id for rule in counting))
    covered = _covered(holder, places, catalogue, adoptions, as_of, work.now)
    operators = network_operators(work, work.now)
    items = [_place(each, book, operators) for each in covered]
    return {"counselor": counselor, "at": work.now, "items": items}


@dataclass(frozen=True, slots=True)
class _Book:
    """The rules, to look up what a decision names."""

    catalogue: tuple[Rule, ...]
    counting: frozenset[Id]

    def source(self, ref: RuleRef) -> dict[str, Any]:
        """A rule's title and where its version comes from."""
        rule = next(each for each in self.catalogue if each.id == ref.rule)
        version = next(each for each in rule.versions if each.since == ref.since)
        told = {"title": rule.title, "network": rule.network, "cite": version.source.cite, "url": version.source.url}
        return {"rule": ref.rule, "edition": ref.edition, "since": ref.since} | told

    def not_adopted(self, covered: Coverage) -> list[dict[str, Any]]:
        """Rules that would speak of this, if the network adopted them."""
        open_ = [
            rule
            for rule in self.catalogue
            if rule.jurisdiction in place_chain(covered.place)
            and covered.profession in rule.professions
            and rule.id not in self.counting
        ]
        return [{"rule": rule.id, "title": rule.title, "edition": rule.edition} for rule in open_]


def _covered(
    holder: Holder,
    places: Iterable[Place],
    catalogue: tuple[Rule, ...],
    adoptions: Adoptions,
    as_of: AsOf,
    now: Instant,
) -> tuple[Coverage, ...]:
    subjects = [Subject(Id(""), profession, place) for place in places for profession in holder.profile.professions]
    made = [derive(subject, holder, catalogue, adoptions, as_of) for subject in subjects]
    return coverage(made, (), now, holder.profile.home_at(now, as_of.known_at))


def _place(covered: Coverage, book: _Book, operators: tuple[str, ...]) -> dict[str, Any]:
    return {
        "place": covered.place,
        "profession": covered.profession,
        "verdict": covered.verdict,
        "sentence": dict(VERDICTS[covered.verdict]),
        "routes": [_route(route, book) for route in covered.open],
        "in_doubt": [_route(route, book) for route in covered.in_doubt],
        "blocked": [
            {
                "kind": block.kind,
                "name": dict(ROUTES[block.kind]),
                "since": _since(block.since),
                "until": block.until,
                "reasons": [_reason(reason, book) for reason in block.reasons],
            }
            for block in covered.shut
        ],
        "reasons": [_reason(reason, book) for reason in covered.reasons],
        "next_change": covered.until,
        "ask": _ask(covered, book, operators) if covered.verdict == "undetermined" else None,
    }


def _route(route: Route, book: _Book) -> dict[str, Any]:
    return {
        "kind": route.kind,
        "name": dict(ROUTES[route.kind]),
        "sentence": dict(REASONS[cast(ReasonCode, f"by_{route.kind}")]),
        "since": _since(route.since),
        "until": route.until,
        "conditions": [to_plain(condition) for condition in route.conditions],
        "obligations": [{"code": code, "sentence": dict(OBLIGATIONS[code])} for code in route.obligations],
        "credentials": list(route.credentials),
        "doubts": [_reason(doubt, book) for doubt in route.doubts],
        "sources": [book.source(ref) for ref in route.sources],
    }


def _reason(reason: Reason, book: _Book) -> dict[str, Any]:
    return {
        "code": reason.code,
        "sentence": dict(REASONS[reason.code]),
        "fact": reason.fact or None,
        "mender": reason.mender,
        "who_can_mend": dict(MENDERS[reason.mender]),
        "source": book.source(reason.rule) if reason.rule else None,
    }


def _ask(covered: Coverage, book: _Book, operators: tuple[str, ...]) -> dict[str, Any]:
    """Whom to ask where the answer is not known, and which rules wait for adoption."""
    return {
        "sentence": dict(MENDERS["operator"]),
        "people": list(operators),
        "not_adopted": book.not_adopted(covered),
    }


def _since(at: Instant) -> Instant | None:
    """None: as far back as anything is known."""
    return None if at == BEGINNING else at
