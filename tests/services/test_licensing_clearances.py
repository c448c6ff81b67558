"""What licensing tells the other services: rules, place rules, clearances, and its answer to an erasure order."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import column, func, select, table, text

from services.contracts.identity import ErasureOrdered, SignInsRevoked
from services.contracts.licensing import CredentialRecorded, ProfileRecorded
from services.kernel.errors import Unavailable
from services.kernel.fields import ClinicId, Id, Language, Name, PersonId, Place, seal
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.store.changes import execute
from services.kernel.time import LocalDate
from services.kernel.work import Who
from services.kernel.worker import Worker
from services.licensing import streams
from services.licensing.commands.counselors import RecordProfile, record_profile
from services.licensing.commands.due import DERIVED, mark_everybody_due, take_off
from services.licensing.commands.rules import Adopt, adopt_rule, publish_ruleset
from services.licensing.domain.rule import source_hash
from services.licensing.examples import NADIA_ARIZONA, NADIA_PROFILE
from services.licensing.readmodels import due
from services.licensing.rules import load_rules
from tests.licensing_house import NADIA, PHOENIX, SARI, V1, House
from tests.world import deliver


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as made:
        yield made


def worker_of(house: House) -> Worker:
    log = EmbeddedLog(house.settings.data / "log.sqlite3")
    log.make_topics({"identity": 1, "licensing": 1})
    return house.built.make_worker(log)


def tick(worker: Worker, name: str) -> object:
    return next(tick for tick in worker.ticks if tick.name == name).step()


def clearances(house: House, place: str) -> list[Any]:
    told = [entry.data.clearance for entry in house.recorded("licensing.clearance-published")]
    return [clearance for clearance in told if clearance.place == place]


_ACTIVITY = table("pg_stat_activity", column("datname"), column("wait_event_type"))
_WAITING_FOR_A_ROW = select(_ACTIVITY).where(
    _ACTIVITY.c.datname == func.current_database(), _ACTIVITY.c.wait_event_type == "Lock"
)


def soon(condition: Callable[[], bool]) -> bool:
    """Whether a condition comes true before a deadline."""
    deadline = monotonic() + 10
    while not condition():
        if monotonic() > deadline:
            return False
    return True


def waiting(house: House) -> int:
    still = select(func.count().label("n")).where(due.c.mark != DERIVED)
    return int(house.built.service.query(still)[0]["n"])


def test_revisions_of_a_clearance_follow_what_was_recorded(house: House) -> None:
    house.adopt("us-az.own-licence")
    _, arizona = house.settle_nadia()
    house.verify(arizona, verdict="refused")
    told = clearances(house, "US-AZ")
    assert [clearance.revision for clearance in told] == [1, 2, 3, 4]
    shut, doubtful, opened, refused = told
    assert [reason.code for reason in shut.blocked[-1].reasons] == ["no_credential"]
    assert [doubt.code for doubt in doubtful.routes[0].doubts] == ["not_verified"]
    assert (opened.routes[0].doubts, opened.routes[0].credentials) == ((), (arizona,))
    assert refused.routes == ()
    assert len({clearance.clearance for clearance in told}) == 1
    assert opened.next_change == "2027-01-15T07:00:00.000000Z"
    assert waiting(house) == 0


def test_what_changes_nothing_publishes_nothing_and_neither_does_time(house: House) -> None:
    house.adopt("us-az.own-licence")
    house.settle_nadia()
    before = len(house.recorded("licensing.clearance-published"))
    profile = house.as_(NADIA).get(f"{V1}/profile")
    body = dict(NADIA_PROFILE) | {"languages": ["en"]}
    house.clock.set("2027-06-01T00:00:00.000000Z")  # type: ignore[arg-type]
    assert house.as_(NADIA).put(f"{V1}/profile", body, version=profile.headers["ETag"]).status_code == 200
    assert len(house.recorded("licensing.clearance-published")) == before


def test_an_adoption_opens_a_place_for_everybody_concerned(house: House) -> None:
    house.settle_nadia()
    assert house.recorded("licensing.clearance-published") == []
    house.adopt("gb.counsellor-title")
    told = clearances(house, "GB")
    assert {route.kind for route in told[0].routes} == {"unregulated_title"}
    assert told[0].counselor == NADIA


def test_a_profession_that_is_given_up_is_open_nowhere(house: House) -> None:
    house.settle_nadia()
    house.adopt("gb.counsellor-title")
    body = dict(NADIA_PROFILE) | {"professions": ["psychologist"]}
    house.as_(NADIA).put(f"{V1}/profile", body, version=1)
    newest = {clearance.profession: clearance for clearance in clearances(house, "GB")}
    assert newest["counselor"].routes == ()
    assert "psychologist" in newest


def test_what_could_not_be_derived_at_once_is_derived_by_the_worker(house: House) -> None:
    house.adopt("us-az.own-licence")

    def away() -> None:
        raise Unavailable("The database went away.", help="Wait.")

    cut = house.before_writing("licensing/clearance/", away)
    answer = house.as_(NADIA).put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
    assert (answer.status_code, cut.happened) == (200, True)
    assert (waiting(house), clearances(house, "US-AZ")) == (1, [])
    worker = worker_of(house)
    assert tick(worker, "clearances") == 1
    assert (waiting(house), [clearance.revision for clearance in clearances(house, "US-AZ")]) == (0, [1])
    assert tick(worker, "clearances") == 0


def test_what_becomes_due_during_a_derivation_is_derived_by_it(house: House) -> None:
    house.adopt("us-az.own-licence")
    service = house.built.service
    newer = RecordProfile(("psychologist",), (Language("en"),), Place("GB"))
    house.before_writing("licensing/clearance/", lambda: service.do(Who(NADIA), record_profile, newer))
    house.as_(NADIA).put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
    assert waiting(house) == 0
    assert [clearance.profession for clearance in clearances(house, "US-AZ")] == ["psychologist"]


def test_an_answer_that_a_refusal_overtook_is_not_published(house: House) -> None:
    the_refusal_overtakes(house)


def test_an_answer_that_a_refusal_overtook_is_not_published_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with House(tmp_path, postgres_url=postgres_url) as house:
        the_refusal_overtakes(house)


def the_refusal_overtakes(house: House) -> None:
    """One derivation saw the licence confirmed; before it is written, the licence is refused, and that is derived."""
    house.adopt("us-az.own-licence")
    house.as_(NADIA).put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
    credential = house.record(NADIA_ARIZONA)
    house.verify(credential, verdict="refused")
    assert clearances(house, "US-AZ")[-1].routes == ()
    cut = house.before_writing("licensing/clearance/", lambda: house.verify(credential, verdict="refused"))
    assert house.verify(credential).status_code == 201
    assert (cut.happened, waiting(house)) == (True, 0)
    assert clearances(house, "US-AZ")[-1].routes == ()


def test_an_adoption_that_meets_a_derivation_before_its_commit_is_not_lost(tmp_path: Path, postgres_url: str) -> None:
    """The derivation has written, and is held before its commit; so the adoption waits for the row of its mark."""
    with House(tmp_path, postgres_url=postgres_url) as house, ThreadPoolExecutor(1) as aside:
        service = house.built.service
        service.do(Who(NADIA), record_profile, RecordProfile(("counselor",), (Language("en"),), Place("GB")))
        derivation = service.work(Who("service/licensing"))
        assert take_off(derivation, NADIA)
        with service.backend.engine.connect() as held:
            held.execute(text("begin"))
            for change in derivation.rows.statements:
                execute(held, change)
            adoption = aside.submit(house.adopt, "gb.counsellor-title")
            met = soon(lambda: adoption.done() or bool(service.query(_WAITING_FOR_A_ROW)))
            held.execute(text("commit"))
        adoption.result(timeout=10)
        assert met
        assert (waiting(house), [clearance.counselor for clearance in clearances(house, "GB")]) == (0, [NADIA])


def test_an_adoption_overlooks_no_profile_that_is_being_recorded(house: House) -> None:
    recording, adopting = (house.built.service.work(Who(who)) for who in (NADIA, SARI))
    record_profile(recording, RecordProfile(("counselor",), (Language("en"),), Place("GB")))
    mark_everybody_due(adopting)
    assert recording.locks & adopting.locks, "one of the two is written after the other"


def test_one_who_cannot_be_derived_does_not_hold_up_the_others(house: House) -> None:
    """A first day that no calendar can carry over midnight, as an earlier release let it be recorded."""
    broken = PersonId("0190a1b2-0000-7000-8000-0000000000fd")
    profile = ProfileRecorded(counselor=broken, professions=("counselor",), languages=(), home=Place("GB"))
    held = CredentialRecorded(
        credential=Id("broken"),
        counselor=broken,
        recorded_by=broken,
        kind="licence",
        profession="counselor",
        issuer=Name("Arizona"),
        jurisdiction=Place("US-AZ"),
        since=LocalDate("2020-01-01"),
        until=LocalDate("9999-12-31"),
        source="document",
        number=seal("1"),
    )
    service = house.built.service
    service.note(Who(broken), streams.profile(broken), profile, None)
    service.note(Who(broken), streams.credential("broken"), held, None)
    house.settle_nadia()
    house.adopt("us-az.own-licence")
    assert {clearance.counselor for clearance in clearances(house, "US-AZ")} == {NADIA}
    assert waiting(house) == 1


def test_a_release_that_corrects_or_drops_a_countrys_only_duty_leaves_everything_else_going(house: House) -> None:
    house.adopt("us.digital-consent")
    rules, release = load_rules(), Who("service/licensing")
    corrected = tuple(replace(rule, edition=2) if rule.id == "us.digital-consent" else rule for rule in rules)
    dropped = tuple(rule for rule in rules if rule.id != "us.digital-consent")
    for catalogue in (corrected, rules, dropped):
        assert house.built.service.do(release, publish_ruleset, catalogue)
    arizona = next(rule for rule in rules if rule.id == "us-az.own-licence")
    order = Adopt(arizona.id, arizona.edition, source_hash(arizona))
    assert house.built.service.do(Who(SARI), adopt_rule, order, dropped) == arizona.id
    told = [entry.data.rules for entry in house.recorded("licensing.place-rules-published")]
    of_country = [(rules.zone, bool(rules.consent_ages)) for rules in told if rules.place == "US"]
    assert of_country == [("America/New_York", told_age) for told_age in (True, False, True, False)]


def test_after_a_release_is_taken_back_its_rule_is_superseded_and_can_be_adopted_again(house: House) -> None:
    house.adopt("us-az.own-licence")
    rule = next(each for each in load_rules() if each.id == "us-az.own-licence")
    newer = replace(rule, edition=2)
    order = Adopt(newer.id, 2, source_hash(newer))
    house.built.service.do(Who(SARI), adopt_rule, order, (newer,))  # by a release that carries edition 2
    shown = house.as_(SARI).get(f"{V1}/rules/{rule.id}").json
    assert (shown["state"], shown["adopted"]["by"]) == ("superseded", SARI)
    house.settle_nadia()
    assert house.coverage()["US-AZ"]["verdict"] == "undetermined"
    house.adopt(rule.id)
    assert house.as_(SARI).get(f"{V1}/rules/{rule.id}").json["state"] == "adopted"
    assert house.coverage()["US-AZ"]["verdict"] == "permitted"


def test_the_rules_of_a_release_are_published_once(house: House) -> None:
    worker = worker_of(house)
    assert tick(worker, "ruleset") is True
    assert tick(worker, "ruleset") is False
    assert tick(worker_of(house), "ruleset") is False
    told = house.recorded("licensing.ruleset-published")[0].data
    assert len(told.rules) == len(told.editions) > 20
    house.adopt("us-az.own-licence")
    assert len(house.recorded("licensing.ruleset-published")) == 1
    assert house.recorded("licensing.rule-adopted")[0].data.ruleset_hash == told.ruleset_hash


def test_place_rules_are_published_by_revision_also_those_of_what_a_place_lies_in(house: House) -> None:
    house.adopt("ca-on.consent")
    house.adopt("ca.recording")
    told = [entry.data for entry in house.recorded("licensing.place-rules-published")]
    assert [(each.rules.place, each.revision) for each in told] == [("CA-ON", 1), ("CA", 1), ("CA-ON", 2)]
    assert told[0].rules.recording == ()
    assert [each.consent for each in told[2].rules.recording] == ["one_party"]
    house.adopt("us-az.own-licence")  # says nothing of duties
    assert len(house.recorded("licensing.place-rules-published")) == 3


def test_licensing_holds_nothing_of_a_client_and_says_so_once(house: House) -> None:
    order = ErasureOrdered(
        erasure=Id("erasure-1"),
        client=PersonId("client-1"),
        clinic=ClinicId(PHOENIX),
        not_before=house.clock(),
        basis="client_request",
    )
    deliver(house.listener, order, order)
    answers = [entry.data.answer for entry in house.recorded("licensing.erasure-answered")]
    assert [(answer.erasure, answer.kind, answer.values) for answer in answers] == [("erasure-1", "nothing_held", 0)]


def test_a_revoked_sign_in_is_over_here_too(house: House) -> None:
    nadia = house.as_(NADIA)
    assert nadia.get(f"{V1}/rules").status_code == 200
    ended = SignInsRevoked(account=PersonId(NADIA), sid=None, reason="role_ended", at=house.clock())
    deliver(house.listener, ended)
    assert nadia.get(f"{V1}/rules").status_code == 401
