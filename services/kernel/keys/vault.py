"""Keys in OpenBao or HashiCorp Vault: one transit mount a service, named ``amanah-<service>``.

KEKs are derived AES-256-GCM keys: the context takes part in the derivation, so a rotation by rewrap stays possible
(transit's ``associated_data`` would forbid it). Requests are raw where hvac lacks an argument. Batches ask for status
200 on partial failure, because otherwise the good plaintexts come back inside an error.

Specification: the transit API, https://openbao.org/api-docs/secret/transit/
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Any, NoReturn

from services.kernel.keys.port import (
    KEY_BYTES,
    DataKey,
    KeyGone,
    KeyMissing,
    KeysRefused,
    KeyUnfit,
    Signature,
    check_name,
)
from services.kernel.keys.vault_client import Answer, VaultClient

# The server refuses a request of more than about 249 items of two fields (max_request_json_strings).
BATCH = 100


class VaultKeys:
    """The keys port on a transit mount, for one service."""

    def __init__(self, service: str, client: VaultClient) -> None:
        self._service = check_name(service)
        self._client = client

    @property
    def service(self) -> str:
        return self._service

    def make_kek(self, name: str) -> int:
        path = self._path("keys", name)
        answer = self._client.call("post", path, {"type": "aes256-gcm96", "derived": True})
        # Creating a name that exists answers with the old key, whatever its kind; older servers answer with nothing.
        data = answer.data if answer.status == 200 else self._client.call("get", path).data
        if not data:
            self._explain(answer, name)
        if data.get("soft_deleted"):
            raise _soft_deleted(name)
        if data.get("type") != "aes256-gcm96" or not data.get("derived"):
            raise KeyUnfit(
                f"Key {name!r} exists but is not a derived AES-256-GCM key",
                help="Choose another name for it; a key cannot change its kind.",
            )
        if data.get("exportable") or data.get("allow_plaintext_backup"):
            raise KeyUnfit(
                f"Key {name!r} may be exported from the key server",
                help="Make a new key that is not exportable; this cannot be switched off again.",
            )
        return int(data["latest_version"])

    def new_data_key(self, kek: str, context: bytes) -> DataKey:
        data = self._post("datakey/plaintext", kek, {"context": _text(context), "bits": 8 * KEY_BYTES})
        return DataKey(b64decode(data["plaintext"]), data["ciphertext"], int(data["key_version"]))

    def unwrap(self, kek: str, items: Sequence[tuple[bytes, str]]) -> list[bytes | KeyGone]:
        opened: list[bytes | KeyGone] = []
        for start in range(0, len(items), BATCH):
            opened += self._unwrap_batch(kek, items[start : start + BATCH])
        return opened

    def mac(self, name: str, data: bytes, version: int = 1) -> bytes:
        body = {"input": _text(data), "key_version": version, "algorithm": "sha2-256"}
        return _raw(self._post("hmac", name, body, version)["hmac"])

    def sign(self, name: str, data: bytes) -> Signature:
        answer = self._post("sign", name, {"input": _text(data)})
        return Signature(int(answer["key_version"]), _raw(answer["signature"]))

    def public_keys(self, service: str, name: str) -> dict[int, bytes]:
        answer = self._client.call("get", f"amanah-{check_name(service)}/keys/{check_name(name)}")
        if answer.status != 200:
            raise KeyMissing(service, name)
        if answer.data.get("type") != "ed25519":
            raise KeyUnfit(f"Key {name!r} of {service!r} is not an Ed25519 key", help="Name a signing key.")
        return {int(version): b64decode(key["public_key"]) for version, key in answer.data["keys"].items()}

    def probe(self) -> None:
        self._client.call("get", "auth/token/lookup-self")

    def _unwrap_batch(self, kek: str, items: Sequence[tuple[bytes, str]]) -> list[bytes | KeyGone]:
        batch = [{"ciphertext": wrapped, "context": _text(context)} for context, wrapped in items]
        body = {"batch_input": batch, "partial_failure_response_code": 200}
        answer = self._client.call("post", self._path("decrypt", kek), body)
        results = answer.data.get("batch_results") or ()  # also there in the 400 of a batch without one good item
        if len(results) != len(items):
            self._explain(answer, kek)
        return [_opened(result, kek) for result in results]

    def _post(self, operation: str, name: str, body: dict[str, Any], version: int | None = None) -> dict[str, Any]:
        answer = self._client.call("post", self._path(operation, name), body)
        if answer.status != 200:
            self._explain(answer, name, version)
        return answer.data

    def _path(self, operation: str, name: str) -> str:
        return f"amanah-{self._service}/{operation}/{check_name(name)}"

    def _explain(self, answer: Answer, name: str, version: int | None = None) -> NoReturn:
        """Raise the port's error for an answer that is none of the good ones; the server's own text stays here."""
        text = answer.errors
        if "soft-deleted" in text:
            raise _soft_deleted(name)
        if "key not found" in text or answer.status == 404:
            raise KeyMissing(self._service, name)
        if "version does not exist" in text:
            raise KeyMissing(self._service, name, version)
        raise KeyUnfit(
            f"The key server cannot do this operation with key {name!r} of {self._service!r}",
            help="Check the kind of the key against the set-up of this installation; the key server's log says more.",
        )


def _opened(result: dict[str, Any], kek: str) -> bytes | KeyGone:
    error = str(result.get("error") or "")
    if "soft-deleted" in error:
        raise _soft_deleted(kek)  # that is no fault of the item
    if "authentication failed" in error:
        return KeyGone("refused")
    if "too old" in error:
        return KeyGone("retired")
    plaintext = b64decode(result.get("plaintext") or "")
    return KeyGone("malformed") if error or len(plaintext) != KEY_BYTES else plaintext


def _soft_deleted(name: str) -> KeysRefused:
    return KeysRefused(
        f"Key {name!r} is frozen (soft-deleted) on the key server",
        help="An operator who keeps the keys can restore it, or delete it for good.",
    )


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _raw(value: str) -> bytes:
    """The bytes behind ``vault:v1:``."""
    return b64decode(value.rsplit(":", 1)[1])
