"""The keys port: the operations on keys that never leave their server, and the errors they may end in.

An instance is bound to one service. Key names are plain strings inside that service's own space, for example ``kek``,
``clinic-<id>``, ``index``, ``token``, ``checkpoint``. Only public keys of other services can be read.

What every implementation promises:
- a key-encrypting key (KEK) wraps data keys, bound to a ``context`` (keyholder and purpose): with another context
  the wrapped key does not open;
- wrapped keys, macs and signatures name the key version that made them and stay good after a rotation;
- if the keys cannot be used, the call fails (``KeysUnavailable``); it never goes on without them;
- no error, ``repr`` or log line holds a plaintext key, the data given in, or the text of a library's exception.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from services.kernel.errors import Problem, Unavailable

KEY_BYTES = 32

# What a key is for: wrapping data keys, blind indexes (HMAC-SHA-256), signing (Ed25519).
KeyKind = Literal["kek", "mac", "sign"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class DataKey:
    """A new data key: 32 bytes to seal with, and the same wrapped under ``version`` of the KEK, to be kept."""

    plaintext: bytes = field(repr=False)
    wrapped: str
    version: int


@dataclass(frozen=True, slots=True)
class Signature:
    """An Ed25519 signature (RFC 8032): 64 raw bytes, and the key version that made it."""

    version: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class KeyGone:
    """A wrapped key that does not open, while others of the same call may.

    ``refused``: changed, or not of this context. ``retired``: its KEK version was retired. ``malformed``: not a
    wrapped key of this server.
    """

    reason: Literal["refused", "retired", "malformed"]


class KeysUnavailable(Unavailable):
    """The keys cannot be used now; ``reason`` is a code for readiness and alarms.

    Of a key server: sealed, timeout, unreachable, certificate, busy, gateway, standby, internal-error, login-refused,
    not-a-key-server. Of a keyring: keyring-missing, keyring-damaged, keyring-open-to-others, keyring-not-written,
    keyring-in-data-folder.
    """

    slug = "keys-unavailable"
    title = "The keys cannot be used just now"

    def __init__(self, reason: str, detail: str, *, help: str, retry_after: int = 5) -> None:
        super().__init__(detail, help=help, retry_after=retry_after, extra={"reason": reason})
        self.reason = reason


class KeyMissing(Problem):
    """There is no key of this name, or not of this version."""

    slug = "key-missing"
    title = "A key that should be there is missing"

    def __init__(self, service: str, name: str, version: int | None = None) -> None:
        what = f"key {name!r}" if version is None else f"version {version} of key {name!r}"
        super().__init__(
            f"Service {service!r} has no {what}",
            help="Run the key set-up for this installation again; if the key was there before, restore the key server.",
        )


class KeysRefused(Problem):
    """The key server knows who we are and does not let us do this."""

    slug = "keys-refused"
    title = "The key server refuses this operation"


class KeyUnfit(Problem):
    """The key is there but is of another kind than this operation needs, or is not safe to use."""

    slug = "key-unfit"
    title = "A key does not fit its purpose"


class Keys(Protocol):
    """The keys of one service. Every operation may raise ``KeysUnavailable``, ``KeyMissing``, ``KeysRefused`` or
    ``KeyUnfit``. Instances may be shared by threads."""

    @property
    def service(self) -> str:
        """The service whose keys these are."""

    def make_kek(self, name: str) -> int:
        """Make sure a KEK of this name exists; its latest version. Calling again changes nothing."""

    def new_data_key(self, kek: str, context: bytes) -> DataKey:
        """A fresh random data key of 32 bytes, wrapped under the latest version of the KEK for this context."""

    def unwrap(self, kek: str, items: Sequence[tuple[bytes, str]]) -> list[bytes | KeyGone]:
        """Open wrapped keys, given as (context, wrapped), in their order. One bad item does not spoil the others."""

    def mac(self, name: str, data: bytes, version: int = 1) -> bytes:
        """HMAC-SHA-256 (32 bytes) for a blind index. The version is pinned, so a rotation changes no index."""

    def sign(self, name: str, data: bytes) -> Signature:
        """Sign with the latest version of an Ed25519 key."""

    def public_keys(self, service: str, name: str) -> dict[int, bytes]:
        """The raw public keys (32 bytes) of any service's Ed25519 key, by version."""

    def probe(self) -> None:
        """Do one authenticated operation, for readiness; returns if keys can be used."""


def check_name(name: str) -> str:
    """The name, if it may stand in a path; raises ``ValueError`` otherwise (a bug of the caller)."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a key or service name: {name!r} (a-z, 0-9 and hyphens, at most 64)")
    return name
