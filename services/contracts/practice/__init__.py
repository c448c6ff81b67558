"""The language in which licensing tells sessions where a counselor may practise, and the one function that decides.

Licensing resolves the law into clearances and place rules; sessions adds the facts of the single contact; `judge`
answers permitted, prohibited or undetermined, with every reason, and says when the answer will change.
"""

from services.contracts.practice.clearance import (
    Blocked,
    Clearance,
    Condition,
    ConsentAge,
    Ground,
    PlaceRules,
    Prohibition,
    Quota,
    Reason,
    Recording,
    Retention,
    Route,
    RuleRef,
    place_chain,
)
from services.contracts.practice.decision import Decision, DecisionRef, Finding, RouteFinding
from services.contracts.practice.facts import Attestation, Consent, Contact, Facts
from services.contracts.practice.judging import judge
from services.contracts.practice.offering import assuming_consents, coarse_reason

__all__ = [
    "Attestation",
    "Blocked",
    "Clearance",
    "Condition",
    "Consent",
    "ConsentAge",
    "Contact",
    "Decision",
    "DecisionRef",
    "Facts",
    "Finding",
    "Ground",
    "PlaceRules",
    "Prohibition",
    "Quota",
    "Reason",
    "Recording",
    "Retention",
    "Route",
    "RouteFinding",
    "RuleRef",
    "assuming_consents",
    "coarse_reason",
    "judge",
    "place_chain",
]
