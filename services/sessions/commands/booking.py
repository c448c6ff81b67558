"""Booking and cancelling. Of two who want one time, the claim in the transaction lets one win; the other is told the
next free times. Every refusal is recorded, and answered with what to do next and the lines of help where the client is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from services.contracts.practice import Decision, coarse_reason
from services.contracts.sessions import BookingRefused, By
from services.contracts.words import COARSE_HELP
from services.kernel.errors import Conflict, NotFound, Problem
from services.kernel.fields import Code, Id, PersonId, Reference, seal
from services.kernel.ids import new_reference
from services.kernel.service import Answer, Once, Service
from services.kernel.store.write import NameTaken, TimeTaken
from services.kernel.time import Instant
from services.kernel.work import Who, Work
from services.sessions import streams
from services.sessions.commands.notices import tell_both
from services.sessions.consent import consent_items
from services.sessions.domain import booking, session
from services.sessions.domain.booking import Wish
from services.sessions.domain.client import Client
from services.sessions.domain.hours import Hours
from services.sessions.domain.session import Session
from services.sessions.queries.counselors import is_counselor_of
from services.sessions.queries.helplines import help_lines
from services.sessions.queries.judging import Case, birth_date_of, case_of
from services.sessions.queries.states import load_hours, need_client, need_session
from services.sessions.queries.times import next_free, taken_around

TRIES = 5  # a reference or a count that somebody else took first is taken anew

_HELP: dict[Code, str] = {
    booking.CONSENT_NOT_IN_FORCE: "Read and answer the consent items that missing names, then book again.",
    booking.TIME_NOT_OFFERED: "Choose one of the times that are offered.",
    booking.WAY_NOT_OFFERED: "Choose one of the ways that missing names.",
    booking.TIME_TAKEN: "Choose one of the next free times.",
    booking.LAW_NOT_HEARD: "Nothing can be booked until we have; try again in a few minutes.",
}
_DETAIL: dict[Code, str] = {
    booking.CONSENT_NOT_IN_FORCE: "Some consents that every session needs are missing.",
    booking.TIME_NOT_OFFERED: "This counselor does not offer this time.",
    booking.WAY_NOT_OFFERED: "This counselor does not meet clients in this way.",
    booking.TIME_TAKEN: "This time is taken.",
    booking.LAW_NOT_HEARD: "We have not heard for a while what the law lets counselors do.",
}
_RETRY_AFTER: dict[Code, int] = {booking.LAW_NOT_HEARD: 60}  # seconds


@dataclass(frozen=True, slots=True)
class Book:
    """A client's wish. ``tzdata``: the release of the time zones; ``fresh``: whether clearances are known to be new.

    ``also``: the client ids that the same human has in other clinics. What these have booked is looked at before, and
    no time of theirs is booked here. A claim is by one client id, though: of two bookings at one moment, as a client of
    two clinics, neither sees the other. No event and no row holds these ids beside this client.
    """

    client: PersonId
    wish: Wish
    tzdata: Code
    fresh: bool
    also: tuple[str, ...] = ()

    @property
    def client_ids(self) -> tuple[str, ...]:
        return (self.client, *self.also)


class BookingDenied(Problem):
    """A booking that was refused and recorded; ``extra`` holds the reasons and what may be done instead."""

    status = 409
    slug = "booking-refused"
    title = "This session cannot be booked"


class TimeIsTaken(BookingDenied):
    slug = "time-taken"
    title = "This time is taken"


class _Refused(Problem):
    """Carries a refusal out of the transaction that must not be, to be recorded in one of its own."""

    def __init__(self, clinic: str, event: BookingRefused, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.clinic, self.event, self.problem = clinic, event, problem


def book(service: Service, who: Who, once: Once, answer: Callable[[Id, Instant], Answer], order: Book) -> Answer:
    """Book the session, once. Raises ``BookingDenied`` or ``TimeIsTaken``, after recording the refusal."""
    for _ in range(TRIES):
        try:
            return service.do_once(who, once, answer, _book, order)
        except NameTaken:
            continue
        except TimeTaken:
            raise service.do(who, _record_taken, order) from None
        except _Refused as refused:
            stream = streams.booking(service.work(who).new_id())
            service.note(who, stream, refused.event, refused.clinic)
            raise refused.problem from None
    raise Conflict("Too many people book at once.", help="Try again shortly.")


def cancel(work: Work, session_id: str, by: By, reason: str, words: str | None) -> None:
    """Take a session back; both times are free again, and both people are told."""
    found = need_session(work, session_id)
    work.expect(streams.session(session_id))
    event = session.cancel(found, by, reason, seal(words) if words else None, work.now)
    work.append(streams.session(session_id), event, clinic=found.clinic)
    work.release_times(found.session)
    tell_both(work, found, "session_cancelled")


def _book(work: Work, order: Book) -> Id:
    wish = order.wish
    client, hours = _bookable(work, order)
    case = _case(work, client, wish)
    decision = case.at(wish.start)
    if decision.verdict != "permitted":
        _refuse_by_law(work, wish, client, case, decision)
    event = booking.booked(
        wish,
        client,
        hours,
        decision,
        case.sealed_facts,
        session=work.new_id(),
        reference=Reference(new_reference("S")),
        tzdata=order.tzdata,
    )
    work.append(streams.session(event.session), event, clinic=client.clinic)
    made = session.booked(event)
    for person in (made.counselor, made.client):
        work.claim_time(person, made.start, made.ends, made.session)
    work.claim_name(f"reference/{made.clinic}", made.reference, made.session)
    if case.counts_contacts:
        _guard_count(work, case, made)
    tell_both(work, made, "session_booked")
    return made.session


def _bookable(work: Work, order: Book) -> tuple[Client, Hours]:
    """Client and hours, where nothing stands against the wish but, perhaps, the law. Raises what does."""
    client, wish = need_client(work, order.client), order.wish
    if not is_counselor_of(work, client.clinic, wish.counselor):
        raise NotFound("There is no such counselor in this clinic.", help="Choose one of those who are offered.")
    booking.ensure_reachable(wish, client)
    hours = load_hours(work, wish.counselor)
    taken = taken_around(work, hours, order.client_ids, wish.start)
    found = booking.obstacle(wish, client, hours, taken, consent_items(), work.now, fresh=order.fresh)
    if found is not None or hours is None:
        _refuse_obstacle(work, order, client, hours, found)
    return client, hours


def _guard_count(work: Work, case: Case, made: Session) -> None:
    """Nobody may have booked with either since the contacts were counted: so many bookings were ever made, cancelled
    ones too, and this one is the next."""
    work.guard(f"contacts/{made.counselor}", sum(s.counselor == made.counselor for s in case.sessions) + 1)
    work.guard(f"contacts/{made.client}", sum(s.client == made.client for s in case.sessions) + 1)


def _case(work: Work, client: Client, wish: Wish) -> Case:
    birth_date = birth_date_of(work, client)
    return case_of(work, client, wish.counselor, client.place, wish.modality, "booking", birth_date=birth_date)


def _refuse_obstacle(
    work: Work, order: Book, client: Client, hours: Hours | None, found: booking.Obstacle | None
) -> NoReturn:
    obstacle = found or booking.Obstacle(booking.TIME_NOT_OFFERED)
    event = booking.refused(order.wish, client, (obstacle.reason,))
    raise _Refused(client.clinic, event, _in_the_way(work, order, client, hours, obstacle))


def _in_the_way(
    work: Work, order: Book, client: Client, hours: Hours | None, obstacle: booking.Obstacle
) -> BookingDenied:
    """The refusal for what stands against a wish before the law is asked, with what may be chosen instead."""
    reason = obstacle.reason
    extra: dict[str, object] = {"reasons": [reason], "help_lines": help_lines(client.place, work.now)}
    if obstacle.about:
        extra["missing"] = list(obstacle.about)
    if reason in (booking.TIME_NOT_OFFERED, booking.TIME_TAKEN):
        extra["next_free"] = _next_free(work, order, client, hours) if order.fresh else []
    kind = TimeIsTaken if reason == booking.TIME_TAKEN else BookingDenied
    return kind(_DETAIL[reason], help=_HELP[reason], extra=extra, retry_after=_RETRY_AFTER.get(reason))


def _next_free(work: Work, order: Book, client: Client, hours: Hours | None) -> list[Instant]:
    ask, wish = _case(work, client, order.wish).at, order.wish
    return list(next_free(work, hours, order.client_ids, wish.modality, wish.start, ask))


def _refuse_by_law(work: Work, wish: Wish, client: Client, case: Case, decision: Decision) -> NoReturn:
    ref = decision.ref()
    event = booking.refused(wish, client, [Code(code) for code in ref.codes], decision, case.sealed_facts)
    raise _Refused(client.clinic, event, _explained(decision, help_lines(client.place, work.now)))


def _explained(decision: Decision, lines: list[dict[str, Any]]) -> BookingDenied:
    """The refusal as the client is told: coarsely first, then every reason by its code."""
    coarse = coarse_reason(decision)
    return BookingDenied(
        "This counselor may not counsel you there, by what is known now.",
        help=f"{COARSE_HELP[coarse]['en']}." if coarse else "",
        extra={
            "verdict": decision.verdict,
            "coarse": coarse,
            "reasons": list(decision.ref().codes),
            "next_change_at": decision.next_change_at,
            "help_lines": lines,
        },
    )


def _record_taken(work: Work, order: Book) -> BookingDenied:
    """Record that somebody else was faster; the refusal to answer with."""
    client, taken = need_client(work, order.client), booking.Obstacle(booking.TIME_TAKEN)
    event = booking.refused(order.wish, client, (taken.reason,))
    work.append(streams.booking(work.new_id()), event, clinic=client.clinic)
    return _in_the_way(work, order, client, load_hours(work, order.wish.counselor), taken)
