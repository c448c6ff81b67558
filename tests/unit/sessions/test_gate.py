"""How a session may start: every item of the gate, alone and together."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.practice import Decision, Reason
from services.contracts.sessions import Party
from services.contracts.vocabulary import Verdict
from services.kernel.fields import ClinicId, Code, Hash, Id, Language, PersonId, Place, Reference
from services.kernel.time import Instant, plus
from services.sessions.consent import consent_items
from services.sessions.domain import readiness
from services.sessions.domain.client import Client, EmergencyPlan, Fallback
from services.sessions.domain.consent import Given
from services.sessions.domain.gate import Around, Gate, gate
from services.sessions.domain.identity_check import TRIES
from services.sessions.domain.session import OPENS_MINUTES, Session
from services.sessions.words import GATE

START = Instant("2026-11-24T17:00:00.000000Z")
AZ = Place("US-AZ")
ITEMS = consent_items()
CALM = Around(fresh=True)
ALL_READY: dict[Any, tuple[Code, ...]] = {
    role: tuple(Code(item) for item in items) for role, items in readiness.ITEMS.items()
}
KINDS = ("place", "clearance", "identity", "consent", "emergency_contact", "fallback", "readiness")


def session(**over: Any) -> Session:
    values: dict[str, Any] = {
        "session": Id("s"),
        "reference": Reference("S-4K7T"),
        "clinic": ClinicId("k"),
        "client": PersonId("client"),
        "counselor": PersonId("counselor"),
        "start": START,
        "minutes": 50,
        "modality": "video",
        "place": AZ,
        "verdict": "permitted",
        "attested": True,
        "identified": True,
        "tries": 1,
        "ready": ALL_READY,
    }
    return Session(**values | over)


def client(**over: Any) -> Client:
    values: dict[str, Any] = {
        "client": PersonId("client"),
        "clinic": ClinicId("k"),
        "place": AZ,
        "words": {},
        "consents": {item.code: Given(item.version, Language("en")) for item in ITEMS if item.required},
        "fallback": Fallback("phone", Id("f")),
        "emergency_plan": EmergencyPlan(AZ, Id("p")),
    }
    return Client(**values | over)


def decision(verdict: Verdict = "permitted", *reasons: Reason) -> Decision:
    return Decision(verdict, START, reasons, (), (), (), None, Hash("0" * 64), Id("c"), 1)


def asked(
    of: Session | None = None,
    who: Client | None = None,
    law: Decision | None = None,
    at: Instant = START,
    around: Around = CALM,
) -> Gate:
    return gate(of or session(), who or client(), ITEMS, law or decision(), around, at)


def verdicts(found: Gate) -> dict[str, str]:
    return {item.kind: item.verdict for item in found.items}


def reasons(found: Gate, kind: str) -> list[tuple[str, str, str]]:
    item = next(item for item in found.items if item.kind == kind)
    return [(reason.code, reason.about, reason.mender) for reason in item.reasons]


def test_with_everything_met_the_gate_is_open() -> None:
    found = asked()
    assert found.is_open
    assert verdicts(found) == dict.fromkeys(KINDS, "met")
    assert found.codes == ()


def test_with_nothing_done_every_item_gives_its_reasons_at_once() -> None:
    bare = session(attested=False, identified=False, tries=0, ready={})
    found = asked(bare, client(consents={}, fallback=None, emergency_plan=None))
    assert not found.is_open
    assert verdicts(found) == {
        "place": "not_met",
        "clearance": "not_known",
        "identity": "not_met",
        "consent": "not_met",
        "emergency_contact": "not_met",
        "fallback": "not_met",
        "readiness": "not_met",
    }
    assert len(reasons(found, "consent")) == sum(item.required for item in ITEMS)
    assert len(reasons(found, "readiness")) == sum(len(items) for items in readiness.ITEMS.values())


def test_the_law_is_not_asked_before_the_place_is_attested() -> None:
    found = asked(session(attested=False), law=decision("permitted"))
    assert found.decision is None
    assert reasons(found, "clearance") == [("place_unknown", "", "client")]


@pytest.mark.parametrize(("verdict", "item"), [("prohibited", "not_met"), ("undetermined", "not_known")])
def test_what_the_law_forbids_or_does_not_say_keeps_the_gate_shut_with_its_reasons(verdict: Verdict, item: str) -> None:
    against = (Reason("licence_required", Code("US-CA"), mender="counselor"), Reason("no_rule_known"))
    found = asked(law=decision(verdict, *against))
    assert (found.is_open, verdicts(found)["clearance"]) == (False, item)
    assert reasons(found, "clearance") == [("licence_required", "US-CA", "counselor"), ("no_rule_known", "", "nobody")]


def test_a_wrong_phrase_can_be_said_again_and_too_many_cannot() -> None:
    assert reasons(asked(session(identified=False, tries=1)), "identity") == [("phrase_not_matched", "", "client")]
    spent = asked(session(identified=False, tries=TRIES))
    assert reasons(spent, "identity") == [("too_many_tries", "", "operator")]


def test_a_consent_in_an_older_text_is_not_in_force() -> None:
    required = next(item for item in ITEMS if item.required)
    older = tuple(replace(item, version=2) if item == required else item for item in ITEMS)
    found = gate(session(), client(), older, decision(), CALM, START)
    assert reasons(found, "consent") == [("consent_not_in_force", required.code, "client")]


def test_a_consent_taken_back_is_not_in_force() -> None:
    required = next(item for item in ITEMS if item.required)
    given = dict(client().consents) | {required.code: Given(required.version, Language("en"), withdrawn=True)}
    assert verdicts(asked(who=client(consents=given)))["consent"] == "not_met"


def test_an_emergency_contact_for_another_place_does_not_do() -> None:
    found = asked(session(place=Place("US-CA")))
    assert reasons(found, "emergency_contact") == [("emergency_contact_elsewhere", "US-AZ", "client")]


def test_an_emergency_contact_for_the_country_holds_in_its_parts() -> None:
    plan = EmergencyPlan(Place("GB"), Id("p"))
    found = asked(session(place=Place("GB-SCT")), client(emergency_plan=plan))
    assert verdicts(found)["emergency_contact"] == "met"


def test_each_side_is_told_what_it_has_not_confirmed() -> None:
    found = asked(session(ready={**ALL_READY, "counselor": ALL_READY["counselor"][1:]}))
    missing = readiness.ITEMS["counselor"][0]
    assert reasons(found, "readiness") == [("counselor_not_ready", missing, "counselor")]


@pytest.mark.parametrize(
    ("minutes", "code"), [(-OPENS_MINUTES - 1, "too_early"), (-OPENS_MINUTES, None), (49, None), (50, "too_late")]
)
def test_the_gate_opens_a_quarter_of_an_hour_before_and_closes_with_the_booked_time(
    minutes: int, code: str | None
) -> None:
    found = asked(at=plus(START, minutes=minutes))
    assert found.is_open == (code is None)
    assert [reason.code for reason in found.timing] == ([] if code is None else [code])


@pytest.mark.parametrize("stage", ["cancelled", "missed", "started", "ended"])
def test_a_session_that_is_not_only_booked_cannot_start(stage: str) -> None:
    found = asked(session(stage=stage))
    assert not found.is_open
    assert found.codes == (f"session_{stage}",)


def test_without_news_of_the_law_it_stays_shut_and_says_what_to_do() -> None:
    found = asked(around=Around(fresh=False))
    assert (found.is_open, found.codes) == (False, ("law_not_heard",))
    assert "try again" in GATE["law_not_heard"]["en"]


def test_nobody_is_in_two_sessions_at_once() -> None:
    found = asked(around=Around(fresh=False, in_session=("client", "counselor")))
    assert found.codes == ("law_not_heard", "client_in_session", "counselor_in_session")
    assert {reason.mender for reason in found.timing} == {"operator", "counselor"}


def test_what_it_waits_for_is_told_in_its_time_only() -> None:
    busy = Around(fresh=False, in_session=("counselor",))
    assert asked(at=plus(START, minutes=-16), around=busy).codes == ("too_early",)
    assert asked(at=plus(START, minutes=50), around=busy).codes == ("too_late",)
    assert asked(session(stage="cancelled"), around=busy).codes == ("session_cancelled",)


@given(
    attested=st.booleans(),
    identified=st.booleans(),
    verdict=st.sampled_from(["permitted", "prohibited", "undetermined"]),
    consented=st.booleans(),
    contact=st.sampled_from([None, "US-AZ", "US-CA", "US"]),
    fallback=st.booleans(),
    ready=st.lists(st.sampled_from(["client", "counselor"]), unique=True),
    minutes=st.integers(-60, 120),
    fresh=st.booleans(),
    in_session=st.lists(st.sampled_from(["client", "counselor"]), unique=True),
)
def test_the_gate_is_open_if_and_only_if_each_item_is_met_and_it_is_time(
    attested: bool,
    identified: bool,
    verdict: Verdict,
    consented: bool,
    contact: str | None,
    fallback: bool,
    ready: list[str],
    minutes: int,
    fresh: bool,
    in_session: list[Party],
) -> None:
    of = session(attested=attested, identified=identified, ready={role: ALL_READY[role] for role in ready})
    who = client(
        emergency_plan=EmergencyPlan(Place(contact), Id("p")) if contact else None,
        **({} if consented else {"consents": {}}),
        **({} if fallback else {"fallback": None}),
    )
    law = decision(verdict, Reason("no_rule_known")) if verdict != "permitted" else decision()
    found = asked(of, who, law, plus(START, minutes=minutes), Around(fresh, tuple(in_session)))
    expected = (
        attested
        and identified
        and verdict == "permitted"
        and consented
        and contact in ("US-AZ", "US")
        and fallback
        and set(ready) == {"client", "counselor"}
        and -OPENS_MINUTES <= minutes < 50
        and fresh
        and not in_session
    )
    assert found.is_open == expected
    assert tuple(item.kind for item in found.items) == KINDS
    for item in found.items:
        assert (item.verdict == "met") == (item.reasons == ())


def test_every_reason_of_the_gate_has_its_words() -> None:
    told: set[str] = set()
    for attested, identified, tries, stage, minutes, plan, fallback in itertools.product(
        (True, False),
        (False,),
        (0, 1, TRIES),
        ("booked", "cancelled", "missed", "started", "ended"),
        (-60, 0, 60),
        (None, EmergencyPlan(Place("GB"), Id("p"))),
        (None,),
    ):
        of = session(attested=attested, identified=identified, tries=tries, stage=stage, ready={})
        who = client(consents={}, emergency_plan=plan, fallback=fallback)
        busy = Around(fresh=False, in_session=("client", "counselor"))
        told |= set(asked(of, who, at=plus(START, minutes=minutes), around=busy).codes)
    assert told == set(GATE)
    assert all(set(words) == {"en", "id"} for words in GATE.values())
