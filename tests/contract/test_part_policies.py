"""Who may do what with which key: every process can do its work at the key server, and nothing else."""

from __future__ import annotations

import base64
from typing import Any

import hvac
import pytest
from hvac.exceptions import Forbidden, InvalidRequest

from tests.real import SignIn

CONTEXT = base64.b64encode(b"keyholder and purpose").decode()
INPUT = base64.b64encode(b"input").decode()
NEW_KEK = {"type": "aes256-gcm96", "derived": True}
SERVICES = ("identity", "licensing", "sessions", "audit")
PROCESSES = [f"{service}-{process}" for service in SERVICES for process in ("web", "worker")]
ALLOWED: list[tuple[str, str, dict[str, Any]]] = [
    *[(f"identity-{one}", "amanah-identity/datakey/plaintext/kek", {"context": CONTEXT}) for one in ("web", "worker")],
    *[
        (f"licensing-{one}", "amanah-licensing/datakey/plaintext/kek", {"context": CONTEXT})
        for one in ("web", "worker")
    ],
    *[(f"{one}-web", f"amanah-{one}/hmac/index", {"input": INPUT}) for one in ("identity", "licensing", "sessions")],
    *[(f"{one}-worker", f"amanah-{one}/hmac/index/sha2-256", {"input": INPUT}) for one in ("identity", "sessions")],
    ("identity-web", "amanah-identity/sign/token", {"input": INPUT}),
    ("audit-worker", "amanah-audit/sign/checkpoint", {"input": INPUT}),
    ("sessions-worker", "amanah-sessions/keys/clinic-allowed", NEW_KEK),
    *[(one, "auth/token/renew-self", {}) for one in PROCESSES],
]
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    # audit can sign a checkpoint and open nothing
    *[
        (process, f"amanah-{service}/{path}", {"context": CONTEXT, "ciphertext": "vault:v1:AAAA"})
        for process in ("audit-web", "audit-worker")
        for service, kek in (("identity", "kek"), ("licensing", "kek"), ("sessions", "clinic-a"))
        for path in (f"decrypt/{kek}", f"datakey/plaintext/{kek}", f"datakey/wrapped/{kek}", f"rewrap/{kek}")
    ],
    ("audit-web", "amanah-audit/sign/checkpoint", {"input": INPUT}),
    # who signs people in is a web process; a signature is checked by the public key
    ("identity-worker", "amanah-identity/sign/token", {"input": INPUT}),
    ("identity-web", "amanah-identity/verify/token", {"input": INPUT, "signature": "vault:v1:AAAA"}),
    # nobody reaches into another service's mount
    ("identity-web", "amanah-sessions/decrypt/clinic-a", {"context": CONTEXT, "ciphertext": "vault:v1:AAAA"}),
    ("licensing-worker", "amanah-identity/hmac/index", {"input": INPUT}),
    ("sessions-worker", "amanah-identity/sign/token", {"input": INPUT}),
    ("identity-web", "amanah-audit/sign/checkpoint", {"input": INPUT}),
    # only the sessions worker makes keys, only KEKs of the right kind, and none that could be exported
    ("sessions-web", "amanah-sessions/keys/clinic-new", NEW_KEK),
    ("identity-worker", "amanah-identity/keys/other", NEW_KEK),
    ("sessions-worker", "amanah-sessions/keys/clinic-new", {}),
    ("sessions-worker", "amanah-sessions/keys/clinic-new", {"type": "aes256-gcm96"}),
    ("sessions-worker", "amanah-sessions/keys/clinic-new", {"type": "aes256-gcm96", "derived": False}),
    ("sessions-worker", "amanah-sessions/keys/clinic-new", {"type": "rsa-2048", "derived": True}),
    ("sessions-worker", "amanah-sessions/keys/clinic-new", {**NEW_KEK, "exportable": True}),
    ("sessions-worker", "amanah-sessions/keys/clinic-new", {**NEW_KEK, "allow_plaintext_backup": True}),
    ("operator", "amanah-sessions/keys/clinic-new", {**NEW_KEK, "exportable": True}),
    ("operator", "amanah-identity/decrypt/kek", {"context": CONTEXT, "ciphertext": "vault:v1:AAAA"}),
    # one KEK does not stand for another purpose, and no policy is written from a service
    ("identity-web", "amanah-identity/encrypt/kek", {"context": CONTEXT, "plaintext": INPUT}),
    ("identity-web", "sys/policies/acl/identity-web", {"policy": "{}"}),
]


@pytest.mark.parametrize(("process", "path", "body"), ALLOWED)
def test_a_process_may_do_its_work(sign_in: SignIn, process: str, path: str, body: dict[str, Any]) -> None:
    post(sign_in(process), path, **body)


@pytest.mark.parametrize(("process", "path", "body"), REFUSED)
def test_a_process_may_do_nothing_else(sign_in: SignIn, process: str, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        post(sign_in(process), path, **body)


@pytest.mark.parametrize("process", [*PROCESSES, "operator"])
def test_nobody_can_export_a_key_or_make_one_exportable(sign_in: SignIn, process: str) -> None:
    client = sign_in(process)
    clinic = "sessions/keys/clinic-a"
    sign_in("sessions-worker").adapter.post(f"/v1/amanah-{clinic}", json=NEW_KEK)
    for key in ("identity/keys/kek", "identity/keys/token", "licensing/keys/kek", "audit/keys/checkpoint", clinic):
        for change in ({"exportable": True}, {"allow_plaintext_backup": True}, {"deletion_allowed": True}):
            with pytest.raises(Forbidden):
                client.adapter.post(f"/v1/amanah-{key}/config", json=change)
        mount, _, name = key.split("/")
        for path in (f"export/encryption-key/{name}", f"export/signing-key/{name}", f"backup/{name}"):
            with pytest.raises(Forbidden):
                client.adapter.get(f"/v1/amanah-{mount}/{path}")
        with pytest.raises(Forbidden):
            client.adapter.delete(f"/v1/amanah-{key}")


@pytest.mark.parametrize("process", PROCESSES)
def test_everybody_may_read_the_public_keys_and_no_other_key(sign_in: SignIn, process: str) -> None:
    client = sign_in(process)
    for path in ("amanah-identity/keys/token", "amanah-audit/keys/checkpoint"):
        key = client.adapter.get(f"/v1/{path}")["data"]["keys"]["1"]["public_key"]
        assert len(base64.b64decode(key)) == 32
    with pytest.raises(Forbidden):
        client.adapter.get("/v1/amanah-identity/keys/kek")


def test_a_misspelt_key_name_makes_no_key(sign_in: SignIn) -> None:
    with pytest.raises(InvalidRequest, match="encryption key not found"):
        post(sign_in("sessions-web"), "amanah-sessions/datakey/plaintext/clinic-misspelt", context=CONTEXT)


def post(client: hvac.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.adapter.post(f"/v1/{path}", json=body)
    return answer["data"] if isinstance(answer, dict) else {}
