"""Signing with a key that never leaves the key server, and verifying with its public keys (Ed25519, RFC 8032).

Public keys are cached: a signed token must be checkable at every request. They are no secret, so when the key server
does not answer, known versions go on being trusted for ``TRUST`` seconds: nobody is signed out by its restart.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.kernel.keys.port import KeyMissing, Keys, KeysUnavailable, KeyUnfit, Signature

TTL = 60.0
TRUST = 600.0
# An unknown version may be new, so the key server is asked again; but not for every forged token.
ASK_AGAIN = 5.0


def is_signed(public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Whether these 64 bytes are the signature of the data under this raw public key (32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Fetched:
    versions: dict[int, bytes]
    at: float
    asked: float


class PublicKeys:
    """The public keys of all services, by service, name and version. Threads may share it; times are in seconds."""

    def __init__(self, keys: Keys, monotonic: Callable[[], float], *, ttl: float = TTL) -> None:
        self._keys = keys
        self._monotonic = monotonic
        self._ttl = ttl
        self._fetched: dict[tuple[str, str], _Fetched] = {}
        self._lock = threading.Lock()

    def get(self, service: str, name: str, version: int) -> bytes:
        """The raw public key (32 bytes) of this version. Raises ``KeyMissing`` where there is none."""
        known = self.versions(service, name)
        if version not in known:
            known = self._ask(service, name)
        if version not in known:
            raise KeyMissing(service, name, version)
        return known[version]

    def versions(self, service: str, name: str) -> dict[int, bytes]:
        """All public keys of a name, by version, at most ``ttl`` old unless the key server does not answer."""
        fetched = self._fetched.get((service, name))
        if fetched is None or self._monotonic() - fetched.at >= self._ttl:
            return self._ask(service, name)
        return fetched.versions

    def verify(self, service: str, name: str, data: bytes, signature: Signature) -> bool:
        """Whether the signature is that service's, by the version of its key that the signature names."""
        return is_signed(self.get(service, name, signature.version), data, signature.raw)

    def _ask(self, service: str, name: str) -> dict[int, bytes]:
        """Fetch, unless that was tried a moment ago; when nobody answers, trust what is known for a while."""
        now = self._monotonic()
        with self._lock:
            old = self._fetched.get((service, name))
            if old is not None and now - old.asked < ASK_AGAIN:
                return old.versions
            if old is not None:
                self._fetched[service, name] = _Fetched(old.versions, old.at, now)
        try:
            versions = self._keys.public_keys(service, name)
        except KeysUnavailable:
            if old is None or now - old.at >= TRUST:
                raise
            return old.versions
        with self._lock:
            self._fetched[service, name] = _Fetched(versions, now, now)
        return versions


class Signer:
    """Signs with one key of the own service; each signature is verified before it is given out."""

    def __init__(self, keys: Keys, public_keys: PublicKeys, name: str) -> None:
        self._keys = keys
        self._public_keys = public_keys
        self._name = name

    def sign(self, data: bytes) -> Signature:
        signature = self._keys.sign(self._name, data)
        if not self._public_keys.verify(self._keys.service, self._name, data, signature):
            raise KeyUnfit(
                f"A signature by key {self._name!r} does not fit its public key",
                help="Do not use this key; look at the key server before anything more is signed.",
            )
        return signature
