"""Verifying what a key that never leaves the key server has signed, by its public keys (Ed25519, RFC 8032).

Public keys are cached: a signed token must be checkable at every request. They are no secret, so when the key server
does not answer, known versions go on being trusted for ``TRUST`` seconds: nobody is signed out by its restart.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.kernel.keys.port import KeyMissing, Keys, KeysUnavailable

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

    def _ask(self, service: str, name: str) -> dict[int, bytes]:
        """Fetch, unless that was tried a moment ago; when nobody answers, trust what is known for a while."""
        now = self._monotonic()
        with self._lock:
            old = self._fetched.get((service, name))
            trusted = old if old is not None and now - old.at < TRUST else None
            if trusted is not None and now - trusted.asked < ASK_AGAIN:
                return trusted.versions
            if trusted is not None:
                self._fetched[service, name] = _Fetched(trusted.versions, trusted.at, now)
        try:
            versions = self._keys.public_keys(service, name)
        except KeysUnavailable:
            if trusted is None:
                raise
            return trusted.versions
        with self._lock:
            self._fetched[service, name] = _Fetched(versions, now, now)
        return versions
