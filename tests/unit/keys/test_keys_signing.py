"""Signatures: only the named service's key makes them, and a short outage of the keys signs nobody out."""

from pathlib import Path

import pytest

from services.kernel.keys.keyring import Keyring
from services.kernel.keys.local import LocalKeys
from services.kernel.keys.port import KeyMissing, KeysUnavailable
from services.kernel.keys.signing import PublicKeys, is_signed


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
    signature = identity.sign("token", b"claims")
    public = publics.get("identity", "token", signature.version)
    assert is_signed(public, b"claims", signature.raw)
    assert not is_signed(public, b"claimz", signature.raw)
    assert not is_signed(public, b"claims", bytes(64))
    assert not is_signed(public, b"claims", b"short")


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
    assert is_signed(publics.get("identity", "token", 1), b"claims", old.raw)
    assert identity.rotate("token") == 2
    time.now = 10.0
    assert is_signed(publics.get("identity", "token", 2), b"claims", identity.sign("token", b"claims").raw)
    assert is_signed(publics.get("identity", "token", 1), b"claims", old.raw)


def test_forged_versions_do_not_cost_a_call_each(identity: LocalKeys, sessions: CountingKeys) -> None:
    publics = PublicKeys(sessions, Time())
    for version in range(2, 50):
        with pytest.raises(KeyMissing):
            publics.get("identity", "token", version)
    assert sessions.asked == 1


def test_known_keys_outlive_an_outage_for_ten_minutes(
    identity: LocalKeys, sessions: CountingKeys, tmp_path: Path
) -> None:
    time = Time()
    publics = PublicKeys(sessions, time)
    known = publics.get("identity", "token", 1)
    (tmp_path / "keyring.json").chmod(0o644)  # the keyring now refuses to be used
    time.now = 599.0
    assert publics.get("identity", "token", 1) == known
    for now in (600.0, 600.1, 605.0, 606.0):  # also when somebody asked a moment ago
        time.now = now
        with pytest.raises(KeysUnavailable):
            publics.get("identity", "token", 1)
    (tmp_path / "keyring.json").chmod(0o600)
    assert publics.get("identity", "token", 1) == known
