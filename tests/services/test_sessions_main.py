"""The main job of sessions over HTTP: hours, intake, consents, offers, booking, meeting, note, outcome, looks."""

from pathlib import Path
from typing import Any

import pytest

from services.kernel.http.tokens import Membership
from services.kernel.ids import new_id
from services.kernel.time import Instant, plus
from services.sessions import examples
from tests.services.sessions_house import House, Person, meet


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.permit()
    made.set_hours()
    return made


@pytest.fixture
def dewi(house: House) -> Person:
    return house.client().enrol()


def items(gate: Any) -> dict[str, str]:
    return {item["item"]: item["verdict"] for item in gate["items"]}


def test_the_main_job_from_an_offer_to_an_outcome(house: House, dewi: Person) -> None:
    counselor = house.as_counselor()
    offer = dewi.offers("phone")["offered"][0]
    assert (offer["counselor"], offer["name"]) == (house.counselor, "Ana Putri")
    assert offer["decision"]["verdict"] == "permitted"
    assert offer["decision"]["reasons"][0]["sentence"] == "By a licence of this place"
    session = dewi.book(offer["next_times"][0], "phone")
    seen = counselor.get("/sessions").json["items"]
    assert [(each["session"], each["client_reference"]) for each in seen] == [(session, "k-91XF")]
    assert counselor.get(f"/sessions/{session}/way").status_code == 409
    dewi.prepare(session)
    shut = counselor.get(f"/sessions/{session}/gate").json
    assert (shut["open"], items(shut)["readiness"]) == (False, "not_met")
    counselor.post(f"/sessions/{session}/readiness", examples.ready("counselor"))
    gate = dewi.get(f"/sessions/{session}/gate").json
    assert (gate["open"], set(items(gate).values())) == (True, {"met"})
    assert counselor.get(f"/sessions/{session}/way").json["number"] == examples.PHONE
    wrong = counselor.post(f"/sessions/{session}/start", {"way": {"phone_last_digits": "0000"}})
    assert wrong.status_code == 422
    started = counselor.post(f"/sessions/{session}/start", {"way": {"phone_last_digits": "0147"}})
    assert started.json["stage"] == "started"
    assert dewi.get(f"/sessions/{session}/way").json["number"] == examples.PHONE
    house.clock.advance(minutes=48, seconds=10)
    ended = counselor.post(f"/sessions/{session}/end", {"outcome": "success"})
    assert (ended.json["stage"], ended.json["outcome"]) == ("ended", "success")
    assert house.events("session-ended")[0].data.minutes == 49


def test_the_counselor_reads_the_record_and_the_client_sees_that_they_did(house: House, dewi: Person) -> None:
    session, counselor = meet(house, dewi, "phone"), house.as_counselor()
    note = counselor.post(f"/sessions/{session}/notes", {"text": "She spoke of the move."})
    assert note.status_code == 201
    counselor.post(f"/sessions/{session}/end", {"outcome": "success", "summary": "A calm hour."})
    counselor.get(f"/sessions/{session}/way")
    house.clock.advance(minutes=1)
    record = counselor.get(f"/clients/{dewi.id}/record", purpose="follow_up").json
    assert record["details"]["name"] == "Dewi"
    assert "phrase" not in record["details"]
    assert record["notes"][0]["text"] == "She spoke of the move."
    assert record["sessions"][0]["words"] == "A calm hour."
    assert record["details"]["emergency_plan"] == examples.intake()["emergency_contact"]
    looks = dewi.get(f"/clients/{dewi.id}/looks").json["items"]
    told = [(look["name"], look["purpose"]) for look in looks]
    assert told == [("Ana Putri", "follow_up"), ("Ana Putri", "meeting")]
    assert {"name", "birth_date", "note", "session"} <= set(looks[0]["items"])
    assert counselor.get(f"/clients/{dewi.id}/record").status_code == 422


