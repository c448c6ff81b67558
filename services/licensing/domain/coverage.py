"""Where may I practise: for each place the verdict before any client is known, what must still hold, and why.

*Permitted* here means: a route is open, on the conditions listed. *Prohibited*: none is, for a counselor who works from
home. The single contact is judged by `judge`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.practice import Blocked, Clearance, Condition, Ground, Reason, Route
from services.contracts.practice.clearance import covers
from services.contracts.practice.kleene import known
from services.contracts.vocabulary import Profession, Truth, Verdict
from services.kernel.fields import Code, Id, Place
from services.kernel.time import Instant
from services.licensing.domain.jurisdiction import matches


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


def coverage(
    clearances: Iterable[Clearance], places: Iterable[Place], at: Instant, home: Place | None = None
) -> tuple[Coverage, ...]:
    """One answer for each clearance, and one for each of `places` without any; by place, then profession. `home`:
    where the counselor lives at `at`."""
    found = [_covered(clearance, at, home) for clearance in clearances]
    answered = {each.place for each in found}
    found += [_not_known(place) for place in places if place not in answered]
    return tuple(sorted(found, key=lambda each: (each.place, each.profession or "")))


def _covered(clearance: Clearance, at: Instant, home: Place | None) -> Coverage:
    routes = [route for route in clearance.routes if covers(route.since, route.until, at)]
    shut = tuple(block for block in clearance.blocked if covers(block.since, block.until, at))
    doubtful = tuple(route for route in routes if route.doubts)
    grounds = _grounds(clearance, at, home)
    verdict = _verdict(clearance, at, home)
    reasons = [doubt for route in doubtful for doubt in route.doubts] + [r for block in shut for r in block.reasons]
    reasons += [ground.reason for ground in grounds]
    if verdict == "undetermined" and not doubtful and not grounds:
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
        until=_until(clearance, at, home, verdict),
    )


def _verdict(clearance: Clearance, at: Instant, home: Place | None) -> Verdict:
    routes = [route for route in clearance.routes if covers(route.since, route.until, at)]
    if any(not route.doubts for route in routes):
        return "permitted"
    grounds = _grounds(clearance, at, home)
    closed = any(all(_truth_at(home, condition) == "yes" for condition in ground.conditions) for ground in grounds)
    return "prohibited" if closed and not routes else "undetermined"


def _grounds(clearance: Clearance, at: Instant, home: Place | None) -> list[Ground]:
    """The grounds in force at `at` that may bind somebody who works from `home`."""
    in_force = (ground for ground in clearance.grounds if covers(ground.since, ground.until, at))
    return [ground for ground in in_force if "no" not in {_truth_at(home, each) for each in ground.conditions}]


def _truth_at(home: Place | None, condition: Condition) -> Truth:
    """All that is known of a contact is that the counselor is at home."""
    if condition.kind != "counselor_place" or home is None:
        return "unknown"
    return known(any(matches(home, code) for code in condition.one_of))


def _until(clearance: Clearance, at: Instant, home: Place | None, verdict: Verdict) -> Instant | None:
    later = sorted(edge for edge in clearance.edges() if edge > at)
    return next((edge for edge in later if _verdict(clearance, edge, home) != verdict), None)


def _not_known(place: Place) -> Coverage:
    reason = Reason("no_clearance", Code(place), mender="operator")
    return Coverage(place, None, None, "undetermined", (), (), (), (reason,), None)
