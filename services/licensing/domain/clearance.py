"""From rules, credentials and profile to a clearance: every route with its time, and what shuts the others, and why.

Four clocks. *Fact time* and *rule time* run along the clearance: each stretch of it is judged by the facts and by the
rules of its own time, unless one of them is held still (`facts_at`, `rules_at`). *Recorded time* (`known_at`) and
*rule known* (`rules_known_at`) say what had been recorded, and adopted, by then. So a decision can be made again as
it was, and an old case can be asked under the rules of another day.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from services.contracts.practice import (
    Blocked,
    Clearance,
    Condition,
    Ground,
    Prohibition,
    Reason,
    Route,
    place_chain,
)
from services.contracts.practice.days import BEGINNING
from services.contracts.practice.kleene import all_of
from services.contracts.vocabulary import Act, Modality, Obligation, Profession, ReasonCode, RouteKind
from services.kernel.fields import Code, Id, Place
from services.kernel.time import Instant, Zone
from services.licensing.domain.adoption import Adoptions, adopted
from services.licensing.domain.jurisdiction import known_zone, matches, zone_of
from services.licensing.domain.requirement import Asked, Holder, check, requirement_moments
from services.licensing.domain.rule import PLACE_KINDS, Locus, Rule, RuleKind, RuleVersion, ruleset_hash, zone_in
from services.licensing.domain.timeline import stretches

_ROUTE_OF: dict[RuleKind, RouteKind] = {
    "licence_required": "own_licence",
    "title_only": "own_licence",
    "supervision": "own_licence",
    "registration_route": "registration",
    "compact_privilege": "compact_privilege",
    "temporary_practice": "temporary_practice",
    "voluntary_register": "network_standard",
}
_GROUNDS: frozenset[RuleKind] = frozenset({"licence_required", "title_only"})
_FROM_HOME: frozenset[Locus] = frozenset({"practitioner", "both"})
_ALL_CODES: dict[str, tuple[str, ...]] = {"modality": get_args(Modality), "act": get_args(Act)}


@dataclass(frozen=True, slots=True)
class AsOf:
    """The four clocks. `facts_at` and `rules_at` None: each stretch by its own time."""

    known_at: Instant
    rules_known_at: Instant
    facts_at: Instant | None = None
    rules_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Which clearance is asked for: its id, and profession and place."""

    clearance: Id
    profession: Profession
    place: Place


def derive(
    subject: Subject,
    holder: Holder,
    catalogue: Sequence[Rule],
    adoptions: Adoptions,
    as_of: AsOf,
    revision: int = 1,
    *,
    zone: Zone | None = None,
) -> Clearance:
    """The clearance of `holder` for `subject`. Rules for what the place lies in count too (GB for GB-SCT), and those of
    where the counselor lives that bind who practises there. `zone`: see `place_zone`."""
    counting = adopted(catalogue, adoptions, as_of.rules_known_at)
    rules = tuple(rule for rule in counting if _concerns(rule, subject))
    home_rules = tuple(rule for rule in counting if _binds_at_home(rule, subject, holder))
    ways = [part for rule in rules for part in _ways(rule, subject, holder, as_of)]
    at_home = _at_home_stretches(home_rules, subject, holder, as_of)
    grounds = [part for rule in rules for part in _grounds(rule, as_of)]
    bans = [part for rule in rules for part in _prohibitions(rule, as_of)]
    made = Clearance(
        clearance=subject.clearance,
        revision=revision,
        counselor=holder.profile.counselor,
        profession=subject.profession,
        place=subject.place,
        zone=place_zone(subject.place, rules, catalogue, zone),
        routes=tuple(part for way in ways if isinstance(way, Route) for part in _doubted(way, at_home)),
        blocked=tuple(way for way in ways if isinstance(way, Blocked)),
        grounds=tuple(grounds),
        prohibitions=tuple(bans),
        ruleset_hash=ruleset_hash(rules + home_rules),
    )
    return replace(made, next_change=min((edge for edge in made.edges() if edge > as_of.known_at), default=None))


def cleared_places(rules: Iterable[Rule]) -> tuple[Place, ...]:
    """The places for which clearances are made: those with a rule on routes, in order."""
    return tuple(sorted({rule.jurisdiction for rule in rules if rule.kind not in PLACE_KINDS}))


def place_zone(place: Place, rules: Iterable[Rule], catalogue: Iterable[Rule], before: Zone | None) -> Zone:
    """The zone of a place: by the rules that count, or ours; where neither tells it any more (a country whose last rule
    waits to be adopted anew), the one `before`, or that of a rule which waits. Raises Invalid where none is known."""
    return zone_in(place, rules) or known_zone(place) or before or zone_in(place, catalogue) or zone_of(place)


def says_the_same(one: Clearance, other: Clearance) -> bool:
    """Do two revisions allow and forbid the same? If so there is nothing to publish."""
    return replace(one, revision=0, next_change=None) == replace(other, revision=0, next_change=None)