def test_nothing_that_a_person_typed_stands_in_the_database(house: House, dewi: Person) -> None:
    session = meet(house, dewi)
    house.as_counselor().post(f"/sessions/{session}/notes", {"text": "the heron and the lantern"})
    kept = house.bytes_kept()
    typed = [*examples.intake().values(), examples.ROOM, "heron", "lantern"]
    for words in typed:
        if words not in ("US-AZ", "America/Phoenix", "en"):
            assert words.encode() not in kept, words
    assert b"session-started" in kept


def test_a_video_link_is_given_to_both_only_after_the_start(house: House, dewi: Person) -> None:
    session = dewi.book()
    dewi.prepare(session)
    counselor = house.as_counselor()
    counselor.post(f"/sessions/{session}/readiness", examples.ready("counselor"))
    for person in (dewi, counselor):
        assert person.get(f"/sessions/{session}/way").status_code == 409
    assert counselor.post(f"/sessions/{session}/start", {"way": {"link": "http://x.example"}}).status_code == 422
    assert counselor.post(f"/sessions/{session}/start", {"way": {"phone_last_digits": "0147"}}).status_code == 422
    assert counselor.post(f"/sessions/{session}/start", {"way": {"link": examples.ROOM}}).status_code == 200
    for person in (dewi, counselor):
        assert person.get(f"/sessions/{session}/way").json["link"] == examples.ROOM
    assert len(house.events("record-read")) == 1


def test_the_same_client_in_california_is_refused_explained_and_recorded(house: House, dewi: Person) -> None:
    house.permit("US-CA", allows=False)
    session = dewi.book()
    dewi.prepare(session, "US-CA")
    counselor = house.as_counselor()
    counselor.post(f"/sessions/{session}/readiness", examples.ready("counselor"))
    told = counselor.post(f"/sessions/{session}/start", {"way": {"link": examples.ROOM}})
    assert (told.status_code, told.json["type"]) == (409, "urn:amanah:problem:gate-closed")
    assert "licence_required" in told.json["reasons"]
    for person in (dewi, counselor):
        gate = person.get(f"/sessions/{session}/gate").json
        assert not gate["open"]
        law = next(item for item in gate["items"] if item["item"] == "clearance")
        assert (law["verdict"], law["reasons"][0]["code"]) == ("not_met", "licence_required")
        assert law["reasons"][0]["sentence"]
        assert ("call", "911") in [
            (way["channel"], way["value"]) for line in gate["help_lines"] for way in line["ways"]
        ]
    refused = house.events("start-refused")[0].data
    assert (refused.decision.verdict, refused.verdicts[1]) == ("prohibited", "not_met")
    assert "emergency_contact_elsewhere" in refused.reasons
    assert house.events("session-started") == []
    back = dewi.post(f"/sessions/{session}/place", {"jurisdiction": "US-AZ", "city": "Yuma"})
    assert back.status_code == 200
    again = counselor.post(f"/sessions/{session}/start", {"way": {"link": examples.ROOM}})
    assert again.status_code == 200


def test_where_no_rule_is_known_nobody_may_and_a_new_one_opens_it(house: House) -> None:
    client = house.client().enrol("ID", zone="Asia/Jakarta")
    told = client.offers()["not_offered"][0]
    assert (told["reason"], told["counselor"]) == ("not_known_yet", house.counselor)
    assert told["sentence"]
    wish = plus(house.clock.now, days=1)[:10] + "T15:00:00Z"
    refused = client.try_to_book(wish)
    assert refused.status_code == 409
    assert (refused.json["verdict"], refused.json["coarse"]) == ("undetermined", "not_known_yet")
    assert house.events("booking-refused")[0].data.decision.verdict == "undetermined"
    house.permit("ID")
    assert client.offers()["offered"]


