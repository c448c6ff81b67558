"""Who may verify, what may be recorded, what may be adopted; and how the entries of a stream are folded."""

from dataclasses import replace
from typing import Any

import pytest

from services.contracts.licensing import CredentialRecorded, ProfileRecorded, RuleAdopted, VerificationRecorded
from services.kernel.errors import Conflict, Forbidden, Invalid
from services.kernel.events import Entry
from services.kernel.fields import Hash, Id, Language, Name, PersonId, Place, Sealed
from services.kernel.time import Instant, LocalDate
from services.licensing.domain import adoption, credential, profile
from services.licensing.domain.adoption import adopted, check_adoption
from services.licensing.domain.credential import check_dates, is_later
from services.licensing.domain.jurisdiction import matches, places, zone_of
from services.licensing.domain.rule import source_hash
from services.licensing.domain.verification import check_look, check_verifier
from tests.unit.licensing.law_samples import DEWI, MIRA, licensed

NOW = Instant("2026-11-24T10:00:00.000000Z")
LATER = Instant("2027-11-24T10:00:00.000000Z")
VERA = PersonId("vera")


def entry(data: Any, time: Instant = NOW) -> Entry[Any]:
    return Entry(id=Id("e"), type="t", typeversion=1, stream="s", streamversion=1, time=time, actor="a", data=data)


def recorded() -> CredentialRecorded:
    return CredentialRecorded(
        credential=Id("c1"),
        counselor=MIRA,
        recorded_by=MIRA,
        kind="licence",
        profession="counselor",
        issuer=Name("Arizona Board of Behavioral Health Examiners"),
        jurisdiction=Place("US-AZ"),
        since=LocalDate("2025-02-01"),
        until=LocalDate("2027-01-31"),
        source="document",
        number=Sealed("c" * 64),
    )


def verified(verdict: Any) -> VerificationRecorded:
    return VerificationRecorded(
        credential=Id("c1"),
        counselor=MIRA,
        verifier=VERA,
        verdict=verdict,
        source=Name("azbbhe.us"),
        looked_at=NOW,
        valid_until=LATER,
        remark=None,
    )


def test_recorder_counselor_and_verifier_are_different_people():
    with pytest.raises(Forbidden, match="your own"):
        check_verifier(MIRA, counselor=MIRA, recorder=DEWI)
    with pytest.raises(Forbidden, match="recorded"):
        check_verifier(DEWI, counselor=MIRA, recorder=DEWI)
    check_verifier(VERA, counselor=MIRA, recorder=MIRA)


def test_a_credential_goes_from_recorded_to_verified_to_expired():
    state = credential.evolve(None, entry(recorded()))
    assert state is not None
    assert state.state_at(NOW, NOW).status == "recorded"
    state = credential.evolve(state, entry(verified("confirmed")))
    assert state.state_at(NOW, NOW).status == "verified"
    assert state.state_at(Instant("2027-02-01T06:59:59.999999Z"), NOW).status == "verified"
    assert state.state_at(Instant("2027-02-01T07:00:00.000000Z"), NOW).status == "expired"
    assert state.state_at(Instant("2025-02-01T06:59:59.999999Z"), NOW).status == "not_begun"
    state = credential.evolve(state, entry(verified("refused")))
    assert state.state_at(NOW, NOW).status == "refused"


def test_a_verification_must_be_renewed_in_its_time():
    state = credential.evolve(credential.evolve(None, entry(recorded())), entry(verified("confirmed")))
    long = Instant("2026-12-31T00:00:00.000000Z")
    assert state.state_at(long, NOW).counts == "yes"
    ended = replace(state, until=None)
    assert ended.state_at(LATER, NOW).counts == "unknown"


def test_a_stranger_event_changes_nothing():
    state = credential.evolve(None, entry(recorded()))
    other = ProfileRecorded(counselor=MIRA, professions=("counselor",), languages=(Language("id"),), home=Place("ID"))
    assert credential.evolve(state, entry(other)) is state
    assert adoption.evolve((), entry(other)) == ()


