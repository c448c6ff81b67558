"""How a client comes, over HTTP; and that no event ties an account to a client."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.contracts.sessions import NoticeDue
from services.identity.address import address_of
from services.identity.commands.accounts import open_account
from services.identity.commands.letters import TRIES, queue
from services.identity.examples import DEWI, PHOENIX, PHOENIX_PLACE, SARI
from services.identity.readmodels import letters
from services.kernel.codec import encode
from services.kernel.fields import Id, PersonId, Reference
from services.kernel.ids import new_id
from services.kernel.work import Who
from tests.identity_house import V1, House, text_of, token_in
from tests.world import deliver


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def clinic(house: House) -> str:
    return house.clinic()


def register(house: House, clinic: str, email: str = DEWI.email, password: str = DEWI.password) -> Any:
    return house.anyone().post(f"{V1}/registrations", {"clinic": clinic, "email": email, "password": password})


def confirm(house: House, token: str, key: str | None = None) -> Any:
    return house.anyone().post(f"{V1}/email-confirmations", {"token": token}, key=key)


def test_a_client_registers_proves_the_address_and_signs_in(house: House, clinic: str) -> None:
    client = house.join(DEWI, clinic)
    me = house.signed_in(DEWI).get(f"{V1}/me").json
    (membership,) = me["memberships"]
    assert (membership["clinic"], membership["client"], membership["roles"]) == (clinic, client, ["client"])
    assert membership["reference"].startswith("k-")
    assert (me["locale"], me["zone"], me["professional_names"]) == ("id", "Asia/Jakarta", [])


def test_before_the_address_is_proven_nobody_signs_in(house: House, clinic: str) -> None:
    register(house, clinic)
    assert house.sign_in(DEWI).status_code == 401
    assert house.events("sign-in-refused")[-1].data.reason == "not_confirmed"


def test_no_event_names_both_the_account_and_the_client_nor_a_common_correlation(house: House, clinic: str) -> None:
    client = house.join(DEWI, clinic)
    account = house.signed_in(DEWI).get(f"{V1}/me").json["account"]
    own = house.signed_in(DEWI)
    own.post(f"{V1}/clients/{client}/erasures")
    of_account, of_client = set(), set()
    for entry in house.events():
        body = encode(entry).decode()
        assert not (account in body and client in body), entry.type
        if account in body:
            of_account.add(entry.correlationid)
        if client in body:
            of_client.add(entry.correlationid)
    assert not (of_account & of_client) - {None}


def test_a_link_is_followed_once_and_the_same_request_is_answered_alike(house: House, clinic: str) -> None:
    register(house, clinic)
    token = house.mailed_token()
    first = confirm(house, token, key="the-same-key")
    again = confirm(house, token, key="the-same-key")
    assert again.headers["Location"] == first.headers["Location"]
    assert confirm(house, token).status_code == 422
    assert len(house.events("client-joined")) == 1


def test_a_link_holds_for_two_days(house: House, clinic: str) -> None:
    register(house, clinic)
    token = house.mailed_token()
    house.clock.advance(days=2)
    assert confirm(house, token).status_code == 422
    assert house.events("email-confirmed", "client-joined") == []


def test_registering_is_answered_alike_whether_the_address_is_known_or_not(house: House, clinic: str) -> None:
    unknown = register(house, clinic)
    confirm(house, house.mailed_token())
    known = register(house, clinic)
    stranger = register(house, clinic, password="somebody else is typing")
    assert {a.status_code for a in (unknown, known, stranger)} == {202}
    assert unknown.data == known.data == stranger.data
    subjects = [letter["Subject"] for letter in house.post_letters()]
    assert subjects == ["Anda sudah punya akun"] * 2


def test_an_account_joins_a_second_clinic_with_its_right_password_alone(house: House, clinic: str) -> None:
    first = house.join(DEWI, clinic)
    second_clinic = house.clinic(PHOENIX, PHOENIX_PLACE)
    register(house, second_clinic, password="somebody else is typing")
    (letter,) = house.post_letters()
    assert "Token:" not in text_of(letter)
    second = house.join(DEWI, second_clinic)
    held = house.signed_in(DEWI).get(f"{V1}/me").json["memberships"]
    assert {m["clinic"]: m["client"] for m in held} == {clinic: first, second_clinic: second}


def test_nobody_can_prepare_an_account_for_somebody_else(house: House, clinic: str) -> None:
    """A thief registers the address first; the owner registers too and follows the letter of their own request."""
    register(house, clinic, password="the thief knows this one")
    house.post_letters()
    register(house, clinic)
    confirm(house, house.mailed_token())
    assert house.sign_in(DEWI, "the thief knows this one").status_code == 401
    assert house.sign_in(DEWI).status_code == 201


def test_somebody_who_works_here_can_be_a_client_with_the_same_account(house: House, clinic: str) -> None:
    sari = house.found()
    client = house.join(SARI, clinic)
    me = house.signed_in(SARI).get(f"{V1}/me").json
    assert sari.get(f"{V1}/me").json["account"] == me["account"]
    assert (me["network_roles"], me["memberships"][0]["client"]) == (["operator"], client)


def test_a_clinic_that_is_not_there_and_a_malformed_address_are_said(house: House, clinic: str) -> None:
    assert register(house, "no-such-clinic").status_code == 404
    answer = register(house, clinic, email="no address")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "/email"
    assert register(house, clinic, password="short").status_code == 422
    assert house.post_letters() == []


def notice(person: str) -> NoticeDue:
    return NoticeDue(
        notice=Id(new_id()),
        person=PersonId(person),
        template="session_booked",
        reference=Reference("S-4K7T"),
        instants=(),
    )


def test_a_notice_reaches_the_client_by_a_letter_without_content(house: House, clinic: str) -> None:
    client = house.join(DEWI, clinic)
    due = notice(client)
    deliver(house.listener, due, clinic=clinic)
    (letter,) = house.post_letters()
    assert (letter["To"], letter["Subject"]) == (DEWI.email, "Anda punya janji temu")
    text = text_of(letter)
    for word in ("S-4K7T", clinic, "Klinik", client):
        assert word not in text
    sent = [e.data for e in house.events("notice-sent") if e.data.template == "session_booked"]
    assert [(s.notice, s.count) for s in sent] == [(due.notice, 1)]
    assert house.post_letters() == []


def test_a_notice_to_nobody_known_is_told_as_failed(house: House) -> None:
    deliver(house.listener, notice("nobody-here"), clinic="c1")
    assert house.post_letters() == []
    (failed,) = house.events("notice-failed")
    assert failed.data.reason == "not_known"


@pytest.mark.parametrize("email", ["=?utf-8?q??=@surat.example", "=?x?q?a?=@surat.example"])
def test_an_address_that_a_letter_would_read_as_another_is_refused(house: House, clinic: str, email: str) -> None:
    answer = register(house, clinic, email=email)
    assert answer.status_code == 422
    assert "another one" in answer.json["errors"][0]["detail"]


def test_a_letter_that_cannot_be_written_stands_in_no_other_letters_way(house: House, clinic: str) -> None:
    service = house.built.service
    unfit = address_of(service.keys, "=?utf-8?q??=@surat.example")
    service.do(Who("a1"), open_account, PersonId("a1"), unfit, None, None)
    service.do(Who("a1"), queue, "confirm_email", "a1", clinic=clinic)
    register(house, clinic)
    assert [letter["To"] for letter in house.post_letters()] == [DEWI.email]
    for _ in range(TRIES):
        house.clock.advance(hours=3)
        assert house.post_letters() == []
    assert [entry.data.reason for entry in house.events("notice-failed")] == ["not_deliverable"]
    assert service.query(select(letters)) == []


def test_proving_the_address_opens_a_way_that_others_closed(house: House, clinic: str) -> None:
    for _ in range(4):
        house.sign_in(DEWI, "somebody else is typing")
    assert house.sign_in(DEWI).status_code == 429
    house.join(DEWI, clinic)
    assert house.sign_in(DEWI).status_code == 201


def test_a_letter_waits_while_the_mail_folder_is_away_and_is_given_up_in_the_end(house: House, clinic: str) -> None:
    register(house, clinic)
    folder = house.settings.mail_folder
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("a file stands where the folder should be")
    for pause in (30, 120, 480):
        assert house.post_letters() == []
        assert house.post_letters() == []  # not before its pause is over
        house.clock.advance(seconds=pause)
    folder.unlink()
    assert token_in(house.post_letters()[0])
    assert house.built.service.query(select(letters)) == []
    register(house, clinic, email="ani@surat.example")
    house.settings.mail_folder.rename(folder.with_name("kept"))
    folder.write_text("again")
    for _ in range(5):
        house.post_letters()
        house.clock.advance(days=1)
    assert house.events("notice-failed")[-1].data.reason == "mail_unavailable"
    assert house.built.service.query(select(letters)) == []
