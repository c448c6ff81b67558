"""Booking: races, refusals that are recorded, quotas, cancelling, and repeated requests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.contracts.practice import Condition, Quota, Route
from services.contracts.practice.days import BEGINNING
from services.kernel.ids import new_id
from services.kernel.time import Instant, plus
from services.sessions import examples
from tests.services.sessions_house import House, Person, together


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.permit()
    made.set_hours()
    return made


@pytest.fixture
def dewi(house: House) -> Person:
    return house.client().enrol()


def limited(at_most: int) -> Route:
    """Temporary practice on so many days a year."""
    quota = Condition("quota", quota=Quota(at_most, "sessions", "calendar_year"))
    return Route("temporary_practice", BEGINNING, None, (quota,), (), (examples.RULE,))


def test_of_many_who_want_one_time_one_wins_and_the_others_get_the_next_free_ones(house: House, dewi: Person) -> None:
    start = dewi.first_time()
    people = [dewi, *(house.client().enrol() for _ in range(5))]
    answers = together(len(people), lambda number: people[number].try_to_book(start))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409, 409]
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json["type"] == "urn:amanah:problem:time-taken"
            assert answer.json["next_free"]
            assert start not in answer.json["next_free"]
    assert len(house.events("session-booked")) == 1
    assert [e.data.reasons for e in house.events("booking-refused")] == [("time_taken",)] * 5


def test_a_next_free_time_can_be_booked(house: House, dewi: Person) -> None:
    start = dewi.first_time()
    dewi.book(start)
    other = house.client().enrol()
    told = other.try_to_book(start)
    assert other.try_to_book(told.json["next_free"][0]).status_code == 201


def test_every_offered_time_can_be_booked(house: House, dewi: Person) -> None:
    times = dewi.offers()["offered"][0]["next_times"]
    for start in times[:4] + times[-2:]:
        assert house.client().enrol().try_to_book(start).status_code == 201


def test_a_client_cannot_be_in_two_sessions_at_once(house: House, dewi: Person) -> None:
    second = new_id()
    house.join(second, house.phoenix, "Citra Lestari")
    house.profile(second)
    house.law(examples.clearance(second))
    staff = house.staff("counselor", account=second)
    assert staff.put("/availability", examples.hours(), version=0).status_code == 204
    start = dewi.first_time()
    dewi.book(start)
    assert dewi.try_to_book(start, counselor=second).json["type"] == "urn:amanah:problem:time-taken"
    assert start not in dewi.offers()["offered"][1]["next_times"]
    assert house.client().enrol().try_to_book(start, counselor=second).status_code == 201


def test_a_counselor_of_two_clinics_has_each_time_once(house: House, dewi: Person) -> None:
    house.join(house.counselor, house.jakarta, "Ana Putri")
    start = dewi.first_time()
    dewi.book(start)
    elsewhere = house.client(house.jakarta).enrol()
    assert elsewhere.try_to_book(start).json["type"] == "urn:amanah:problem:time-taken"


def test_both_are_told_without_content_and_the_reference_can_be_quoted(house: House, dewi: Person) -> None:
    session = dewi.book()
    due = [entry.data for entry in house.events("notice-due")]
    assert {(notice.person, notice.template) for notice in due} == {
        (dewi.id, "session_booked"),
        (house.counselor, "session_booked"),
    }
    seen = dewi.get(f"/sessions/{session}").json
    assert seen["reference"].startswith("S-")
    assert {notice.reference for notice in due} == {seen["reference"]}


def test_the_booking_records_the_decision_in_clear_and_the_facts_sealed(house: House, dewi: Person) -> None:
    dewi.book()
    booked = house.events("session-booked")[0].data
    assert (booked.decision.verdict, booked.decision.revision, booked.decision.codes) == (
        "permitted",
        1,
        ("by_own_licence",),
    )
    assert booked.tzdata
    assert b"1991-04-02" not in house.bytes_kept()


def test_a_request_that_is_sent_again_books_once(house: House, dewi: Person) -> None:
    start, key = dewi.first_time(), new_id()
    first = dewi.try_to_book(start, key=key)
    again = dewi.try_to_book(start, key=key)
    assert (again.status_code, again.headers["Location"]) == (201, first.headers["Location"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(house.events("session-booked")) == 1
    assert dewi.try_to_book(plus(Instant(start), hours=1), key=key).status_code == 422


def test_a_request_that_is_sent_twice_at_once_is_answered_the_same(house: House, dewi: Person) -> None:
    for start in dewi.offers()["offered"][0]["next_times"][:4]:
        answers = together(2, sending(dewi, start, new_id()))
        assert [answer.status_code for answer in answers] == [201, 201]
        assert len({answer.headers["Location"] for answer in answers}) == 1
    assert house.events("booking-refused") == []


def sending(person: Person, start: str, key: str) -> Callable[[int], Any]:
    """The same request, by whichever caller."""
    return lambda _: person.try_to_book(start, key=key)


def test_a_refused_request_may_be_sent_again_once_it_is_mended(house: House) -> None:
    client, key = house.client(), new_id()
    client.intake()
    start = client.first_time()
    told = client.try_to_book(start, key=key)
    assert (told.status_code, told.json["reasons"]) == (409, ["consent_not_in_force"])
    assert "emergencies" in told.json["missing"]
    client.consent()
    assert client.try_to_book(start, key=key).status_code == 201


def test_a_time_off_the_offered_ones_is_refused_with_the_next_ones(house: House, dewi: Person) -> None:
    start = Instant(dewi.first_time())
    told = dewi.try_to_book(plus(start, minutes=7))
    assert (told.status_code, told.json["reasons"]) == (409, ["time_not_offered"])
    assert told.json["next_free"]
    assert dewi.try_to_book(plus(start, days=-7)).json["reasons"] == ["time_not_offered"]


@pytest.mark.parametrize("start", ["9999-12-31T23:00:00Z", "0001-01-01T00:00:00Z", "2029-01-01T15:00:00Z"])
def test_a_time_out_of_reach_is_refused_and_not_a_fault(house: House, dewi: Person, start: str) -> None:
    assert dewi.try_to_book(start).json["reasons"] == ["time_not_offered"]
    far = dewi.get(f"/clients/{dewi.id}/offers", modality="video", **{"from": start, "to": "9999-12-31T23:59:59Z"})
    assert far.status_code in (200, 422)


def test_a_session_by_phone_needs_a_number(house: House) -> None:
    client = house.client()
    answers = examples.intake()
    del answers["phone"]
    assert client.post(f"/clients/{client.id}/intake", answers).status_code == 201
    client.consent()
    told = client.try_to_book(client.first_time("phone"), "phone")
    assert (told.status_code, told.json["detail"]) == (422, "You left no phone number.")


def test_a_quota_counts_exactly_also_after_a_cancellation(house: House, dewi: Person) -> None:
    house.permit(route=limited(2), revision=2)
    times = dewi.offers()["offered"][0]["next_times"]
    first = dewi.book(times[0])
    dewi.book(times[1])
    full = dewi.try_to_book(times[2])
    assert (full.json["reasons"], full.json["coarse"]) == (
        ["licence_required", "quota_used_up"],
        "not_this_way_or_time",
    )
    assert dewi.offers()["not_offered"][0]["reason"] == "not_this_way_or_time"
    assert cancel(dewi, first).status_code == 200
    assert dewi.try_to_book(times[2]).status_code == 201


def test_a_quota_is_not_overrun_by_a_race(house: House) -> None:
    house.permit(route=limited(3), revision=2)
    people = [house.client().enrol() for _ in range(6)]
    times = people[0].offers()["offered"][0]["next_times"]
    codes = [answer.status_code for answer in together(6, lambda number: people[number].try_to_book(times[number]))]
    assert len(house.events("session-booked")) == codes.count(201) <= 3
    assert set(codes) <= {201, 409}


def test_cancelling_names_the_version_and_frees_both_times(house: House, dewi: Person) -> None:
    session = dewi.book()
    start = dewi.get(f"/sessions/{session}").json["start"]
    assert cancel(dewi, session, version=None).status_code == 428
    assert cancel(dewi, session, version='"9"').status_code == 412
    told = cancel(house.as_counselor(), session, words="I am ill; a new time will come.")
    assert (told.json["stage"], told.json["cancelled_by"]) == ("cancelled", "counselor")
    assert b"a new time will come" not in house.bytes_kept()
    assert dewi.first_time() == start
    assert [e.data.template for e in house.events("notice-due")][-2:] == ["session_cancelled"] * 2
    assert cancel(dewi, session, version='"2"').status_code == 409


def test_the_clinics_operator_may_cancel_and_list_but_not_read_words(house: House, dewi: Person) -> None:
    session = dewi.book()
    operator = house.staff("operator")
    assert [each["session"] for each in operator.get("/sessions", clinic=house.phoenix).json["items"]] == [session]
    assert operator.get("/sessions", clinic=house.jakarta).status_code == 403
    assert cancel(operator, session).json["cancelled_by"] == "operator"


def test_lists_are_paged_in_order_of_time(house: House, dewi: Person) -> None:
    times = dewi.offers()["offered"][0]["next_times"][:3]
    made = [dewi.book(start) for start in reversed(times)]
    first = dewi.get("/sessions", client=dewi.id, limit=2).json
    second = dewi.get("/sessions", client=dewi.id, limit=2, cursor=first["next_cursor"]).json
    shown = [each["session"] for each in first["items"] + second["items"]]
    assert (shown, second["next_cursor"]) == (made[::-1], None)


def test_hours_are_changed_by_version_and_a_day_can_be_closed(house: House, dewi: Person) -> None:
    counselor = house.as_counselor()
    first = Instant(dewi.first_time())
    kept = counselor.get("/availability")
    assert (kept.json["weekly"][0], kept.headers["ETag"]) == ("mon 09:00-17:00", '"1"')
    assert counselor.put("/availability", examples.hours(), version=0).status_code == 412
    assert counselor.put(f"/availability/exceptions/{first[:10]}", {"hours": []}).status_code == 204
    assert dewi.first_time()[:10] > first[:10]
    assert counselor.put("/availability/exceptions/today", {"hours": []}).status_code == 422
    wrong = counselor.put("/availability", examples.hours(weekly=["mon 10:00-09:00"]), version=2)
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/weekly/0")
    assert dewi.put("/availability", examples.hours(), version=2).status_code == 403


def cancel(person: Person, session: str, *, version: str | None = "now", words: str | None = None) -> Any:
    if version == "now":
        version = person.get(f"/sessions/{session}").headers["ETag"]
    body: dict[str, Any] = {"reason": "other_plans"} | ({"words": words} if words else {})
    headers = {} if version is None else {"If-Match": version}
    api = person.api
    return api.send("POST", f"/sessions/v1/sessions/{session}/cancellation", json=body, headers=headers)
