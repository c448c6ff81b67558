"""Access tokens: who is calling, for at most ten minutes, signed by a key that stays in the keys port.

A token is a JWT (RFC 7519) in the profile of RFC 9068: ``typ`` is ``at+jwt``, signed with EdDSA (RFC 8037) over
Ed25519. What this promises: one token has exactly one spelling (strict base64url, so no bit may differ), algorithm and
type are fixed (RFC 8725), the size is bounded, and whatever does not fit is refused with ``Unauthenticated``. It is
verified by hand, because that is less than a library needs to be told.
"""

import base64
import binascii
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from services.kernel.errors import Unauthenticated
from services.kernel.keys.port import KeyMissing
from services.kernel.keys.signing import is_signed
from services.kernel.time import Instant, instant, moment, plus

MAX_TOKEN = 8192  # characters; a header of a common server holds as much
MAX_LIFE = 600  # seconds; revocations only shorten this, so nothing may lengthen it
LEEWAY = 5  # seconds by which the clocks of two machines may differ

_KID = re.compile(r"token:([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Membership:
    """An account's roles in one clinic, or the client that it is there. In the network itself ``clinic`` is none."""

    clinic: str | None
    client: str | None = None
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says. ``issued`` is exact; the other instants are kept in whole seconds, as RFC 7519 has them."""

    account: str
    sid: str
    memberships: tuple[Membership, ...]
    network_roles: tuple[str, ...]
    locale: str
    zone: str
    acr: str
    auth_time: Instant
    issued: Instant
    expires: Instant
    audience: tuple[str, ...]


class Revocations(Protocol):
    """Sign-ins that ended before their tokens do."""

    def is_revoked(self, claims: Claims) -> bool:
        """Whether the sign-in or the account of this token was revoked at or after the token was issued."""


class DenySet:
    """Revocations in memory, for one process. An entry is forgotten once every token that it could meet has expired."""

    def __init__(self) -> None:
        self._revoked: dict[str, Instant] = {}
        self._lock = threading.Lock()

    def revoke(self, account_or_sid: str, at: Instant) -> None:
        horizon = plus(at, seconds=-(MAX_LIFE + LEEWAY))
        with self._lock:
            self._revoked = {name: when for name, when in self._revoked.items() if when >= horizon}
            self._revoked[account_or_sid] = max(at, self._revoked.get(account_or_sid, at))

    def is_revoked(self, claims: Claims) -> bool:
        revoked = self._revoked
        return any(claims.issued <= revoked.get(name, "") for name in (claims.account, claims.sid))


def encode(claims: Claims, sign: Callable[[bytes], tuple[int, bytes]], *, version: int = 1) -> str:
    """A token for these claims.

    ``sign`` answers the version of the key it used and the 64-byte signature. The version stands in the signed header,
    so ``version`` is the one to be expected; where the key was rotated since, it is signed again with the right one.
    """
    body = _encode(_dumps(_payload(claims)))
    for _ in range(3):
        header = {"alg": "EdDSA", "kid": f"token:{version}", "typ": "at+jwt"}
        signed = f"{_encode(_dumps(header))}.{body}"
        used, signature = sign(signed.encode("ascii"))
        if used == version:
            return f"{signed}.{_encode(signature)}"
        version = used
    raise RuntimeError("the signing key was rotated three times while one token was signed")


def decode(token: str, public_key: Callable[[int], bytes], now: Instant, audience: str) -> Claims:
    """The claims of a token that is genuine, for us and in force; else ``Unauthenticated``.

    ``public_key`` answers the 32 raw bytes of an Ed25519 key by version, and raises ``LookupError`` or ``KeyMissing``
    for an unknown one.
    """
    if len(token) > MAX_TOKEN:
        raise _refused("The token is too long")
    if not token.isascii():
        raise _refused("This is not a token of ours")
    parts = token.split(".")
    if len(parts) != 3:
        raise _refused("This is not a token of ours")
    _verify(f"{parts[0]}.{parts[1]}", _decode(parts[2]), public_key, _version(_loads(parts[0])))
    claims = _claims(_loads(parts[1]))
    if audience not in claims.audience:
        raise _refused(f"This token is not for {audience}")
    _check_times(claims, now)
    return claims


def ensure_not_revoked(claims: Claims, revocations: Revocations) -> None:
    """Raises ``Unauthenticated`` when the sign-in behind these claims was ended."""
    if revocations.is_revoked(claims):
        raise _refused("This sign-in was ended")


def _refused(detail: str) -> Unauthenticated:
    return Unauthenticated(detail, help="Sign in again and send the new token as Authorization: Bearer <token>")


def _verify(signed: str, signature: bytes, public_key: Callable[[int], bytes], version: int) -> None:
    try:
        genuine = is_signed(public_key(version), signed.encode("ascii"), signature)
    except (LookupError, KeyMissing):
        genuine = False
    if not genuine:
        raise _refused("The signature of the token does not hold")


def _check_times(claims: Claims, now: Instant) -> None:
    if claims.expires <= plus(now, seconds=-LEEWAY):
        raise _refused("The token has expired")
    if claims.issued > plus(now, seconds=LEEWAY):
        raise _refused("The token was issued in the future; a clock is wrong")
    if claims.expires > plus(claims.issued, seconds=MAX_LIFE):
        raise _refused("The token would hold for longer than any token may")


def _version(header: Mapping[str, Any]) -> int:
    kid = header.get("kid")
    if set(header) != {"alg", "kid", "typ"} or header["alg"] != "EdDSA" or header["typ"] != "at+jwt":
        raise _refused("This is not an access token of ours")
    named = _KID.fullmatch(kid) if isinstance(kid, str) else None
    if named is None:
        raise _refused("The token names no key of ours")
    return int(named[1])


def _payload(claims: Claims) -> dict[str, object]:
    return {
        "sub": claims.account,
        "sid": claims.sid,
        "memberships": [[m.clinic, m.client, list(m.roles)] for m in claims.memberships],
        "network_roles": list(claims.network_roles),
        "locale": claims.locale,
        "zoneinfo": claims.zone,
        "acr": claims.acr,
        "auth_time": _seconds(claims.auth_time),
        "iat": _seconds(claims.issued),
        "issued": claims.issued,
        "exp": _seconds(claims.expires),
        "aud": list(claims.audience),
    }


def _claims(payload: Mapping[str, Any]) -> Claims:
    """The claims in a payload whose signature holds; it is ours, so any other shape is a fault and refused."""
    try:
        claims = Claims(
            account=_text(payload["sub"]),
            sid=_text(payload["sid"]),
            memberships=tuple(_membership(*entry) for entry in _list(payload["memberships"])),
            network_roles=_texts(payload["network_roles"]),
            locale=_text(payload["locale"]),
            zone=_text(payload["zoneinfo"]),
            acr=_text(payload["acr"]),
            auth_time=_instant(payload["auth_time"]),
            issued=instant(moment(payload["issued"])),
            expires=_instant(payload["exp"]),
            audience=_texts(payload["aud"]),
        )
        _same(_seconds(claims.issued), payload["iat"])
    except (KeyError, TypeError, ValueError, OverflowError):
        raise _refused("The token does not have the shape of ours") from None
    return claims


def _membership(clinic: object, client: object, roles: object) -> Membership:
    return Membership(
        None if clinic is None else _text(clinic), None if client is None else _text(client), _texts(roles)
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(entry) for entry in _list(value))


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value


def _same(left: object, right: object) -> None:
    if left != right:
        raise ValueError("two claims contradict each other")


def _seconds(at: Instant) -> int:
    return int(moment(at).timestamp())


def _instant(seconds: object) -> Instant:
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise ValueError("not whole seconds")
    return instant(datetime.fromtimestamp(seconds, UTC))


def _dumps(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _loads(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_decode(part))
    except (ValueError, RecursionError):
        raise _refused("The token cannot be read") from None
    if not isinstance(value, dict):
        raise _refused("The token cannot be read")
    return value


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    """Strict base64url without padding: what would not be encoded to this same text is refused (RFC 7515, 2)."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except binascii.Error:
        raise _refused("The token cannot be read") from None
    if _encode(data) != text:
        raise _refused("The token cannot be read")
    return data
