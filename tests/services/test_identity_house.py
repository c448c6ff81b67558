"""Identity as a whole: its policy, its description, its worker, and its read models built again from nothing."""

import threading
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import select

from services.identity.app import FOLLOWS
from services.identity.examples import DEWI, NADIA, PHOENIX, PHOENIX_PLACE
from services.identity.policy import OPERATIONS
from services.identity.readmodels import PLAIN, PROJECTIONS, TABLES
from services.kernel.events import find_type
from services.kernel.http.tokens import Membership
from services.kernel.parts import make_topics, open_log
from services.kernel.rebuild import Rebuild
from tests.identity_house import V1, House, clinic_body, new, settings_body

# Operations that somebody unknown may do: to found, to see where one can register, to come in.
OPEN = {
    "found-network",
    "read-network",
    "list-clinics",
    "read-clinic",
    "sign-in",
    "accept-invitation",
    "register-client",
    "confirm-email",
    "ask-password-reset",
    "reset-password",
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def described(house: House) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Every operation: method, path and description, by its name."""
    paths = house.anyone().get(f"{V1}/openapi.json").json["paths"]
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "delete")
    }


def test_every_operation_is_described_with_who_may_do_it(house: House) -> None:
    operations = described(house)
    assert set(operations) == set(OPERATIONS)
    assert {name for name, (_, _, o) in operations.items() if o["security"] == []} == OPEN
    assert all(o["x-allowed"] for _, _, o in operations.values())


def closed_requests(house: House) -> dict[str, tuple[str, str, Any]]:
    """A well-formed request for each operation that is not open: method, path, body."""
    clinic = house.clinic(PHOENIX, PHOENIX_PLACE)
    client = house.join(DEWI, clinic)
    sari = house.found()
    invitation = {"clinic": clinic, "roles": ["counselor"], "email": NADIA.email}
    invited = new(sari.post(f"{V1}/invitations", invitation))
    officer = house.bearer(Membership(clinic, None, ("officer",)))
    reason = {"basis": "court", "reason": "Case 12"}
    hold = new(officer.post(f"{V1}/clients/{client}/holds", reason))
    erasure = new(house.signed_in(DEWI).post(f"{V1}/clients/{client}/erasures"))
    membership = house.events("membership-granted")[0].data.membership
    sid = house.events("signed-in")[0].data.sid
    settings = settings_body(PHOENIX)
    return {
        "found-clinic": ("POST", f"{V1}/clinics", clinic_body(PHOENIX, PHOENIX_PLACE)),
        "change-clinic-settings": ("PUT", f"{V1}/clinics/{clinic}/settings", settings),
        "sign-out": ("DELETE", f"{V1}/sign-ins/{sid}", None),
        "read-me": ("GET", f"{V1}/me", None),
        "invite": ("POST", f"{V1}/invitations", invitation),
        "list-invitations": ("GET", f"{V1}/invitations?clinic={clinic}", None),
        "revoke-invitation": ("DELETE", f"{V1}/invitations/{invited}", None),
        "list-people": ("GET", f"{V1}/clinics/{clinic}/people", None),
        "end-membership": ("POST", f"{V1}/memberships/{membership}/end", None),
        "ask-erasure": ("POST", f"{V1}/clients/{client}/erasures", None),
        "read-erasures": ("GET", f"{V1}/clients/{client}/erasures", None),
        "withdraw-erasure": ("DELETE", f"{V1}/erasures/{erasure}", None),
        "place-hold": ("POST", f"{V1}/clients/{client}/holds", reason),
        "lift-hold": ("DELETE", f"{V1}/holds/{hold}", None),
    }


def test_who_is_unknown_or_of_another_clinic_is_refused_everything_that_is_not_open(house: House) -> None:
    requests = closed_requests(house)
    assert set(requests) == set(OPERATIONS) - OPEN
    everything = ("operator", "counselor", "verifier", "officer", "client")
    stranger = house.bearer(Membership("another-clinic", "another-client", everything))
    before = len(house.events("operation-refused"))
    for name, (method, path, body) in requests.items():
        assert house.anyone().send(method, path, json=body).status_code == 401, name
        answer = stranger.send(method, path, json=body, headers={"If-Match": '"1"', "Idempotency-Key": "key-of-a-test"})
        assert answer.status_code == (200 if name == "read-me" else 403), (name, answer.json)
    assert len(house.events("operation-refused")) - before == len(requests) - 1


def test_the_read_models_built_again_from_nothing_are_the_same(house: House) -> None:
    clinic = house.clinic(PHOENIX, PHOENIX_PLACE)
    house.found()
    client = house.join(DEWI, clinic)
    house.signed_in(DEWI).post(f"{V1}/clients/{client}/erasures")
    service, log = house.built.service, open_log(house.settings)

    def plain() -> dict[str, list[str]]:
        tables = PLAIN.tables.items()
        return {name: sorted(map(repr, service.query(select(table)))) for name, table in tables}

    before = plain()
    rebuilt = Rebuild(service.backend.engine, TABLES, PROJECTIONS, log, "identity").run(switch=True)
    log.close()
    assert (rebuilt.differences, rebuilt.events) == ({}, len(house.events()))
    assert rebuilt.rows > 5
    assert plain() == before
    assert house.signed_in(DEWI).get(f"{V1}/me").json["memberships"][0]["client"] == client


def test_identity_learns_only_from_public_events_of_others() -> None:
    for name in PROJECTIONS.types:
        declared = find_type(name)
        assert declared is not None
        assert declared.service == "identity" or (declared.public and declared.service in FOLLOWS)


def test_its_worker_sends_what_is_due_and_relays_what_was_written(house: House) -> None:
    clinic = house.clinic(PHOENIX, PHOENIX_PLACE)
    house.anyone().post(f"{V1}/registrations", {"clinic": clinic, "email": DEWI.email, "password": DEWI.password})
    log = open_log(house.settings)
    make_topics(house.settings, log)
    worker = house.built.make_worker(log)
    worker.start()
    try:
        deadline, tick = monotonic() + 20, threading.Event()
        written = len(house.events())
        while monotonic() < deadline and (
            not list(house.settings.mail_folder.glob("*.eml")) or _relayed(log) < written
        ):
            tick.wait(0.05)
            written = len(house.events())
    finally:
        worker.stop()
        log.close()
    assert [letter["To"] for letter in house.letters()] == [DEWI.email]


def _relayed(log: Any) -> int:
    tail = log.tail("identity", 0)
    return 0 if tail is None else int(tail.sequence)


def test_it_is_ready_and_says_what_is_not(house: House) -> None:
    ready = house.built.app.test_client().get("/identity/readyz")
    assert (ready.status_code, set(ready.json["checks"])) == (200, {"database", "keys"})  # type: ignore[index]
    house.settings.keyring.rename(house.settings.keyring.with_name("away"))
    away = house.built.app.test_client().get("/identity/readyz")
    assert away.status_code == 503
    assert away.json["checks"]["keys"]["ok"] is False  # type: ignore[index]
    assert house.anyone().get(f"{V1}/clinics").status_code == 200
    register = {"clinic": "c", "email": DEWI.email, "password": DEWI.password}
    answer = house.anyone().post(f"{V1}/registrations", register)
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
