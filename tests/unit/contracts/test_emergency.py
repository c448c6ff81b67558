"""Local help: the right numbers, emergency first, never an empty answer."""

from datetime import date
from typing import Any

import pytest

from services.contracts.emergency import GENERAL, numbers_for, parse_lines
from services.contracts.practice.reading import DataFileError
from services.kernel.fields import Place
from services.kernel.time import Instant, LocalDate

TODAY = LocalDate("2026-11-24")
SAMPLES = ["US-AZ", "US-CA", "CA-ON", "GB", "GB-SCT", "ID", "MY", "SG", "AU", "DE"]


def first_number(place: str) -> str:
    return numbers_for(Place(place), TODAY)[0].ways[0].value


def line(**change: Any) -> dict[str, Any]:
    return {
        "place": "XA",
        "kind": "emergency",
        "contacts": [{"channel": "call", "value": "123"}],
        "hours": "always",
        "source": "a page",
        "conf": "V",
        "reviewed_on": date(2026, 11, 24),
        "review_by": date(2027, 2, 22),
    } | change


@pytest.mark.parametrize("place", SAMPLES)
def test_each_sample_place_begins_with_a_number_that_is_always_there(place):
    lines = numbers_for(Place(place), TODAY)
    assert lines[0].kind in ("emergency", "ambulance")
    assert lines[0].hours != "listed"
    assert all(each.ways and each.source and each.confidence in ("V", "S") for each in lines)


def test_the_numbers_are_those_of_the_place():
    numbers = {"US-AZ": "911", "CA-ON": "911", "GB-ENG": "999", "ID": "112", "MY": "999", "SG": "995", "AU": "000"}
    assert {place: first_number(place) for place in numbers} == numbers


def test_a_state_falls_back_to_its_country_and_a_nation_adds_its_own():
    assert numbers_for(Place("US-AZ"), TODAY) == numbers_for(Place("US"), TODAY)
    scotland = [each.name for each in numbers_for(Place("GB-SCT"), TODAY)]
    assert "Breathing Space" in scotland
    assert "Samaritans" in scotland
    assert "Breathing Space" not in [each.name for each in numbers_for(Place("GB-ENG"), TODAY)]


def test_a_place_that_is_not_in_the_file_gets_the_general_answer():
    assert numbers_for(Place("FR"), TODAY) == (GENERAL,)
    assert numbers_for(None, TODAY) == (GENERAL,)


def test_the_general_number_that_does_not_work_everywhere_says_so_and_has_the_next_beside_it():
    indonesia = numbers_for(Place("ID"), TODAY)
    assert indonesia[0].caution == "not_everywhere"
    assert [each.kind for each in indonesia[:3]] == ["emergency", "ambulance", "police"]


def test_help_is_shown_past_its_review_and_marked():
    assert not numbers_for(Place("GB"), LocalDate("2027-02-22"))[0].stale
    late = numbers_for(Place("GB"), LocalDate("2027-02-23"))
    assert late[0].stale
    assert late[0].ways[0].value == "999"


@pytest.mark.parametrize(
    ("at", "answers"),
    [
        ("2026-11-24T17:59:00.000000Z", False),  # Tuesday
        ("2026-11-24T18:00:00.000000Z", True),
        ("2026-11-25T01:59:00.000000Z", True),
        ("2026-11-25T02:00:00.000000Z", False),
        ("2026-11-28T12:00:00.000000Z", True),  # Saturday
        ("2026-11-30T05:59:00.000000Z", True),  # Monday, before six
        ("2026-11-30T06:00:00.000000Z", False),
    ],
)
def test_hours_are_counted_in_the_lines_own_zone_and_past_midnight(at, answers):
    found = next(each for each in numbers_for(Place("GB-SCT"), TODAY) if each.name == "Breathing Space")
    assert found.open_at(Instant(at)) is answers


@pytest.mark.parametrize(
    ("place", "name", "at", "again"),
    [
        ("MY", "Talian HEAL", "2026-11-24T18:00:00.000000Z", "2026-11-25T00:00:00.000000Z"),  # two in the morning
        ("MY", "Talian HEAL", "2026-11-25T00:00:00.000000Z", None),
        ("GB-SCT", "Breathing Space", "2026-11-26T12:00:00.000000Z", "2026-11-26T18:00:00.000000Z"),
        ("GB-SCT", "Breathing Space", "2026-11-30T06:00:00.000000Z", "2026-11-30T18:00:00.000000Z"),
        ("ID", "healing119.id", "2026-11-24T18:00:00.000000Z", None),
        ("GB", "Samaritans", "2026-11-24T18:00:00.000000Z", None),
    ],
)
def test_a_line_whose_hours_are_over_says_when_it_answers_again(place, name, at, again):
    found = next(each for each in numbers_for(Place(place), TODAY) if each.name == name)
    assert found.opens_after(Instant(at)) == again


def test_an_extension_is_told_apart_from_the_number():
    healing = next(each for each in numbers_for(Place("ID"), TODAY) if "healing" in each.name)
    assert [(way.number, way.extension) for way in healing.ways if way.channel == "call"] == [("119", "8")]
    assert [(way.number, way.extension) for way in numbers_for(Place("GB"), TODAY)[1].ways] == [("116 123", "")]


def test_unknown_hours_are_not_told_as_open():
    healing = next(each for each in numbers_for(Place("ID"), TODAY) if "healing" in each.name)
    assert healing.open_at(Instant("2026-11-24T12:00:00.000000Z")) is None


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"colour": "red"}, "lines[0].colour"),
        ({"contacts": []}, "lines[0].contacts"),
        ({"hours": "mostly"}, "lines[0].hours"),
        ({"review_by": date(2027, 6, 1)}, "lines[0].review_by"),
        ({"open": [{"days": ["mon"], "from": "8", "to": "9"}], "zone": "Asia/Jakarta"}, "lines[0].open[0].from"),
        ({"kind": "crisis"}, "lines"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(change, path):
    with pytest.raises(DataFileError) as caught:
        parse_lines({"lines": [line(**change)]}, "emergency.yaml")
    assert caught.value.path == path
    assert caught.value.help
