"""Who may do what with which key: one policy a process, and the operator's own.

Least privilege, told by path. Five traps of the ACL language shaped it:

- a policy written as JSON loses the booleans of its allowed values, so that any value passes (seen with OpenBao 2.7.2):
  policies are written as HCL;
- a `*` at the end beats a `+` beside it and also matches what lies below: key creation is granted on `+` only;
- a client that names the hash in the body posts to `hmac/NAME`, one that names it in the path to `hmac/NAME/HASH`: both
  are granted;
- without the policy `default` a token cannot even renew itself: that is granted by hand;
- `keys/NAME/config` can switch export on: nobody has it.
"""

from __future__ import annotations

import json
from typing import Any

Rules = dict[str, dict[str, Any]]

SERVICES = ("identity", "licensing", "sessions", "audit")
PROCESSES = ("web", "worker")
UPDATE = {"capabilities": ["update"]}
READ = {"capabilities": ["read"]}
ITSELF: Rules = {
    "auth/token/lookup-self": READ,
    "auth/token/renew-self": UPDATE,
    "auth/token/revoke-self": UPDATE,
}
PUBLIC_KEYS: Rules = {"amanah-identity/keys/token": READ, "amanah-audit/keys/checkpoint": READ}
# One KEK a clinic, made when the clinic is founded: of this kind only, and never changed afterwards.
NEW_CLINIC_KEK = {
    "capabilities": ["create", "update", "read"],
    "required_parameters": ["type", "derived"],
    "allowed_parameters": {"type": ["aes256-gcm96"], "derived": [True]},
}


def mount(service: str) -> str:
    """The transit mount of a service: its keys and nobody else's."""
    return f"amanah-{service}"


def _seals(service: str, keys: str) -> Rules:
    """Make and open data keys under the KEKs named by `keys`."""
    return {f"{mount(service)}/datakey/plaintext/{keys}": UPDATE, f"{mount(service)}/decrypt/{keys}": UPDATE}


def _indexes(service: str) -> Rules:
    """Compute blind indexes."""
    return {f"{mount(service)}/hmac/index": UPDATE, f"{mount(service)}/hmac/index/*": UPDATE}


def _rules(service: str, process: str) -> Rules:
    match service, process:
        case "identity", "web":
            return _seals(service, "kek") | _indexes(service) | {f"{mount(service)}/sign/token": UPDATE}
        case "identity" | "licensing", _:
            return _seals(service, "kek") | _indexes(service)
        case "sessions", "worker":
            return _seals(service, "clinic-*") | _indexes(service) | {f"{mount(service)}/keys/+": NEW_CLINIC_KEK}
        case "sessions", _:
            return _seals(service, "clinic-*") | _indexes(service)
        case "audit", "worker":
            return {f"{mount(service)}/sign/checkpoint": UPDATE}
        case "audit", _:
            return {}
    raise ValueError(f"no process {process!r} of a service {service!r} is known")


def policy(service: str, process: str) -> str:
    """The policy of one process, in HCL."""
    return _as_hcl(ITSELF | PUBLIC_KEYS | _rules(service, process))


def operator_policy() -> str:
    """What the operator needs to set the house up. It makes and reads keys; it cannot use, export or delete one.

    Who may write policies may grant themselves anything, so the operator's secret is as good as a root token: it stays
    in a file of its own and no service gets it.
    """
    write = {"capabilities": ["create", "update", "read"]}
    rules: Rules = dict(ITSELF)
    any_value: list[str] = []
    new_key = write | {"allowed_parameters": dict.fromkeys(("type", "derived", "key_size"), any_value)}
    for service in SERVICES:
        rules[f"sys/mounts/{mount(service)}"] = write
        rules[f"{mount(service)}/config/keys"] = write
        rules[f"{mount(service)}/keys/+"] = new_key
    rules["sys/mounts"] = rules["sys/auth"] = READ
    rules["sys/auth/approle"] = {"capabilities": ["create", "update", "read", "sudo"]}
    rules["sys/policies/acl/+"] = write
    rules["auth/approle/role/+"] = write
    for path in ("role-id", "secret-id", "secret-id/lookup"):
        rules[f"auth/approle/role/+/{path}"] = write
    rules["sys/seal"] = {"capabilities": ["update", "sudo"]}
    return _as_hcl(rules)


def _as_hcl(rules: Rules) -> str:
    """Rules in the server's own language. A value is written as in JSON; a map of parameters is a block of its own."""
    lines = []
    for path, rule in sorted(rules.items()):
        lines.append(f"path {json.dumps(path)} {{")
        for word, value in rule.items():
            if isinstance(value, dict):
                inner = "".join(f"    {json.dumps(name)} = {json.dumps(values)}\n" for name, values in value.items())
                lines.append(f"  {word} = {{\n{inner}  }}")
            else:
                lines.append(f"  {word} = {json.dumps(value)}")
        lines.append("}")
    return "\n".join(lines) + "\n"
