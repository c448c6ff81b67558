"""Session: one counselling contact, from its booking to its end.

    booked ──> started ──> ended (exactly one of four outcomes)
      ├──────> cancelled (before its time)
      └──────> missed    (after its time began, and who was absent)

Before it starts, a session gathers what the gate asks for: the place the client attests, the identity check, the
readiness of both. That is possible from a quarter of an hour before. Each decision here returns the event that
follows, or raises with what to do instead. A link or a number is never here: it is sealed in the event that carries it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.contracts.sessions import (
    Absent,
    By,
    CheckVerdict,
    IdentityChecked,
    Notes,
    Party,
    PlaceAttested,
    ReadinessConfirmed,
    SessionBooked,
    SessionCancelled,
    SessionEnded,
    SessionJudgedAgain,
    SessionMissed,
    SessionStarted,
)
from services.contracts.vocabulary import Modality, Outcome, Verdict
from services.kernel.errors import Conflict, FieldError, Invalid
from services.kernel.events import Entry
from services.kernel.fields import ClinicId, Code, Id, PersonId, Place, Reference, Sealed
from services.kernel.time import Instant, moment, plus
from services.sessions.domain import identity_check, readiness
from services.sessions.domain.contact import Stage

OPENS_MINUTES = 15  # before the start: from then on place, phrase and readiness can be told

CANCEL_REASONS = ("illness", "other_plans", "not_needed", "not_available", "technical", "other")
END_REASONS = ("not_stated", "goals_met", "goals_open", "needs_presence", "other_competence", "own_wish", "technical")

_WHY_OVER: Mapping[Stage, str] = {
    "cancelled": "This session was cancelled.",
    "missed": "This session is recorded as missed.",
    "started": "This session has started.",
    "ended": "This session is over.",
}

_NOT_COMING = "Record who was absent instead."
_ONCE_BEGUN: Mapping[By, str] = {
    "client": "If your counselor does not come, tell your clinic, which records it without blame; book another time.",
    "counselor": _NOT_COMING,
    "operator": _NOT_COMING,
}


@dataclass(frozen=True, slots=True)
class Session:
    """``place``: where the client is, by the booking and then by what they attest. ``verdict``: the last decision's.
    ``tries``: how often the phrase was wrong."""

    session: Id
    reference: Reference
    clinic: ClinicId
    client: PersonId
    counselor: PersonId
    start: Instant
    minutes: int
    modality: Modality
    place: Place
    verdict: Verdict
    stage: Stage = "booked"
    attested: bool = False
    identified: bool = False
    tries: int = 0
    ready: Mapping[Party, tuple[Code, ...]] = field(default_factory=dict)
    started_at: Instant | None = None
    way: Id | None = None  # the event that carries the link or the number

    @property
    def opens(self) -> Instant:
        """From when on the client may attest and the gate may open."""
        return plus(self.start, minutes=-OPENS_MINUTES)

    @property
    def ends(self) -> Instant:
        """When the booked time is over."""
        return plus(self.start, minutes=self.minutes)

    def is_open(self, now: Instant) -> bool:
        """Whether this is the time in which the session is prepared and started."""
        return self.stage == "booked" and self.opens <= now < self.ends


def evolve(state: Session | None, entry: Entry[Any]) -> Session | None:
    """The session after one more entry of its stream."""
    event = entry.data
    if isinstance(event, SessionBooked):
        return booked(event)
    if state is None:
        return None
    match event:
        case SessionJudgedAgain():
            return replace(state, verdict=event.decision.verdict)
        case PlaceAttested():
            return replace(state, place=event.jurisdiction, attested=True)
        case IdentityChecked():
            wrong = state.tries + (event.verdict == "not_matched")
            return replace(state, identified=event.verdict == "matched", tries=wrong)
        case ReadinessConfirmed():
            return replace(state, ready={**state.ready, event.role: event.items})
        case SessionStarted():
            return replace(state, stage="started", started_at=entry.time, way=entry.id)
        case SessionEnded():
            return replace(state, stage="ended")
        case SessionCancelled():
            return replace(state, stage="cancelled")
        case SessionMissed():
            return replace(state, stage="missed")
        case _:
            return state


def ensure_not_begun(session: Session) -> None:
    """Raises ``Conflict`` unless the session is still only booked."""
    if session.stage != "booked":
        raise Conflict(_WHY_OVER[session.stage], help="Nothing more can be done before its start.")


def ensure_open(session: Session, now: Instant) -> None:
    """Raises ``Conflict`` unless this is the time in which a session is prepared and started."""
    ensure_not_begun(session)
    if now < session.opens:
        raise Conflict(
            "It is too early for this.",
            help=f"Come back from {OPENS_MINUTES} minutes before the session on.",
            extra={"opens": session.opens},
        )
    if now >= session.ends:
        raise Conflict(
            "The time of this session is over.", help="Book another time. The counselor records who was absent."
        )


def attest_place(session: Session, place: Place, city: Sealed | None, now: Instant) -> PlaceAttested:
    """The client says where they are. They may say it again until the session starts."""
    ensure_open(session, now)
    return PlaceAttested(session=session.session, client=session.client, jurisdiction=place, city=city)


def awaits_phrase(session: Session, now: Instant) -> bool:
    """Whether the client has still to say their phrase; once it was right, that stands. Raises ``Conflict`` outside of
    the session's time, and once every try was used."""
    ensure_open(session, now)
    if session.identified:
        return False
    identity_check.ensure_tries_left(session.tries)
    return True


