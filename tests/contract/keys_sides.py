"""The two sides of the keys port, as the contract tests need them: a keyring file, and a real OpenBao server."""

import json
from pathlib import Path
from typing import Any, Protocol

from deploy.local.bao import Bao
from deploy.local.bao_bootstrap import bootstrap
from services.kernel.keys.keyring import Keyring
from services.kernel.keys.local import LocalKeys
from services.kernel.keys.port import KeyKind, Keys
from services.kernel.keys.vault import VaultKeys
from services.kernel.keys.vault_client import AppRole, VaultClient

SET_UP: dict[str, dict[str, KeyKind]] = {
    "identity": {"kek": "kek", "index": "mac", "token": "sign"},
    "licensing": {"kek": "kek", "index": "mac"},
    "sessions": {"index": "mac"},
    "audit": {"checkpoint": "sign"},
}


class Side(Protocol):
    """An installation's keys, set up, and the operator who can rotate them."""

    def keys(self, service: str) -> Keys: ...

    def rotate(self, service: str, name: str) -> None: ...


class LocalSide:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "keys" / "keyring.json"
        self._keyring = Keyring(self.path, data_folder=folder / "data", found=True)
        for service, kinds in SET_UP.items():
            LocalKeys(service, self._keyring).prepare(kinds)

    def keys(self, service: str) -> Keys:
        return LocalKeys(service, self._keyring)

    def rotate(self, service: str, name: str) -> None:
        LocalKeys(service, self._keyring).rotate(name)


class BaoSide:
    def __init__(self, server: Bao) -> None:
        self.server = server
        self.operator = server.operator()
        self._credentials = bootstrap(self.operator)

    def keys(self, service: str) -> Keys:
        return VaultKeys(service, self.client(service))

    def client(self, service: str, process: str = "worker", **options: Any) -> VaultClient:
        return VaultClient(self.server.address, self.app_role(service, process), **options)

    def app_role(self, service: str, process: str = "worker") -> AppRole:
        credentials = self._credentials[f"{service}-{process}"]
        return AppRole(credentials.role_id, credentials.secret_id)

    def rotate(self, service: str, name: str) -> None:
        rotator = self.role_of_its_own("rotator", {"+/keys/+/rotate": {"capabilities": ["update"]}})
        client = VaultClient(self.server.address, rotator)
        assert client.call("post", f"amanah-{service}/keys/{name}/rotate", {}).status in (200, 204)

    def role_of_its_own(self, name: str, rules: dict[str, Any], **options: Any) -> AppRole:
        """A role that no service has, with these rules."""
        self.operator.adapter.post(f"/v1/sys/policies/acl/{name}", json={"policy": json.dumps({"path": rules})})
        role = self.operator.auth.approle
        role.create_or_update_approle(name, token_policies=[name], **options)
        secret = role.generate_secret_id(name)["data"]["secret_id"]
        return AppRole(role.read_role_id(name)["data"]["role_id"], secret)
