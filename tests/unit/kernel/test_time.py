"""Instants and local days."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.kernel.errors import Invalid
from services.kernel.time import (
    Instant,
    LocalDate,
    instant,
    is_zone,
    local_date,
    moment,
    parse_instant,
    plus,
    start_of_day,
)

# Zones with the oddities that exist: half hours, midnight changes, changes at 00:01, a zone across the date line.
ZONES = [
    "UTC",
    "Asia/Jakarta",
    "Asia/Kathmandu",
    "America/Phoenix",
    "America/Toronto",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=offsets)
days = st.dates(date(1970, 1, 2), date(2060, 12, 31))


@given(moments, moments)
@example(datetime(900, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
@example(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, microsecond=1, tzinfo=UTC))
def test_the_order_of_the_text_is_the_order_in_time(one: datetime, other: datetime) -> None:
    assert (instant(one) < instant(other)) == (one < other)
    assert (instant(one) == instant(other)) == (one == other)


@given(moments)
def test_an_instant_is_27_letters_and_comes_back(at: datetime) -> None:
    text = instant(at)
    assert len(text) == 27
    assert moment(text) == at
    assert parse_instant(at.isoformat()) == text


@given(st.datetimes(datetime(1900, 1, 1), datetime(2900, 1, 1), timezones=offsets), st.integers(-(10**9), 10**9))
def test_a_span_of_real_time_is_added(at: datetime, seconds: int) -> None:
    assert moment(plus(instant(at), seconds=seconds)) - at == timedelta(seconds=seconds)


def test_a_datetime_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        instant(datetime(2026, 11, 24))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T07:00:00Z",
        "2026-11-24T07:00:00.000Z",
        "2026-11-24T07:00:00.000000+00:00",
        "2026-11-24T07:00:00.000000Z\n",
        "2026-13-24T07:00:00.000000Z",
        "2026-11-24T24:00:00.000000Z",
        "٢٠٢٦-11-24T07:00:00.000000Z",
        "",
    ],
)
def test_other_text_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        moment(Instant(text))


@given(days, st.sampled_from(ZONES))
@example(date(2018, 11, 4), "America/Sao_Paulo")  # began at 01:00
@example(date(2025, 11, 2), "America/Havana")  # 00:00 to 01:00 twice
@example(date(2006, 10, 29), "America/St_Johns")  # at 00:01 the clock went back into the day before
@example(date(2011, 12, 31), "Pacific/Apia")  # the day before did not exist
def test_a_day_begins_at_its_first_instant(day: date, zone: str) -> None:
    if (day, zone) == (date(2011, 12, 30), "Pacific/Apia"):
        return  # this day did not exist
    start = start_of_day(LocalDate(day.isoformat()), zone)
    assert local_date(start, zone) == day.isoformat()
    assert local_date(plus(start, microseconds=-1), zone) < day.isoformat()


@given(moments.filter(lambda at: 1971 < at.year < 2060), st.sampled_from(ZONES))
def test_an_instant_lies_in_the_day_that_it_falls_on(at: datetime, zone: str) -> None:
    day = local_date(instant(at), zone)
    assert day == at.astimezone(ZoneInfo(zone)).date().isoformat()
    assert start_of_day(day, zone) <= instant(at)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-24T19:00:00+07:00", "2026-11-24T12:00:00.000000Z"),
        ("2026-11-24T12:00:00Z", "2026-11-24T12:00:00.000000Z"),
        ("2026-11-24T12:00:00.5-00:30", "2026-11-24T12:30:00.500000Z"),
    ],
)
def test_a_time_with_an_offset_is_understood(text: str, expected: str) -> None:
    assert parse_instant(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yesterday", "is not a time"),
        ("", "is not a time"),
        ("2026-02-30T12:00:00Z", "is not a time"),
        ("2026-11-24T19:00:00", "has no zone"),
        ("2026-11-24", "has no zone"),
        ("0001-01-01T00:00:00+14:00", "outside the years"),
        ("9999-12-31T23:59:59-12:00", "outside the years"),
    ],
)
def test_a_time_that_cannot_be_understood_is_told_with_help(text: str, told: str) -> None:
    with pytest.raises(Invalid, match=told) as refused:
        parse_instant(text)
    assert refused.value.help


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_is_told_as_none(text: str) -> None:
    try:
        found = parse_instant(text)
    except Invalid:
        return
    assert instant(moment(found)) == found


def test_zones_are_those_of_the_iana_database() -> None:
    assert [is_zone(name) for name in ("Asia/Jakarta", "Jakarta", "", "../etc/passwd")] == [True, False, False, False]
