"""Access tokens: one spelling, one algorithm, one audience, ten minutes."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.kernel.errors import Unauthenticated
from services.kernel.http.tokens import MAX_TOKEN, Claims, DenySet, Membership, decode, encode, ensure_not_revoked
from services.kernel.keys.port import KeyMissing
from services.kernel.time import Instant, plus

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = {1: KEY.public_key().public_bytes_raw(), 7: OTHER.public_key().public_bytes_raw()}
NOW = Instant("2026-11-24T07:00:00.250000Z")
CLAIMS = Claims(
    account="01938c2f-6c1e-7000-8000-000000000001",
    sid="s1",
    memberships=(Membership("c1", None, ("counselor", "operator")), Membership("c2", "k1")),
    network_roles=("officer",),
    locale="id",
    zone="Asia/Jakarta",
    acr="password",
    auth_time=Instant("2026-11-24T06:00:00.000000Z"),
    issued=NOW,
    expires=Instant("2026-11-24T07:10:00.000000Z"),
    audience=("sessions", "audit"),
)


def sign(data: bytes) -> tuple[int, bytes]:
    return 1, KEY.sign(data)


def public_key(version: int) -> bytes:
    if version not in PUBLIC:
        raise KeyMissing("identity", "token", version)
    return PUBLIC[version]


TOKEN = encode(CLAIMS, sign)


def refuse(token: str, now: Instant = NOW, audience: str = "sessions") -> str:
    with pytest.raises(Unauthenticated) as caught:
        decode(token, public_key, now, audience)
    assert caught.value.help
    return caught.value.detail


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(header: Any, payload: Any) -> str:
    text = f"{part(header)}.{part(payload)}"
    return f"{text}.{base64.urlsafe_b64encode(KEY.sign(text.encode())).rstrip(b'=').decode()}"


def payload_of(token: str) -> dict[str, Any]:
    middle = token.split(".")[1]
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    return value


def test_what_is_encoded_is_decoded() -> None:
    assert decode(TOKEN, public_key, NOW, "sessions") == CLAIMS
    assert decode(TOKEN, public_key, NOW, "audit") == CLAIMS


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 6))
def test_any_bit_flipped_is_refused(index: int, bit: int) -> None:
    flipped = TOKEN[:index] + chr(ord(TOKEN[index]) ^ (1 << bit)) + TOKEN[index + 1 :]
    refuse(flipped)


@given(st.text(max_size=300))
def test_any_other_text_is_refused(text: str) -> None:
    refuse(text)
    refuse(f"{text}.{text}.{text}")


def test_another_audience_is_refused() -> None:
    assert "licensing" in refuse(TOKEN, audience="licensing")


def test_it_ends_after_its_time_and_a_clock_may_be_a_little_wrong() -> None:
    decode(TOKEN, public_key, plus(CLAIMS.expires, seconds=4), "sessions")
    assert "expired" in refuse(TOKEN, now=plus(CLAIMS.expires, seconds=5))
    decode(TOKEN, public_key, plus(NOW, seconds=-5), "sessions")
    assert "future" in refuse(TOKEN, now=plus(NOW, seconds=-6))


def test_no_token_holds_longer_than_ten_minutes() -> None:
    assert "longer" in refuse(encode(replace(CLAIMS, expires=plus(NOW, minutes=11)), sign))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "token:1", "typ": "at+jwt"},
        {"alg": "HS256", "kid": "token:1", "typ": "at+jwt"},
        {"alg": "EdDSA", "kid": "token:1", "typ": "JWT"},
        {"alg": "EdDSA", "kid": "token:01", "typ": "at+jwt"},
        {"alg": "EdDSA", "kid": "checkpoint:1", "typ": "at+jwt"},
        {"alg": "EdDSA", "kid": 1, "typ": "at+jwt"},
        {"alg": "EdDSA", "typ": "at+jwt"},
        {"alg": "EdDSA", "kid": "token:1", "typ": "at+jwt", "crit": ["x"]},
        {"alg": "EdDSA", "kid": "token:1", "typ": "at+jwt", "jwk": {}},
        [],
    ],
)
def test_a_header_that_is_not_exactly_ours_is_refused_though_well_signed(header: Any) -> None:
    refuse(signed(header, payload_of(TOKEN)))


def test_an_unsigned_token_is_refused() -> None:
    refuse(f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': 'token:1'})}.{TOKEN.split('.')[1]}.")
    refuse(TOKEN.rsplit(".", 1)[0] + ".")


@pytest.mark.parametrize("version", [7, 999])
def test_a_key_that_did_not_sign_or_is_not_there_is_refused(version: int) -> None:
    header = {"alg": "EdDSA", "kid": f"token:{version}", "typ": "at+jwt"}
    assert "signature" in refuse(signed(header, payload_of(TOKEN)))


@pytest.mark.parametrize("name", list(payload_of(TOKEN)))
@pytest.mark.parametrize("value", [None, 1.5, True, "x", [], {}, [[1]], 10**30])
def test_a_claim_of_another_shape_is_refused_though_well_signed(name: str, value: object) -> None:
    header = {"alg": "EdDSA", "kid": "token:1", "typ": "at+jwt"}
    token = signed(header, payload_of(TOKEN) | {name: value})
    if (name in ("network_roles", "memberships") and value == []) or (value == "x" and name in _FREE):
        decode(token, public_key, NOW, "sessions")
    else:
        refuse(token)


_FREE = ("sub", "sid", "locale", "zoneinfo", "acr")


def test_a_huge_token_is_refused_before_it_is_read() -> None:
    assert "too long" in refuse("a" * (MAX_TOKEN + 1))


def test_after_a_rotation_the_token_names_the_new_key() -> None:
    asked: list[bytes] = []

    def rotated(data: bytes) -> tuple[int, bytes]:
        asked.append(data)
        return 7, OTHER.sign(data)

    assert decode(encode(CLAIMS, rotated), public_key, NOW, "sessions") == CLAIMS
    assert len(asked) == 2
    encode(CLAIMS, rotated, version=7)
    assert len(asked) == 3


@pytest.mark.parametrize("name", [CLAIMS.account, CLAIMS.sid])
def test_a_revocation_meets_tokens_issued_before_it_and_no_later_ones(name: str) -> None:
    denied = DenySet()
    ensure_not_revoked(CLAIMS, denied)
    denied.revoke(name, plus(NOW, seconds=1))
    with pytest.raises(Unauthenticated, match="ended"):
        ensure_not_revoked(CLAIMS, denied)
    ensure_not_revoked(replace(CLAIMS, issued=plus(NOW, seconds=1.1)), denied)


def test_a_revocation_is_kept_as_long_as_a_token_lives() -> None:
    denied = DenySet()
    denied.revoke("s1", NOW)
    denied.revoke("s2", plus(NOW, minutes=10))
    with pytest.raises(Unauthenticated):
        ensure_not_revoked(CLAIMS, denied)
    denied.revoke("s1", plus(NOW, minutes=-1))
    with pytest.raises(Unauthenticated):
        ensure_not_revoked(CLAIMS, denied)
