"""The states of a session, and what each allows."""

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.contracts.practice import DecisionRef
from services.contracts.sessions import IdentityChecked, SessionBooked, SessionJudgedAgain, SessionStarted
from services.kernel.errors import Conflict, Invalid, Problem
from services.kernel.events import Entry
from services.kernel.fields import ClinicId, Code, Hash, Id, PersonId, Place, Reference, Sealed
from services.kernel.time import Instant, Zone, plus
from services.sessions.domain import readiness, session
from services.sessions.domain.identity_check import TRIES
from services.sessions.domain.session import OPENS_MINUTES, Session

START = Instant("2026-11-24T17:00:00.000000Z")
SEALED = Sealed("0" * 64)
PERMITTED = DecisionRef("permitted", Id("c"), 1, (), Hash("0" * 64))
PROHIBITED = DecisionRef("prohibited", Id("c"), 2, (), Hash("0" * 64))


def booked() -> SessionBooked:
    return SessionBooked(
        session=Id("s"),
        reference=Reference("S-4K7T"),
        clinic=ClinicId("k"),
        client=PersonId("client"),
        counselor=PersonId("counselor"),
        start=START,
        minutes=50,
        governing_zone=Zone("America/Toronto"),
        tzdata=Code("2026a"),
        modality="video",
        jurisdiction=Place("US-AZ"),
        decision=PERMITTED,
        facts=SEALED,
    )


def started() -> SessionStarted:
    return SessionStarted(
        session=Id("s"),
        client=PersonId("client"),
        counselor=PersonId("counselor"),
        items=(),
        verdicts=(),
        decision=PERMITTED,
        modality="video",
        checked_digits=False,
        way=SEALED,
        facts=SEALED,
    )


def fold(*events: Any, at: Instant = START) -> Session:
    state: Session | None = None
    for event in events:
        state = session.evolve(state, entry(event, at))
    assert state is not None
    return state


def said_phrase(state: Session, said: str, kept: str, now: Instant) -> IdentityChecked | None:
    return session.check_identity(state, said, kept) if session.awaits_phrase(state, now) else None


def entry(event: Any, at: Instant) -> Entry[Any]:
    return Entry(id=Id("e"), type="t", typeversion=1, stream="s", streamversion=1, time=at, actor="a", data=event)


class Life(RuleBasedStateMachine):
    """Any order of acts at any time: an act either raises a problem with help, or moves the session as drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.now = plus(START, minutes=-60)
        self.state = fold(booked())
        self.stages = ["booked"]
        self.unhelpful = False

    def act(self, decide: Any) -> None:
        try:
            event = decide()
        except Problem as problem:
            self.unhelpful |= not problem.help
            return
        after = session.evolve(self.state, entry(event, self.now))
        assert after is not None
        self.state = after
        if after.stage != self.stages[-1]:
            self.stages.append(after.stage)

    @rule(minutes=st.integers(0, 40))
    def wait(self, minutes: int) -> None:
        self.now = plus(self.now, minutes=minutes)

    @rule(place=st.sampled_from(["US-AZ", "GB"]))
    def attest(self, place: str) -> None:
        self.act(lambda: session.attest_place(self.state, Place(place), None, self.now))

    @rule(said=st.sampled_from(["the right words", "others"]))
    def identify(self, said: str) -> None:
        self.act(lambda: said_phrase(self.state, said, "The right words", self.now))

    @rule(role=st.sampled_from(["client", "counselor"]))
    def confirm(self, role: Any) -> None:
        self.act(lambda: session.confirm_readiness(self.state, role, readiness.ITEMS[role], self.now))

    @precondition(lambda self: self.state.stage == "booked" and self.now >= self.state.opens)
    @rule()
    def start(self) -> None:
        self.act(started)

    @rule()
    def end(self) -> None:
        self.act(lambda: session.end(self.state, "success", "not_stated", None, self.now))

    @rule()
    def cancel(self) -> None:
        self.act(lambda: session.cancel(self.state, "client", "illness", None, self.now))

    @rule()
    def miss(self) -> None:
        self.act(lambda: session.miss(self.state, "client", None, self.now))

    @invariant()
    def moves_only_as_drawn(self) -> None:
        drawn = [
            ["booked"],
            ["booked", "cancelled"],
            ["booked", "missed"],
            ["booked", "started"],
            ["booked", "started", "ended"],
        ]
        assert self.stages in drawn

    @invariant()
    def every_refusal_says_what_to_do(self) -> None:
        assert not self.unhelpful

    @invariant()
    def tries_are_limited(self) -> None:
        assert self.state.tries <= TRIES


TestLife = Life.TestCase


def test_minutes_are_real_ones_and_begun_ones_count() -> None:
    running = fold(booked(), started())
    for seconds, minutes in ((0, 0), (1, 1), (60, 1), (61, 2), (3000, 50)):
        ended = session.end(running, "referral", "not_stated", None, plus(START, seconds=seconds))
        assert ended.minutes == minutes


def test_only_a_running_session_ends() -> None:
    with pytest.raises(Conflict, match="has not started"):
        session.end(fold(booked()), "success", "not_stated", None, START)


def test_a_reason_that_is_not_ours_is_told_with_the_list() -> None:
    with pytest.raises(Invalid) as told:
        session.cancel(fold(booked()), "client", "because", None, plus(START, hours=-1))
    assert "illness" in told.value.help


def test_cancelling_ends_when_the_time_has_begun_and_absence_begins() -> None:
    coming = fold(booked())
    assert session.cancel(coming, "client", "illness", None, plus(START, seconds=-1)).by == "client"
    with pytest.raises(Conflict):
        session.cancel(coming, "client", "illness", None, START)
    with pytest.raises(Conflict):
        session.miss(coming, "client", None, plus(START, seconds=-1))
    assert session.miss(coming, "client", None, START).absent == "client"


def test_preparing_begins_a_quarter_of_an_hour_before() -> None:
    coming = fold(booked())
    session.ensure_open(coming, plus(START, minutes=-OPENS_MINUTES))
    with pytest.raises(Conflict) as told:
        session.ensure_open(coming, plus(START, minutes=-OPENS_MINUTES, seconds=-1))
    assert told.value.extra == {"opens": coming.opens}


def test_only_wrong_phrases_use_up_tries_and_the_right_one_stands() -> None:
    state = fold(booked())
    for said in (*["another bird"] * (TRIES - 1), "the kite", "another bird", "the kite"):
        event = said_phrase(state, said, "the kite", START)
        state = session.evolve(state, entry(event, START)) or state
    assert (state.identified, state.tries) == (True, TRIES - 1)


def test_the_last_decision_and_the_last_attested_place_count() -> None:
    again = SessionJudgedAgain(
        session=Id("s"), client=PersonId("client"), counselor=PersonId("counselor"), decision=PROHIBITED
    )
    state = fold(booked(), again)
    assert (state.verdict, state.attested) == ("prohibited", False)
    state = fold(booked(), session.attest_place(fold(booked()), Place("GB"), None, START))
    assert (state.place, state.attested) == ("GB", True)


def test_a_note_needs_a_contact() -> None:
    with pytest.raises(Conflict):
        session.ensure_note_fits(fold(booked()))
    session.ensure_note_fits(fold(booked(), started()))
