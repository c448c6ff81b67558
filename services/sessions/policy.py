"""Who may do what: one row an operation; what has no row cannot be asked for.

Two rules are this service's own: *a counselor*, who holds that role in any clinic, for their own hours; and *the
counselor of it*, who is the very counselor of the session or record and still holds the role in its clinic.
"""

from dataclasses import dataclass
from typing import ClassVar

from services.kernel.http.policy import Caller, Rule, Target, anyone, either, own_client, role_in_clinic


@dataclass(frozen=True, slots=True)
class ACounselor:
    reason: ClassVar[str] = "role-missing"
    needs_target: ClassVar[bool] = False

    def allows(self, caller: Caller, target: Target) -> bool:
        return bool(caller.clinics_with("counselor"))

    def __str__(self) -> str:
        return "a counselor"


@dataclass(frozen=True, slots=True)
class TheCounselor:
    reason: ClassVar[str] = "not-own"
    needs_target: ClassVar[bool] = True

    def allows(self, caller: Caller, target: Target) -> bool:
        own = caller.claims is not None and target.account == caller.claims.account
        return own and caller.has_role(target.clinic, "counselor")

    def __str__(self) -> str:
        return "the counselor of it"


A_COUNSELOR: Rule = ACounselor()
THE_COUNSELOR: Rule = TheCounselor()
BOTH = either(own_client(), THE_COUNSELOR)
BOTH_AND_CLINIC = either(own_client(), THE_COUNSELOR, role_in_clinic("operator"))

OPERATIONS: dict[str, Rule] = {
    "read-status": anyone(),
    "set-availability": A_COUNSELOR,
    "read-availability": A_COUNSELOR,
    "set-exception": A_COUNSELOR,
    "list-consent-items": anyone(),
    "do-intake": own_client(),
    "read-own-details": own_client(),
    "change-details": own_client(),
    "give-consent": own_client(),
    "withdraw-consent": own_client(),
    "list-consents": own_client(),
    "agree-fallback": own_client(),
    "list-offers": own_client(),
    "read-looks": own_client(),
    "read-record": THE_COUNSELOR,
    "book-session": own_client(),
    "list-sessions": BOTH_AND_CLINIC,
    "read-session": BOTH_AND_CLINIC,
    "cancel-session": BOTH_AND_CLINIC,
    "attest-place": own_client(),
    "check-identity": own_client(),
    "confirm-readiness": BOTH,
    "read-gate": BOTH,
    "start-session": THE_COUNSELOR,
    "read-way": BOTH,
    "sign-note": THE_COUNSELOR,
    "end-session": THE_COUNSELOR,
    "record-absence": either(THE_COUNSELOR, role_in_clinic("operator")),
}