def check_identity(session: Session, said: str, kept: str) -> IdentityChecked:
    """The client says their phrase while it is awaited (``awaits_phrase``); right or wrong, the try is recorded."""
    verdict: CheckVerdict = "matched" if identity_check.is_same(said, kept) else "not_matched"
    return IdentityChecked(
        session=session.session, client=session.client, method="phrase", verdict=verdict, tries=session.tries + 1
    )


def confirm_readiness(session: Session, role: Party, items: tuple[str, ...], now: Instant) -> ReadinessConfirmed:
    """One side says that it is ready."""
    ensure_open(session, now)
    confirmed = readiness.check(role, items)
    return ReadinessConfirmed(session=session.session, client=session.client, role=role, items=confirmed)


def cancel(session: Session, by: By, reason: str, words: Notes | None, now: Instant) -> SessionCancelled:
    """Either side, or the clinic, takes the session back before its time."""
    ensure_not_begun(session)
    if now >= session.start:
        raise Conflict("The time of this session has begun.", help=_ONCE_BEGUN[by])
    code = _one_of(reason, CANCEL_REASONS, "/reason")
    return SessionCancelled(session=session.session, client=session.client, by=by, reason=code, words=words)


def cancelled_by_erasure(session: Session) -> SessionCancelled:
    """Who asked to be erased takes every session back that has not begun, whenever that is carried out."""
    ensure_not_begun(session)
    return SessionCancelled(
        session=session.session, client=session.client, by="client", reason=Code("erasure"), words=None
    )


def miss(session: Session, absent: Absent, words: Notes | None, now: Instant) -> SessionMissed:
    """The session did not take place although its time began; who was absent is recorded, without a fee or blame."""
    ensure_not_begun(session)
    if now < session.start:
        raise Conflict("The session has not begun yet.", help="Wait for its time, or cancel it.")
    return SessionMissed(session=session.session, client=session.client, absent=absent, words=words)


def end(session: Session, outcome: Outcome, reason: str, summary: Notes | None, now: Instant) -> SessionEnded:
    """The session ends with exactly one outcome; its minutes are those of real time, begun ones counted."""
    if session.stage != "started" or session.started_at is None:
        why = _WHY_OVER.get(session.stage, "This session has not started.")
        raise Conflict(why, help="Only a running session can be ended.")
    seconds = (moment(now) - moment(session.started_at)).total_seconds()
    return SessionEnded(
        session=session.session,
        client=session.client,
        outcome=outcome,
        minutes=max(0, -int(-seconds // 60)),
        reason=_one_of(reason, END_REASONS, "/reason"),
        summary=summary,
    )


def ensure_note_fits(session: Session) -> None:
    """Raises ``Conflict`` where there was no contact of which a note could be written."""
    if session.stage not in ("started", "ended", "missed"):
        raise Conflict("There is nothing to note yet.", help="Write the note once the session has started.")


def booked(event: SessionBooked) -> Session:
    """The session that a booking makes."""
    return Session(
        session=event.session,
        reference=event.reference,
        clinic=event.clinic,
        client=event.client,
        counselor=event.counselor,
        start=event.start,
        minutes=event.minutes,
        modality=event.modality,
        place=event.jurisdiction,
        verdict=event.decision.verdict,
    )


def _one_of(value: str, allowed: tuple[str, ...], pointer: str) -> Code:
    if value not in allowed:
        detail = f"Choose one of: {', '.join(allowed)}."
        raise Invalid("This reason is not one of ours.", help=detail, errors=(FieldError(pointer, detail),))
    return Code(value)
