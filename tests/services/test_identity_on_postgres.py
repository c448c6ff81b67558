"""Identity on PostgreSQL: the statements that SQLite would forgive, from founding to erasure."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from services.identity.examples import DEWI, JAKARTA, SARI
from services.kernel.settings import SERVICES, Databases
from services.kernel.store.opening import migrate
from tests.identity_house import V1, House, new
from tests.services.test_identity_erasures import answers
from tests.world import service_settings


@pytest.fixture
def house(tmp_path: Path, postgres_url: str) -> Iterator[House]:
    databases = dict.fromkeys(SERVICES, Databases(app=postgres_url, owner=postgres_url, eraser=postgres_url))
    settings = replace(service_settings(tmp_path, "identity"), database="postgresql", databases=databases, lanes=4)
    migrate(settings, "identity")
    made = House(tmp_path, settings)
    yield made
    made.close()


def test_from_founding_to_erasure(house: House) -> None:
    sari = house.found()
    clinic = house.clinic(replace(JAKARTA, erasure_wait_days=0))
    assert len(sari.get(f"{V1}/clinics", limit=1).json["items"]) == 1
    for _ in range(4):
        assert house.sign_in(SARI, "this is not the password").status_code == 401
    assert house.sign_in(SARI).status_code == 429
    client = house.join(DEWI, clinic)
    dewi = house.signed_in(DEWI)
    erasure = new(dewi.post(f"{V1}/clients/{client}/erasures"))
    house.run_erasures()
    answers(house, erasure, client, clinic)
    house.run_erasures()
    (item,) = dewi.get(f"{V1}/clients/{client}/erasures").json["items"]
    assert (item["state"], len(item["answers"])) == ("completed", 4)
    assert house.sign_in(DEWI).status_code == 401
    with pytest.raises(DBAPIError, match="append-only"), house.built.service.backend.engine.begin() as connection:
        connection.exec_driver_sql("delete from events")
