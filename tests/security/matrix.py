"""Who may do what, written down once more and by hand: a row of a policy table that was loosened does not fit it.

One probe an operation, or several where it is about several kinds of object: the request, made of real objects, and
who may send it. Everybody else of the cast must be refused. The objects are of the clinic in Phoenix: its client Ana,
her session, and Helen who counsels her. ``other_...`` are people of a clinic that has nothing to do with them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOBODY = "nobody"
ANYONE = frozenset({"anyone"})
COUNSELORS = frozenset({"counselor", "colleague", "other_counselor"})
OFFICERS = frozenset({"officer", "second_officer", "other_officer", "network_officer"})
ROLES: dict[str, tuple[str, str]] = {
    "operator": ("phoenix", "operator"),
    "counselor": ("phoenix", "counselor"),
    "colleague": ("phoenix", "counselor"),
    "verifier": ("phoenix", "verifier"),
    "officer": ("phoenix", "officer"),
    "second_officer": ("phoenix", "officer"),
    "other_operator": ("elsewhere", "operator"),
    "other_counselor": ("elsewhere", "counselor"),
    "other_verifier": ("elsewhere", "verifier"),
    "other_officer": ("elsewhere", "officer"),
    "network_operator": ("", "operator"),
    "network_officer": ("", "officer"),
    "network_verifier": ("", "verifier"),
}
CLIENTS = {"ana": "phoenix", "ben": "phoenix", "citra": "jakarta"}
EVERYBODY = (*ROLES, *CLIENTS)
SIGNED_IN = frozenset(EVERYBODY)


@dataclass(frozen=True)
class Probe:
    """A request, and who may send it. ``{names}`` in path and body stand for ids of the objects."""

    service: str
    operation: str
    request: str
    allowed: frozenset[str]
    body: Any = None

    @property
    def name(self) -> str:
        return f"{self.operation} {self.request.partition('?')[2]}".strip()


def filled(probe: Probe, objects: Mapping[str, str]) -> tuple[str, str, Any]:
    """Method, path and body of a probe, with the ids of real objects for the names in it."""
    text = json.dumps([*probe.request.split(" ", 1), probe.body])
    for name, value in objects.items():
        text = text.replace("{" + name + "}", value)
    method, path, body = json.loads(text)
    return method, f"/{probe.service}/v1{path}", body


def _probe(service: str, operation: str, request: str, allowed: str | frozenset[str], body: Any = None) -> Probe:
    return Probe(service, operation, request, frozenset(allowed.split()) if isinstance(allowed, str) else allowed, body)


_TERMS = {"zone": "Asia/Jakarta", "languages": ["en"], "erasure_wait_days": 0, "retention_floor_years": 0}
_PASSWORD = "a heron under eleven bridges"
_NEW_PERSON = {"password": _PASSWORD, "professional_name": "Lee", "locale": "en", "zone": "Asia/Jakarta"}
_FOUND = {"token": "t", "name": "N", "languages": ["en"], "email": "lee@example.org", **_NEW_PERSON}
_VERDICT = {"verdict": "confirmed", "source": "register", "looked_at": "{now}", "valid_until": "{later}"}
_CREDENTIAL = {"kind": "licence", "profession": "counselor", "issuer": "A board", "jurisdiction": "US-AZ"}
_HOURS = {"zone": "America/Toronto", "weekly": ["mon 09:00-12:00"], "modalities": ["video"]}
_INTAKE = {"name": "A", "birth_date": "1991-04-17", "jurisdiction": "US-AZ", "zone": "America/Phoenix"}
_INTAKE |= {"language": "en", "emergency_contact": "x", "phrase": "a phrase of mine"}
_WISH = {"client": "{ana}", "counselor": "{counselor}", "start": "{later}", "modality": "video"}


def _identity(*row: Any) -> Probe:
    return _probe("identity", *row)


def _licensing(*row: Any) -> Probe:
    return _probe("licensing", *row)


def _sessions(*row: Any) -> Probe:
    return _probe("sessions", *row)


def _audit(*row: Any) -> Probe:
    return _probe("audit", *row)


RUNS = "operator network_operator"
BOTH = "ana counselor"
PROBES: tuple[Probe, ...] = (
    _identity("read-network", "GET /network", ANYONE),
    _identity("list-clinics", "GET /clinics", ANYONE),
    _identity("read-clinic", "GET /clinics/{phoenix}", ANYONE),
    _identity("read-me", "GET /me", SIGNED_IN),
    _identity("found-clinic", "POST /clinics", "network_operator", _TERMS | {"name": "C", "jurisdiction": "ID"}),
    _identity("change-clinic-settings", "PUT /clinics/{phoenix}/settings", RUNS, _TERMS | {"name": "C"}),
    _identity("invite", "POST /invitations", RUNS, {"clinic": "{phoenix}", "roles": ["operator"], "email": "a@b.org"}),
    _identity("invite", "POST /invitations?", "network_operator", {"roles": ["officer"], "email": "c@b.org"}),
    _identity("list-invitations", "GET /invitations?clinic={phoenix}", RUNS),
    _identity("list-invitations", "GET /invitations", "network_operator"),
    _identity("revoke-invitation", "DELETE /invitations/{invitation}", RUNS),
    _identity(
        "list-people",
        "GET /clinics/{phoenix}/people",
        "operator counselor colleague verifier officer second_officer network_operator network_officer "
        "network_verifier",
    ),
    _identity("end-membership", "POST /memberships/{membership}/end", RUNS),
    _identity("place-hold", "POST /clients/{ana}/holds", "officer second_officer", {"basis": "court", "reason": "x"}),
    _identity("lift-hold", "DELETE /holds/{hold}", "officer second_officer"),
    _identity("ask-erasure", "POST /clients/{ana}/erasures", "ana"),
    _identity("read-erasures", "GET /clients/{ana}/erasures", "ana officer second_officer"),
    _identity("withdraw-erasure", "DELETE /erasures/{erasure}", "ana"),
    _identity("sign-out", "DELETE /sign-ins/{sign_in}", "ana"),
    _identity("sign-in", "POST /sign-ins", ANYONE, {"email": "{ana_email}", "password": "{ana_password}"}),
    _identity(
        "register-client",
        "POST /registrations",
        ANYONE,
        {"clinic": "{phoenix}", "email": "d@b.org", "password": _PASSWORD},
    ),
    _identity("confirm-email", "POST /email-confirmations", ANYONE, {"token": "none"}),
    _identity("ask-password-reset", "POST /password-resets", ANYONE, {"email": "e@b.org"}),
    _identity("reset-password", "POST /password-resets/completions", ANYONE, {"token": "t", "password": _PASSWORD}),
    _identity("accept-invitation", "POST /invitations/acceptances", ANYONE, _NEW_PERSON | {"token": "none"}),
    _identity("found-network", "POST /founding", ANYONE, _FOUND),
    _licensing("list-rules", "GET /rules", SIGNED_IN),
    _licensing("read-rule", "GET /rules/{rule}", SIGNED_IN),
    _licensing(
        "adopt-rule", "POST /rules/{rule}/adoptions", "network_operator", {"edition": 1, "source_read": "{source_hash}"}
    ),
    _licensing("read-profile", "GET /profile", COUNSELORS),
    _licensing(
        "record-profile",
        "PUT /profile",
        COUNSELORS,
        {"professions": ["counselor"], "languages": ["en"], "home": "CA-ON"},
    ),
    _licensing("list-attestation-texts", "GET /attestation-texts", ANYONE),
    _licensing(
        "accept-attestation", "POST /attestations", COUNSELORS, {"text": "{text}", "version": 1, "locale": "en"}
    ),
    _licensing("read-coverage", "GET /coverage", COUNSELORS),
    _licensing(
        "read-counselor-coverage",
        "GET /counselors/{counselor}/coverage",
        "operator verifier officer second_officer network_operator",
    ),
    _licensing(
        "record-credential", "POST /credentials", COUNSELORS, _CREDENTIAL | {"since": "2020-01-01", "number": "A-1"}
    ),
    _licensing("list-own-credentials", "GET /credentials", COUNSELORS),
    _licensing("read-credential", "GET /credentials/{credential}", "counselor verifier network_verifier"),
    _licensing("attach-evidence", "POST /credentials/{credential}/evidence", "counselor", {"file": "JVBERi0="}),
    _licensing(
        "read-evidence", "GET /credentials/{credential}/evidence/{evidence}", "counselor verifier network_verifier"
    ),
    _licensing("list-verifications-due", "GET /verifications/due", "verifier other_verifier network_verifier"),
    _licensing(
        "record-verification", "POST /credentials/{credential}/verifications", "verifier network_verifier", _VERDICT
    ),
    _sessions("read-status", "GET /status", ANYONE),
    _sessions("set-availability", "PUT /availability", COUNSELORS, _HOURS),
    _sessions("read-availability", "GET /availability", COUNSELORS),
    _sessions("set-exception", "PUT /availability/exceptions/2031-01-06", COUNSELORS, {"hours": []}),
    _sessions("list-consent-items", "GET /consent-items", ANYONE),
    _sessions("do-intake", "POST /clients/{ana}/intake", "ana", _INTAKE),
    _sessions("read-own-details", "GET /clients/{ana}/details", "ana"),
    _sessions("change-details", "PUT /clients/{ana}/details", "ana", {"city": "Mesa"}),
    _sessions("agree-fallback", "PUT /clients/{ana}/fallback", "ana", {"modality": "phone", "number": "+15550100123"}),
    _sessions("give-consent", "POST /clients/{ana}/consents", "ana", {"item": "{item}", "version": 1, "locale": "en"}),
    _sessions("withdraw-consent", "DELETE /clients/{ana}/consents/{item}", "ana"),
    _sessions("list-consents", "GET /clients/{ana}/consents", "ana"),
    _sessions("list-offers", "GET /clients/{ana}/offers?modality=video", "ana"),
    _sessions("read-looks", "GET /clients/{ana}/looks", "ana"),
    _sessions("read-record", "GET /clients/{ana}/record?purpose=counselling", "counselor"),
    _sessions("book-session", "POST /sessions", "ana", _WISH),
    _sessions("list-sessions", "GET /sessions", COUNSELORS),
    _sessions("list-sessions", "GET /sessions?client={ana}", "ana operator"),
    _sessions("list-sessions", "GET /sessions?clinic={phoenix}", "operator"),
    _sessions("read-session", "GET /sessions/{session}", "ana counselor operator"),
    _sessions(
        "cancel-session", "POST /sessions/{session}/cancellation", "ana counselor operator", {"reason": "other_plans"}
    ),
    _sessions("attest-place", "POST /sessions/{session}/place", "ana", {"jurisdiction": "US-AZ"}),
    _sessions("check-identity", "POST /sessions/{session}/identity", "ana", {"phrase": "none"}),
    _sessions("confirm-readiness", "POST /sessions/{session}/readiness", BOTH, {"items": []}),
    _sessions("read-gate", "GET /sessions/{session}/gate", BOTH),
    _sessions("start-session", "POST /sessions/{session}/start", "counselor", {"way": {"link": "https://a.org/"}}),
    _sessions("read-way", "GET /sessions/{session}/way", BOTH),
    _sessions("sign-note", "POST /sessions/{session}/notes", "counselor", {"text": "x"}),
    _sessions("end-session", "POST /sessions/{session}/end", "counselor", {"outcome": "success"}),
    _sessions("record-absence", "POST /sessions/{session}/absence", "counselor operator", {"absent": "client"}),
    _audit("read-trail", "GET /trail?clinic={phoenix}", "officer second_officer"),
    _audit("read-trail", "GET /trail", "network_officer"),
    _audit("read-entry", "GET /entries/{entry}", "officer second_officer"),
    _audit(
        "export-bundle",
        "POST /bundles",
        "officer second_officer",
        {"clinic": "{phoenix}", "client": "{ana}", "purpose": "complaint"},
    ),
    _audit("download-bundle", "GET /bundles/{bundle}", "officer"),
    _audit("read-tile", "GET /tile/0/000.p/1", OFFICERS),
    _audit("read-checkpoint", "GET /checkpoint", ANYONE),
    _audit("read-log-key", "GET /log-key", ANYONE),
    _audit("read-status", "GET /status", ANYONE),
)
