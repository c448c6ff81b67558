"""Who may do what in licensing: one row an operation; what has no row cannot be done.

Somebody who counsels anywhere acts on what is theirs; a verifier, operator or officer of a clinic sees the counselors
of that clinic. That a verifier is another person than the counselor and the recorder is the domain's to hold.
"""

from services.kernel.http.policy import Rule, anyone, either, network_role, own_account, role_in_clinic, signed_in

_COUNSELS = role_in_clinic("counselor")
_VERIFIES = either(role_in_clinic("verifier"), network_role("verifier"))

OPERATIONS: dict[str, Rule] = {
    "list-rules": signed_in(),
    "read-rule": signed_in(),
    "adopt-rule": network_role("operator"),
    "record-profile": _COUNSELS,
    "read-profile": _COUNSELS,
    "list-attestation-texts": anyone(),
    "accept-attestation": _COUNSELS,
    "record-credential": _COUNSELS,
    "list-own-credentials": _COUNSELS,
    "read-credential": either(own_account(), _VERIFIES),
    "attach-evidence": own_account(),
    "read-evidence": either(own_account(), _VERIFIES),
    "list-verifications-due": _VERIFIES,
    "record-verification": _VERIFIES,
    "read-coverage": _COUNSELS,
    "read-counselor-coverage": either(role_in_clinic("operator", "verifier", "officer"), network_role("operator")),
}
