"""Being erased, and legal holds, over HTTP and by the worker's steps."""

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from services.contracts.audit import AuditErasureAnswered
from services.contracts.common import ErasureAnswer, ErasureAnswerKind
from services.contracts.identity import ClientJoined
from services.contracts.licensing import LicensingErasureAnswered
from services.contracts.sessions import SessionsErasureAnswered
from services.identity.address import address_of
from services.identity.commands.accounts import open_account
from services.identity.erasing import finish_answered
from services.identity.examples import DEWI, JAKARTA, PHOENIX, PHOENIX_PLACE, SARI
from services.identity.lookups import EMAIL
from services.identity.readmodels import links, passwords, sign_ins, throttles
from services.kernel.fields import ClinicId, Code, Id, PersonId, Reference
from services.kernel.http.tokens import Membership
from services.kernel.ids import new_id
from services.kernel.store.tables import fences, names
from services.kernel.time import plus
from services.kernel.work import Who
from tests.identity_house import V1, House, new, text_of
from tests.world import NOON, deliver

AT_ONCE = replace(JAKARTA, erasure_wait_days=0)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def answers(house: House, erasure: str, client: str, clinic: str, sessions: ErasureAnswerKind = "erased") -> None:
    """What the three other services answer to the order."""

    def answer(kind: ErasureAnswerKind) -> ErasureAnswer:
        kept = kind == "kept"
        return ErasureAnswer(
            erasure=Id(erasure),
            client=PersonId(client),
            clinic=ClinicId(clinic),
            kind=kind,
            until=plus(NOON, days=365) if kept else None,
            basis=Code("place_rule") if kept else None,
            values=3,
        )

    deliver(house.listener, SessionsErasureAnswered(answer=answer(sessions)), clinic=clinic)
    deliver(house.listener, LicensingErasureAnswered(answer=answer("nothing_held")), clinic=clinic)
    deliver(house.listener, AuditErasureAnswered(answer=answer("nothing_held")), clinic=clinic)


def asked(house: House, client: str) -> str:
    answer = house.signed_in(DEWI).post(f"{V1}/clients/{client}/erasures")
    assert answer.status_code == 201, answer.json
    return new(answer)


def officer_of(house: House, clinic: str) -> Any:
    return house.bearer(Membership(clinic, None, ("officer",)), account="officer")


def test_a_wish_is_ordered_after_the_clinics_waiting_time(house: House) -> None:
    clinic = house.clinic(JAKARTA)
    client = house.join(DEWI, clinic)
    erasure = asked(house, client)
    house.clock.advance(days=13, hours=23)
    house.run_erasures()
    assert house.events("erasure-ordered") == []
    house.clock.advance(hours=1)
    house.run_erasures()
    (ordered,) = house.events("erasure-ordered")
    assert (ordered.data.erasure, ordered.data.client, ordered.data.basis) == (erasure, client, "client_request")
    assert ordered.data.not_before == plus(NOON, days=14)
    house.run_erasures()
    assert len(house.events("erasure-ordered")) == 1


def test_a_wish_can_be_withdrawn_until_it_is_ordered_and_asked_again(house: House) -> None:
    clinic = house.clinic(JAKARTA)
    client = house.join(DEWI, clinic)
    dewi = house.signed_in(DEWI)
    first = new(dewi.post(f"{V1}/clients/{client}/erasures"))
    assert dewi.post(f"{V1}/clients/{client}/erasures").status_code == 409
    assert dewi.delete(f"{V1}/erasures/{first}").status_code == 204
    assert dewi.delete(f"{V1}/erasures/{first}").status_code == 409
    second = new(dewi.post(f"{V1}/clients/{client}/erasures"))
    house.clock.advance(days=14)
    house.run_erasures()
    late = house.signed_in(DEWI).delete(f"{V1}/erasures/{second}")
    assert late.status_code == 409
    assert "ordered" in late.json["detail"]
    states = [i["state"] for i in house.signed_in(DEWI).get(f"{V1}/clients/{client}/erasures").json["items"]]
    assert states == ["ordered", "withdrawn"]


