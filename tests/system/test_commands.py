"""Each command of the house, after the thing was broken first that it is for."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib import import_module
from pathlib import Path

import pytest
import requests

from deploy.local.parts import free_ports
from services.kernel.settings import SERVICES
from tests.system.conftest import Fails, Played
from tests.system.running import PATIENCE, ROOT, Amanah

LICENSED = "licensing.clearance-published"


@contextmanager
def database(house: Amanah, service: str) -> Iterator[sqlite3.Connection]:
    """A service's file, for a hand that bypasses the house."""
    with closing(sqlite3.connect(house.data / f"{service}.sqlite3")) as connection, connection:
        yield connection


def holds(house: Amanah, *words: str, **more: str) -> str:
    done = house.here(*words, **more)
    assert done.exit_code == 0, done.output
    return done.output


def nowhere() -> str:
    """An address at which nothing answers."""
    return f"127.0.0.1:{free_ports(1)[0]}"


def kafka_nowhere() -> dict[str, str]:
    return {"AMANAH_LOG": "kafka", "AMANAH_KAFKA_BOOTSTRAP": nowhere()}


class TestMigrate:
    @pytest.mark.parametrize("command", ["web", "work"])
    def test_a_service_refuses_to_start_on_an_empty_database(self, tmp_path: Path, command: str) -> None:
        house = Amanah(tmp_path)
        holds(house, "migrate", "identity")
        refused = house.command(command, "sessions")
        assert refused.returncode == 1
        assert "The database of sessions is empty" in refused.stderr
        assert "amanah migrate" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_it_makes_what_is_missing_and_again_changes_nothing(self, tmp_path: Path, fails: Fails) -> None:
        house = Amanah(tmp_path)
        assert "amanah migrate" in fails(house, "store", "verify", "audit")
        assert holds(house, "migrate") == holds(house, "migrate")
        assert "0 events" in holds(house, "store", "verify", "audit")

    def test_a_database_of_another_release_is_left_as_it_is(self, amanah: Amanah, fails: Fails) -> None:
        with database(amanah, "sessions") as connection:
            connection.execute("update alembic_version set version_num = '9999'")
        assert "revision 9999; this release needs revision 0001" in fails(amanah, "store", "verify", "sessions")
        assert "made by another release" in fails(amanah, "migrate", "sessions")

    def test_all_data_survive_it(self, amanah: Amanah) -> None:
        before = holds(amanah, "store", "verify")
        holds(amanah, "migrate")
        assert holds(amanah, "store", "verify") == before


class TestTopics:
    def test_it_says_when_the_log_is_away(self, tmp_path: Path) -> None:
        refused = Amanah(tmp_path).command("topics", **kafka_nowhere())
        assert refused.returncode == 1
        assert "Kafka" in refused.stderr
        assert "Traceback" not in refused.stderr

    def test_it_makes_them_and_again_changes_nothing(self, amanah: Amanah) -> None:
        (amanah.data / "log.sqlite3").unlink()
        assert "1 lane(s) each" in holds(amanah, "topics")
        assert holds(amanah, "topics") == holds(amanah, "topics")


class TestWork:
    def test_a_worker_shows_its_figures_where_a_port_is_set(self, tmp_path: Path) -> None:
        house, port = Amanah(tmp_path), free_ports(1)[0]
        holds(house, "migrate")
        holds(house, "topics")
        words = [sys.executable, "-m", "services.cli", "work", "licensing"]
        said, deadline = "", time.monotonic() + PATIENCE
        with subprocess.Popen(words, env=house.environment(AMANAH_WORK_PORT=str(port))) as worker:
            while "amanah_relay_lag_events{" not in said and time.monotonic() < deadline:
                with suppress(requests.ConnectionError):
                    said = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
            worker.terminate()
        assert 'amanah_relay_lag_events{lane="0",service="licensing"} 0.0' in said