def _concerns(rule: Rule, subject: Subject) -> bool:
    return rule.jurisdiction in place_chain(subject.place) and subject.profession in rule.professions


def _ways(rule: Rule, subject: Subject, holder: Holder, as_of: AsOf) -> list[Route | Blocked]:
    """The routes that a rule opens, or their being shut, stretch by stretch."""
    moments = set(rule.moments())
    for version in rule.versions:
        for requirement in version.requires:
            moments |= requirement_moments(requirement, holder)
        if _home_asked(version.conditions):
            moments |= {home.since for home in holder.profile.homes}
    found = stretches(moments, lambda at: _way(rule, subject, holder, as_of, at))
    return [replace(way, since=since, until=until) for since, until, way in found if way is not None]


def _way(rule: Rule, subject: Subject, holder: Holder, as_of: AsOf, at: Instant) -> Route | Blocked | None:
    rules_at, facts_at = as_of.rules_at or at, as_of.facts_at or at
    version = rule.version_at(rules_at)
    if version is None or (rule.kind == "title_only" and version.protected and not version.requires):
        return None
    kind, ref = _route_kind(rule, version), rule.ref(version)
    if not rule.in_operation(version, rules_at):
        return Blocked(kind, BEGINNING, None, (Reason("not_in_operation", rule=ref, mender="nobody"),))
    asked = Asked(holder, subject.profession, subject.place, ref, facts_at, as_of.known_at)
    checks = [check(requirement, asked) for requirement in version.requires]
    against = tuple(reason for each in checks for reason in each.reasons)
    if all_of(each.truth for each in checks) == "no":
        return Blocked(kind, BEGINNING, None, against)
    conditions, doubts = _conditions(rule, version, asked)
    return Route(
        kind=kind,
        since=BEGINNING,
        until=None,
        conditions=conditions,
        obligations=_obligations(rule, version, kind),
        sources=(ref,),
        credentials=tuple(dict.fromkeys(credential for each in checks for credential in each.credentials)),
        doubts=against + doubts + version_doubts(rule, version, rules_at),
    )


def _binds_at_home(rule: Rule, subject: Subject, holder: Holder) -> bool:
    """Does the rule bind whoever practises where the counselor lives or lived, though the client is elsewhere?"""
    if rule.locus not in _FROM_HOME or subject.profession not in rule.professions or _concerns(rule, subject):
        return False
    return any(matches(home.place, rule.jurisdiction) for home in holder.profile.homes)


def _at_home_stretches(
    rules: Sequence[Rule], subject: Subject, holder: Holder, as_of: AsOf
) -> list[tuple[Instant, Instant | None, tuple[Reason, ...]]]:
    """What the rules of their home leave in doubt, stretch by stretch."""
    moments = {home.since for home in holder.profile.homes} if rules else set()
    for rule in rules:
        moments |= set(rule.moments())
        for version in rule.versions:
            for requirement in version.requires:
                moments |= requirement_moments(requirement, holder)
    return stretches(moments, lambda at: _unsettled(rules, subject, holder, as_of, at))


def _unsettled(rules: Sequence[Rule], subject: Subject, holder: Holder, as_of: AsOf, at: Instant) -> tuple[Reason, ...]:
    """Why it cannot be said that the rules of their home let them serve somebody elsewhere; nothing if they do.

    What such a rule demands of work at home is known, whether it reaches clients elsewhere mostly is not. So what it
    lacks is a doubt, never a refusal; and what it allows on conditions of a contact at home is not taken for a yes.
    """
    rules_at, home = as_of.rules_at or at, holder.profile.home_at(as_of.facts_at or at, as_of.known_at)
    here = [rule for rule in rules if home is not None and matches(home, rule.jurisdiction)]
    demanding = [(rule, version) for rule in here if (version := _demanding(rule, rules_at)) is not None]
    if not demanding:
        return ()
    ways = [_way(rule, replace(subject, place=rule.jurisdiction), holder, as_of, at) for rule in here]
    reasons: list[Reason] = []
    for way in ways:
        if isinstance(way, Route) and not way.doubts and {c.kind for c in way.conditions} <= {"counselor_place"}:
            return ()
        if way is not None:
            reasons += way.doubts if isinstance(way, Route) else way.reasons
    rule, version = demanding[0]
    unsettled = Reason("home_rule_not_settled", Code(rule.jurisdiction), rule.ref(version), "operator")
    return (unsettled, *dict.fromkeys(reasons))


def _doubted(route: Route, at_home: Iterable[tuple[Instant, Instant | None, tuple[Reason, ...]]]) -> Iterator[Route]:
    """The route, with what the rules of their home leave in doubt at its time."""
    for since, until, doubts in at_home:
        first = max(route.since, since)
        last = min((end for end in (route.until, until) if end is not None), default=None)
        if last is None or first < last:
            yield replace(route, since=first, until=last, doubts=route.doubts + doubts)


