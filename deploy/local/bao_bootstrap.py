"""Makes in a key server what Amanah needs: mounts, keys, policies, and one AppRole a process. Again is harmless.

It works against any server that speaks Vault's API, given a client whose token may do what
`bao_policies.operator_policy` lists. A key that is there under a right name but of a wrong kind is refused, never
changed: the server would answer the making of an existing key with "200" and the old key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import hvac
from hvac.exceptions import InvalidPath, InvalidRequest

from deploy.local.bao_policies import PROCESSES, SERVICES, mount, policy

KEK = {"type": "aes256-gcm96", "derived": True}
INDEX = {"type": "hmac", "key_size": 32}
SIGNING = {"type": "ed25519"}
KEYS: dict[str, dict[str, dict[str, Any]]] = {
    "identity": {"kek": KEK, "index": INDEX, "token": SIGNING},
    "licensing": {"kek": KEK, "index": INDEX},
    "sessions": {"index": INDEX},  # and a KEK a clinic, made by its worker when the clinic is founded
    "audit": {"checkpoint": SIGNING},
}


@dataclass(frozen=True)
class Credentials:
    """What a process signs in with. The secret stays out of `repr`, so that no log shows it."""

    role_id: str
    secret_id: str = field(repr=False)


class WrongSetup(Exception):
    """Something of our name is there already, but of another kind. The text says what to look at."""


def process_name(service: str, process: str) -> str:
    """The name of a process's role and of its policy, for example `sessions-worker`."""
    return f"{service}-{process}"


def bootstrap(client: hvac.Client, known: Mapping[str, Credentials] | None = None) -> dict[str, Credentials]:
    """Make what is missing; return the credentials of each process by its name.

    Secret ids of `known` that the server still accepts are kept; for the others a new one is made. They have no end and
    no count of uses, which is right for one machine only.
    """
    mounted = client.sys.list_mounted_secrets_engines()["data"]
    for service in SERVICES:
        _ensure_mount(client, service, mounted)
        for name, kind in KEYS[service].items():
            _ensure_key(client, service, name, kind)
    if "approle/" not in client.sys.list_auth_methods()["data"]:
        client.sys.enable_auth_method("approle")
    return {
        process_name(service, process): _ensure_role(client, service, process, known or {})
        for service in SERVICES
        for process in PROCESSES
    }


def _ensure_mount(client: hvac.Client, service: str, mounted: Mapping[str, Any]) -> None:
    there = mounted.get(mount(service) + "/")
    if there is None:
        client.sys.enable_secrets_engine("transit", path=mount(service))
    elif there["type"] != "transit":
        raise WrongSetup(f"the mount {mount(service)} is of type {there['type']}, not transit. Use another server")
    # a misspelt key name must fail; without this, encrypting with it would make a key
    client.adapter.post(f"/v1/{mount(service)}/config/keys", json={"disable_upsert": True})


def _ensure_key(client: hvac.Client, service: str, name: str, kind: Mapping[str, Any]) -> None:
    path = f"/v1/{mount(service)}/keys/{name}"
    try:
        there = client.adapter.get(path)["data"]
    except InvalidPath:
        client.adapter.post(path, json=dict(kind))
        there = client.adapter.get(path)["data"]
    wanted = {"type": kind["type"], "derived": kind.get("derived", False), "exportable": False}
    wrong = {word: there.get(word) for word, value in wanted.items() if (there.get(word) or False) != value}
    if wrong or there.get("soft_deleted"):
        raise WrongSetup(
            f"the key {mount(service)}/{name} is not as it must be ({wrong or 'soft-deleted'}; wanted {wanted}). "
            "Nothing was changed. Restore or move that key, or use another server"
        )


def _ensure_role(client: hvac.Client, service: str, process: str, known: Mapping[str, Credentials]) -> Credentials:
    name = process_name(service, process)
    client.adapter.post(f"/v1/sys/policies/acl/{name}", json={"policy": policy(service, process)})
    client.auth.approle.create_or_update_approle(
        name, token_policies=[name], token_no_default_policy=True, token_ttl="1h", token_max_ttl="24h"
    )
    role_id = client.auth.approle.read_role_id(name)["data"]["role_id"]
    kept = known.get(name)
    if kept is not None and kept.role_id == role_id and _accepted(client, name, kept):
        return kept
    return Credentials(role_id, client.auth.approle.generate_secret_id(name)["data"]["secret_id"])


def _accepted(client: hvac.Client, name: str, kept: Credentials) -> bool:
    """Whether the server still knows this secret id. For an unknown one it answers 204, some versions 4xx."""
    path = f"/v1/auth/approle/role/{name}/secret-id/lookup"
    try:
        answer = client.adapter.post(path, json={"secret_id": kept.secret_id})
    except (InvalidPath, InvalidRequest):
        return False
    return isinstance(answer, dict) and bool(answer.get("data"))