def test_the_phrase_is_compared_as_spoken_and_right_ones_use_up_no_tries(house: House, dewi: Person) -> None:
    session = dewi.book()
    dewi.prepare(session, phrase="The BLUE kite, over merapi")
    for _ in range(6):
        answer = dewi.post(f"/sessions/{session}/identity", {"phrase": examples.PHRASE})
        assert answer.json == {"matched": True, "tries_left": 5}
    assert [e.data.verdict for e in house.events("identity-checked")] == ["matched"]


def test_five_wrong_phrases_end_it(house: House, dewi: Person) -> None:
    session = dewi.book()
    house.clock.set(Instant(dewi.get(f"/sessions/{session}").json["start"]))
    for left in (4, 3, 2, 1, 0):
        answer = dewi.post(f"/sessions/{session}/identity", {"phrase": "another bird"})
        assert answer.json == {"matched": False, "tries_left": left}
    spent = dewi.post(f"/sessions/{session}/identity", {"phrase": examples.PHRASE})
    assert (spent.status_code, "wrong 5 times" in spent.json["detail"]) == (409, True)
    gate = dewi.get(f"/sessions/{session}/gate").json
    reasons = next(item for item in gate["items"] if item["item"] == "identity")["reasons"]
    assert reasons[0]["code"] == "too_many_tries"


def test_a_new_phrase_cannot_be_chosen_and_said_while_the_session_is_open(house: House, dewi: Person) -> None:
    session, path = dewi.book(), f"/clients/{dewi.id}/details"
    shown = dewi.get(f"/sessions/{session}").json

    def choose(phrase: str) -> Any:
        return dewi.put(path, {"phrase": phrase}, version=dewi.get(path).headers["ETag"])

    house.clock.set(plus(Instant(shown["opens"]), seconds=-1))
    assert choose("a heron on the quiet pond").status_code == 204
    house.clock.set(Instant(shown["opens"]))
    refused = choose("somebody else chose this")
    assert (refused.status_code, "call your clinic" in refused.json["help"]) == (409, True)
    said = dewi.post(f"/sessions/{session}/identity", {"phrase": "somebody else chose this"})
    assert said.json["matched"] is False
    said = dewi.post(f"/sessions/{session}/identity", {"phrase": "a heron on the quiet pond"})
    assert said.json["matched"] is True
    house.clock.set(Instant(shown["ends"]))
    assert choose("the lantern by the river").status_code == 204


def test_a_session_is_prepared_only_in_its_time(house: House, dewi: Person) -> None:
    session = dewi.book()
    early = dewi.post(f"/sessions/{session}/place", {"jurisdiction": "US-AZ"})
    assert (early.status_code, early.json["opens"] < dewi.get(f"/sessions/{session}").json["start"]) == (409, True)
    house.clock.set(Instant(dewi.get(f"/sessions/{session}").json["ends"]))
    assert dewi.post(f"/sessions/{session}/place", {"jurisdiction": "US-AZ"}).status_code == 409


def test_a_travelling_client_names_whom_to_call_there(house: House, dewi: Person) -> None:
    house.permit("GB")
    session = dewi.book()
    dewi.prepare(session, "GB")
    gate = dewi.get(f"/sessions/{session}/gate").json
    assert items(gate)["emergency_contact"] == "not_met"
    said = {"jurisdiction": "GB", "emergency_contact": "Rani, +44 20 7946 0000"}
    assert dewi.post(f"/sessions/{session}/place", said).status_code == 200
    assert items(dewi.get(f"/sessions/{session}/gate").json)["emergency_contact"] == "met"


def test_a_missed_session_says_who_was_absent(house: House, dewi: Person) -> None:
    session = dewi.book()
    counselor = house.as_counselor()
    assert counselor.post(f"/sessions/{session}/absence", {"absent": "client"}).status_code == 409
    house.clock.set(plus(Instant(dewi.get(f"/sessions/{session}").json["start"]), minutes=15))
    told = counselor.post(f"/sessions/{session}/absence", {"absent": "client", "words": "No answer."})
    assert (told.json["stage"], told.json["absent"]) == ("missed", "client")
    assert counselor.post(f"/sessions/{session}/start", {"way": {"link": examples.ROOM}}).status_code == 409


