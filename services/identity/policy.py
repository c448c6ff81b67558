"""Who may do what in identity: one row an operation; what has no row cannot be done."""

from services.kernel.http.policy import (
    Rule,
    anyone,
    either,
    network_role,
    own_account,
    own_client,
    role_in_clinic,
    signed_in,
)

_RUNS_THE_CLINIC = either(role_in_clinic("operator"), network_role("operator"))
_WORKS_IN_THE_CLINIC = either(
    role_in_clinic("operator", "counselor", "verifier", "officer"), network_role("operator", "officer", "verifier")
)

OPERATIONS: dict[str, Rule] = {
    "found-network": anyone(),  # who holds the founding link
    "read-network": anyone(),
    "found-clinic": network_role("operator"),
    "list-clinics": anyone(),
    "read-clinic": anyone(),
    "change-clinic-settings": _RUNS_THE_CLINIC,
    "sign-in": anyone(),
    "sign-out": own_account(),
    "read-me": signed_in(),
    "invite": _RUNS_THE_CLINIC,
    "list-invitations": _RUNS_THE_CLINIC,
    "revoke-invitation": _RUNS_THE_CLINIC,
    "accept-invitation": anyone(),  # who holds the link
    "list-people": _WORKS_IN_THE_CLINIC,
    "end-membership": _RUNS_THE_CLINIC,
    "register-client": anyone(),
    "confirm-email": anyone(),  # who holds the link
    "ask-password-reset": anyone(),
    "reset-password": anyone(),  # who holds the link
    "ask-erasure": own_client(),
    "read-erasures": either(own_client(), role_in_clinic("officer")),
    "withdraw-erasure": own_client(),
    "place-hold": role_in_clinic("officer"),
    "lift-hold": role_in_clinic("officer"),
}