class TestDoctor:
    def test_all_is_good_after_the_main_job(self, amanah: Amanah) -> None:
        said = holds(amanah, "doctor")
        assert "WRONG" not in said
        assert all(f"database of {service}" in said for service in SERVICES)

    def test_a_missing_keyring(self, amanah: Amanah, fails: Fails) -> None:
        amanah.keyring.unlink()
        said = fails(amanah, "doctor")
        assert "WRONG  keys of identity" in said
        assert "good   database of identity" in said

    def test_other_lanes_than_the_store_has(self, amanah: Amanah, fails: Fails) -> None:
        said = fails(amanah, "doctor", AMANAH_LANES="4")
        assert "WRONG  lanes of sessions: 1 in the store, 4 in the settings" in said
        assert "set AMANAH_LANES=1" in said

    def test_an_event_that_was_set_aside(self, amanah: Amanah, fails: Fails) -> None:
        park(amanah)
        said = fails(amanah, "doctor")
        assert "WRONG  parked by sessions: 1 events set aside" in said
        assert "amanah parked replay sessions" in said

    def test_events_that_were_not_published(self, amanah: Amanah, fails: Fails) -> None:
        with database(amanah, "identity") as connection:
            connection.execute("update relayed set sequence = sequence - 3")
        assert "WRONG  relay of identity: 3 events not yet published" in fails(amanah, "doctor")

    def test_a_kafka_that_is_away(self, amanah: Amanah) -> None:
        found = amanah.command("doctor", **kafka_nowhere())
        assert found.returncode == 1
        assert "WRONG  event log" in found.stdout
        assert "Traceback" not in found.stderr

    def test_a_vault_that_is_away(self, amanah: Amanah, fails: Fails) -> None:
        vault = {"AMANAH_VAULT_ADDR": f"http://{nowhere()}", "AMANAH_VAULT_ROLE_ID": "r", "AMANAH_VAULT_SECRET_ID": "s"}
        said = fails(amanah, "doctor", AMANAH_KEYS="vault", **vault)
        assert "WRONG  keys of licensing" in said

    def test_a_database_that_is_empty(self, amanah: Amanah, fails: Fails) -> None:
        (amanah.data / "audit.sqlite3").unlink()
        said = fails(amanah, "doctor")
        assert "WRONG  database of audit" in said
        assert "To mend it: amanah migrate" in said


@pytest.mark.parametrize("service", SERVICES)
class TestRebuild:
    def test_what_a_hand_changed_is_found_and_mended_without_any_key(
        self, amanah: Amanah, fails: Fails, service: str
    ) -> None:
        amanah.keyring.rename(amanah.folder / "taken-away.json")
        table = spoil(amanah, service)
        assert f"{table}: " in fails(amanah, "rebuild", service, "--verify")
        assert f"{table}: " in fails(amanah, "rebuild", service, "--verify"), "comparing changes nothing"
        assert "now mended" in holds(amanah, "rebuild", service)
        assert "no difference" in holds(amanah, "rebuild", service, "--verify")


def spoil(house: Amanah, service: str) -> str:
    """Take one row away from the largest read model; its name."""
    tables = import_module(f"services.{service}.readmodels").TABLES
    with database(house, service) as connection:
        counts = {name: connection.execute(f"select count(*) from {name}").fetchone()[0] for name in tables.tables}
        largest = max(counts, key=counts.__getitem__)
        connection.execute(f"delete from {largest} where rowid = (select max(rowid) from {largest})")
    return str(largest)


class TestStoreVerify:
    @pytest.mark.parametrize("service", SERVICES)
    def test_a_changed_byte_is_found(self, amanah: Amanah, fails: Fails, service: str) -> None:
        with database(amanah, service) as connection:
            connection.execute("drop trigger events_no_update")
            connection.execute(
                "update events set body = cast(replace(body, '2026', '2025') as blob) where sequence = 2"
            )
        said = fails(amanah, "store", "verify")
        assert f"{service}: " in said
        assert "NOT GOOD" in said
        assert "lane 0, event 2: the chain does not follow" in said
        for other in set(SERVICES) - {service}:
            assert "good" in holds(amanah, "store", "verify", other)


def park(house: Amanah, *, broken: bool = True) -> None:
    """Set aside, in sessions, the newest clearance of licensing; with bytes that cannot be read if ``broken``."""
    with database(house, "licensing") as connection:
        newest = "select sequence, stream, body, time from events where type = ? order by sequence desc limit 1"
        sequence, stream, body, time = connection.execute(newest, (LICENSED,)).fetchone()
    with database(house, "sessions") as connection:
        columns = "service, lane, sequence, stream, body, reason, time"
        row = ("licensing", 0, sequence, stream, b"{}" if broken else body, "put here by a test", time)
        connection.execute("delete from parked")
        connection.execute(f"insert into parked ({columns}) values (?, ?, ?, ?, ?, ?, ?)", row)


