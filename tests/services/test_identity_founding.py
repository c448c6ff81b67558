"""Founding the network and its clinics, over HTTP."""

from pathlib import Path

import pytest

from services.contracts.sessions import ClinicOpened
from services.identity.app import founding_link
from services.identity.examples import JAKARTA, NADIA, NETWORK, OWEN, PHOENIX, PHOENIX_PLACE, SARI
from services.kernel.fields import ClinicId, Code, Id
from services.kernel.http.tokens import Membership
from tests.identity_house import V1, House, clinic_body, settings_body, who
from tests.world import deliver


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_the_founder_becomes_operator_of_the_network_and_can_sign_in(house: House) -> None:
    sari = house.found()
    me = sari.get(f"{V1}/me").json
    assert (me["email"], me["network_roles"], me["professional_names"]) == (SARI.email, ["operator"], [SARI.name])
    network = house.anyone().get(f"{V1}/network").json
    assert network == {"founded": True, "name": NETWORK, "languages": ["id", "en"], "clinics": 0, "counselors": 0}


def test_a_founding_link_works_once_and_a_newer_one_ends_it(house: House) -> None:
    old, token = house.founding_token(), house.founding_token()
    body = who(SARI) | {"name": NETWORK, "languages": ["id"]}
    refused = house.anyone().post(f"{V1}/founding", body | {"token": old})
    assert refused.status_code == 403
    assert "amanah founding-link" in refused.json["help"]
    assert house.anyone().post(f"{V1}/founding", body | {"token": token}).status_code == 201
    again = house.anyone().post(f"{V1}/founding", who(OWEN) | {"token": token, "name": "B", "languages": ["id"]})
    assert again.status_code == 403
    assert "founded already" in again.json["detail"]
    assert "invitation" in again.json["help"]
    assert founding_link(house.settings, house.clock) is None


def test_the_same_request_sent_again_is_answered_alike_and_founds_once(house: House) -> None:
    body = who(SARI) | {"token": house.founding_token(), "name": NETWORK, "languages": ["id"]}
    first = house.anyone().post(f"{V1}/founding", body, key="the-same-key")
    second = house.anyone().post(f"{V1}/founding", body, key="the-same-key")
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(house.events("network-founded")) == 1


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "5 characters"),
        ("passwordpassword", "first that are tried"),
        ("aaaaaaaaaaaaaaaaaaaa", "first that are tried"),
        (f"my {SARI.email} ok", "e-mail address"),
    ],
)
def test_a_weak_password_is_refused_with_what_to_choose(house: House, password: str, says: str) -> None:
    body = who(SARI) | {"token": house.founding_token(), "name": NETWORK, "languages": ["id"], "password": password}
    answer = house.anyone().post(f"{V1}/founding", body)
    assert answer.status_code == 422
    assert says in answer.json["detail"]
    assert answer.json["errors"][0]["pointer"] == "/password"
    assert "Choose" in answer.json["help"]


def test_clinics_are_listed_by_name_page_by_page(house: House) -> None:
    house.clinic(PHOENIX, PHOENIX_PLACE)
    house.clinic(JAKARTA)
    first = house.anyone().get(f"{V1}/clinics", limit=1).json
    second = house.anyone().get(f"{V1}/clinics", limit=1, cursor=first["next_cursor"]).json
    assert [first["items"][0]["name"], second["items"][0]["name"]] == [JAKARTA.name, PHOENIX.name]
    assert second["next_cursor"] is None


def test_a_clinic_is_open_once_sessions_has_made_its_key(house: House) -> None:
    clinic = house.clinic()
    assert house.anyone().get(f"{V1}/clinics/{clinic}").json["opened"] is False
    opened = ClinicOpened(clinic=ClinicId(clinic), key_name=Code(f"clinic-{clinic}"), key_version=1)
    deliver(house.listener, opened)
    assert house.anyone().get(f"{V1}/clinics/{clinic}").json["opened"] is True


def test_only_an_operator_of_the_network_founds_a_clinic_and_the_refusal_is_recorded(house: House) -> None:
    owen = house.bearer(Membership("c1", None, ("operator",)), account="owen")
    assert owen.post(f"{V1}/clinics", clinic_body(PHOENIX, PHOENIX_PLACE)).status_code == 403
    assert house.anyone().post(f"{V1}/clinics", clinic_body(PHOENIX, PHOENIX_PLACE)).status_code == 401
    (refused,) = house.events("operation-refused")
    assert (refused.data.refusal.account, refused.data.refusal.operation) == ("owen", "found-clinic")


def test_settings_change_at_the_version_that_was_read(house: House) -> None:
    clinic = house.clinic(PHOENIX, PHOENIX_PLACE)
    operator = house.bearer(Membership(clinic, None, ("operator",)))
    read = house.anyone().get(f"{V1}/clinics/{clinic}")
    changed = settings_body(PHOENIX) | {"erasure_wait_days": 0}
    path = f"{V1}/clinics/{clinic}/settings"
    assert operator.put(path, changed).status_code == 428
    answer = operator.put(path, changed, version=read.headers["ETag"])
    assert (answer.status_code, answer.headers["ETag"]) == (204, '"2"')
    assert operator.put(path, changed, version=read.headers["ETag"]).status_code == 412
    assert house.anyone().get(f"{V1}/clinics/{clinic}").json["erasure_wait_days"] == 0


def test_an_operator_of_another_clinic_changes_nothing_here(house: House) -> None:
    clinic, other = house.clinic(), house.clinic(PHOENIX, PHOENIX_PLACE)
    stranger = house.bearer(Membership(other, None, ("operator",)))
    answer = stranger.put(f"{V1}/clinics/{clinic}/settings", settings_body(PHOENIX), version=1)
    assert answer.status_code == 403
    assert house.anyone().get(f"{V1}/clinics/{clinic}").json["name"] == JAKARTA.name


def test_what_is_not_there_is_said(house: House) -> None:
    assert house.anyone().get(f"{V1}/clinics/{Id('nowhere')}").status_code == 404
    assert house.anyone().get(f"{V1}/network").json["founded"] is False
    assert house.sign_in(NADIA).status_code == 401
