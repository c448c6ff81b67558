"""The history of a client's erasure: a hold and an order exclude each other, whatever happens in which order."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.identity.domain import erasure
from services.identity.domain.erasure import ANSWERING, Erasure
from services.kernel.errors import Conflict
from services.kernel.fields import ClinicId, Id, PersonId, Sealed
from services.kernel.time import Instant, moment, plus

NOON = Instant("2026-11-24T12:00:00.000000Z")
REASON = Sealed("0" * 64)
OFFICER = PersonId("officer")
ANSWERS = dict.fromkeys(ANSWERING, "erased")


def of_client() -> Erasure:
    return Erasure(PersonId("k1"), ClinicId("c1"))


def then(state: Erasure, *events: object) -> Erasure:
    for event in events:
        following = erasure.evolve(state, event)
        assert following is not None
        state = following
    return state


def requested(days: int = 14) -> Erasure:
    return then(of_client(), erasure.request(of_client(), Id("e1"), days, NOON))


def test_a_wish_waits_as_long_as_the_clinic_says() -> None:
    state = requested(14)
    assert erasure.order(state, plus(NOON, days=14, seconds=-1)) == ()
    (ordered,) = erasure.order(state, plus(NOON, days=14))
    assert (ordered.erasure, ordered.not_before) == ("e1", plus(NOON, days=14))


def test_without_a_waiting_time_it_is_due_at_once() -> None:
    assert len(erasure.order(requested(0), NOON)) == 1


def test_it_is_ordered_once() -> None:
    state = then(requested(0), *erasure.order(requested(0), NOON))
    assert erasure.order(state, NOON) == ()


def test_another_wish_than_the_one_that_stands_is_not_withdrawn() -> None:
    with pytest.raises(Conflict, match="withdrawn already"):
        erasure.withdraw(requested(), Id("another"))


@pytest.mark.parametrize("missing", ANSWERING)
def test_it_is_completed_only_when_all_four_have_answered(missing: str) -> None:
    state = then(requested(0), *erasure.order(requested(0), NOON))
    assert erasure.complete(state, {k: v for k, v in ANSWERS.items() if k != missing}) == ()
    (completed,) = erasure.complete(state, ANSWERS)
    assert completed.answers == tuple(f"{service}:erased" for service in ANSWERING)
    assert erasure.complete(then(state, completed), ANSWERS) == ()


def test_an_erasure_that_was_not_ordered_is_not_completed() -> None:
    assert erasure.complete(requested(0), ANSWERS) == ()


class Histories(RuleBasedStateMachine):
    """Any order of wishes, withdrawals, holds, time and orders."""

    def __init__(self) -> None:
        super().__init__()
        self.state = of_client()
        self.now = NOON
        self.count = 0
        self.ordered_while_held = False

    def new(self) -> Id:
        self.count += 1
        return Id(f"n{self.count}")

    @rule(days=st.integers(0, 3))
    def wish(self, days: int) -> None:
        if self.state.request is not None:
            with pytest.raises(Conflict):
                erasure.request(self.state, self.new(), days, self.now)
            return
        self.state = then(self.state, erasure.request(self.state, self.new(), days, self.now))

    @precondition(lambda self: self.state.request is not None)
    @rule()
    def withdraw(self) -> None:
        request = self.state.request
        assert request is not None
        if request.state != "requested":
            with pytest.raises(Conflict):
                erasure.withdraw(self.state, request.id)
            return
        self.state = then(self.state, erasure.withdraw(self.state, request.id))

    @rule()
    def hold(self) -> None:
        if self.state.request is not None and self.state.request.state != "requested":
            with pytest.raises(Conflict):
                erasure.place_hold(self.state, self.new(), "court", OFFICER, REASON)
            return
        self.state = then(self.state, erasure.place_hold(self.state, self.new(), "court", OFFICER, REASON))

    @precondition(lambda self: bool(self.state.holds))
    @rule()
    def lift(self) -> None:
        self.state = then(self.state, erasure.lift_hold(self.state, min(self.state.holds), OFFICER))

    @rule(hours=st.integers(1, 48))
    def wait(self, hours: int) -> None:
        self.now = plus(self.now, hours=hours)

    @rule()
    def order(self) -> None:
        events = erasure.order(self.state, self.now)
        if events:
            request = self.state.request
            assert request is not None
            assert moment(request.not_before) <= moment(self.now)
            self.ordered_while_held = self.ordered_while_held or bool(self.state.holds)
        self.state = then(self.state, *events)

    @rule()
    def complete(self) -> None:
        self.state = then(self.state, *erasure.complete(self.state, ANSWERS))

    @invariant()
    def nothing_is_ordered_while_it_is_held(self) -> None:
        assert not self.ordered_while_held
        ordered = self.state.request is not None and self.state.request.state != "requested"
        assert not (ordered and self.state.holds)


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