class TestParked:
    def test_nothing_is_parked_after_the_main_job(self, amanah: Amanah) -> None:
        for service in SERVICES:
            assert "Everything was applied" in holds(amanah, "parked", "list", service)

    def test_a_poisoned_event_is_listed_stays_and_goes_when_it_is_mended(self, amanah: Amanah, fails: Fails) -> None:
        park(amanah)
        assert "put here by a test" in holds(amanah, "parked", "list", "sessions")
        said = fails(amanah, "parked", "replay", "sessions")
        assert "0 applied" in said
        assert "stops at event" in said
        assert "licensing lane 0 event" in holds(amanah, "parked", "list", "sessions"), "nothing is lost by trying"
        park(amanah, broken=False)
        assert LICENSED in holds(amanah, "parked", "list", "sessions")
        assert "1 applied" in holds(amanah, "parked", "replay", "sessions")
        assert "Everything was applied" in holds(amanah, "parked", "list", "sessions")
        assert "no difference" in holds(amanah, "rebuild", "sessions", "--verify")

    def test_audit_parks_nothing(self, amanah: Amanah, fails: Fails) -> None:
        assert "audit parks nothing" in fails(amanah, "parked", "replay", "audit")


class TestVerify:
    def test_a_good_bundle_is_proven(self, amanah: Amanah, played: Played) -> None:
        holds(amanah, "verify", str(played.bundle), "--log-key", played.log_key)

    def test_without_the_key_the_signer_is_unknown(self, amanah: Amanah, played: Played, fails: Fails) -> None:
        assert "unknown" in fails(amanah, "verify", str(played.bundle), code=2)

    @pytest.mark.parametrize("place", [0.05, 0.3, 0.6, 0.9])
    def test_a_changed_byte_fails_and_the_check_is_named(
        self, amanah: Amanah, played: Played, fails: Fails, place: float
    ) -> None:
        changed = bytearray(played.bundle.read_bytes())
        changed[int(len(changed) * place)] ^= 1
        bundle = amanah.folder / "changed.zip"
        bundle.write_bytes(changed)
        said = fails(amanah, "verify", str(bundle), "--log-key", played.log_key, "--json")
        assert '"failed"' in said

    def test_another_key_a_key_that_is_none_and_no_file(self, amanah: Amanah, played: Played, fails: Fails) -> None:
        name = played.log_key.partition("+")[0]
        other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"  # of the notes' specification
        fails(amanah, "verify", str(played.bundle), "--log-key", other.replace("PeterNeumann", name), code=3)
        fails(amanah, "verify", str(played.bundle), "--log-key", other)
        fails(amanah, "verify", str(played.bundle), "--log-key", "no+key+at-all", code=3)
        fails(amanah, "verify", "absent.zip", code=3)

    def test_the_verifier_works_alone_elsewhere(self, played: Played, tmp_path: Path) -> None:
        package = tmp_path / "services" / "audit"
        shutil.copytree(ROOT / "services" / "audit" / "verifier", package / "verifier")
        for folder in (package, package.parent):
            (folder / "__init__.py").touch()
        words = [sys.executable, "-m", "services.audit.verifier", str(played.bundle), "--log-key", played.log_key]
        done = subprocess.run(words, cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


class TestSmoke:
    def test_a_house_that_is_down_is_said(self, tmp_path: Path, fails: Fails) -> None:
        said = fails(Amanah(tmp_path), "smoke", f"http://{nowhere()}", "--founding-token", "t")
        assert "does not answer" in said
        assert "is it running?" in said

    def test_it_asks_for_a_token_or_an_operator(self, tmp_path: Path, fails: Fails) -> None:
        said = fails(Amanah(tmp_path), "smoke", f"http://{nowhere()}")
        assert "neither a founding token nor an operator was given" in said


def test_a_network_that_is_founded_gives_no_more_link(amanah: Amanah, fails: Fails) -> None:
    assert "founded already" in fails(amanah, "founding-link")


BAD_SETTINGS: list[tuple[str, str]] = [("AMANAH_LANES", "many"), ("AMANAH_LOGG", "kafka"), ("AMANAH_PORT", "0")]


@pytest.mark.parametrize(("name", "value"), BAD_SETTINGS)
def test_a_wrong_setting_is_named(tmp_path: Path, fails: Fails, name: str, value: str) -> None:
    assert name in fails(Amanah(tmp_path), "migrate", **{name: value})
