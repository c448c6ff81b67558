"""No personal word of the main job lies anywhere in the clear, and an erasure takes away every key that opened it.

Embedded: SQLite files, log, keyring, mail, house log, standard error, bundle, tiles, temporary files. On real parts:
the data folders of PostgreSQL, Kafka and OpenBao with their own logs, a dump of each database, and the same of the
house, whose four services run in the process of the test.

What an erasure does not do at once, and these tests print: PostgreSQL keeps deleted rows in its files until the table
is rewritten, and in its write-ahead log until a segment is used again. There lies the *wrapped* key, which nobody opens
without the key server. On SQLite it is overwritten at once.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.cluster import Cluster
from tests.real import obtain
from tests.security.canary import ADDRESS, REMOTE, STEM, Canaries, Trace, forms, traces
from tests.security.scenario import Grounds, Seen, watch
from tests.security.stage import embedded, real


@pytest.fixture(scope="module", params=["embedded", "real"])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """What was seen in a house of this kind."""
    folder = tmp_path_factory.mktemp("canary")
    if request.param == "embedded":
        yield watch(Grounds(folder), lambda words: embedded(folder, words, REMOTE))
        return
    shared: Path = request.getfixturevalue("real_folder")
    cluster = Cluster(shared / "canary")
    cluster.folder.mkdir()
    try:
        for start in (cluster.postgres, cluster.kafka, cluster.bao):
            obtain(request.config, start)
        yield watch(Grounds(folder, cluster), lambda words: real(folder, cluster, words, REMOTE))
    finally:
        cluster.stop()


def test_no_word_is_found_before_an_erasure(seen: Seen) -> None:
    assert len(seen.canaries.said) > 60
    assert _outside_mail(seen.before) == []


def test_mail_carries_the_address_and_nothing_else(seen: Seen) -> None:
    assert {trace.needle for trace in seen.before if trace.path.suffix == ".eml"} == {ADDRESS}


def test_an_erasure_leaves_no_key_that_opens(seen: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(seen.held) > 20
    assert all(seen.opened_before)  # so that what follows says something
    assert seen.answers == {
        "identity": "erased",
        "sessions": "erased",
        "licensing": "nothing_held",
        "audit": "nothing_held",
    }
    assert seen.keyholders_left.isdisjoint({held.key.keyholder for held in seen.held})
    assert seen.keys_left > 10
    assert seen.opened_after == []
    with capsys.disabled():
        print(f"\nwrapped keys of who was erased, in raw database files: {seen.wrapped_left}")


def test_wrapped_keys_leave_the_files(seen: Seen) -> None:
    """On SQLite at once. On PostgreSQL the table is free of them; the write-ahead log may keep them longer."""
    *_, last = seen.wrapped_left.values()
    assert set(last) <= {"pg_wal"}


def test_no_word_is_found_after_an_erasure(seen: Seen) -> None:
    assert _outside_mail(seen.after) == []


def test_read_models_are_rebuilt_without_keys(seen: Seen) -> None:
    assert {name: done.differences for name, done in seen.rebuilt.items()} == dict.fromkeys(seen.rebuilt, {})
    assert all(done.rows > 0 for done in seen.rebuilt.values())
    assert seen.states_without_keys == {"erased"}
    assert seen.record["erased"] is True
    assert STEM not in str(seen.record)


def test_a_planted_word_is_found(tmp_path: Path) -> None:
    words = Canaries()
    said = words.word("ana", "note", "We spoke.")
    log = logging.FileHandler(tmp_path / "house.log")
    log.emit(logging.makeLogRecord({"msg": f"could not serve {said}"}))
    log.close()
    (found,) = (
        {trace.form for trace in traces([tmp_path], words.needles())}
        - {"JSON", "percent-encoded"}
        - {"JSON with escaped slashes"}
    )
    assert found == "as it is"


@pytest.mark.parametrize("needle", [STEM, "Antarctica/Vostok", "1953-02-17", "39061985000023"])
def test_a_word_is_found_in_every_form(tmp_path: Path, needle: str) -> None:
    for number, (form, text) in enumerate(forms(needle).items()):
        place = tmp_path / f"{number}"
        place.mkdir()
        (place / "file").write_bytes(bytes(number) + text + b"\0" * 100)
        assert form in {trace.form for trace in traces([place], [needle])}


def _outside_mail(found: list[Trace]) -> list[Trace]:
    return [trace for trace in found if trace.path.suffix != ".eml"]
