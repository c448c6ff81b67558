"""Client: what one clinic knows of one person, without a word of it.

What a person says is sealed in the event that carried it. The state holds the *id* of that event, field by field, so
that a decision can ask for the words it needs, and a replay after erasure needs none. In clear stand only: which
fields are there, the place by its code, and what was consented to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, get_args

from services.contracts.practice import place_chain
from services.contracts.sessions import (
    ClientDetailsChanged,
    ClientEnrolled,
    ConsentGiven,
    ConsentWithdrawn,
    EmergencyPlanSet,
    FallbackAgreed,
)
from services.contracts.vocabulary import Modality
from services.kernel.errors import Conflict, FieldError, Invalid, Problem
from services.kernel.events import Entry
from services.kernel.fields import ClinicId, Id, PersonId, Place
from services.kernel.time import Instant, local_date
from services.sessions.domain.consent import Given

Detail = Literal["name", "birth_date", "city", "zone", "language", "phone", "emergency_contact", "phrase"]
DETAILS: tuple[Detail, ...] = get_args(Detail)

OLDEST = 130  # years; beyond, a birth date is a slip of the pen

Ref = tuple[str, str]  # (event id, field): where the words are sealed


class Left(Problem):
    """Somebody who was a client of this clinic and is not any more."""

    status = 410
    slug = "client-left"
    title = "You are no longer a client of this clinic"


@dataclass(frozen=True, slots=True)
class EmergencyPlan:
    """Whom to call for this client, and for which place that holds."""

    place: Place
    event: Id


@dataclass(frozen=True, slots=True)
class Fallback:
    """The other way that was agreed on, for when technology fails."""

    modality: Modality
    event: Id


@dataclass(frozen=True, slots=True)
class Client:
    """``words``: for each detail the event that carries it. ``place``: where the client said they live."""

    client: PersonId
    clinic: ClinicId
    place: Place
    words: Mapping[str, Id]
    consents: Mapping[str, Given] = field(default_factory=dict)
    fallback: Fallback | None = None
    emergency_plan: EmergencyPlan | None = None

    def ref(self, detail: Detail) -> Ref | None:
        """Where a detail is sealed, if it was given."""
        event = self.words.get(detail)
        return (event, detail) if event else None

    def phone_ref(self) -> Ref | None:
        """Where a number is sealed by which this client can be called: their own, else the one of the fallback."""
        own = self.ref("phone")
        if own is None and self.fallback is not None:
            return self.fallback.event, "number"
        return own

    def has_emergency_contact_for(self, place: Place) -> bool:
        """Whether the emergency plan is for this place, or for what it lies in."""
        return self.emergency_plan is not None and self.emergency_plan.place in place_chain(place)


def evolve(state: Client | None, entry: Entry[Any]) -> Client | None:
    """The client after one more entry of their stream."""
    event, event_id = entry.data, entry.id
    match event:
        case ClientEnrolled():
            return Client(event.client, event.clinic, event.jurisdiction, _carried(event, event_id))
        case ClientDetailsChanged() if state is not None:
            words = {**state.words, **_carried(event, event_id)}
            return replace(state, place=event.jurisdiction or state.place, words=words)
        case ConsentGiven() if state is not None:
            given = Given(event.text_version, event.locale)
            return replace(state, consents={**state.consents, event.item: given})
        case ConsentWithdrawn() if state is not None:
            withdrawn = replace(state.consents[event.item], withdrawn=True)
            return replace(state, consents={**state.consents, event.item: withdrawn})
        case FallbackAgreed() if state is not None:
            return replace(state, fallback=Fallback(event.modality, event_id))
        case EmergencyPlanSet() if state is not None:
            return replace(state, emergency_plan=EmergencyPlan(event.jurisdiction, event_id))
        case _:
            return state


def ensure_new(state: Client | None) -> None:
    """Raises ``Conflict`` where the intake was done before."""
    if state is not None:
        raise Conflict("The intake was done before.", help="Change single details instead.")


def ensure_enrolled(state: Client | None) -> Client:
    """Raises ``Conflict`` before the intake."""
    if state is None:
        raise Conflict("The intake is not done yet.", help="Answer the questions of the intake first.")
    return state


def check_birth_date(birth_date: str, now: Instant, zone: str) -> None:
    """Raises ``Invalid`` for a day that no living person was born on."""
    born, today = date.fromisoformat(birth_date), date.fromisoformat(local_date(now, zone))
    if not today.year - OLDEST <= born.year or born > today:
        detail = "Check the year: send the day of birth as year-month-day."
        raise Invalid("This cannot be a day of birth.", help=detail, errors=(FieldError("/birth_date", detail),))


def fields_given(details: Mapping[str, Any]) -> tuple[str, ...]:
    """The details that hold something, in the order of the form."""
    return tuple(name for name in DETAILS if details.get(name) is not None)


def _carried(event: ClientEnrolled | ClientDetailsChanged, event_id: Id) -> dict[str, Id]:
    return {name: event_id for name in DETAILS if getattr(event, name) is not None}
