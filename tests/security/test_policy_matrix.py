"""Every operation of every service is asked for by everybody: who may is answered, everybody else is refused.

The expectation is ``matrix``, written by hand beside the tables that it holds to. The objects are real, made by the
main job; the tokens are genuine ones of the installation.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from services.kernel.http import tokens
from services.kernel.ids import new_id
from services.kernel.settings import SERVICES
from services.kernel.time import plus
from services.mainjob.driver import Reply
from tests.security.matrix import ANYONE, EVERYBODY, NOBODY, PROBES, Probe, filled
from tests.security.stage import Stage

# What an allowed request may end in, where the object is not in the state for it: never a refusal of the person.
REACHED = (200, 201, 202, 204, 400, 404, 409, 410, 412, 422)
DONE = (200, 201, 202, 204, 409, 412)
ENTERED_BY_TOKEN = {
    "confirm-email",
    "reset-password",
    "accept-invitation",
    "found-network",
}  # no sign-in: a mailed token


def send(stage: Stage, probe: Probe, objects: dict[str, str], token: str | None) -> Reply:
    """Send a probe, with everything that an allowed request would carry."""
    method, path, body = filled(probe, objects)
    headers = {"Idempotency-Key": new_id(), "If-Match": '"99"'}
    return stage.driver.call(method, path, token=token, json=body, headers=headers)


def test_the_matrix_names_every_operation(stage: Stage) -> None:
    operations = {(name, op) for name, built in stage.house.services.items() for op in _operations(built.app)}
    assert {(probe.service, probe.operation) for probe in PROBES} == operations


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.service} {probe.name}")
def test_who_may_and_nobody_else(
    stage: Stage, objects: dict[str, str], bearers: dict[str, str | None], probe: Probe
) -> None:
    everybody = (NOBODY, *EVERYBODY)
    allowed = set(everybody) if probe.allowed == ANYONE else set(probe.allowed)
    assert allowed <= set(everybody)
    for name in everybody:  # who is refused comes first: an allowed request may take the object away
        if name not in allowed:
            answer = send(stage, probe, objects, bearers[name])
            wanted = 401 if name == NOBODY else 403
            assert answer.status == wanted, f"{name}: {answer.status} {answer.json}"
    answers = {name: send(stage, probe, objects, bearers[name]) for name in everybody if name in allowed}
    statuses = {name: answer.status for name, answer in answers.items()}
    if probe.operation in ENTERED_BY_TOKEN:
        assert set(statuses.values()) <= {403, 422}, statuses  # by the token in the body, which is none of ours
        assert all("token" in str(answer.json) or "link" in str(answer.json) for answer in answers.values())
        return
    assert all(status in REACHED for status in statuses.values()), {n: a.json for n, a in answers.items()}
    assert any(status in DONE for status in statuses.values()), {n: a.json for n, a in answers.items()}


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_that_does_not_hold_opens_nothing(
    stage: Stage, objects: dict[str, str], bearers: dict[str, str | None], service: str
) -> None:
    good = bearers["counselor"]
    assert good is not None
    asked = next(p for p in PROBES if p.service == service and p.allowed != ANYONE and p.request.startswith("GET"))
    for what, token in _bad(stage, service, good):
        answer = send(stage, asked, objects, token)
        assert answer.status == 401, f"{what}: {answer.status}"


def test_who_has_left_is_somebody_without_a_role(stage: Stage) -> None:
    cast, phoenix = stage.cast, stage.cast.clinics["phoenix"]
    founder, operator = cast["founder"], cast["operator"]
    operator.sign_in()
    invitations = f"/identity/v1/invitations?clinic={phoenix}"
    sessions = f"/sessions/v1/sessions?clinic={phoenix}"
    operator.ask("GET", invitations)
    operator.ask("GET", sessions)
    people = founder.get(f"/identity/v1/clinics/{phoenix}/people")["items"]
    held = next(person for person in people if person["account"] == operator.account)["memberships"]
    for each in held:
        founder.ask("POST", f"/identity/v1/memberships/{each['membership']}/end", expect=204)
    operator.ask("GET", invitations, expect=401)
    stage.driver.wait()
    stage.driver.wait()
    operator.ask("GET", sessions, expect=401)
    stage.turn("operator", seconds=1)
    operator.ask("GET", invitations, expect=403)
    operator.ask("GET", sessions, expect=403)


def test_who_signed_out_is_signed_out_everywhere(stage: Stage) -> None:
    stage.turn("verifier", seconds=1)
    verifier = stage.cast["verifier"]
    assert verifier.token is not None
    sid = json.loads(base64.urlsafe_b64decode(verifier.token.split(".")[1] + "=="))["sid"]
    verifier.ask("DELETE", f"/identity/v1/sign-ins/{sid}", expect=204)
    stage.driver.wait()
    stage.driver.wait()
    for path in ("/identity/v1/me", "/licensing/v1/rules", "/sessions/v1/sessions", "/audit/v1/trail"):
        verifier.ask("GET", path, expect=401)


def _operations(app: Flask) -> Iterator[str]:
    for view in app.view_functions.values():
        of_class = getattr(view, "view_class", None)
        functions = [getattr(of_class, method.lower()) for method in of_class.methods or ()] if of_class else [view]
        yield from (function.operation[0] for function in functions if hasattr(function, "operation"))


def _bad(stage: Stage, service: str, good: str) -> Iterator[tuple[str, str]]:
    """Tokens that are nearly good."""
    header, payload, signature = good.split(".")
    claims = tokens.decode(
        good,
        stage.house.services["identity"].service.keys.public_keys("identity", "token").__getitem__,
        stage.clock(),
        service,
    )
    stranger = Ed25519PrivateKey.generate()
    keys = stage.house.services["identity"].service.keys

    def own(data: bytes) -> tuple[int, bytes]:
        signed = keys.sign("token", data)
        return signed.version, signed.raw

    yield "signed by somebody else", tokens.encode(claims, lambda data: (1, stranger.sign(data)))
    yield "for other services", tokens.encode(replace(claims, audience=tuple({*SERVICES} - {service})), own)
    long_ago = replace(
        claims,
        issued=plus(claims.issued, hours=-2),
        auth_time=plus(claims.auth_time, hours=-2),
        expires=plus(claims.expires, hours=-2),
    )
    yield "expired", tokens.encode(long_ago, own)
    yield "too long in force", tokens.encode(replace(claims, expires=plus(claims.expires, hours=1)), own)
    more = json.loads(base64.urlsafe_b64decode(payload + "=="))
    more["network_roles"] = ["operator", "officer", "verifier"]
    forged = base64.urlsafe_b64encode(json.dumps(more, sort_keys=True, separators=(",", ":")).encode()).rstrip(b"=")
    yield "with more roles", f"{header}.{forged.decode()}.{signature}"
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"token:1","typ":"at+jwt"}').rstrip(b"=").decode()
    yield "not signed", f"{none}.{payload}."
    yield "not a token", "a.b.c"
