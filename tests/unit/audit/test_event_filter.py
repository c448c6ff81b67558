"""The filter: what it finds, and that it has one spelling."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.verifier.event import parse_event
from services.audit.verifier.filter import Filter, parse_filter
from services.audit.verifier.strict import FormatError, canonical, json_value

ENVELOPE = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/amanah/sessions",
    "type": "sessions.record-read",
    "subject": "read-1",
    "time": "2026-11-24T07:00:00.000000Z",
    "clinic": "jakarta",
    "actor": "account-1",
    "onbehalfof": "client-9",
    "data": {"clients": ["client-1", {"deep": ["client-2"]}], "role": "counselor", "count": 2, "until": None},
}


def event(**members):
    return parse_event(json.dumps({**ENVELOPE, **members}).encode())


@pytest.mark.parametrize(
    "asked",
    [
        Filter(),
        Filter(services=("sessions",)),
        Filter(types=("sessions.note-signed", "sessions.record-read")),
        Filter(subjects=("read-1",)),
        Filter(clinics=("jakarta",)),
        Filter(actors=("account-1",)),
        Filter(actors=("client-9",)),
        Filter(mentions=("client-1",)),
        Filter(mentions=("client-2",)),
        Filter(mentions=("account-1",)),
        Filter(mentions=("nobody", "read-1")),
        Filter(since="2026-11-24T07:00:00.000000Z"),
        Filter(until="2026-11-24T07:00:00.000001Z"),
        Filter(services=("sessions",), clinics=("jakarta",), mentions=("client-1",)),
    ],
)
def test_what_matches(asked):
    assert asked.matches(event())


@pytest.mark.parametrize(
    "asked",
    [
        Filter(services=("identity",)),
        Filter(types=("sessions.record",)),
        Filter(clinics=("",)),
        Filter(actors=("client-1",)),
        Filter(mentions=("client",)),
        Filter(mentions=("clients",)),
        Filter(since="2026-11-24T07:00:00.000001Z"),
        Filter(until="2026-11-24T07:00:00.000000Z"),
        Filter(services=("sessions",), clinics=("phoenix",)),
    ],
)
def test_what_does_not_match(asked):
    assert not asked.matches(event())


def test_events_of_no_clinic_can_be_asked_for():
    assert Filter(clinics=("",)).matches(event(clinic=None))


def test_a_source_of_another_house_is_no_service():
    assert not Filter(services=("sessions",)).matches(event(source="sessions"))


values = st.lists(st.text(alphabet="ab é", max_size=3), max_size=3).map(tuple)


@given(types=values, mentions=values, since=st.sampled_from(["", "2026-11-24T07:00:00.000000Z"]))
def test_a_filter_comes_back_and_matches_the_same(types, mentions, since):
    asked = Filter(types=types, mentions=mentions, since=since)
    again = parse_filter(json_value(canonical(asked.parts()), "the filter"))
    assert again.parts() == asked.parts()
    assert again.matches(event()) == asked.matches(event())


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "types",
        {"type": ["a"]},
        {"types": []},
        {"types": "a"},
        {"types": [1]},
        {"types": ["b", "a"]},
        {"types": ["a", "a"]},
        {"types": ["a\n"]},
        {"types": [f"{number:04}" for number in range(1001)]},
        {"since": "2026-11-24"},
        {"since": "2026-11-24T07:00:00Z"},
        {"until": ""},
        {"until": None},
    ],
)
def test_a_filter_of_another_form_is_refused(value):
    with pytest.raises(FormatError):
        parse_filter(value)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"text"',
        b"{}",
        b"\xff",
        b"[" * 100_000,
        json.dumps({**ENVELOPE, "specversion": "0.3"}).encode(),
        json.dumps({**ENVELOPE, "id": ""}).encode(),
        json.dumps({**ENVELOPE, "id": 1}).encode(),
        json.dumps({**ENVELOPE, "time": "2026-11-24T07:00:00Z"}).encode(),
        json.dumps({**ENVELOPE, "subject": 5}).encode(),
        json.dumps({**ENVELOPE, "data": 0.5}).encode(),
        json.dumps({**ENVELOPE, "data": 2**53}).encode(),
        json.dumps({**ENVELOPE, "data": "x" * (1 << 20)}).encode(),
        json.dumps(ENVELOPE).encode()[:-1] + b', "id": "e2"}',
    ],
)
def test_what_is_not_an_event_is_refused(data):
    with pytest.raises(FormatError):
        parse_event(data)
