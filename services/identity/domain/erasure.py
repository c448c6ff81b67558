"""Erasing a client, and holding them: one history a client, so that a hold and an order exclude each other.

    requested ──waited, no hold──▶ ordered ──all four services answered──▶ completed
        └──withdrawn──▶ (may ask again)

GDPR art. 17 and UU PDP (Law 27/2022) art. 8 give the right; art. 17(3)(e) and 18(1)(c) are why a legal hold may stand
against it. After the order there is no way back: the services destroy keys.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from services.contracts.identity import (
    Basis,
    ErasureCompleted,
    ErasureOrdered,
    ErasureRequested,
    ErasureWithdrawn,
    LegalHoldLifted,
    LegalHoldPlaced,
)
from services.kernel.errors import Conflict
from services.kernel.fields import ClinicId, Code, Id, PersonId, Sealed
from services.kernel.time import Instant, plus

HOLD_BASES: tuple[Basis, ...] = ("court", "complaint", "investigation")
ANSWERING = ("identity", "licensing", "sessions", "audit")


@dataclass(frozen=True, slots=True)
class Request:
    """One wish to be erased, and how far it has come."""

    id: Id
    not_before: Instant
    state: Literal["requested", "ordered", "completed"] = "requested"


@dataclass(frozen=True, slots=True)
class Erasure:
    """Everything of one client's erasure: the wish that stands, if any, and the holds that are in force."""

    client: PersonId
    clinic: ClinicId
    request: Request | None = None
    holds: frozenset[Id] = field(default_factory=frozenset)

    def is_due(self, now: Instant) -> bool:
        """Whether the order may be given: the wish stands, its time has come, and nothing is held."""
        request = self.request
        waiting = request is not None and request.state == "requested" and request.not_before <= now
        return waiting and not self.holds


def evolve(state: Erasure | None, event: object) -> Erasure | None:
    match event:
        case ErasureRequested():
            before = state or Erasure(event.client, event.clinic)
            return replace(before, request=Request(event.erasure, event.not_before))
        case LegalHoldPlaced():
            before = state or Erasure(event.client, event.clinic)
            return replace(before, holds=before.holds | {event.hold})
    if state is None:
        return None
    match event:
        case ErasureWithdrawn():
            return replace(state, request=None)
        case ErasureOrdered() if state.request is not None:
            return replace(state, request=replace(state.request, state="ordered"))
        case ErasureCompleted() if state.request is not None:
            return replace(state, request=replace(state.request, state="completed"))
        case LegalHoldLifted(hold=hold):
            return replace(state, holds=state.holds - {hold})
    return state


def request(state: Erasure, erasure: Id, wait_days: int, now: Instant) -> ErasureRequested:
    """Ask to be erased after the clinic's waiting time. Raises ``Conflict`` when it was asked before."""
    if state.request is not None:
        raise Conflict(
            f"Your wish to be erased is {state.request.state} already.",
            help="Read it to see when it is carried out, and who has answered.",
            extra={"erasure": state.request.id},
        )
    return ErasureRequested(
        erasure=erasure, client=state.client, clinic=state.clinic, not_before=plus(now, days=wait_days)
    )


def withdraw(state: Erasure, erasure: Id) -> ErasureWithdrawn:
    """Take the wish back. Raises ``Conflict`` once it was ordered: keys may be gone by then."""
    if state.request is None or state.request.id != erasure:
        raise Conflict("This wish was withdrawn already.", help="Nothing is left to do.")
    if state.request.state != "requested":
        raise Conflict(
            f"The erasure is {state.request.state} and cannot be stopped any more.",
            help="Read it to see what each service has answered.",
        )
    return ErasureWithdrawn(erasure=erasure, client=state.client, clinic=state.clinic)


def order(state: Erasure, now: Instant) -> tuple[ErasureOrdered, ...]:
    """Give the order if it is due; else nothing follows."""
    if state.request is None or not state.is_due(now):
        return ()
    ordered = ErasureOrdered(
        erasure=state.request.id,
        client=state.client,
        clinic=state.clinic,
        not_before=state.request.not_before,
        basis="client_request",
    )
    return (ordered,)


def place_hold(state: Erasure, hold: Id, basis: Basis, by: PersonId, reason: Sealed) -> LegalHoldPlaced:
    """Hold everything of this client. Raises ``Conflict`` once the erasure was ordered."""
    if state.request is not None and state.request.state != "requested":
        raise Conflict(
            f"The erasure of this client is {state.request.state}; nothing can be held any more.",
            help="Read the erasure to see what each service has kept, and until when.",
        )
    return LegalHoldPlaced(hold=hold, client=state.client, clinic=state.clinic, basis=basis, by=by, reason=reason)


def lift_hold(state: Erasure, hold: Id, by: PersonId) -> LegalHoldLifted:
    """Lift a hold. Raises ``Conflict`` when it was lifted before."""
    if hold not in state.holds:
        raise Conflict("This hold was lifted already.", help="Nothing is left to do.")
    return LegalHoldLifted(hold=hold, client=state.client, clinic=state.clinic, by=by)


def complete(state: Erasure, answers: dict[str, str]) -> tuple[ErasureCompleted, ...]:
    """Close the erasure once all four services have answered, each by its name; else nothing follows."""
    if state.request is None or state.request.state != "ordered" or set(answers) != set(ANSWERING):
        return ()
    completed = ErasureCompleted(
        erasure=state.request.id,
        client=state.client,
        clinic=state.clinic,
        answers=tuple(Code(f"{service}:{answers[service]}") for service in ANSWERING),
    )
    return (completed,)
