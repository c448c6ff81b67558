"""What of a decision a client learns before they have chosen anybody: offered, or one of four coarse reasons why not.

The exact reasons are the counselor's and the clinic's; a client is told no more than helps them choose.
"""

from dataclasses import replace
from typing import cast

from services.contracts.practice.decision import Decision, RouteFinding
from services.contracts.practice.facts import Consent, Facts
from services.contracts.vocabulary import CoarseReason, ConsentKind, ReasonCode, codes

_WAY_OR_TIME: frozenset[ReasonCode] = frozenset({"modality_not_allowed", "modality_unknown", "quota_used_up"})
_AGE: frozenset[ReasonCode] = frozenset({"needs_guardian", "client_too_young", "client_age_unknown"})


def assuming_consents(facts: Facts) -> Facts:
    """The facts as if the client gave every consent that they have not been asked for yet.

    Offering asks this way, because consents come after the choice; booking judges the facts as they are.
    """
    answered = {consent.kind for consent in facts.consents}
    open_kinds = [cast(ConsentKind, kind) for kind in codes(ConsentKind) if kind not in answered]
    return replace(facts, consents=facts.consents + tuple(Consent(kind, True) for kind in open_kinds))


def coarse_reason(decision: Decision) -> CoarseReason | None:
    """Why this counselor is not offered; None if the decision permits."""
    if decision.verdict == "permitted":
        return None
    given = {reason.code for reason in decision.reasons}
    if any(route.truth == "yes" for route in decision.routes) and given & _AGE:
        return "guardian_needed"
    if any(_only_way_or_time(route) for route in decision.routes):
        return "not_this_way_or_time"
    return "not_licensed_there" if decision.verdict == "prohibited" else "not_known_yet"


def _only_way_or_time(route: RouteFinding) -> bool:
    against = {finding.reason.code for finding in route.findings if finding.truth != "yes"}
    return bool(against) and against <= _WAY_OR_TIME
