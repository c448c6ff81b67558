"""The main job and the race on PostgreSQL: the claims of times, the fence and the read models are the same there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.contracts.identity import ErasureOrdered
from services.kernel.fields import ClinicId, Id, PersonId
from services.kernel.ids import new_id
from services.sessions import examples
from tests.services.sessions_house import House, meet, together

PEOPLE = 16


@pytest.fixture
def house(tmp_path: Path, postgres_url: str) -> Iterator[House]:
    made = House(tmp_path, postgres_url)
    made.permit()
    made.set_hours()
    yield made
    made.built.service.backend.dispose()


def test_a_session_is_booked_held_and_erased(house: House) -> None:
    dewi = house.client().enrol()
    session, counselor = meet(house, dewi, "phone"), house.as_counselor()
    counselor.post(f"/sessions/{session}/notes", {"text": "She spoke of the move."})
    assert counselor.post(f"/sessions/{session}/end", {"outcome": "referral"}).status_code == 200
    record = counselor.get(f"/clients/{dewi.id}/record", purpose="counselling").json
    assert record["notes"][0]["text"] == "She spoke of the move."
    house.clock.advance(days=1)
    house.erase(
        ErasureOrdered(
            erasure=Id(new_id()),
            client=PersonId(dewi.id),
            clinic=ClinicId(house.phoenix),
            not_before=house.clock.now,
            basis="client_request",
        )
    )
    assert house.events("erasure-answered")[0].data.answer.kind == "erased"
    gone = counselor.get(f"/clients/{dewi.id}/record", purpose="counselling").json
    assert (gone["erased"], gone["notes"][0]["text"]) == (True, None)


def test_of_many_who_want_one_time_one_wins_without_a_fault(house: House) -> None:
    people = [house.client().enrol() for _ in range(PEOPLE)]
    start = people[0].first_time()
    answers = together(PEOPLE, lambda number: people[number].try_to_book(start))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (PEOPLE - 1)
    assert all(answer.json["next_free"] for answer in answers if answer.status_code == 409)
    assert len(house.events("booking-refused")) == PEOPLE - 1
    assert examples.PHONE not in str([entry.data for entry in house.events()])
