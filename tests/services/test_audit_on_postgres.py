"""Audit on PostgreSQL: the same leaves, the same proofs, and the guards of the database itself."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from deploy.local.postgres import Postgres
from services.audit.examples import CLIENT, PHOENIX, REFERENCE
from services.audit.ingest import Ingest
from services.audit.merkle import Damaged
from services.audit.publishing import publish
from services.audit.readmodels import FINAL, leaves
from services.audit.verifier.report import Outcome
from services.audit.verifier.verify import verify_bundle
from services.audit.verifying import go_on
from services.kernel.codec import encode
from services.kernel.log.consumer import Consumer
from services.kernel.settings import SERVICES, Databases, Settings
from services.kernel.store.opening import migrate
from services.repair import rebuild_service
from tests.audit_house import AuditHouse, a_day_of_two_clinics, booked, ended, lane_of
from tests.world import NOON, entry_of, service_settings


class PostgresHouse(AuditHouse):
    """The same house on an empty database of PostgreSQL."""

    databases = Databases()

    def settled(self) -> Settings:
        found = dict.fromkeys(SERVICES, self.databases)
        settings = dataclasses.replace(service_settings(self.folder, "audit"), database="postgresql", databases=found)
        migrate(settings, "audit")
        return settings


@pytest.fixture
def house(tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresHouse]:
    monkeypatch.setattr(PostgresHouse, "databases", Databases(postgres_url, postgres_url, postgres_url))
    made = PostgresHouse(tmp_path)
    a_day_of_two_clinics(made)
    yield made
    made.close()


def test_from_an_event_to_a_bundle_that_verifies(house: PostgresHouse) -> None:
    officer = house.officer(PHOENIX)
    data = house.export(officer, clinic=PHOENIX, reference=REFERENCE)
    assert verify_bundle(data, house.key()).outcome is Outcome.PROVEN
    house.turn()
    assert "audit.bundle-exported" in house.types(officer, clinic=PHOENIX)


@pytest.mark.parametrize("table", FINAL)
def test_the_log_can_only_be_added_to_by_the_owner_too(house: PostgresHouse, table: str) -> None:
    column = {"leaves": "body", "hashes": "hash", "checkpoints": "note"}[table]
    for change in (f"delete from {table}", f"update {table} set {column} = {column}", f"truncate {table}"):
        with house.built.service.backend.engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(change))


def test_two_runners_share_one_sequence(house: PostgresHouse) -> None:
    before = len(house.rows(select(leaves.c.leaf_index)))
    readers = []
    for name in ("licensing", "audit"):
        ingest = Ingest(house.built.service)
        readers.append(Consumer(house.log, [(name, 0)], ingest, ingest))
        readers[-1].step(0)
    bodies = [f"bytes {n}".encode() for n in range(4)]
    for part in (slice(0, 2), slice(2, 4)):
        for reader, name in zip(readers, ("licensing", "audit"), strict=True):
            house.log.publish(name, 0, lane_of(name, 0, bodies)[part])
            reader.step(0)
    indexes = [row["leaf_index"] for row in house.rows(select(leaves.c.leaf_index).order_by(leaves.c.leaf_index))]
    assert indexes == list(range(before + 8))
    for reader in readers:
        reader.close()


def test_a_changed_past_is_found_and_nothing_more_is_signed(house: PostgresHouse) -> None:
    with house.built.service.backend.engine.connect() as connection:
        connection.execute(text("alter table leaves disable trigger all"))
        connection.execute(text("update leaves set body = body || '\\x20' where leaf_index = 3"))
    with pytest.raises(Damaged, match="Leaf 3"):
        go_on(house.built.service, house.settings.log_origin)
    house.publish(ended(), clinic=PHOENIX)
    house.worker.consumer.step(0)
    with pytest.raises(Damaged, match="nothing is signed"):
        publish(house.built.service, house.settings.log_origin)
    assert house.alarms() == ["log_diverged"]


def test_the_index_is_rebuilt_from_the_logs_own_rows(house: PostgresHouse) -> None:
    assert rebuild_service(house.settings, "audit", switch=False).differences == {}
    with house.built.service.backend.engine.connect() as connection:
        connection.execute(text("delete from mentions where leaf_index = 2"))
    assert set(rebuild_service(house.settings, "audit", switch=True).differences) == {"mentions"}
    assert rebuild_service(house.settings, "audit", switch=False).differences == {}


def test_an_event_that_this_database_cannot_learn_from_leaves_the_log_sound(house: PostgresHouse) -> None:
    """No text of PostgreSQL holds a NUL: to learn what the reference stands for fails, and in a rebuild too."""
    service, origin = house.built.service, house.settings.log_origin
    poison = encode(entry_of(booked(reference="S-\x00"), clinic=PHOENIX, at=NOON))
    message = house.publish_bytes("sessions", poison)
    ingest = Ingest(service)
    with pytest.raises(Exception, match="0x00"):
        ingest.apply(message, ingest.get("sessions", 0))
    ingest.park(message, "it fails again and again")
    size = len(house.rows(select(leaves.c.leaf_index)))
    assert go_on(service, origin).verified_size == size
    assert rebuild_service(house.settings, "audit", switch=True).differences == {}
    assert go_on(service, origin).verified_size == size
    assert house.types(house.officer(PHOENIX), clinic=PHOENIX, client=CLIENT).count("sessions.session-booked") == 2


def test_the_apps_own_role_can_add_to_the_log_and_change_nothing_of_it(
    tmp_path: Path, postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_server.drop_database("amanah_audit")
    database = postgres_server.create_service("audit")
    owner, app, eraser = (postgres_server.url(database, f"audit_{role}") for role in ("owner", "app", "eraser"))
    monkeypatch.setattr(PostgresHouse, "databases", Databases(app, owner, eraser))
    house = PostgresHouse(tmp_path)
    a_day_of_two_clinics(house)
    assert verify_bundle(house.export(house.officer(PHOENIX), clinic=PHOENIX), house.key()).outcome is Outcome.PROVEN
    for table in FINAL:
        for change in (f"delete from {table}", f"truncate {table}", f"alter table {table} disable trigger all"):
            with (
                house.built.service.backend.engine.connect() as connection,
                pytest.raises(DBAPIError, match="denied|owner"),
            ):
                connection.execute(text(change))
    house.close()
    postgres_server.drop_database(database)
