"""Where may I practise: for each place the verdict before any client is known, what must still hold, and why.

*Permitted* here means: a route is open, on the conditions listed. The single contact is judged by `judge`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.practice import Blocked, Clearance, Reason, Route
from services.contracts.practice.clearance import covers
from services.contracts.vocabulary import Profession, Verdict
from services.kernel.fields import Code, Id, Place
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class Coverage:
    """One place and profession at one instant. `until`: the verdict stands until then by time alone (None: no end)."""

    place: Place
    profession: Profession | None
    clearance: Id | None
    verdict: Verdict
    open: tuple[Route, ...]
    in_doubt: tuple[Route, ...]
    shut: tuple[Blocked, ...]
    reasons: tuple[Reason, ...]
    until: Instant | None


def coverage(clearances: Iterable[Clearance], places: Iterable[Place], at: Instant) -> tuple[Coverage, ...]:
    """One answer for each clearance, and one for each of `places` without any; by place, then profession."""
    found = [_covered(clearance, at) for clearance in clearances]
    known = {each.place for each in found}
    found += [_not_known(place) for place in places if place not in known]
    return tuple(sorted(found, key=lambda each: (each.place, each.profession or "")))


def _covered(clearance: Clearance, at: Instant) -> Coverage:
    routes = [route for route in clearance.routes if covers(route.since, route.until, at)]
    shut = tuple(block for block in clearance.blocked if covers(block.since, block.until, at))
    doubtful = tuple(route for route in routes if route.doubts)
    verdict = _verdict(clearance, at)
    reasons = [doubt for route in doubtful for doubt in route.doubts] + [r for block in shut for r in block.reasons]
    reasons += [ground.reason for ground in clearance.grounds if covers(ground.since, ground.until, at)]
    if verdict == "undetermined" and not doubtful:
        reasons.append(Reason("no_rule_known", Code(clearance.place), mender="operator"))
    return Coverage(
        place=clearance.place,
        profession=clearance.profession,
        clearance=clearance.clearance,
        verdict=verdict,
        open=tuple(route for route in routes if not route.doubts),
        in_doubt=doubtful,
        shut=shut,
        reasons=() if verdict == "permitted" else tuple(dict.fromkeys(reasons)),
        until=_until(clearance, at, verdict),
    )


def _verdict(clearance: Clearance, at: Instant) -> Verdict:
    routes = [route for route in clearance.routes if covers(route.since, route.until, at)]
    if any(not route.doubts for route in routes):
        return "permitted"
    grounds = (g for g in clearance.grounds if covers(g.since, g.until, at))
    closed = any(not ground.conditions for ground in grounds)
    return "prohibited" if closed and not routes else "undetermined"


def _until(clearance: Clearance, at: Instant, verdict: Verdict) -> Instant | None:
    later = sorted(edge for edge in clearance.edges() if edge > at)
    return next((edge for edge in later if _verdict(clearance, edge) != verdict), None)


def _not_known(place: Place) -> Coverage:
    reason = Reason("no_clearance", Code(place), mender="operator")
    return Coverage(place, None, None, "undetermined", (), (), (), (reason,), None)
