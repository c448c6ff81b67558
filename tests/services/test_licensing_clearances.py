"""What licensing tells the other services: rules, place rules, clearances, and its answer to an erasure order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from services.contracts.identity import ErasureOrdered, SignInsRevoked
from services.kernel.errors import Unavailable
from services.kernel.fields import ClinicId, Id, Language, PersonId, Place
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.work import Who
from services.kernel.worker import Worker
from services.licensing.commands.counselors import RecordProfile, record_profile
from services.licensing.examples import NADIA_PROFILE
from services.licensing.readmodels import due
from tests.licensing_house import NADIA, PHOENIX, V1, House
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


def waiting(house: House) -> int:
    return int(house.built.service.query(select(func.count().label("n")).select_from(due))[0]["n"])


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


def test_what_becomes_due_during_a_derivation_stays_due(house: House) -> None:
    house.adopt("us-az.own-licence")
    service = house.built.service
    newer = RecordProfile(("counselor",), (Language("en"),), Place("GB"))
    house.before_writing("licensing/clearance/", lambda: service.do(Who(NADIA), record_profile, newer))
    house.as_(NADIA).put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
    assert waiting(house) == 1
    tick(worker_of(house), "clearances")
    assert waiting(house) == 0


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