def test_a_hold_keeps_the_order_back_and_after_the_order_nothing_can_be_held(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    officer = officer_of(house, clinic)
    path = f"{V1}/clients/{client}/holds"
    hold = new(officer.post(path, {"basis": "court", "reason": "Perkara 12/2026"}))
    asked(house, client)
    house.run_erasures()
    assert house.events("erasure-ordered") == []
    assert [h["basis"] for h in officer.get(f"{V1}/clients/{client}/erasures").json["holds"]] == ["court"]
    assert officer.delete(f"{V1}/holds/{hold}").status_code == 204
    assert officer.delete(f"{V1}/holds/{hold}").status_code == 409
    house.run_erasures()
    assert len(house.events("erasure-ordered")) == 1
    assert officer.post(path, {"basis": "court", "reason": "Too late"}).status_code == 409


def test_when_all_have_answered_the_account_of_one_client_is_gone(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    account = house.signed_in(DEWI).get(f"{V1}/me").json["account"]
    officer = officer_of(house, clinic)
    officer.delete(
        f"{V1}/holds/" + new(officer.post(f"{V1}/clients/{client}/holds", {"basis": "complaint", "reason": "Nomor 7"}))
    )
    erasure = asked(house, client)
    house.run_erasures()
    assert house.events("erasure-completed") == []
    answers(house, erasure, client, clinic)
    house.run_erasures()
    (completed,) = house.events("erasure-completed")
    assert completed.data.answers == (
        "identity:erased",
        "licensing:nothing_held",
        "sessions:erased",
        "audit:nothing_held",
    )
    (own,) = house.events("erasure-answered")
    assert own.data.answer.values > 0
    service = house.built.service
    for table, column in ((links, links.c.client), (passwords, passwords.c.account), (sign_ins, sign_ins.c.account)):
        assert service.query(select(table).where(column.in_((client, account)))) == []
    assert service.query(select(names).where(names.c.scope == EMAIL)) == []
    counted = {row["name"].split("/")[0] for row in service.query(select(throttles))}
    assert counted <= {"source", "requests"}
    assert house.sign_in(DEWI).status_code == 401
    shown = officer.get(f"{V1}/clients/{client}/erasures").json["items"][0]
    assert (shown["state"], len(shown["answers"])) == ("completed", 4)
    assert [letter["Subject"] for letter in house.letters()] == ["Permintaan Anda sudah dijalankan"]


def test_what_must_be_kept_is_said_in_the_last_letter_with_its_day_and_without_content(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    erasure = asked(house, client)
    house.run_erasures()
    answers(house, erasure, client, clinic, sessions="kept")
    house.run_erasures()
    (letter,) = house.letters()
    assert letter["Subject"] == "Permintaan Anda sudah dijalankan sebagian"
    text = text_of(letter)
    assert "disimpan sampai 24 November 2027." in text
    for word in (client, clinic, "Klinik", "place_rule", "http"):
        assert word not in text


def test_what_was_kept_and_is_erased_later_is_shown_as_erased(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    erasure = asked(house, client)
    house.run_erasures()
    answers(house, erasure, client, clinic, sessions="kept")
    house.run_erasures()

    def shown() -> list[str]:
        (item,) = officer_of(house, clinic).get(f"{V1}/clients/{client}/erasures").json["items"]
        return [answer["kind"] for answer in item["answers"] if answer["service"] == "sessions"]

    assert shown() == ["kept"]
    house.clock.advance(days=366)
    answers(house, erasure, client, clinic)
    house.run_erasures()
    assert shown() == ["erased"]
    assert len(house.events("erasure-completed")) == 1


def test_the_fence_of_the_account_tells_the_day_alone(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    account = house.signed_in(DEWI).get(f"{V1}/me").json["account"]
    house.clock.advance(hours=3)
    erasure = asked(house, client)
    house.run_erasures()
    answers(house, erasure, client, clinic)
    house.run_erasures()
    kept = {row["keyholder"]: row for row in house.built.service.query(select(fences))}
    assert kept[account]["time"] == "2026-11-24T00:00:00.000000Z"
    assert kept[client]["time"] == house.clock.now
    assert kept[account]["erasure"] != kept[client]["erasure"] == erasure


def test_an_address_that_no_letter_can_reach_keeps_nobody_from_being_erased(house: House) -> None:
    """Such addresses were accepted once."""
    clinic = house.clinic(AT_ONCE)
    service, client = house.built.service, new_id()
    address = address_of(service.keys, "=?utf-8?q??=@surat.example")
    service.do(Who("a1"), open_account, PersonId("a1"), address, None, None)
    service.do(Who("a1"), lambda work: work.rows.insert(links, client=client, account="a1", clinic=clinic))
    joined = ClientJoined(client=PersonId(client), clinic=ClinicId(clinic), reference=Reference("k-91XF"))
    service.note(Who(client), f"identity/client/{client}", joined, clinic)
    dewi = house.bearer(Membership(clinic, client, ("client",)))
    erasure = new(dewi.post(f"{V1}/clients/{client}/erasures"))
    house.run_erasures()
    answers(house, erasure, client, clinic)
    house.run_erasures()
    assert len(house.events("erasure-completed")) == 1
    assert house.events("notice-failed")[-1].data.reason == "not_deliverable"


def test_no_event_at_the_end_tells_which_account_it_was(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    account = house.signed_in(DEWI).get(f"{V1}/me").json["account"]
    erasure = asked(house, client)
    house.run_erasures()
    before = len(house.events())
    answers(house, erasure, client, clinic)
    house.run_erasures()
    later = house.events()[before:]
    assert {e.type.removeprefix("identity.") for e in later} == {
        "notice-sent",
        "erasure-answered",
        "client-left",
        "erasure-completed",
    }
    assert all(account not in str(entry) for entry in later)


def test_the_address_can_be_registered_again_afterwards_as_somebody_new(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    erasure = asked(house, client)
    house.run_erasures()
    answers(house, erasure, client, clinic)
    house.run_erasures()
    house.letters()
    assert house.join(DEWI, clinic) != client


def test_an_account_that_is_client_elsewhere_stays_and_loses_this_client_alone(house: House) -> None:
    clinic, other = house.clinic(AT_ONCE), house.clinic(PHOENIX, PHOENIX_PLACE)
    client, kept = house.join(DEWI, clinic), house.join(DEWI, other)
    erasure = asked(house, client)
    house.run_erasures()
    answers(house, erasure, client, clinic, sessions="kept")
    house.run_erasures()
    (completed,) = house.events("erasure-completed")
    assert "sessions:kept" in completed.data.answers
    me = house.signed_in(DEWI).get(f"{V1}/me").json
    assert [m["client"] for m in me["memberships"]] == [kept]
    assert me["email"] == DEWI.email


def test_somebody_who_works_here_keeps_the_account(house: House) -> None:
    house.found()
    clinic = house.clinic(AT_ONCE)
    client = house.join(SARI, clinic)
    erasure = new(house.signed_in(SARI).post(f"{V1}/clients/{client}/erasures"))
    house.run_erasures()
    answers(house, erasure, client, clinic)
    house.run_erasures()
    me = house.signed_in(SARI).get(f"{V1}/me").json
    assert (me["memberships"], me["network_roles"]) == ([], ["operator"])


def test_answers_that_come_twice_and_a_mail_server_that_is_away_change_nothing(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    erasure = asked(house, client)
    house.run_erasures()
    answers(house, erasure, client, clinic)
    answers(house, erasure, client, clinic)
    house.settings.mail_folder.rename(house.settings.mail_folder.with_name("away"))
    house.settings.mail_folder.write_text("a file stands where the folder should be")
    house.run_erasures()
    house.run_erasures()
    (completed,) = house.events("erasure-completed")
    assert "sessions:erased" in completed.data.answers
    assert house.events("notice-failed")[-1].data.reason == "mail_unavailable"


def test_two_workers_at_once_answer_and_complete_once(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    erasure = asked(house, client)
    house.run_erasures()
    answers(house, erasure, client, clinic)
    failures: list[Exception] = []

    def work() -> None:
        try:
            finish_answered(house.context)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(house.events("erasure-completed")) == len(house.events("erasure-answered")) == 1


def test_after_the_end_no_key_is_left_that_opens_the_address_or_the_reason(house: House) -> None:
    clinic = house.clinic(AT_ONCE)
    client = house.join(DEWI, clinic)
    erasure = asked(house, client)
    house.run_erasures()
    answers(house, erasure, client, clinic)
    house.run_erasures()
    with sqlite3.connect(house.settings.data / "identity.sqlite3") as connection:
        left = connection.execute("select keyholder from data_keys").fetchall()
        assert left == []
        assert connection.execute("select count(*) from sealed_values").fetchone() == (0,)


def test_only_the_client_asks_and_only_an_officer_of_the_clinic_holds(house: House) -> None:
    clinic, other = house.clinic(JAKARTA), house.clinic(PHOENIX, PHOENIX_PLACE)
    client = house.join(DEWI, clinic)
    hold = {"basis": "court", "reason": "Perkara 12/2026"}
    for role in ("operator", "counselor", "verifier", "officer"):
        somebody = house.bearer(Membership(clinic, None, (role,)))
        assert somebody.post(f"{V1}/clients/{client}/erasures").status_code == 403
        if role != "officer":
            assert somebody.post(f"{V1}/clients/{client}/holds", hold).status_code == 403
            assert somebody.get(f"{V1}/clients/{client}/erasures").status_code == 403
    stranger = house.bearer(Membership(clinic, "another-client", ("client",)))
    assert stranger.get(f"{V1}/clients/{client}/erasures").status_code == 403
    assert officer_of(house, other).post(f"{V1}/clients/{client}/holds", hold).status_code == 403
    assert house.bearer(network=("operator", "officer")).post(f"{V1}/clients/{client}/holds", hold).status_code == 403
    assert house.anyone().get(f"{V1}/clients/{client}/erasures").status_code == 401
    unfit = officer_of(house, clinic).post(f"{V1}/clients/{client}/holds", hold | {"basis": "client_request"})
    assert unfit.status_code == 422
