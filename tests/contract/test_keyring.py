"""The keyring file: whose it is, where it lies, and that no fault of it loses a key."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.kernel.keys.keyring import Keyring
from services.kernel.keys.port import KeysUnavailable, KeyUnfit
from tests.contract.keys_sides import LocalSide


def test_it_is_its_owners_alone_and_refused_otherwise(tmp_path: Path) -> None:
    side = LocalSide(tmp_path)
    assert side.path.stat().st_mode & 0o777 == 0o600
    side.path.chmod(0o640)
    for use in (side.keys("identity").probe, lambda: Keyring(side.path, data_folder=tmp_path / "data")):
        with pytest.raises(KeysUnavailable, match="Others") as refused:
            use()
        assert "chmod 600" in refused.value.help
        assert str(tmp_path) not in refused.value.help  # anybody may be told it
    side.path.chmod(0o600)
    side.keys("identity").probe()


def test_it_may_not_lie_in_the_data_folder(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailable, match="every copy of the data"):
        Keyring(tmp_path / "data" / "x" / "keyring.json", data_folder=tmp_path / "data", found=True)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "keyring-missing"),
        ("", "keyring-damaged"),
        ('{"format": "amanah-keyring/1"', "keyring-damaged"),
        ('{"format": "amanah-keyring/2", "keys": {}}', "keyring-damaged"),
        ('{"format": "amanah-keyring/1", "keys": {"a/b": {"kind": "kek", "versions": ["AA"]}}}', "keyring-damaged"),
        ("[]", "keyring-damaged"),
    ],
)
def test_a_lost_or_damaged_one_is_never_replaced(tmp_path: Path, content: str | None, reason: str) -> None:
    side = LocalSide(tmp_path)
    keys = side.keys("sessions")
    side.path.unlink()
    if content is not None:
        side.path.write_text(content)
        side.path.chmod(0o600)
    with pytest.raises(KeysUnavailable) as refused:
        keys.make_kek("clinic-1")
    assert (refused.value.reason, refused.value.status) == (reason, 503)
    assert "AMANAH_KEYRING" in refused.value.help
    assert str(tmp_path) not in refused.value.detail + refused.value.help
    assert (side.path.read_text() if side.path.exists() else None) == content


def test_a_write_that_was_cut_short_leaves_the_keyring_as_it_was(tmp_path: Path) -> None:
    side = LocalSide(tmp_path)
    before = side.keys("identity").mac("index", b"x")
    side.path.with_name("keyring.json.new").write_text("half a key")
    assert side.keys("sessions").make_kek("clinic-1") == 1
    assert side.keys("identity").mac("index", b"x") == before


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    side = LocalSide(tmp_path)
    side.path.with_name("keyring.json.new").mkdir()
    with pytest.raises(KeysUnavailable) as refused:
        side.keys("sessions").make_kek("clinic-1")
    assert refused.value.reason == "keyring-not-written"
    side.keys("identity").sign("token", b"x")


def test_a_place_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(KeysUnavailable, match="could not be written") as refused:
        LocalSide(tmp_path)
    assert "AMANAH_KEYRING" in refused.value.help


def test_processes_that_make_the_same_keys_at_once_agree(tmp_path: Path) -> None:
    side = LocalSide(tmp_path)
    program = (
        "import sys; from pathlib import Path; from services.kernel.keys.keyring import Keyring\n"
        "from services.kernel.keys.local import LocalKeys\n"
        "ring = Keyring(Path(sys.argv[1]), data_folder=Path(sys.argv[1] + '.data'))\n"
        "keys = LocalKeys('sessions', ring); sys.stdin.readline()\n"
        "keys.prepare({f'same-{i}': 'mac' for i in range(20)})\n"
        "keys.prepare({f'own-{sys.argv[2]}-{i}': 'mac' for i in range(5)})\n"
        "print(*[keys.mac(f'same-{i}', b'x').hex() for i in range(20)])\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(side.path), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = {racer.communicate(timeout=60)[0] for racer in racers}
    assert len(answers) == 1
    assert len(answers.pop().split()) == 20
    for number in range(4):
        side.keys("sessions").mac(f"own-{number}-4", b"x")


def test_a_key_does_not_change_its_kind(tmp_path: Path) -> None:
    side = LocalSide(tmp_path)
    with pytest.raises(KeyUnfit, match="kind 'kek'"):
        side.keys("sessions").make_kek("index")
    with pytest.raises(KeyUnfit, match="kind 'sign'"):
        side.keys("sessions").sign("index", b"x")
