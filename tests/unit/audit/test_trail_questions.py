"""What an officer may ask, what an event mentions, and who an officer is."""

import json

import pytest

from services.audit.domain.alarm import Alarm
from services.audit.domain.mention import Mention, mentions
from services.audit.domain.question import PURPOSES, Question, check_purpose, filter_hash
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
from services.audit.verifier.filter import parse_filter
from services.kernel.codec import encode
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
    assert len({filter_hash(narrow), filter_hash(other), filter_hash(SESSION_FILTER)}) == 3


def test_a_purpose_is_one_of_a_closed_list():
    assert [check_purpose(purpose) for purpose in PURPOSES] == list(PURPOSES)
    with pytest.raises(Invalid, match="no purpose"):
        check_purpose("curiosity")


def mentioned(event, **known):
    found = read(encode(entry_of(event, at=NOON, **known)))
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
    event, entry = read(body)
    found = mentions(event, None)
    assert {Mention("text", CLIENT), Mention("text", "k-91XF")} <= found
    assert not any(mention.value == "identity.client-moved-on" for mention in found)


def test_nothing_is_indexed_that_a_database_cannot_hold():
    body = encode(entry_of(joined(), at=NOON, actor="an\u0007actor"))
    assert read(body) is None
    body = encode(entry_of(joined(client="c\u2028l" + "x" * 300), at=NOON))
    assert all(mention.value.isprintable() and len(mention.value) <= 200 for mention in mentions(*read(body)))


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