def test_a_move_holds_from_the_day_on_which_it_was_recorded():
    at_first = ProfileRecorded(counselor=MIRA, professions=("counselor",), languages=(), home=Place("CA-ON"))
    moved = ProfileRecorded(counselor=MIRA, professions=("counselor",), languages=(), home=Place("GB"))
    state = profile.evolve(profile.evolve(None, entry(at_first)), entry(moved, LATER))
    assert state is not None
    assert state.home_at(NOW, LATER) == "CA-ON"
    assert state.home_at(LATER, LATER) == "GB"
    assert state.home_at(LATER, NOW) == "CA-ON"


def test_a_rule_is_adopted_once_by_somebody_who_read_its_source():
    rule = licensed("US-AZ")
    with pytest.raises(Conflict, match="Read it again|changed"):
        check_adoption(rule, Hash("another"), ())
    check_adoption(rule, source_hash(rule), ())
    event = RuleAdopted(
        rule=rule.id, edition=1, ruleset_hash=Hash("r"), adopted_by=PersonId("op"), source_read=source_hash(rule)
    )
    adoptions = adoption.evolve((), entry(event))
    assert adopted([rule], adoptions, NOW) == (rule,)
    assert adopted([rule], adoptions, Instant("2026-11-24T09:59:59.999999Z")) == ()
    with pytest.raises(Conflict, match="already adopted"):
        check_adoption(rule, source_hash(rule), adoptions)
    newer = (*adoptions, replace(adoptions[0], edition=2, at=LATER))
    assert (adopted([rule], newer, NOW), adopted([rule], newer, LATER)) == ((rule,), ())
    check_adoption(rule, source_hash(rule), newer)


def test_of_several_looks_the_one_made_last_counts_by_what_was_known():
    early, late = (Instant(f"2026-11-{day}T10:00:00.000000Z") for day in (20, 22))
    state = credential.evolve(None, entry(recorded()))
    state = credential.evolve(state, entry(replace(verified("refused"), looked_at=late), late))
    state = credential.evolve(state, entry(replace(verified("confirmed"), looked_at=early)))
    assert state is not None
    assert state.state_at(NOW, NOW).status == "refused"
    same_time = credential.evolve(state, entry(replace(verified("confirmed"), looked_at=late)))
    assert same_time is not None
    assert same_time.state_at(NOW, NOW).status == "verified"
    assert same_time.state_at(NOW, late).status == "refused"


@pytest.mark.parametrize(
    ("since", "until", "later"),
    [
        ("2027-01-01", "2028-12-31", True),
        ("2025-01-01", "2028-12-31", True),
        ("2025-01-01", None, True),
        ("2025-01-01", "2026-12-31", False),
        ("2024-01-01", "2028-12-31", False),
    ],
)
def test_a_renewal_begins_or_ends_later(since, until, later):
    assert is_later(since, until, "2025-01-01", "2026-12-31") is later
    assert not is_later(since, until, since, until)


def test_dates_and_looks_are_checked_with_a_next_step():
    with pytest.raises(Invalid):
        check_dates(LocalDate("2026-02-30"), None, Place("US-AZ"))
    with pytest.raises(Invalid):
        check_dates(LocalDate("2026-02-02"), LocalDate("2026-02-01"), Place("US-AZ"))
    for since, until in (("1899-12-31", None), ("2026-02-02", "2201-01-01"), ("0001-01-01", None)):
        with pytest.raises(Invalid, match="1900-01-01"):
            check_dates(LocalDate(since), LocalDate(until) if until else None, Place("ID"))
    with pytest.raises(Invalid, match="place"):
        check_dates(LocalDate("2026-02-02"), None, Place("XX"))
    for source, looked, until in (("", NOW, LATER), ("board", LATER, LATER), ("board", NOW, NOW)):
        with pytest.raises(Invalid) as caught:
            check_look(source, looked, until, NOW)
        assert caught.value.help


@pytest.mark.parametrize(
    ("place", "pattern", "fits"),
    [
        ("US-AZ", "US-*", True),
        ("US-AZ", "US", True),
        ("US", "US-*", False),
        ("GB-SCT", "GB", True),
        ("CA-ON", "*", True),
        ("US-AZ", "US-AL", False),
    ],
)
def test_patterns_of_places(place, pattern, fits):
    assert matches(Place(place), pattern) is fits


def test_every_known_place_has_a_zone_and_lies_in_its_country():
    assert all(zone_of(place) for place in places())
    assert zone_of(Place("GB-SCT")) == zone_of(Place("GB"))
