"""The doctor, and what an operator does with a store: each after the thing was broken first that it is for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from services.doctor import Finding, examine
from services.embedded import prepare
from services.kernel.errors import CannotStart, Unavailable
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Head, Log, Message
from services.kernel.parts import assemble, make_topics, open_log
from services.kernel.projections import Projections
from services.kernel.settings import SERVICES, Databases, Settings, load_settings
from services.kernel.store.opening import OtherLanes, Store, migrate, open_store
from services.kernel.time import plus
from services.repair import rebuild_service, verify_service
from tests.unit.log.parts import lane_of
from tests.world import NOON, service_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = service_settings(tmp_path)
    with_log(made, lambda log: make_topics(made, log))
    return made


def with_log(settings: Settings, do: Callable[[Log], object]) -> None:
    log = open_log(settings)
    try:
        do(log)
    finally:
        log.close()


def change(settings: Settings, service: str, *statements: str) -> None:
    """A hand that bypasses the house."""
    store = open_store(settings, service)
    with store.backend.engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    store.backend.dispose()


def wrong(settings: Settings, *services: str) -> dict[str, Finding]:
    return {found.part: found for found in examine(settings, services or SERVICES) if not found.good}


def away(settings: Settings, service: str) -> Settings:
    """The same with a PostgreSQL at which nobody answers."""
    nobody = "postgresql+psycopg://a:b@127.0.0.1:1/none"
    return replace(settings, database="postgresql", databases={service: Databases(nobody, nobody, nobody)})


class TestDoctor:
    def test_a_fresh_folder_stays_as_it_is(self, tmp_path: Path) -> None:
        environ = {"AMANAH_DATA": str(tmp_path / "data"), "AMANAH_KEYRING": str(tmp_path / "keys" / "ring.json")}
        found = wrong(load_settings(environ))
        assert list(tmp_path.iterdir()) == []
        assert {found[f"database of {service}"].mend for service in SERVICES} == {"amanah migrate"}
        assert "amanah topics" in found["event log"].mend

    def test_a_new_installation_is_good(self, settings: Settings) -> None:
        assert wrong(settings) == {}

    def test_a_database_that_is_away_is_a_finding_beside_the_others(self, settings: Settings) -> None:
        (found,) = wrong(away(settings, "audit"), "audit").values()
        assert (found.part, found.seen) == ("database of audit", "The database of audit does not answer.")

    def test_what_can_no_longer_be_read_is_a_finding_beside_the_others(self, settings: Settings) -> None:
        change(settings, "audit", "drop table parked")
        (found,) = wrong(settings, "audit").values()
        assert found.part == "parked by audit"

    def test_a_reader_that_is_stopped_is_told_by_what_it_knows(self, settings: Settings) -> None:
        change(settings, "sessions", f"insert into known values ('licensing', 0, '{NOON}')")
        heads = [Head("licensing", 0, "i", 1, bytes(32), plus(NOON, seconds=late)) for late in (50, 61)]
        with_log(settings, lambda log: log.put_head(heads[0]))
        assert wrong(settings) == {}
        with_log(settings, lambda log: log.put_head(heads[1]))
        (found,) = wrong(settings).values()
        assert (found.part, found.seen) == ("known to sessions", "not read to the end: licensing lane 0")

    def test_a_log_ahead_of_its_store(self, settings: Settings) -> None:
        with_log(settings, lambda log: log.publish("audit", 0, lane_of(2, service="audit")))
        (found,) = wrong(settings).values()
        assert found.part == "published by audit"
        assert "event 2: the log is ahead of the store" in found.seen
        assert "amanah store verify audit" in found.mend


class TestVerify:
    def test_the_log_is_compared_where_there_is_one(self, settings: Settings) -> None:
        found, compared = verify_service(settings, "audit")
        assert (found.good, compared) == (True, "agrees with the event log")
        (settings.data / "log.sqlite3").unlink()
        found, compared = verify_service(settings, "audit")
        assert found.good
        assert "not compared" in compared
        assert "amanah topics" in compared

    def test_a_log_that_holds_something_else_is_a_fault(self, settings: Settings) -> None:
        with_log(settings, lambda log: log.publish("audit", 0, [Message("audit", 0, 1, bytes(32), "i", b"other")]))
        found, compared = verify_service(settings, "audit")
        assert (found.good, compared) == (False, "differs from the event log")
        assert found.faults == ["lane 0, offset 0 of the event log, event 1: the log is ahead of the store"]


class TestLanes:
    def opened(self, settings: Settings) -> Store:
        store = assemble(settings, "audit", Projections()).store
        store.backend.dispose()
        return store

    def test_a_service_does_not_start_with_other_lanes_than_its_store_has(self, settings: Settings) -> None:
        with pytest.raises(OtherLanes, match=r"has 1 lane.*AMANAH_LANES is 3.*amanah migrate and amanah topics"):
            self.opened(replace(settings, lanes=3))

    def test_a_migration_raises_them_and_never_lowers_them(self, settings: Settings) -> None:
        more = replace(settings, lanes=3)
        migrate(more, "audit")
        assert self.opened(more).lanes == 3
        migrate(settings, "audit")
        with pytest.raises(OtherLanes, match=r"set AMANAH_LANES=3; lanes are never lowered"):
            self.opened(settings)

    def test_the_embedded_house_is_raised_by_its_next_start(self, settings: Settings) -> None:
        more = replace(settings, lanes=2)
        prepare(more)
        assert wrong(more) == {}
        assert self.opened(more).lanes == 2

    def test_the_doctor_goes_on_and_says_what_to_do(self, settings: Settings) -> None:
        found = wrong(replace(settings, lanes=2), "audit")
        assert list(found) == ["lanes of audit"]
        assert "amanah migrate and amanah topics" in found["lanes of audit"].mend

    def test_a_worker_has_connections_left_for_its_work(self) -> None:
        with pytest.raises(CannotStart, match="AMANAH_LANES"):
            load_settings({"AMANAH_LANES": "13"})


class TestPlainWords:
    def test_a_migration_of_a_database_that_is_away(self, settings: Settings) -> None:
        with pytest.raises(Unavailable, match="The database of audit does not answer"):
            migrate(away(settings, "audit"), "audit")

    def test_a_rebuild_of_a_database_that_is_away_or_not_of_this_release(self, settings: Settings) -> None:
        with pytest.raises(Unavailable, match="The database of licensing does not answer"):
            rebuild_service(away(settings, "licensing"), "licensing", switch=True)
        change(settings, "licensing", "update alembic_version set version_num = '9999'")
        with pytest.raises(CannotStart, match="revision 9999"):
            rebuild_service(settings, "licensing", switch=True)

    def test_a_rebuild_from_a_log_that_lost_what_was_applied(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def at_once(log: EmbeddedLog, service: str, lane: int, offset: int, wait: float = 0.0) -> list[Message]:
            return log.peek(service, lane, offset, 500)

        monkeypatch.setattr(EmbeddedLog, "read", at_once)
        change(settings, "licensing", "insert into positions values ('identity', 0, 'i', 5, x'00', 4)")
        with pytest.raises(CannotStart, match=r"Nothing was changed. Offset 0 of amanah.identity.*amanah store verify"):
            rebuild_service(settings, "licensing", switch=True)
