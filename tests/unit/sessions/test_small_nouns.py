"""Phrase, consent, readiness, way, note, reading, contact and retention."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.practice import Condition, Quota, Retention, Route
from services.contracts.practice.days import BEGINNING
from services.contracts.sessions import ClientDetailsChanged, ClientEnrolled, ConsentGiven, ConsentWithdrawn
from services.kernel.errors import Conflict, Invalid, NotFound
from services.kernel.events import Entry
from services.kernel.fields import ClinicId, Code, Hash, Id, Language, PersonId, Place, Sealed
from services.kernel.time import Instant, Zone, plus
from services.sessions import examples
from services.sessions.consent import LANGUAGES, consent_items
from services.sessions.domain import client, consent, contact, identity_check, note, reading, retention, way
from services.sessions.domain.consent import Given
from services.sessions.domain.contact import PastContact, Setting
from services.sessions.domain.retention import Floor, Kept

NOW = Instant("2026-11-24T12:00:00.000000Z")
EN = Language("en")
SEALED = Sealed("0" * 64)


# The phrase


@pytest.mark.parametrize(
    "said",
    ["the blue kite over merapi", "  The  Blue, kite: over Merapi! ", "ＴＨＥ blue kite over merapi"],
)
def test_a_phrase_is_compared_as_it_is_spoken(said: str) -> None:
    assert identity_check.is_same(said, examples.PHRASE)


@pytest.mark.parametrize("said", ["", "the blue kite", "thebluekiteovermerapi", "the blue kite over merapi x"])
def test_another_phrase_is_another(said: str) -> None:
    assert not identity_check.is_same(said, examples.PHRASE)


@given(st.text(min_size=1, max_size=60))
def test_a_normal_form_is_its_own_normal_form(phrase: str) -> None:
    once = identity_check.normal_form(phrase)
    assert identity_check.normal_form(once) == once
    assert identity_check.is_same(phrase, phrase)


def test_letters_of_every_script_count_for_the_length() -> None:
    identity_check.check_new("ꦱꦼꦭꦩꦠ꧀ꦥꦒꦶꦏꦧꦺꦃ selamat")
    with pytest.raises(Invalid):
        identity_check.check_new("a b c ... !!! 1")


# Consent


def test_the_texts_are_whole_in_both_languages() -> None:
    items = consent_items()
    assert len({item.code for item in items}) == len(items) >= 7
    for item in items:
        assert set(item.texts) == set(item.titles) == set(LANGUAGES)
        assert item.text_hash("en") != item.text_hash("id")
    kinds = {item.kind for item in items if item.kind}
    assert {"telehealth", "telehealth_signed", "limited_practice_told", "no_local_licence_told"} <= kinds


def test_the_wording_that_was_shown_cannot_change_without_a_new_version() -> None:
    """Who edits a text must raise its version: then this line is added, not changed."""
    item = consent.find_item(consent_items(), "distance_counselling")
    known = {1: "57"}
    assert item.text_hash("id").startswith(known[item.version])


def test_for_rules_a_withdrawal_is_a_no_and_silence_is_not_known() -> None:
    item = next(item for item in consent_items() if item.kind == "limited_practice_told")
    yes, no = Given(item.version, EN), Given(item.version, EN, withdrawn=True)
    assert [c.given for c in consent.for_rules([item], {item.code: yes})] == [True]
    assert [c.given for c in consent.for_rules([item], {item.code: no})] == [False]
    assert consent.for_rules([item], {}) == ()
    assert consent.for_rules([replace(item, version=2)], {item.code: yes}) == ()


def test_an_old_text_and_an_unknown_item_are_told() -> None:
    item = consent_items()[0]
    with pytest.raises(Conflict):
        consent.ensure_shown(item, item.version + 1, "en")
    with pytest.raises(Invalid):
        consent.ensure_shown(item, item.version, "ms")
    with pytest.raises(NotFound):
        consent.find_item(consent_items(), "nothing")


# The client


def entry(event: Any, event_id: str) -> Entry[Any]:
    return Entry(id=Id(event_id), type="t", typeversion=1, stream="s", streamversion=1, time=NOW, actor="a", data=event)


def enrolled() -> ClientEnrolled:
    return ClientEnrolled(
        client=PersonId("c"),
        clinic=ClinicId("k"),
        present=(),
        jurisdiction=Place("US-AZ"),
        name=SEALED,
        birth_date=SEALED,
        city=None,
        zone=SEALED,
        language=SEALED,
        phone=None,
        emergency_contact=SEALED,
        phrase=SEALED,
    )


def test_a_client_is_known_by_the_events_that_carry_their_words() -> None:
    state = client.evolve(None, entry(enrolled(), "e1"))
    changed: dict[str, Any] = {**dict.fromkeys(client.DETAILS), "phone": SEALED, "name": SEALED}
    event = ClientDetailsChanged(
        client=PersonId("c"), clinic=ClinicId("k"), changed=(), jurisdiction=Place("GB"), **changed
    )
    state = client.evolve(state, entry(event, "e2"))
    assert state is not None
    assert (state.ref("name"), state.ref("birth_date"), state.ref("city")) == (
        ("e2", "name"),
        ("e1", "birth_date"),
        None,
    )
    assert (state.place, state.phone_ref()) == ("GB", ("e2", "phone"))


def test_a_consent_taken_back_and_given_again_is_in_force() -> None:
    given = ConsentGiven(
        client=PersonId("c"),
        clinic=ClinicId("k"),
        item=Code("emergencies"),
        text_version=1,
        locale=EN,
        text_hash=Hash("0"),
        method="own_click",
    )
    back = ConsentWithdrawn(client=PersonId("c"), clinic=ClinicId("k"), item=Code("emergencies"))
    item = consent.find_item(consent_items(), "emergencies")
    state = client.evolve(None, entry(enrolled(), "e1"))
    force = []
    for number, event in enumerate((given, back, given)):
        state = client.evolve(state, entry(event, f"e{number}"))
        assert state is not None
        force.append(consent.in_force(item, state.consents))
    assert force == [True, False, True]


@pytest.mark.parametrize("birth_date", ["1890-01-01", "2026-11-25"])
def test_no_living_person_was_born_then(birth_date: str) -> None:
    with pytest.raises(Invalid):
        client.check_birth_date(birth_date, NOW, "UTC")


def test_who_was_born_today_where_it_is_today_already_may_be_entered() -> None:
    client.check_birth_date("2026-11-25", Instant("2026-11-24T20:00:00.000000Z"), "Asia/Jakarta")


# The way


@pytest.mark.parametrize(
    "link",
    [
        "http://rooms.example.org/x",
        "https://",
        "https://user:secret@rooms.example.org/x",
        "javascript:alert(1)",
        "https://rooms.example.org/a b",
        "https://[x",
        "https://rooms.example.org/" + "x" * 2000,
    ],
)
def test_a_link_that_is_no_room_is_refused(link: str) -> None:
    with pytest.raises(Invalid):
        way.check_link(link)


def test_the_last_four_digits_are_all_four() -> None:
    assert way.check_digits(examples.PHONE, "0147") == examples.PHONE
    for digits in ("", "7", "147", "50147", "0148"):
        with pytest.raises(Invalid):
            way.check_digits(examples.PHONE, digits)
    with pytest.raises(Conflict):
        way.check_digits(None, "0147")


# Note and reading


@pytest.mark.parametrize(
    ("size", "bucket"),
    [(1, "up_to_256"), (256, "up_to_256"), (257, "up_to_1k"), (4096, "up_to_4k"), (16_385, "over_16k")],
)
def test_of_a_note_only_a_bucket_of_its_length_is_told(size: int, bucket: str) -> None:
    assert note.length_bucket("x" * size) == bucket
    assert note.length_bucket("é" * 129) == "up_to_1k"


def test_a_look_names_each_kind_once_and_counts_every_value() -> None:
    look = reading.look("a", "counselor", Code("counselling"), PersonId("c"), ["name", "note", "note"])
    assert (look.items, look.count) == (("name", "note"), 3)
    with pytest.raises(Invalid, match="no purpose"):
        reading.check_purpose("curiosity")


# The contact


def setting(**over: Any) -> Setting:
    values: dict[str, Any] = {
        "counselor": PersonId("counselor"),
        "client": PersonId("client"),
        "client_place": Place("GB-SCT"),
        "counselor_place": Place("CA-ON"),
        "modality": "video",
        "moment": "booking",
        "session": "this",
    }
    return Setting(**values | over)


def past(session: str, stage: Any, place: str = "GB-SCT", who: str = "client") -> PastContact:
    return PastContact(session, NOW, PersonId("counselor"), PersonId(who), Place(place), stage)


def facts(of: Setting, *sessions: PastContact, places: tuple[str, ...] = ("GB",)) -> Any:
    known = [examples.clearance("counselor", place) for place in places]
    return contact.facts_of(of, salt="0", birth_date=None, consents=(), clearances=known, sessions=sessions)


def test_what_is_not_known_stays_unknown() -> None:
    found = facts(setting(client_place=None, counselor_place=None))
    assert (found.client_birth_date, found.contacts, found.guardian, found.counselor_place) == (None, None, None, None)


def test_booking_counts_what_is_booked_and_starting_what_began() -> None:
    every = [
        past("a", "booked"),
        past("b", "ended"),
        past("c", "cancelled"),
        past("this", "booked"),
        past("d", "missed"),
    ]
    assert len(facts(setting(), *every).contacts) == 2
    assert len(facts(setting(moment="starting"), *every).contacts) == 1


def test_contacts_count_where_the_rules_are_the_same() -> None:
    every = [past("a", "ended", "GB-SCT"), past("b", "ended", "GB-WLS"), past("c", "ended", "ID")]
    assert len(facts(setting(), *every).contacts) == 2
    assert len(facts(setting(), *every, places=()).contacts) == 1


def test_a_client_was_theirs_before_if_a_session_took_place() -> None:
    assert facts(setting(), past("a", "ended")).existing_client is True
    assert facts(setting(), past("a", "missed"), past("b", "ended", who="other")).existing_client is False


def test_a_quota_is_seen_wherever_it_stands() -> None:
    quota = Condition("quota", quota=Quota(10, "calendar_days", "calendar_year"))
    route = Route("temporary_practice", BEGINNING, None, (quota,), (), ())
    assert contact.has_quota([examples.clearance("counselor", route=route)])
    assert not contact.has_quota([examples.clearance("counselor")])


# Retention

UTC = Floor(0, Zone("UTC"))
LAST = Instant("2026-06-01T10:00:00.000000Z")


def kept(*spans: Retention, floor: Floor = UTC, last: Instant | None = LAST, **over: Any) -> Kept | None:
    rules = [examples.place_rules("US-AZ", retention=spans)]
    values: dict[str, Any] = {"held": False, "birth_date": "1991-04-02", "now": NOW} | over
    return retention.keep(values["held"], last, values["birth_date"], rules, floor, values["now"])


def years(count: int, start: Any = "last_contact", age: int = 0) -> Retention:
    return Retention(BEGINNING, None, count, start, age, examples.RULE)


def test_without_a_rule_and_a_floor_the_words_go() -> None:
    assert kept() is None


def test_without_any_contact_there_is_no_record_to_keep() -> None:
    assert kept(years(6), floor=Floor(5, Zone("UTC")), last=None) is None


def test_a_hold_keeps_whatever_else_says() -> None:
    assert kept(held=True, last=None) == Kept(retention.HOLD, None)


def test_the_longest_wins() -> None:
    assert kept(years(6), years(2), floor=Floor(5, Zone("UTC"))) == Kept(
        retention.RULE, Instant("2032-06-01T07:00:00.000000Z")
    )
    assert kept(years(2), floor=Floor(5, Zone("UTC"))) == Kept(retention.FLOOR, Instant("2031-06-01T00:00:00.000000Z"))


def test_a_rule_from_an_age_needs_the_birth_date() -> None:
    assert kept(years(0, "age", 21)) is None
    young = kept(years(0, "age", 21), birth_date="2012-04-02")
    assert young == Kept(retention.RULE, Instant("2033-04-02T07:00:00.000000Z"))
    assert kept(years(0, "age", 21), birth_date=None) == Kept(retention.AGE_UNKNOWN, None)


def test_what_was_kept_long_enough_goes() -> None:
    assert kept(years(6), now=plus(LAST, days=366 * 6 + 1)) is None


def test_a_rule_that_is_not_in_force_keeps_nothing() -> None:
    later = replace(years(6), since=plus(NOW, days=1))
    assert kept(later) is None
