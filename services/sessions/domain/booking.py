"""Booking: a client takes a counselor's time, if the law permits it then and everything needed was agreed on.

Refusals come in an order that helps: what the client can mend at once (consents), then the time, then the law, of which
news must be fresh. A refusal is recorded with its reasons. That two people cannot take one time is not decided here:
the claim of the time, in the transaction that books, decides it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.practice import Decision
from services.contracts.sessions import BookingRefused, SessionBooked
from services.contracts.vocabulary import Modality
from services.kernel.errors import Invalid
from services.kernel.fields import Code, Id, PersonId, Reference, Sealed
from services.kernel.time import Instant
from services.sessions.domain import consent
from services.sessions.domain.client import Client
from services.sessions.domain.consent import Item
from services.sessions.domain.hours import Hours, Taken, is_free

TIME_TAKEN = Code("time_taken")
TIME_NOT_OFFERED = Code("time_not_offered")
WAY_NOT_OFFERED = Code("way_not_offered")
CONSENT_NOT_IN_FORCE = Code("consent_not_in_force")
LAW_NOT_HEARD = Code("law_not_heard")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the client asks for."""

    counselor: PersonId
    start: Instant
    modality: Modality


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a wish cannot be booked, before the law is asked. ``about``: the codes of what is missing."""

    reason: Code
    about: tuple[str, ...] = ()


def obstacle(
    wish: Wish,
    client: Client,
    hours: Hours | None,
    taken: Iterable[Taken],
    items: Iterable[Item],
    now: Instant,
    *,
    fresh: bool,
) -> Obstacle | None:
    """What stands against this wish, if anything does. ``fresh``: whether the law was heard of lately."""
    missing = consent.missing(items, client.consents)
    if missing:
        return Obstacle(CONSENT_NOT_IN_FORCE, missing)
    if hours is None or not is_free(hours, (), now, wish.start):
        return Obstacle(TIME_NOT_OFFERED)
    if wish.modality not in hours.modalities:
        return Obstacle(WAY_NOT_OFFERED, hours.modalities)
    if not is_free(hours, taken, now, wish.start):
        return Obstacle(TIME_TAKEN)
    return None if fresh else Obstacle(LAW_NOT_HEARD)


def ensure_reachable(wish: Wish, client: Client) -> None:
    """Raises ``Invalid`` for a session by phone where no number is known."""
    if wish.modality == "phone" and client.phone_ref() is None:
        raise Invalid("You left no phone number.", help="Add your number to your details, then book again.")


def booked(
    wish: Wish,
    client: Client,
    hours: Hours,
    decision: Decision,
    facts: Sealed,
    *,
    session: Id,
    reference: Reference,
    tzdata: Code,
) -> SessionBooked:
    """The booking that a permitted decision allows. ``tzdata``: the release by which local times were computed."""
    if decision.verdict != "permitted":
        raise ValueError("only a permitted decision can be booked")
    return SessionBooked(
        session=session,
        reference=reference,
        clinic=client.clinic,
        client=client.client,
        counselor=wish.counselor,
        start=wish.start,
        minutes=hours.minutes,
        governing_zone=hours.zone,
        tzdata=tzdata,
        modality=wish.modality,
        jurisdiction=client.place,
        decision=decision.ref(),
        facts=facts,
    )


def refused(
    wish: Wish, client: Client, reasons: Iterable[Code], decision: Decision | None = None, facts: Sealed | None = None
) -> BookingRefused:
    """The refusal, as it is recorded."""
    return BookingRefused(
        clinic=client.clinic,
        client=client.client,
        counselor=wish.counselor,
        start=wish.start,
        reasons=tuple(reasons),
        decision=decision.ref() if decision else None,
        facts=facts,
    )
