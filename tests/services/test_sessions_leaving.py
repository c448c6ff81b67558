"""Who is to be erased: what is cancelled, what waits, what a crash in between changes; and that nobody comes back."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from services.contracts.identity import ClientLeft, ErasureOrdered
from services.contracts.practice import Retention
from services.contracts.practice.days import BEGINNING
from services.kernel.errors import Unavailable
from services.kernel.fields import ClinicId, Id, PersonId
from services.kernel.ids import new_id
from services.kernel.store.tables import data_keys, fences, times
from services.kernel.store.write import Write
from services.kernel.time import Instant, plus
from services.sessions import due, examples
from services.sessions.commands.erasing import Order, answer_erasure
from services.sessions.readmodels.tables import clinics, erasures_due
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


def order(house: House, client: Person) -> ErasureOrdered:
    return ErasureOrdered(
        erasure=Id(new_id()),
        client=PersonId(client.id),
        clinic=ClinicId(house.phoenix),
        not_before=house.clock.now,
        basis="client_request",
    )


def answers(house: House) -> list[tuple[str, str | None]]:
    return [(e.data.answer.kind, e.data.answer.basis) for e in house.events("erasure-answered")]


def keep_for(house: House, *rules: tuple[int, Any, int]) -> None:
    """The place has a record kept so many years from the last contact, or from an age."""
    spans = tuple(Retention(BEGINNING, None, years, start, age, examples.RULE) for years, start, age in rules)
    house.law(examples.place_rules(retention=spans))


def test_a_crash_behind_the_fence_changes_nothing_of_the_answer(house: House, dewi: Person) -> None:
    keep_for(house, (3, "age", 18))
    session = meet(house, dewi)
    house.as_counselor().post(f"/sessions/{session}/end", {"outcome": "success"})
    wish, service = order(house, dewi), house.built.service
    house.hear(wish)
    dying = service.work(due.SELF)
    answer_erasure(dying, Order(wish.erasure, wish.client, wish.clinic))  # and killed before anything was written
    went = service.query(select(fences.c.sealed_values))[0]["sealed_values"]
    assert answers(house) == []
    house.turn()
    told = house.events("erasure-answered")[0].data.answer
    assert (told.kind, told.basis, told.until, told.values) == ("erased", None, None, went)


def test_a_session_cannot_begin_between_the_decision_and_the_fence(house: House, dewi: Person) -> None:
    keep_for(house, (6, "last_contact", 0))
    session, counselor = dewi.book(), house.as_counselor()
    dewi.prepare(session)
    counselor.post(f"/sessions/{session}/readiness", examples.ready("counselor"))
    wish, service = order(house, dewi), house.built.service
    house.hear(wish)
    service.do(due.SELF, answer_erasure, Order(wish.erasure, wish.client, wish.clinic))
    assert answers(house) == []  # while one is booked nobody looks at the record
    assert counselor.post(f"/sessions/{session}/start", {"way": {"link": examples.ROOM}}).status_code == 200
    house.turn()
    assert answers(house) == []
    counselor.post(f"/sessions/{session}/end", {"outcome": "success"})
    house.turn()
    assert answers(house) == [("kept", "retention_rule")]
    assert dewi.get(f"/clients/{dewi.id}/details").json["name"] == "Dewi"


def test_while_the_client_is_in_a_session_nothing_is_erased(house: House, dewi: Person) -> None:
    session = meet(house, dewi)
    house.erase(order(house, dewi))
    assert answers(house) == []
    assert dewi.get(f"/sessions/{session}/way").json["link"] == examples.ROOM
    house.clock.set(plus(Instant(dewi.get(f"/sessions/{session}").json["ends"]), minutes=60))
    house.turn()
    assert answers(house) == [("erased", None)]


def test_who_is_kept_is_not_served_either_and_the_counselor_is_free_again(house: House, dewi: Person) -> None:
    keep_for(house, (6, "last_contact", 0))
    first = meet(house, dewi)
    house.as_counselor().post(f"/sessions/{first}/end", {"outcome": "next_online_session"})
    house.clock.advance(hours=2)
    second = dewi.book()
    house.erase(order(house, dewi))
    assert answers(house) == [("kept", "retention_rule")]
    assert house.as_counselor().get(f"/sessions/{second}").json["stage"] == "cancelled"
    told = house.events("notice-due")[-1].data
    assert (told.person, told.template) == (house.counselor, "session_cancelled")
    assert house.built.service.query(select(times).where(times.c.owner == second)) == []


def test_what_had_to_be_kept_is_erased_when_its_time_is_over(house: House, dewi: Person) -> None:
    keep_for(house, (6, "last_contact", 0))
    session = meet(house, dewi)
    house.as_counselor().post(f"/sessions/{session}/end", {"outcome": "success"})
    house.erase(order(house, dewi))
    (kept,) = [event.data.answer for event in house.events("erasure-answered")]
    assert [row["at"] for row in house.built.service.query(select(erasures_due))] == [kept.until]
    house.clock.set(plus(kept.until, seconds=-1))
    house.turn()
    assert answers(house) == [("kept", "retention_rule")]
    assert house.built.service.query(select(data_keys.c.key_id))
    house.clock.set(kept.until)
    house.turn()
    house.turn()
    assert answers(house) == [("kept", "retention_rule"), ("erased", None)]
    assert house.built.service.query(select(data_keys.c.key_id).where(data_keys.c.keyholder == dewi.id)) == []
    assert house.built.service.query(select(erasures_due)) == []


def test_a_session_long_past_that_nobody_closed_stays_as_it_is(house: House, dewi: Person) -> None:
    session = dewi.book()
    house.clock.set(plus(Instant(dewi.get(f"/sessions/{session}").json["ends"]), days=3))
    notices = len(house.events("notice-due"))
    house.erase(order(house, dewi))
    assert answers(house) == [("erased", None)]
    assert house.as_counselor().get(f"/sessions/{session}").json["stage"] == "booked"
    assert len(house.events("notice-due")) == notices
    absent = house.as_counselor().post(f"/sessions/{session}/absence", {"absent": "client"})
    assert absent.status_code == 200


def test_of_whom_nothing_was_held_nothing_is_taken_in_afterwards(house: House) -> None:
    new = house.client()
    house.erase(order(house, new))
    assert answers(house) == [("nothing_held", None)]
    late = new.post(f"/clients/{new.id}/intake", examples.intake())
    assert (late.status_code, late.json["type"]) == (410, "urn:amanah:problem:client-left")
    assert house.built.service.query(select(fences.c.keyholder)) == [{"keyholder": new.id}]


@pytest.mark.parametrize("left", [False, True])
def test_who_is_kept_can_do_nothing_more_here_but_take_a_consent_back(house: House, dewi: Person, left: bool) -> None:
    keep_for(house, (6, "last_contact", 0))
    session = meet(house, dewi)
    house.as_counselor().post(f"/sessions/{session}/end", {"outcome": "success"})
    house.clock.advance(days=1)
    start, version = dewi.first_time(), dewi.get(f"/clients/{dewi.id}/details").headers["ETag"]
    item = dewi.get(f"/clients/{dewi.id}/consents").json["items"][0]
    if left:
        house.hear(ClientLeft(client=PersonId(dewi.id), clinic=ClinicId(house.phoenix), at=house.clock.now))
    else:
        house.erase(order(house, dewi))
    said = {"item": item["item"], "version": item["version"], "locale": "en"}
    refused = (
        dewi.try_to_book(start),
        dewi.put(f"/clients/{dewi.id}/details", {"city": "Yuma"}, version=version),
        dewi.put(f"/clients/{dewi.id}/fallback", examples.fallback()),
        dewi.post(f"/clients/{dewi.id}/consents", said),
        dewi.get(f"/clients/{dewi.id}/offers", modality="video"),
    )
    assert [(answer.status_code, answer.json["type"]) for answer in refused] == [
        (410, "urn:amanah:problem:client-left")
    ] * len(refused)
    assert all(answer.json["help_lines"][0]["kind"] == "emergency" for answer in refused)
    assert dewi.delete(f"/clients/{dewi.id}/consents/{item['item']}").status_code == 204
    assert house.as_counselor().get(f"/sessions/{session}/gate").status_code == 200


def test_one_order_that_cannot_be_carried_out_keeps_no_other_waiting(house: House, dewi: Person) -> None:
    first = house.client(house.jakarta).enrol()
    forget = Write(rows=[delete(clinics).where(clinics.c.clinic == house.jakarta)])
    house.built.service.backend.commit(forget)
    house.hear(order(house, first), order(house, dewi))
    with pytest.raises(Unavailable, match="settings of this clinic"):
        due.carry_out_erasures(house.context)
    assert [e.data.answer.client for e in house.events("erasure-answered")] == [dewi.id]
