"""The keys port: one contract, kept by the keyring file and by a real OpenBao."""

import hashlib
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.local.bao import start
from services.kernel.keys.port import KeyGone, KeyMissing
from services.kernel.keys.signing import is_signed
from tests.contract.keys_sides import BaoSide, LocalSide, Side
from tests.real import obtain

ANI, BUDI = b"client-ani/notes", b"client-budi/notes"


@pytest.fixture(scope="module")
def shared_bao(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[BaoSide]:
    server = obtain(pytestconfig, lambda: start(tmp_path_factory.mktemp("bao"), persistent=False))
    yield BaoSide(server)
    server.stop()


@pytest.fixture(params=["local", "bao"])
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Side:
    if request.param == "local":
        return LocalSide(tmp_path)
    shared: BaoSide = request.getfixturevalue("shared_bao")
    return shared


@pytest.fixture
def clinic(request: pytest.FixtureRequest) -> str:
    """A KEK's name that no other test uses."""
    return "clinic-" + hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


class TestKeys:
    """What every implementation promises."""

    def test_making_a_kek_again_changes_nothing(self, side: Side, clinic: str) -> None:
        keys = side.keys("sessions")
        assert keys.make_kek(clinic) == 1
        wrapped = keys.new_data_key(clinic, ANI)
        assert keys.make_kek(clinic) == 1
        assert keys.unwrap(clinic, [(ANI, wrapped.wrapped)]) == [wrapped.plaintext]

    def test_a_data_key_is_new_each_time_and_opens_in_its_context(self, side: Side, clinic: str) -> None:
        keys = side.keys("sessions")
        keys.make_kek(clinic)
        made = [keys.new_data_key(clinic, ANI) for _ in range(3)]
        assert len({key.plaintext for key in made}) == 3
        assert {(len(key.plaintext), key.version) for key in made} == {(32, 1)}
        assert keys.unwrap(clinic, [(ANI, key.wrapped) for key in made]) == [key.plaintext for key in made]
        assert keys.unwrap(clinic, []) == []

    def test_a_data_key_never_shows_in_its_repr(self, side: Side, clinic: str) -> None:
        keys = side.keys("sessions")
        keys.make_kek(clinic)
        made = keys.new_data_key(clinic, ANI)
        assert repr(made.plaintext) not in repr(made)

    def test_one_bad_item_does_not_spoil_the_others_and_no_key_is_told(
        self, side: Side, clinic: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        keys = side.keys("sessions")
        keys.make_kek(clinic)
        ani, budi = keys.new_data_key(clinic, ANI), keys.new_data_key(clinic, BUDI)
        place = ani.wrapped.rindex(":") + 20
        tampered = ani.wrapped[:place] + ("A" if ani.wrapped[place] != "A" else "B") + ani.wrapped[place + 1 :]
        opened = keys.unwrap(
            clinic,
            [(ANI, ani.wrapped), (BUDI, ani.wrapped), (ANI, tampered), (ANI, "words"), (BUDI, budi.wrapped)],
        )
        refused, malformed = KeyGone("refused"), KeyGone("malformed")
        assert opened == [ani.plaintext, refused, refused, malformed, budi.plaintext]
        for key in (ani.plaintext, budi.plaintext):
            assert not any(form in caplog.text for form in (b64encode(key).decode(), key.hex(), repr(key)))

    def test_only_bad_items_are_answered_one_by_one_too(self, side: Side, clinic: str) -> None:
        keys = side.keys("sessions")
        keys.make_kek(clinic)
        wrapped = keys.new_data_key(clinic, ANI).wrapped
        assert keys.unwrap(clinic, [(BUDI, wrapped), (b"other", wrapped)]) == [KeyGone("refused")] * 2

    def test_more_keys_than_a_server_takes_at_once(self, side: Side, clinic: str) -> None:
        keys = side.keys("sessions")
        keys.make_kek(clinic)
        made = keys.new_data_key(clinic, ANI)
        items = [(BUDI if i == 150 else ANI, made.wrapped) for i in range(301)]
        opened = keys.unwrap(clinic, items)
        assert [i for i, key in enumerate(opened) if key != made.plaintext] == [150]
        assert len(opened) == 301

    def test_what_was_wrapped_before_a_rotation_still_opens(self, side: Side, clinic: str) -> None:
        keys = side.keys("sessions")
        keys.make_kek(clinic)
        old = keys.new_data_key(clinic, ANI)
        side.rotate("sessions", clinic)
        new = keys.new_data_key(clinic, ANI)
        assert (old.version, new.version, keys.make_kek(clinic)) == (1, 2, 2)
        opened = keys.unwrap(clinic, [(ANI, old.wrapped), (ANI, new.wrapped)])
        assert opened == [old.plaintext, new.plaintext]

    def test_a_blind_index_is_stable_over_a_rotation_and_differs_by_service(self, side: Side) -> None:
        identity = side.keys("identity")
        before = identity.mac("index", b"ani@example.org")
        side.rotate("identity", "index")
        assert identity.mac("index", b"ani@example.org") == before
        others = [
            identity.mac("index", b"ani@example.net"),
            identity.mac("index", b"ani@example.org", version=2),
            side.keys("licensing").mac("index", b"ani@example.org"),
        ]
        assert len({before, *others}) == 4
        assert len(before) == 32

    def test_everybody_can_check_a_signature_with_the_public_key_of_its_version(self, side: Side) -> None:
        old = side.keys("audit").sign("checkpoint", b"tree 7")
        side.rotate("audit", "checkpoint")
        new = side.keys("audit").sign("checkpoint", b"tree 7")
        publics = side.keys("sessions").public_keys("audit", "checkpoint")
        assert (new.version, set(publics)) == (old.version + 1, set(range(1, new.version + 1)))
        for signature in (old, new):
            assert is_signed(publics[signature.version], b"tree 7", signature.raw)
            assert not is_signed(publics[signature.version], b"tree 8", signature.raw)

    def test_a_missing_key_is_named(self, side: Side) -> None:
        sessions = side.keys("sessions")
        calls: list[Callable[[], object]] = [
            lambda: sessions.new_data_key("clinic-nowhere", ANI),
            lambda: sessions.unwrap("clinic-nowhere", [(ANI, "vault:v1:AAAA")]),
            lambda: sessions.mac("index", b"x", version=9),
        ]
        for call in calls:
            with pytest.raises(KeyMissing, match="clinic-nowhere|version 9"):
                call()

    def test_a_name_that_could_leave_its_place_is_refused(self, side: Side) -> None:
        for name in ("", "../audit", "a/b", "Kek", "kek ", "-kek", "k" * 65):
            with pytest.raises(ValueError, match="not a key or service name"):
                side.keys("sessions").make_kek(name)

    def test_the_probe_is_quiet_while_all_is_well(self, side: Side) -> None:
        side.keys("audit").probe()

    def test_threads_do_not_mix_up_answers(self, side: Side, clinic: str) -> None:
        keys = side.keys("sessions")
        keys.make_kek(clinic)
        made = {b"client-%d" % i: keys.new_data_key(clinic, b"client-%d" % i) for i in range(16)}

        def right(context: bytes) -> bool:
            return keys.unwrap(clinic, [(context, made[context].wrapped)]) == [made[context].plaintext]

        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(right, [*made] * 10))
