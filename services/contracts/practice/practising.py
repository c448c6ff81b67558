"""What one clearance says of one contact: its routes, then its grounds, and over both its prohibitions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.contracts.practice.clearance import (
    Blocked,
    Clearance,
    Condition,
    Ground,
    Prohibition,
    Reason,
    Route,
    RuleRef,
    covers,
)
from services.contracts.practice.conditions import examine, moments
from services.contracts.practice.decision import Finding, RouteFinding
from services.contracts.practice.facts import Facts
from services.contracts.practice.kleene import all_of, any_of
from services.contracts.vocabulary import ReasonCode, RouteKind, Truth
from services.kernel.fields import Code
from services.kernel.time import Instant

_BASIS: dict[RouteKind, ReasonCode] = {
    "own_licence": "by_own_licence",
    "compact_privilege": "by_compact_privilege",
    "registration": "by_registration",
    "temporary_practice": "by_temporary_practice",
    "unregulated_title": "by_unregulated_title",
    "network_standard": "by_network_standard",
}
_NOT: dict[Truth, Truth] = {"yes": "no", "no": "yes", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Practice:
    """The truth for one clearance, its routes, and the reasons: for it if yes, against it otherwise."""

    clearance: Clearance
    truth: Truth
    routes: tuple[RouteFinding, ...]
    reasons: tuple[Reason, ...]


def practise(clearance: Clearance, facts: Facts, at: Instant) -> Practice:
    """Routes are alternatives; where none is open a ground forbids, and without a ground nothing is known."""
    routes = tuple(_route(clearance, route, facts, at) for route in _relevant(clearance.routes, at))
    shut = tuple(_shut(clearance, block) for block in clearance.blocked if covers(block.since, block.until, at))
    opened = any_of(route.truth for route in routes)
    grounds = _in_force(clearance, clearance.grounds, facts, at)
    bans = _in_force(clearance, clearance.prohibitions, facts, at)
    closed, banned = any_of(truth for truth, _ in grounds), any_of(truth for truth, _ in bans)
    allowed: Truth = "unknown" if opened == "no" and closed != "yes" else opened
    truth = all_of((allowed, _NOT[banned]))
    against = [reason for held, reason in bans if held != "no"]
    if allowed != "yes":
        against += [f.reason for route in routes + shut for f in route.findings if f.truth != "yes"]
        against += [reason for held, reason in grounds if held != "no"]
    if opened == "no" and allowed == "unknown":
        against.append(Reason("no_rule_known", fact=Code(clearance.place), mender="operator"))
    basis = [Reason(_BASIS[r.kind], rule=r.sources[0] if r.sources else None) for r in routes if r.truth == "yes"]
    return Practice(clearance, truth, routes + shut, tuple(basis if truth == "yes" else against))


def practice_moments(clearance: Clearance, facts: Facts) -> Iterator[Instant]:
    """Every instant at which the answer of `practise` may change by time alone."""
    yield from clearance.edges()
    conditions = [c for route in clearance.routes for c in route.conditions]
    conditions += [c for ground in clearance.grounds for c in ground.conditions]
    conditions += [c for ban in clearance.prohibitions for c in ban.conditions]
    for condition in dict.fromkeys(conditions):
        yield from moments(condition, facts, clearance.zone)


def _relevant(routes: Sequence[Route], at: Instant) -> list[Route]:
    """The routes that count at `at`; of a kind that has none then, all, so that it is said why."""
    now = {route.kind for route in routes if covers(route.since, route.until, at)}
    return [route for route in routes if covers(route.since, route.until, at) or route.kind not in now]


def _route(clearance: Clearance, route: Route, facts: Facts, at: Instant) -> RouteFinding:
    findings = [examine(c, facts, clearance.zone, at, _source(route)) for c in route.conditions]
    findings += [Finding("unknown", doubt) for doubt in route.doubts]
    if not covers(route.since, route.until, at):
        code: ReasonCode = "not_yet_valid" if at < route.since else "expired"
        findings.insert(0, Finding("no", Reason(code, rule=_source(route), mender="counselor")))
    truth = all_of(finding.truth for finding in findings)
    return _finding(clearance, route.kind, truth, tuple(findings), route)


def _shut(clearance: Clearance, block: Blocked) -> RouteFinding:
    return _finding(clearance, block.kind, "no", tuple(Finding("no", reason) for reason in block.reasons), None)


def _finding(
    clearance: Clearance, kind: RouteKind, truth: Truth, findings: tuple[Finding, ...], route: Route | None
) -> RouteFinding:
    return RouteFinding(
        clearance=clearance.clearance,
        profession=clearance.profession,
        kind=kind,
        truth=truth,
        findings=findings,
        sources=route.sources if route else (),
        obligations=route.obligations if route else (),
    )


def _source(route: Route) -> RuleRef | None:
    return route.sources[0] if route.sources else None


def _in_force(
    clearance: Clearance, parts: Sequence[Ground] | Sequence[Prohibition], facts: Facts, at: Instant
) -> list[tuple[Truth, Reason]]:
    """Of the grounds or prohibitions in force at `at`: does each hold, and its reason."""
    held = []
    for part in parts:
        if covers(part.since, part.until, at):
            truths = (_truth(condition, facts, clearance, at) for condition in part.conditions)
            held.append((all_of(truths), part.reason))
    return held


def _truth(condition: Condition, facts: Facts, clearance: Clearance, at: Instant) -> Truth:
    return examine(condition, facts, clearance.zone, at, None).truth
