"""Signatures: only the named service's key makes them, and a short outage of the keys signs nobody out."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.kernel.keys.keyring import Keyring
from services.kernel.keys.local import LocalKeys
from services.kernel.keys.port import KeyMissing, KeysUnavailable, KeyUnfit, Signature
from services.kernel.keys.signing import PublicKeys, Signer, is_signed


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class CountingKeys(LocalKeys):
    """Real keys that count how often public keys were asked for."""

    asked = 0

    def public_keys(self, service: str, name: str) -> dict[int, bytes]:
        self.asked += 1
        return super().public_keys(service, name)


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(tmp_path / "keyring.json", data_folder=tmp_path / "data", found=True)


@pytest.fixture
def identity(keyring: Keyring) -> LocalKeys:
    keys = LocalKeys("identity", keyring)
    keys.prepare({"token": "sign", "index": "mac"})
    return keys


@pytest.fixture
def sessions(keyring: Keyring) -> CountingKeys:
    return CountingKeys("sessions", keyring)


def test_another_service_can_check_a_signature_and_cannot_be_deceived(
    identity: LocalKeys, sessions: CountingKeys
) -> None:
    publics = PublicKeys(sessions, Time())
    signature = Signer(identity, PublicKeys(identity, Time()), "token").sign(b"claims")
    assert publics.verify("identity", "token", b"claims", signature)
    assert not publics.verify("identity", "token", b"claimz", signature)
    assert not publics.verify("identity", "token", b"claims", replace(signature, raw=bytes(64)))
    assert not is_signed(publics.get("identity", "token", 1), b"claims", b"short")


def test_public_keys_are_fetched_once_a_minute(identity: LocalKeys, sessions: CountingKeys) -> None:
    time = Time()
    publics = PublicKeys(sessions, time)
    for now in (0.0, 30.0, 59.9):
        time.now = now
        publics.get("identity", "token", 1)
    assert sessions.asked == 1
    time.now = 60.0
    publics.get("identity", "token", 1)
    assert sessions.asked == 2


def test_a_key_that_was_just_rotated_is_trusted_at_once(identity: LocalKeys, sessions: CountingKeys) -> None:
    time = Time()
    publics = PublicKeys(sessions, time)
    old = identity.sign("token", b"claims")
    assert publics.verify("identity", "token", b"claims", old)
    assert identity.rotate("token") == 2
    time.now = 10.0
    assert publics.verify("identity", "token", b"claims", identity.sign("token", b"claims"))
    assert publics.verify("identity", "token", b"claims", old)


def test_forged_versions_do_not_cost_a_call_each(identity: LocalKeys, sessions: CountingKeys) -> None:
    publics = PublicKeys(sessions, Time())
    for version in range(2, 50):
        with pytest.raises(KeyMissing):
            publics.verify("identity", "token", b"claims", Signature(version, bytes(64)))
    assert sessions.asked == 1


def test_known_keys_outlive_an_outage_for_ten_minutes(
    identity: LocalKeys, sessions: CountingKeys, tmp_path: Path
) -> None:
    time = Time()
    publics = PublicKeys(sessions, time)
    signature = identity.sign("token", b"claims")
    publics.get("identity", "token", 1)
    (tmp_path / "keyring.json").chmod(0o644)  # the keyring now refuses to be used
    time.now = 599.0
    assert publics.verify("identity", "token", b"claims", signature)
    time.now = 605.0
    with pytest.raises(KeysUnavailable):
        publics.verify("identity", "token", b"claims", signature)


def test_a_signature_that_does_not_fit_is_never_given_out(identity: LocalKeys, tmp_path: Path) -> None:
    elsewhere = LocalKeys("identity", Keyring(tmp_path / "other.json", data_folder=tmp_path / "data", found=True))
    elsewhere.prepare({"token": "sign"})
    with pytest.raises(KeyUnfit, match="public key"):
        Signer(identity, PublicKeys(elsewhere, Time()), "token").sign(b"checkpoint")
