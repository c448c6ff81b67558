"""What keeps a client safe: news of the law, parked events, one session at a time, and help where counselling stops."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from services.contracts.identity import ErasureOrdered, LegalHoldPlaced, MembershipEnded
from services.contracts.licensing import ClearancePublished, PlaceRulesPublished
from services.kernel.codec import encode
from services.kernel.errors import Unavailable
from services.kernel.fields import ClinicId, Id, PersonId, seal
from services.kernel.ids import new_id
from services.kernel.store.tables import parked, sealed_values
from services.kernel.store.write import Write
from services.kernel.time import Instant, plus
from services.sessions import examples
from services.sessions.app import build
from tests.services.sessions_house import House, Person, together
from tests.world import entry_of, next_message


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.permit()
    made.set_hours()
    return made


@pytest.fixture
def dewi(house: House) -> Person:
    return house.client().enrol()


def ready(house: House, client: Person, session: str) -> None:
    """Both have done what they must before the session."""
    client.prepare(session)
    confirmed = house.as_counselor().post(f"/sessions/{session}/readiness", examples.ready("counselor"))
    assert confirmed.status_code == 200, confirmed.json


def start(house: House, session: str, **way: str) -> Any:
    return house.as_counselor().post(f"/sessions/{session}/start", {"way": way or {"link": examples.ROOM}})


# News of the law


def test_with_old_news_gate_number_and_start_agree_and_the_refusal_is_recorded(house: House, dewi: Person) -> None:
    session = dewi.book(modality="phone")
    ready(house, dewi, session)
    counselor = house.as_counselor()
    house.built = build(house.settings, house.clock, fresh_enough=lambda source, now: False)
    gate = counselor.get(f"/sessions/{session}/gate").json
    assert (gate["open"], [reason["code"] for reason in gate["timing"]]) == (False, ["law_not_heard"])
    assert "try again in a few minutes" in gate["timing"][0]["sentence"]
    assert counselor.get(f"/sessions/{session}/way").status_code == 409
    refused = start(house, session, phone_last_digits=examples.PHONE[-4:])
    assert (refused.status_code, refused.json["reasons"]) == (409, ["law_not_heard"])
    assert [entry.data.reasons for entry in house.events("start-refused")] == [("law_not_heard",)]
    assert house.events("record-read") == []


def test_with_old_news_nobody_is_offered_whom_a_booking_would_refuse(house: House, dewi: Person) -> None:
    first, second = dewi.offers()["offered"][0]["next_times"][:2]
    house.client().enrol().book(first)
    young = house.client().enrol(birth_date="2012-05-01")
    house.built = build(house.settings, house.clock, fresh_enough=lambda source, now: False)
    found, reasons = dewi.offers(), dewi.try_to_book(second).json["reasons"]
    assert (found["offered"], [each["reason"] for each in found["not_offered"]]) == ([], reasons)
    assert "try again in a few minutes" in found["not_offered"][0]["sentence"]
    assert calls(found["help_lines"]) == ["911", "988"]
    assert dewi.try_to_book(first).json["next_free"] == []
    assert young.offers()["not_offered"][0]["reason"] == "guardian_needed"


# Parked events


def park(house: House, event: Any, stream: str, *, broken: str) -> None:
    """An event of another service of which the data cannot be read; with no stream, nothing of it can."""
    message, _ = next_message(house.listener, entry_of(event, stream=stream or None, at=house.clock.now))
    assert broken.encode() in message.body
    house.listener.park(replace(message, body=message.body.replace(broken.encode(), b'"x')), "it cannot be read")


def narrower(counselor: str) -> ClearancePublished:
    """A newer clearance that allows nothing any more."""
    clearance = examples.clearance(counselor, revision=2, allows=False)
    return ClearancePublished(counselor=PersonId(counselor), clearance=clearance)


def colleague(house: House) -> str:
    """A second counselor, who may do the same as the first."""
    second = new_id()
    house.join(second, house.phoenix, "Citra Lestari")
    house.profile(second)
    house.law(examples.clearance(second))
    assert house.staff("counselor", account=second).put("/availability", examples.hours(), version=0).status_code == 204
    return second


def offered(client: Person) -> set[str]:
    return {each["counselor"] for each in client.offers()["offered"]}


def test_a_parked_clearance_that_cannot_be_read_closes_its_counselor_and_no_other(house: House, dewi: Person) -> None:
    second = colleague(house)
    stream = f"licensing/clearance/{house.counselor}/counselor/US-AZ"
    park(house, narrower(house.counselor), stream, broken='"revision')
    assert offered(dewi) == {second}
    assert dewi.try_to_book(plus(house.clock.now, days=1)[:10] + "T15:00:00Z").json["reasons"] == ["no_clearance"]


def test_a_parked_end_of_a_membership_that_cannot_be_read_closes_who_holds_it(house: House, dewi: Person) -> None:
    second = colleague(house)
    ended = MembershipEnded(
        membership=Id(house.membership),
        account=PersonId(house.counselor),
        clinic=ClinicId(house.phoenix),
        role="counselor",
        at=house.clock.now,
        ended_by=PersonId(new_id()),
    )
    park(house, ended, f"identity/membership/{house.membership}", broken='"ended_by')
    assert offered(dewi) == {second}


def test_where_nothing_of_a_parked_event_can_be_read_everybody_counts_as_closed(house: House, dewi: Person) -> None:
    colleague(house)
    park(house, narrower(house.counselor), "", broken="{")
    found = dewi.offers()
    assert (found["offered"], {each["reason"] for each in found["not_offered"]}) == ([], {"not_known_yet"})


def test_parked_rules_of_a_place_are_not_known_there(house: House, dewi: Person) -> None:
    rules = examples.place_rules()
    told = PlaceRulesPublished(revision=2, rules=rules, ruleset_hash=rules.ruleset_hash)
    park(house, told, "licensing/place-rules/US-AZ", broken='"revision')
    refused = dewi.try_to_book(plus(house.clock.now, days=1)[:10] + "T15:00:00Z")
    assert refused.json["reasons"] == ["consent_age_unknown"]


def ask_erasure(house: House, client: Person) -> None:
    wish = ErasureOrdered(
        erasure=Id(new_id()),
        client=PersonId(client.id),
        clinic=ClinicId(house.phoenix),
        not_before=house.clock.now,
        basis="client_request",
    )
    house.hear(wish)


def hold(house: House, client: str) -> LegalHoldPlaced:
    return LegalHoldPlaced(
        hold=Id(new_id()),
        client=PersonId(client),
        clinic=ClinicId(house.phoenix),
        basis="court",
        by=PersonId(new_id()),
        reason=seal("case 12"),
    )


def test_while_newer_rules_of_the_place_are_parked_nothing_is_erased(house: House, dewi: Person) -> None:
    rules = examples.place_rules()
    told = PlaceRulesPublished(revision=2, rules=rules, ruleset_hash=rules.ruleset_hash)
    park(house, told, "licensing/place-rules/US-AZ", broken='"revision')
    ask_erasure(house, dewi)
    with pytest.raises(Unavailable, match="Newer rules"):
        house.turn()
    assert house.events("erasure-answered") == []
    assert dewi.get(f"/clients/{dewi.id}/details").json["name"] == "Dewi"


def test_a_parked_hold_that_cannot_be_read_keeps_whom_it_names_and_no_other(house: House, dewi: Person) -> None:
    park(house, hold(house, dewi.id), f"identity/erasure/{dewi.id}", broken='"basis')
    for client in (dewi, house.client().enrol()):
        ask_erasure(house, client)
    house.turn()
    told = [entry.data.answer for entry in house.events("erasure-answered")]
    assert {(each.client == dewi.id, each.kind, each.basis) for each in told} == {
        (True, "kept", "legal_hold"),
        (False, "erased", None),
    }


def test_where_nobody_can_tell_whom_a_parked_event_is_about_erasures_wait(house: House, dewi: Person) -> None:
    park(house, hold(house, new_id()), "", broken="{")
    ask_erasure(house, dewi)
    with pytest.raises(Unavailable, match="may be a legal hold") as told:
        house.turn()
    assert "amanah parked list" in told.value.help
    assert house.events("erasure-answered") == []
    house.built.service.backend.commit(Write(rows=[delete(parked)]))  # as by a replay
    house.turn()
    assert house.events("erasure-answered")[0].data.answer.kind == "erased"


# One session at a time


def test_a_counselor_ends_one_session_before_the_next_begins(house: House, dewi: Person) -> None:
    ben = house.client().enrol()
    times = dewi.offers()["offered"][0]["next_times"]
    first, second = dewi.book(times[0]), ben.book(times[1])
    ready(house, dewi, first)
    assert start(house, first).status_code == 200
    ready(house, ben, second)
    refused = start(house, second)
    assert (refused.status_code, refused.json["reasons"]) == (409, ["counselor_in_session"])
    assert house.events("start-refused")[0].data.reasons == ("counselor_in_session",)
    assert house.as_counselor().post(f"/sessions/{first}/end", {"outcome": "success"}).status_code == 200
    assert start(house, second).status_code == 200


def test_a_session_that_was_never_ended_does_not_shut_the_door_for_good(house: House, dewi: Person) -> None:
    times = dewi.offers()["offered"][0]["next_times"]
    first, last = dewi.book(times[0]), dewi.book(times[-1])
    ready(house, dewi, first)
    assert start(house, first).status_code == 200
    ready(house, dewi, last)
    assert start(house, last).status_code == 200


def test_of_two_starts_at_one_moment_one_wins(house: House, dewi: Person) -> None:
    ben = house.client().enrol()
    times = dewi.offers()["offered"][0]["next_times"]
    both = [dewi.book(times[0]), ben.book(times[1])]
    for client, session in zip((dewi, ben), both, strict=True):
        ready(house, client, session)
    house.clock.set(plus(Instant(times[1]), minutes=-10))
    answers = together(2, lambda number: start(house, both[number]))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(house.events("session-started")) == 1


def test_one_human_is_not_booked_twice_at_once_as_the_client_of_two_clinics(house: House, dewi: Person) -> None:
    second = new_id()
    house.join(second, house.jakarta, "Citra Lestari")
    house.profile(second)
    house.law(examples.clearance(second))
    assert house.staff("counselor", account=second).put("/availability", examples.hours(), version=0).status_code == 204
    elsewhere = house.client(house.jakarta)
    elsewhere.account = dewi.account
    dewi.memberships = elsewhere.memberships = (*dewi.memberships, *elsewhere.memberships)
    elsewhere.enrol()
    start = dewi.first_time()
    assert start in elsewhere.offers()["offered"][0]["next_times"]
    dewi.book(start)
    assert start not in elsewhere.offers()["offered"][0]["next_times"]
    refused = elsewhere.try_to_book(start, counselor=second)
    assert (refused.json["reasons"], start in refused.json["next_free"]) == (["time_taken"], False)
    assert elsewhere.try_to_book(refused.json["next_free"][0], counselor=second).status_code == 201
    for entry in house.events():
        body = encode(entry)
        assert not (dewi.id.encode() in body and elsewhere.id.encode() in body), entry.type


# Help where counselling stops


def calls(lines: Any) -> list[str]:
    return [way["value"] for line in lines for way in line["ways"] if way["channel"] == "call"]


def test_a_minor_is_told_what_to_do_and_who_helps_now(house: House) -> None:
    young = house.client().enrol(birth_date="2012-05-01")
    told = young.try_to_book(plus(house.clock.now, days=1)[:10] + "T15:00:00Z").json
    assert (told["coarse"], calls(told["help_lines"])) == ("guardian_needed", ["911", "988"])
    assert "guardian" in told["help"]
    offers = young.offers()
    assert calls(offers["help_lines"]) == ["911", "988"]
    assert "guardian" in offers["not_offered"][0]["next_step"]


def test_who_comes_too_late_or_lacks_a_consent_is_told_who_helps_too(house: House, dewi: Person) -> None:
    start = dewi.first_time()
    dewi.book(start)
    new = house.client()
    new.intake()
    for refused in (house.client().enrol().try_to_book(start), new.try_to_book(start)):
        assert refused.status_code == 409
        assert calls(refused.json["help_lines"]) == ["911", "988"]


def test_a_refused_start_keeps_its_help_text_and_its_lines(house: House, dewi: Person) -> None:
    refused = start(house, dewi.book())
    assert (refused.json["reasons"][0], calls(refused.json["help_lines"])) == ("too_early", ["911", "988"])
    assert "Mend" in refused.json["help"]


def test_a_line_tells_its_hours_its_caution_and_its_extension(house: House) -> None:
    client = house.client().enrol("ID", zone="Asia/Jakarta")
    lines = {line["name"]: line for line in client.offers()["help_lines"]}
    assert lines["Darurat 112"]["caution"] == "Does not work in every district"
    healing = lines["healing119.id"]
    assert healing["ways"][0] == {"channel": "call", "value": "119 ext. 8"}
    assert (healing["open"], healing["caution"]) == (None, "The answer may be slow; use the other numbers too")
    house.clock.set(Instant("2027-02-24T18:30:00.000000Z"))
    malaysia = house.client().enrol("MY", zone="Asia/Kuala_Lumpur").offers()["help_lines"]
    heal = next(line for line in malaysia if line["name"] == "Talian HEAL")
    assert (heal["open"], heal["opens"], heal["stale"]) == (False, "2027-02-25T00:00:00.000000Z", True)


def test_who_waits_in_vain_for_the_counselor_is_told_what_a_client_can_do(house: House, dewi: Person) -> None:
    session = dewi.book()
    house.clock.set(Instant(dewi.get(f"/sessions/{session}").json["start"]))
    said: dict[str, str] = {}
    for name, person in (("client", dewi), ("counselor", house.as_counselor())):
        seen = person.get(f"/sessions/{session}").headers["ETag"]
        path, body = f"/sessions/v1/sessions/{session}/cancellation", {"reason": "other"}
        refused = person.api.send("POST", path, json=body, headers={"If-Match": seen})
        assert refused.status_code == 409
        said[name] = refused.json["help"]
    assert "tell your clinic" in said["client"]
    assert said["counselor"] == "Record who was absent instead."


def test_next_free_times_are_only_those_at_which_the_law_permits_it(house: House, dewi: Person) -> None:
    times = dewi.offers()["offered"][0]["next_times"]
    house.permit(until=Instant(times[3]), revision=2)
    dewi.book(times[0])
    lost = house.client().enrol().try_to_book(times[0])
    assert lost.json["next_free"] == times[1:3]


# Words that are missing, and ids that are none


def test_a_phrase_that_is_lost_is_not_called_erased(house: House, dewi: Person) -> None:
    session = dewi.book()
    house.clock.set(Instant(dewi.get(f"/sessions/{session}").json["start"]))
    house.built.service.backend.commit(Write(rows=[delete(sealed_values).where(sealed_values.c.field == "phrase")]))
    lost = dewi.post(f"/sessions/{session}/identity", {"phrase": examples.PHRASE})
    assert (lost.status_code, lost.json["detail"]) == (503, "What was kept for this cannot be read; it was not erased.")
    assert house.events("identity-checked") == []


def test_the_phrase_is_opened_only_for_a_try_that_counts(house: House, dewi: Person) -> None:
    times = dewi.offers()["offered"][0]["next_times"]
    first, last = dewi.book(times[0]), dewi.book(times[-1])
    dewi.prepare(first)
    house.built.service.backend.commit(Write(rows=[delete(sealed_values).where(sealed_values.c.field == "phrase")]))
    assert dewi.post(f"/sessions/{first}/identity", {"phrase": "another bird"}).json["matched"]
    early = dewi.post(f"/sessions/{last}/identity", {"phrase": examples.PHRASE})
    assert (early.status_code, early.json["detail"]) == (409, "It is too early for this.")
    assert len(house.events("identity-checked")) == 1


@pytest.mark.parametrize("query", [{"clinic": "Budi told me this"}, {"client": "a/b"}])
def test_what_is_no_id_is_not_asked_for(house: House, dewi: Person, query: dict[str, str]) -> None:
    for person in (dewi, house.staff("operator")):
        assert person.get("/sessions", **query).status_code == 422
    assert dewi.get("/consent-items", clinic="a b").status_code == 422
    assert house.events("operation-refused") == []
