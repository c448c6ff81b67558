"""When a counselor can be booked: wall time, changes of clocks, and that an offer can be kept."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.sessions import AvailabilitySet, ExceptionSet
from services.kernel.errors import Invalid
from services.kernel.events import Entry
from services.kernel.fields import Code, Id, PersonId
from services.kernel.time import Instant, LocalDate, Zone, instant, moment, plus
from services.sessions.domain.hours import (
    LONGEST_LOOK,
    WEEKDAYS,
    Hours,
    Taken,
    at_wall,
    codes_of,
    evolve,
    free_times,
    is_free,
    parse_spans,
    parse_weekly,
    set_hours,
)

NOW = Instant("2026-01-01T00:00:00.000000Z")
ZONES = ("America/New_York", "Europe/London", "Asia/Jakarta", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")


def hours(zone: str = "America/New_York", *weekly: str, minutes: int = 60, **over: Any) -> Hours:
    values: dict[str, Any] = {
        "counselor": PersonId("c"),
        "zone": Zone(zone),
        "weekly": parse_weekly(weekly or [f"{day} 00:00-24:00" for day in WEEKDAYS]),
        "minutes": minutes,
        "notice_minutes": 0,
        "modalities": ("video",),
        "since": LocalDate("2026-01-01"),
        "until": None,
    }
    return Hours(**values | over)


def at(text: str) -> Instant:
    return instant(datetime.fromisoformat(text))


def on(day: str, kept: Hours, taken: tuple[Taken, ...] = ()) -> list[str]:
    """The free starts of one local day, as wall times."""
    zone = ZoneInfo(kept.zone)
    begin = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone)
    end = datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time(), zone)
    found = free_times(kept, taken, NOW, instant(begin), instant(end))
    return [moment(start).astimezone(zone).strftime("%H:%M") for start in found]


def test_a_day_is_cut_into_sessions_of_the_counselors_length() -> None:
    kept = hours("Asia/Jakarta", "tue 09:00-11:30", "tue 14:00-15:00", minutes=50)
    assert on("2026-11-24", kept) == ["09:00", "09:50", "10:40", "14:00"]
    assert on("2026-11-25", kept) == []


def test_a_start_that_the_clocks_leave_out_is_not_offered() -> None:
    assert on("2026-03-08", hours("America/New_York", "sun 01:00-05:00")) == ["01:00", "03:00", "04:00"]
    assert at_wall(date(2026, 3, 8), 150, ZoneInfo("America/New_York")) is None


def test_of_a_start_that_comes_twice_the_first_is_meant() -> None:
    start = at_wall(date(2026, 11, 1), 90, ZoneInfo("America/New_York"))
    assert start == at("2026-11-01T01:30:00-04:00")
    assert on("2026-11-01", hours("America/New_York", "sun 01:00-04:00")) == ["01:00", "02:00", "03:00"]


def test_a_single_day_has_other_hours_or_none() -> None:
    kept = hours("Asia/Jakarta", "tue 09:00-12:00")
    closed = {LocalDate("2026-11-24"): (), LocalDate("2026-11-25"): parse_spans(["10:00-11:00"])}
    kept = hours("Asia/Jakarta", "tue 09:00-12:00", exceptions=closed)
    assert on("2026-11-24", kept) == []
    assert on("2026-11-25", kept) == ["10:00"]


def test_hours_hold_from_their_first_day_until_before_their_last() -> None:
    kept = hours("Asia/Jakarta", since=LocalDate("2026-11-24"), until=LocalDate("2026-11-25"))
    assert [bool(on(day, kept)) for day in ("2026-11-23", "2026-11-24", "2026-11-25")] == [False, True, False]


def test_notice_is_counted_in_real_time() -> None:
    kept = hours("UTC", notice_minutes=90)
    now = at("2026-11-24T08:00:00+00:00")
    assert next(free_times(kept, (), now, now, plus(now, days=1))) == at("2026-11-24T10:00:00+00:00")


def test_a_time_that_overlaps_a_taken_one_is_not_free() -> None:
    kept = hours("UTC", "tue 09:00-12:00", minutes=50)
    taken = (Taken(at("2026-11-24T09:40:00+00:00"), at("2026-11-24T10:10:00+00:00")),)
    assert on("2026-11-24", kept, taken) == ["10:40"]


def test_touching_times_do_not_overlap() -> None:
    kept = hours("UTC", "tue 09:00-12:00")
    taken = (Taken(at("2026-11-24T10:00:00+00:00"), at("2026-11-24T11:00:00+00:00")),)
    assert on("2026-11-24", kept, taken) == ["09:00", "11:00"]


def test_a_start_off_the_offered_ones_is_not_free() -> None:
    kept = hours("UTC", "tue 09:00-12:00")
    assert is_free(kept, (), NOW, at("2026-11-24T10:00:00+00:00"))
    assert not is_free(kept, (), NOW, at("2026-11-24T10:00:01+00:00"))
    assert not is_free(kept, (), NOW, at("2026-11-24T11:30:00+00:00"))


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    minutes=st.integers(15, 180),
    notice=st.integers(0, 3000),
    busy=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 300)), max_size=5),
)
def test_everything_offered_can_be_booked_if_nothing_changed(
    zone: str, day: date, minutes: int, notice: int, busy: list[tuple[int, int]]
) -> None:
    kept = hours(zone, minutes=minutes, notice_minutes=notice)
    begin = at(f"{day}T00:00:00+00:00")
    taken = tuple(Taken(plus(begin, minutes=b), plus(begin, minutes=b + length)) for b, length in busy)
    offered = list(free_times(kept, taken, begin, begin, plus(begin, days=2)))
    assert all(is_free(kept, taken, begin, start) for start in offered)
    for start in offered:
        end = plus(start, minutes=minutes)
        assert not any(each.starts < end and start < each.ends for each in taken)
        assert start >= plus(begin, minutes=notice)


@given(zone=st.sampled_from(ZONES), day=st.dates(date(2026, 1, 1), date(2027, 12, 31)), minute=st.integers(0, 1439))
def test_every_wall_time_is_an_instant_that_reads_back_or_none(zone: str, day: date, minute: int) -> None:
    found = at_wall(day, minute, ZoneInfo(zone))
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    if found is None:
        assert (wall.replace(tzinfo=ZoneInfo(zone)).utcoffset()) != (
            wall.replace(tzinfo=ZoneInfo(zone), fold=1).utcoffset()
        )
    else:
        assert moment(found).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall
        earlier = moment(plus(found, hours=-1)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert earlier != wall


@pytest.mark.parametrize(
    "weekly",
    [
        "monday 09:00-10:00",
        "mon 9:00-10:00",
        "mon 09:00",
        "mon 10:00-09:00",
        "mon 24:00-25:00",
        "mon",
        "",
        "mon 09:60-10:00",
    ],
)
def test_hours_that_cannot_be_read_are_named_with_how_to_write_them(weekly: str) -> None:
    with pytest.raises(Invalid) as told:
        parse_weekly(["tue 09:00-10:00", weekly])
    assert told.value.errors[0].pointer == "/weekly/1"
    assert told.value.help


def test_overlapping_hours_of_one_day_are_refused() -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        parse_weekly(["mon 09:00-11:00", "mon 10:00-12:00"])
    assert len(parse_weekly(["mon 09:00-11:00", "tue 10:00-12:00", "mon 11:00-12:00"])) == 3


def test_every_wrong_field_of_new_hours_is_told_at_once() -> None:
    event = availability(minutes=5, notice_minutes=-1, modalities=(), until=LocalDate("2026-01-01"))
    with pytest.raises(Invalid) as told:
        set_hours(event)
    assert [error.pointer for error in told.value.errors] == ["/minutes", "/notice_minutes", "/modalities", "/until"]


def test_nobody_may_ask_for_years_at_once() -> None:
    with pytest.raises(Invalid):
        list(free_times(hours("UTC"), (), NOW, NOW, plus(NOW, days=LONGEST_LOOK + 2)))


def test_a_new_week_keeps_the_exceptions() -> None:
    state = evolve(None, entry(availability()))
    day = ExceptionSet(counselor=PersonId("c"), day=LocalDate("2026-12-25"), hours=())
    state = evolve(state, entry(day))
    state = evolve(state, entry(availability(weekly=codes_of([" Fri  09:00-10:00 "]))))
    assert state is not None
    assert state.exceptions == {LocalDate("2026-12-25"): ()}
    assert state.weekly == parse_weekly(["fri 09:00-10:00"])


def availability(**over: Any) -> AvailabilitySet:
    values: dict[str, Any] = {
        "counselor": PersonId("c"),
        "zone": Zone("UTC"),
        "weekly": (Code("mon 09:00-10:00"),),
        "minutes": 50,
        "notice_minutes": 0,
        "modalities": ("video",),
        "since": LocalDate("2026-01-01"),
        "until": None,
    }
    return AvailabilitySet(**values | over)


def entry(event: Any) -> Entry[Any]:
    return Entry(id=Id("e"), type="t", typeversion=1, stream="s", streamversion=1, time=NOW, actor="c", data=event)