def test_details_are_changed_by_version_and_shown_to_the_client_alone(house: House, dewi: Person) -> None:
    path = f"/clients/{dewi.id}/details"
    first = dewi.get(path)
    assert (first.json["name"], first.json["fallback_number"]) == ("Dewi", examples.PHONE)
    assert dewi.put(path, {"name": "Dewi A."}, version='"1"').status_code == 412
    assert dewi.put(path, {"name": "Dewi A."}, version=first.headers["ETag"]).status_code == 204
    assert dewi.get(path).json["name"] == "Dewi A."
    assert dewi.get(path).json["city"] == "Flagstaff"
    assert house.events("record-read") == []
    assert house.as_counselor().get(path).status_code == 403


def test_others_may_not(house: House, dewi: Person) -> None:
    session = meet(house, dewi)
    other, stranger = house.client().enrol(), house.staff("counselor")
    house.join(stranger.account, house.phoenix, "Somebody Else")
    for person in (other, stranger, house.staff("officer"), house.staff("operator", clinic=house.jakarta)):
        assert person.get(f"/sessions/{session}").status_code == 403
        assert person.get(f"/sessions/{session}/gate").status_code == 403
        assert person.get(f"/sessions/{session}/way").status_code == 403
        assert person.get(f"/clients/{dewi.id}/record", purpose="counselling").status_code == 403
        assert person.get(f"/clients/{dewi.id}/looks").status_code == 403
        assert person.post(f"/sessions/{session}/end", {"outcome": "success"}).status_code == 403
    assert house.staff("operator").get(f"/sessions/{session}").status_code == 200
    assert house.staff("operator").get(f"/sessions/{session}/way").status_code == 403
    elsewhere = Person(house, house.counselor, (Membership(house.jakarta, None, ("counselor",)),))
    assert elsewhere.get(f"/sessions/{session}").status_code == 403
    assert {e.data.refusal.operation for e in house.events("operation-refused")} >= {"read-record", "read-way"}
    assert house.events("record-read") == []


def test_an_intake_before_identity_told_of_the_client_is_asked_to_wait(house: House) -> None:
    nobody = Person(house, new_id(), (Membership(house.phoenix, "unheard-of", ("client",)),), "unheard-of")
    answer = nobody.post("/clients/unheard-of/intake", examples.intake())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_a_second_intake_and_bad_answers_are_told_plainly(house: House, dewi: Person) -> None:
    assert dewi.post(f"/clients/{dewi.id}/intake", examples.intake()).status_code == 409
    new = house.client()
    short = new.post(f"/clients/{new.id}/intake", examples.intake(phrase="ab"))
    assert (short.status_code, short.json["errors"][0]["pointer"]) == (422, "/phrase")
    unborn = new.post(f"/clients/{new.id}/intake", examples.intake(birth_date="2030-01-01"))
    assert (unborn.status_code, unborn.json["errors"][0]["pointer"]) == (422, "/birth_date")


def test_a_minor_is_refused_with_the_reason(house: House) -> None:
    young = house.client().enrol(birth_date="2012-05-01")
    assert young.offers()["not_offered"][0]["reason"] == "guardian_needed"
    told = young.try_to_book(plus(house.clock.now, days=1)[:10] + "T15:00:00Z")
    assert "needs_guardian" in told.json["reasons"]


def test_readiness_takes_only_ones_own_items(house: House, dewi: Person) -> None:
    session = dewi.book()
    dewi.prepare(session)
    told = dewi.post(f"/sessions/{session}/readiness", {"items": ["fit_to_work"]})
    assert told.status_code == 422
    assert "alone" in told.json["help"]
