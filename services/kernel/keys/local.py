"""Keys in a file: the embedded default, with nothing to install.

The keyring file (``keyring``) holds the keys of all services, so there is no separation between them.

A data key is wrapped with AES-256-GCM under a key derived from the KEK and the context by HKDF-SHA-256 (RFC 5869);
the text form is ``local:v<version>:<base64 of nonce and ciphertext>``.
"""

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.kernel.keys.keyring import Keyring
from services.kernel.keys.port import (
    KEY_BYTES,
    DataKey,
    KeyGone,
    KeyKind,
    KeyMissing,
    KeyUnfit,
    Signature,
    check_name,
)

_NONCE_BYTES = 12


class LocalKeys:
    """The keys port on a keyring file, for one service."""

    def __init__(self, service: str, keyring: Keyring) -> None:
        self._service = check_name(service)
        self._keyring = keyring

    @property
    def service(self) -> str:
        return self._service

    def prepare(self, kinds: Mapping[str, KeyKind]) -> None:
        """Make the keys that this service is set up with, where they are not there yet."""
        for name, kind in kinds.items():
            self._make(name, kind)

    def rotate(self, name: str) -> int:
        """Add a version to a key and use it from now on; the older ones go on opening what they made."""
        if self._keyring.read(self._full(name)) is None:
            raise KeyMissing(self._service, name)
        return self._keyring.add_version(self._full(name))

    def make_kek(self, name: str) -> int:
        return self._make(name, "kek")

    def new_data_key(self, kek: str, context: bytes) -> DataKey:
        versions = self._versions(kek, "kek")
        plaintext, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE_BYTES)
        sealed = nonce + _wrapping(versions[-1], context).encrypt(nonce, plaintext, None)
        return DataKey(plaintext, f"local:v{len(versions)}:{b64encode(sealed).decode()}", len(versions))

    def unwrap(self, kek: str, items: Sequence[tuple[bytes, str]]) -> list[bytes | KeyGone]:
        versions = self._versions(kek, "kek")
        return [_unwrap(versions, context, wrapped) for context, wrapped in items]

    def mac(self, name: str, data: bytes, version: int = 1) -> bytes:
        versions = self._versions(name, "mac")
        if not 1 <= version <= len(versions):
            raise KeyMissing(self._service, name, version)
        return hmac.digest(versions[version - 1], data, hashlib.sha256)

    def sign(self, name: str, data: bytes) -> Signature:
        versions = self._versions(name, "sign")
        return Signature(len(versions), Ed25519PrivateKey.from_private_bytes(versions[-1]).sign(data))

    def public_keys(self, service: str, name: str) -> dict[int, bytes]:
        secrets = LocalKeys(service, self._keyring)._versions(name, "sign")
        publics = (Ed25519PrivateKey.from_private_bytes(secret).public_key() for secret in secrets)
        return {version: public.public_bytes_raw() for version, public in enumerate(publics, start=1)}

    def probe(self) -> None:
        self._keyring.check()

    def _full(self, name: str) -> str:
        return f"{self._service}/{check_name(name)}"

    def _make(self, name: str, kind: KeyKind) -> int:
        full = self._full(name)
        key = self._keyring.read(full) or self._keyring.add_key(full, kind)
        if key.kind != kind:
            raise _unfit(name, kind)
        return len(key.versions)

    def _versions(self, name: str, kind: KeyKind) -> tuple[bytes, ...]:
        key = self._keyring.read(self._full(name))
        if key is None:
            raise KeyMissing(self._service, name)
        if key.kind != kind:
            raise _unfit(name, kind)
        return key.versions


def _wrapping(kek: bytes, context: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt=None, info=b"amanah/wrap/v1" + context).derive(kek))


def _unwrap(versions: tuple[bytes, ...], context: bytes, wrapped: str) -> bytes | KeyGone:
    try:
        form, version, text = wrapped.split(":")
        kek = dict(enumerate(versions, start=1))[int(version.removeprefix("v"))]
        sealed = b64decode(text, validate=True)
    except (ValueError, KeyError, Base64Error):
        return KeyGone("malformed")
    if form != "local" or len(sealed) <= _NONCE_BYTES:
        return KeyGone("malformed")
    try:
        return _wrapping(kek, context).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
    except InvalidTag:
        return KeyGone("refused")


def _unfit(name: str, kind: KeyKind) -> KeyUnfit:
    return KeyUnfit(f"Key {name!r} exists but is not of kind {kind!r}", help="Choose another name for it.")
