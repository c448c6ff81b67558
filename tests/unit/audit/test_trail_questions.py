"""What an officer may ask, what an event mentions, and who an officer is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.domain.alarm import Alarm
from services.audit.domain.mention import REFERENCE as REFERENCE_FORM
from services.audit.domain.mention import Mention, is_searchable, mentions, must_mention
from services.audit.domain.question import PURPOSES, Question, check_purpose, sought, sought_entry
from services.audit.examples import (
    CLIENT,
    COUNSELOR,
    EVERYTHING_OF_NO_CLINIC,
    JAKARTA,
    PHOENIX,
    REFERENCE,
    SESSION,
    SESSION_BY_REFERENCE,
    SESSION_FILTER,
)
from services.audit.policy import OPERATIONS
from services.audit.readmodels import read
from services.audit.verifier.filter import Filter, parse_filter
from services.kernel.codec import Unknown, encode
from services.kernel.errors import Invalid
from services.kernel.http.rules import Caller, Target
from services.kernel.http.tokens import Claims, Membership
from services.kernel.time import Instant
from tests.audit_house import booked, joined
from tests.world import NOON, entry_of


def test_a_reference_asks_for_itself_and_for_what_it_stands_for():
    assert SESSION_BY_REFERENCE.filter([SESSION]) == SESSION_FILTER
    assert EVERYTHING_OF_NO_CLINIC.filter().clinics == ("",)


@pytest.mark.parametrize(
    "names", [("session", "client"), ("reference", "counselor"), ("session", "client", "counselor")]
)
def test_a_question_names_one_thing(names):
    with pytest.raises(Invalid) as refused:
        Question(clinic=PHOENIX, **dict.fromkeys(names, "x")).filter()
    assert {error.pointer for error in refused.value.errors} == {f"?{name}" for name in names}


def test_the_filter_of_a_question_can_be_read_again_and_its_hash_tells_questions_apart():
    narrow = Question(
        clinic=PHOENIX,
        client=CLIENT,
        actor=COUNSELOR,
        type="sessions.note-signed",
        since="2026-11-24T00:00:00.000000Z",
        until="2026-11-25T00:00:00.000000Z",
    ).filter()
    assert parse_filter(json.loads(json.dumps(narrow.parts()))) == narrow
    other = Question(clinic=JAKARTA, client=CLIENT).filter()
    assert len({sought(asked).hash for asked in (narrow, other, SESSION_FILTER)}) == 3


def test_a_purpose_is_one_of_a_closed_list():
    assert [check_purpose(purpose) for purpose in PURPOSES] == list(PURPOSES)
    with pytest.raises(Invalid, match="no purpose"):
        check_purpose("curiosity")


def mentioned(event, **known):
    entry = entry_of(event, at=NOON, **known)
    found = read(entry.type.partition(".")[0], encode(entry))
    assert found is not None
    return mentions(*found)


def test_an_event_mentions_persons_by_role_things_by_name_and_references():
    found = mentioned(booked(), actor=COUNSELOR)
    assert {
        Mention("actor", COUNSELOR),
        Mention("client", CLIENT),
        Mention("counselor", COUNSELOR),
        Mention("session", SESSION),
        Mention("reference", REFERENCE),
    } <= found
    assert not any(len(mention.value) == 64 for mention in found)  # neither commitments nor hashes


def test_an_event_that_cannot_be_decoded_mentions_what_looks_like_an_id_or_a_reference():
    body = encode(entry_of(joined(), at=NOON)).replace(b"identity.client-joined", b"identity.client-moved-on")
    event, entry = read("identity", body)
    assert isinstance(entry.data, Unknown)
    found = mentions(event, entry)
    assert found == mentions(event, None)
    assert {Mention("text", CLIENT), Mention("text", "k-91XF")} <= found
    assert not any(mention.value == "identity.client-moved-on" for mention in found)


ANY_ID = st.uuids().map(str) | st.from_regex(REFERENCE_FORM, fullmatch=True).filter(str.isascii)
ANY_DATA = st.recursive(
    ANY_ID | st.text(max_size=9) | st.integers(0, 9) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(
    data=ANY_DATA,
    clinic=st.sampled_from([PHOENIX, ""]),
    name=st.sampled_from(["sessions.session-booked", "sessions.x"]),
)
def test_whoever_asks_for_an_id_is_offered_every_event_that_the_filter_matches(data, clinic, name):
    """Declared or not, decoded or not: the index names each id and reference that stands in the event."""
    envelope = {"specversion": "1.0", "id": "1", "source": "/amanah/sessions", "time": NOON, "typeversion": 1}
    document = envelope | {"type": name, "subject": SESSION, "streamversion": 1, "actor": COUNSELOR, "data": data}
    event, entry = read("sessions", json.dumps(document | {"clinic": clinic or None}).encode())
    offered = {mention.value for mention in mentions(event, entry)}
    for text in {*event.texts()} - {clinic}:
        if is_searchable(text):
            assert text in offered
            assert Filter(mentions=(text,)).matches(event)
    assert must_mention(event) <= offered


def test_what_somebody_looked_for_is_recorded_by_id_and_reference_and_nothing_else_that_was_typed():
    looked = sought(Question(clinic=PHOENIX, reference=REFERENCE, actor=COUNSELOR).filter([SESSION]))
    assert (looked.ids, looked.reference) == ((COUNSELOR, SESSION), REFERENCE)
    typed = sought(Question(clinic=PHOENIX, client="somebody@example.org", actor="service/audit").filter())
    assert (typed.ids, typed.reference) == ((), None)
    assert sought_entry(7, SESSION).ids == (SESSION,)
    assert sought_entry(7, None).hash != sought_entry(8, None).hash


def test_nothing_is_indexed_that_a_database_cannot_hold():
    body = encode(entry_of(joined(), at=NOON, actor="an\u0007actor"))
    assert read("identity", body) is None
    body = encode(entry_of(joined(client="c\u2028l" + "x" * 300), at=NOON))
    found = mentions(*read("identity", body))
    assert all(mention.value.isprintable() and len(mention.value) <= 200 for mention in found)


def test_the_same_alarm_is_raised_once_a_day():
    alarm = Alarm("hole", "sessions", 0, 7)
    day, next_day = Instant("2026-11-24T23:59:59.000000Z"), Instant("2026-11-25T00:00:00.000000Z")
    assert alarm.name(day) == alarm.name(Instant(NOON))
    assert alarm.name(day) != alarm.name(next_day)
    assert alarm.name(day) != Alarm("fork", "sessions", 0, 7).name(day)


def officer(*, account="a", clinics=(), network=()):
    claims = Claims(
        account=account,
        sid="s",
        memberships=tuple(Membership(clinic, None, ("officer",)) for clinic in clinics),
        network_roles=network,
        locale="en",
        zone="Asia/Jakarta",
        acr="aal1",
        auth_time=NOON,
        issued=NOON,
        expires=NOON,
        audience=("audit",),
    )
    return Caller(claims)


@pytest.mark.parametrize("operation", ["read-trail", "read-entry", "export-bundle"])
def test_a_clinics_officer_and_the_networks_officer_see_nothing_of_each_other(operation):
    rule = OPERATIONS[operation]
    of_clinic, of_network = officer(clinics=(PHOENIX,)), officer(network=("officer",))
    assert rule.allows(of_clinic, Target(clinic=PHOENIX))
    assert not rule.allows(of_clinic, Target(clinic=JAKARTA))
    assert not rule.allows(of_clinic, Target())
    assert rule.allows(of_network, Target())
    assert not rule.allows(of_network, Target(clinic=PHOENIX))
    assert not rule.allows(Caller(), Target())


def test_a_bundle_is_for_the_officer_who_exported_it():
    rule = OPERATIONS["download-bundle"]
    assert rule.allows(officer(clinics=(PHOENIX,)), Target(clinic=PHOENIX, account="a"))
    assert not rule.allows(officer(clinics=(PHOENIX,)), Target(clinic=PHOENIX, account="b"))
    assert not rule.allows(officer(clinics=(JAKARTA,)), Target(clinic=PHOENIX, account="a"))