def version_doubts(rule: Rule, version: RuleVersion, at: Instant) -> tuple[Reason, ...]:
    """Why a version cannot be relied on at `at`: content not known, not read again in time, end not known."""
    ref, doubtful_from = rule.ref(version), rule.doubtful_from(version)
    doubts = []
    if not version.known:
        doubts.append(Reason("rule_content_unknown", rule=ref, mender="operator"))
    if at >= rule.stale_from(version):
        doubts.append(Reason("rule_stale", rule=ref, mender="operator"))
    if doubtful_from is not None and at >= doubtful_from:
        doubts.append(Reason("rule_end_unknown", rule=ref, mender="operator"))
    return tuple(doubts)


def _route_kind(rule: Rule, version: RuleVersion) -> RouteKind:
    if rule.network:
        return "network_standard"
    if rule.kind == "title_only" and not version.protected:
        return "unregulated_title"
    return _ROUTE_OF[rule.kind]


def _conditions(rule: Rule, version: RuleVersion, asked: Asked) -> tuple[tuple[Condition, ...], tuple[Reason, ...]]:
    """What is left for the contact to answer. `home` becomes the place where the counselor lives, if that is known."""
    conditions = list(dict.fromkeys(version.conditions + _where_it_binds(rule)))
    if rule.kind not in _GROUNDS:  # there, what is forbidden binds every route, not this one alone
        for ban in version.forbids:
            allowed = (Code(code) for code in _ALL_CODES[ban.kind] if code not in ban.one_of)
            conditions.append(replace(ban, one_of=tuple(allowed)))
    if not _home_asked(version.conditions):
        return tuple(conditions), ()
    home = asked.home()
    if home is None:
        return tuple(conditions), (Reason("home_unknown", rule=asked.rule, mender="counselor"),)
    return tuple(_at_home(condition, home) for condition in conditions), ()


def _home_asked(conditions: Sequence[Condition]) -> bool:
    return any("home" in condition.one_of for condition in conditions)


def _at_home(condition: Condition, home: Place) -> Condition:
    return replace(condition, one_of=tuple(Code(home) if code == "home" else code for code in condition.one_of))


def _obligations(rule: Rule, version: RuleVersion, kind: RouteKind) -> tuple[Obligation, ...]:
    """The version's own, and what its kind adds: to say openly that there is no statute, or whose standard it is."""
    owed = list(version.obligations)
    if kind == "unregulated_title":
        owed.append("tell_no_statute")
    if kind == "network_standard":
        owed.append("tell_network_standard")
    if rule.kind == "supervision":
        owed.append("work_under_supervision")
    return tuple(dict.fromkeys(owed))


def _grounds(rule: Rule, as_of: AsOf) -> list[Ground]:
    """Where a licence or a title is demanded, the rule forbids what no route allows. It stays so when it is stale."""
    found = stretches(rule.moments(), lambda at: _ground(rule, as_of.rules_at or at))
    return [replace(ground, since=since, until=until) for since, until, ground in found if ground is not None]


def _ground(rule: Rule, at: Instant) -> Ground | None:
    version = _binding(rule, at)
    if version is None:
        return None
    code: ReasonCode = "licence_required" if rule.kind == "licence_required" else "title_protected"
    reason = Reason(code, rule=rule.ref(version), mender="counselor")
    return Ground(BEGINNING, None, reason, version.applies_to + _where_it_binds(rule))


def _prohibitions(rule: Rule, as_of: AsOf) -> list[Prohibition]:
    found = stretches(rule.moments(), lambda at: _banned(rule, as_of.rules_at or at))
    return [replace(ban, since=since, until=until) for since, until, bans in found for ban in bans]


def _banned(rule: Rule, at: Instant) -> tuple[Prohibition, ...]:
    version = _binding(rule, at)
    if version is None:
        return ()
    reason = Reason("forbidden_here", rule=rule.ref(version), mender="nobody")
    return tuple(Prohibition(BEGINNING, None, reason, (ban, *_where_it_binds(rule))) for ban in version.forbids)


def _binding(rule: Rule, at: Instant) -> RuleVersion | None:
    """The version that forbids at `at`: one that demands something, and what it says is known."""
    version = _demanding(rule, at)
    return version if version is not None and version.known else None


def _demanding(rule: Rule, at: Instant) -> RuleVersion | None:
    """The version in operation at `at` of a rule that demands a licence or a title."""
    version = rule.version_at(at)
    if rule.kind not in _GROUNDS or version is None or not rule.in_operation(version, at):
        return None
    return version if rule.kind == "licence_required" or version.protected else None


def _where_it_binds(rule: Rule) -> tuple[Condition, ...]:
    """A rule on who practises in its place says nothing of a counselor who is elsewhere."""
    return (Condition("counselor_place", one_of=(Code(rule.jurisdiction),)),) if rule.locus == "practitioner" else ()
