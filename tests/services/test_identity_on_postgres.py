"""Identity on PostgreSQL: the statements that SQLite would forgive, from founding to erasure."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from services.identity.commands.forgetting import forget_nobody, tie
from services.identity.examples import DEWI, JAKARTA, SARI
from services.identity.forgetting import sweep
from services.identity.posting import SELF
from services.identity.readmodels import links
from services.kernel.settings import SERVICES, Databases
from services.kernel.store.changes import execute
from services.kernel.store.opening import migrate
from services.kernel.store.tables import data_keys
from services.kernel.store.write import NameTaken
from tests.identity_house import V1, House, at_once, new
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
    tried = at_once(8, lambda: house.sign_in(SARI, "this is not the password").status_code)
    assert (tried.count(401), tried.count(429)) == (4, 4)
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
    assert len(house.letters()) == 1
    house.anyone().post(f"{V1}/registrations", {"clinic": clinic, "email": DEWI.email, "password": DEWI.password})
    house.clock.advance(days=100)
    sweep(house.built.service)  # its letter waits
    assert house.mailed_token()
    house.clock.advance(days=3)
    sweep(house.built.service)
    held = house.built.service.query(select(data_keys.c.keyholder).distinct())
    assert [row["keyholder"] for row in held] == [house.events("network-founded")[0].data.founder]
    with pytest.raises(DBAPIError, match="append-only"), house.built.service.backend.engine.begin() as connection:
        connection.exec_driver_sql("delete from events")


def test_an_account_ends_or_is_tied_to_somebody_whoever_writes_first(house: House) -> None:
    """The end of an account waits for whoever ties something to it at this moment, and finds it."""
    service, outcome = house.built.service, []

    def end() -> None:
        try:
            service.do(SELF, forget_nobody, "an account")
        except NameTaken as refused:
            outcome.append(refused)

    work = service.work(SELF)
    tie(work, "an account")
    work.rows.insert(links, client="a client", account="an account", clinic="a clinic")
    ending = Thread(target=end)
    with service.backend.engine.connect() as connection:
        connection.exec_driver_sql("begin")
        for change in work.rows.statements:
            execute(connection, change)
        ending.start()
        ending.join(0.2)
        assert ending.is_alive()
        connection.exec_driver_sql("commit")
    ending.join()
    assert len(outcome) == 1
    service.do(SELF, forget_nobody, "nobody")
    with pytest.raises(NameTaken):
        service.do(SELF, tie, "nobody")
