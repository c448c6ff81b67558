"""From a quarter of an hour before a session until it is over: place, phrase, readiness, start, note, end, absence."""

from dataclasses import dataclass

from services.contracts.sessions import (
    Absent,
    EmergencyPlanSet,
    NoteSigned,
    Party,
    SessionStarted,
    StartRefused,
)
from services.contracts.vocabulary import Outcome
from services.kernel.errors import Conflict, Erased, FieldError, Invalid, Problem, Unavailable
from services.kernel.fields import Id, PersonId, Place, seal
from services.kernel.service import Service
from services.kernel.store.write import NameTaken
from services.kernel.work import Who, Work
from services.sessions import streams
from services.sessions.domain import note, session, way
from services.sessions.domain.client import Client, Ref
from services.sessions.domain.gate import Gate
from services.sessions.domain.session import Session
from services.sessions.queries.gates import gate_of
from services.sessions.queries.judging import Case
from services.sessions.queries.states import need_client, need_session

TRIES = 5  # a start that raced with another of the same people is decided anew


@dataclass(frozen=True, slots=True)
class AttestPlace:
    """Where the client is. ``emergency_contact``: whom to call there, where that is somebody else than before."""

    session: str
    jurisdiction: Place
    city: str | None = None
    emergency_contact: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """``fresh``: whether clearances are known to be new. Then ``last_digits`` of the number that was dialled, or the
    ``link`` that was made for this session."""

    session: str
    fresh: bool
    last_digits: str | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    session: str
    outcome: Outcome
    reason: str
    summary: str | None = None


def attest_place(work: Work, order: AttestPlace) -> None:
    """The client says where they are; who is elsewhere than usual names whom to call there."""
    found = need_session(work, order.session)
    city = seal(order.city) if order.city else None
    event = session.attest_place(found, order.jurisdiction, city, work.now)
    work.append(streams.session(order.session), event, clinic=found.clinic)
    if order.emergency_contact:
        need_client(work, found.client)
        plan = EmergencyPlanSet(
            client=found.client,
            clinic=found.clinic,
            jurisdiction=order.jurisdiction,
            contact=seal(order.emergency_contact),
        )
        work.append(streams.client(found.client), plan, clinic=found.clinic)


def check_identity(work: Work, session_id: str, phrase: str) -> bool:
    """The client says their phrase; whether it matched, now or before. Each try is recorded until one was right; what
    is said after that is not compared any more, and the phrase that was kept is not opened."""
    found = need_session(work, session_id)
    client = need_client(work, found.client)
    if not session.awaits_phrase(found, work.now):
        return True
    event = session.check_identity(found, phrase, _opened(work, _phrase_of(client)))
    work.append(streams.session(session_id), event, clinic=found.clinic)
    return event.verdict == "matched"


def confirm_readiness(work: Work, session_id: str, role: Party, items: tuple[str, ...]) -> None:
    """One side confirms its items."""
    found = need_session(work, session_id)
    event = session.confirm_readiness(found, role, items, work.now)
    work.append(streams.session(session_id), event, clinic=found.clinic)


def start(service: Service, who: Who, order: Start) -> Gate:
    """Start the session if the gate is open. The gate is the answer either way; a refusal is recorded, with every
    item's verdict and reasons."""
    for _ in range(TRIES):
        try:
            return service.do(who, _start, order)
        except NameTaken:
            continue  # another session of the two started at this moment, so the gate is asked again
    raise Conflict("Too many sessions start at once.", help="Try again shortly.")


def _start(work: Work, order: Start) -> Gate:
    found = need_session(work, order.session)
    session.ensure_not_begun(found)
    gate, case, client = gate_of(work, found, fresh=order.fresh)
    stream = streams.session(order.session)
    if gate.is_open:
        work.append(stream, _started(work, found, client, gate, case, order), clinic=found.clinic)
        _guard_start(work, case, found)
    else:
        work.append(stream, _refused(found, gate, case), clinic=found.clinic)
    return gate


def sign_note(work: Work, session_id: str, author: PersonId, text: str) -> Id:
    """The counselor signs a note; it is never changed again."""
    found = need_session(work, session_id)
    session.ensure_note_fits(found)
    signed = NoteSigned(
        note=work.new_id(),
        session=found.session,
        client=found.client,
        author=author,
        length=note.length_bucket(text),
        text=seal(text),
    )
    work.append(streams.session(session_id), signed, clinic=found.clinic)
    return signed.note


def end(work: Work, order: End) -> None:
    """The session ends with exactly one outcome."""
    found = need_session(work, order.session)
    summary = seal(order.summary) if order.summary else None
    event = session.end(found, order.outcome, order.reason, summary, work.now)
    work.append(streams.session(order.session), event, clinic=found.clinic)


def record_absence(work: Work, session_id: str, absent: Absent, words: str | None) -> None:
    """The session did not take place; who was absent is recorded, and what is left of the time is free again."""
    found = need_session(work, session_id)
    event = session.miss(found, absent, seal(words) if words else None, work.now)
    work.append(streams.session(session_id), event, clinic=found.clinic)
    work.release_times(found.session)


class GateClosed(Problem):
    """A session may not start; ``extra`` explains every item."""

    status = 409
    slug = "gate-closed"
    title = "This session may not start now"


def _started(work: Work, found: Session, client: Client, gate: Gate, case: Case, order: Start) -> SessionStarted:
    if gate.decision is None:
        raise AssertionError("an open gate rests on a decision")
    used, checked = _way(work, found, client, order)
    return SessionStarted(
        session=found.session,
        client=found.client,
        counselor=found.counselor,
        items=tuple(item.kind for item in gate.items),
        verdicts=tuple(item.verdict for item in gate.items),
        decision=gate.decision.ref(),
        modality=found.modality,
        checked_digits=checked,
        way=seal(used),
        facts=case.sealed_facts,
    )


def _refused(found: Session, gate: Gate, case: Case) -> StartRefused:
    return StartRefused(
        session=found.session,
        client=found.client,
        counselor=found.counselor,
        items=tuple(item.kind for item in gate.items),
        verdicts=tuple(item.verdict for item in gate.items),
        reasons=gate.codes,
        decision=gate.decision.ref() if gate.decision else None,
        facts=case.sealed_facts,
    )


def _way(work: Work, found: Session, client: Client, order: Start) -> tuple[str, bool]:
    """The number or link that is used, and whether digits of a number were checked."""
    if found.modality == "phone":
        if order.last_digits is None:
            raise _wrong_way("This session is by phone.", "Send way.phone_last_digits.", "/way/phone_last_digits")
        number = client.phone_ref()
        return way.check_digits(_opened(work, number) if number else None, order.last_digits), True
    if order.link is None:
        raise _wrong_way("This session is by a link.", "Send way.link.", "/way/link")
    return way.check_link(order.link), False


def _wrong_way(detail: str, help: str, pointer: str) -> Invalid:
    return Invalid(detail, help=help, errors=(FieldError(pointer, help),))


def _guard_start(work: Work, case: Case, found: Session) -> None:
    """Neither may have started another session since the gate was asked: so many were ever started, and this one is the
    next."""
    began = [each for each in case.sessions if each.stage in ("started", "ended")]
    work.guard(f"starts/{found.counselor}", sum(each.counselor == found.counselor for each in began) + 1)
    work.guard(f"starts/{found.client}", sum(each.client == found.client for each in began) + 1)


def _phrase_of(client: Client) -> Ref:
    ref = client.ref("phrase")
    if ref is None:
        raise AssertionError("no intake is without a phrase")
    return ref


def _opened(work: Work, ref: Ref) -> str:
    """Words for this decision. Raises ``Erased`` for words that were erased, and ``Unavailable`` for words that are
    missing: that is an alarm, and never taken for an erasure."""
    value = work.open([ref])[ref]
    if isinstance(value, str):
        return value
    if value.value == "erased":
        raise Erased("What was kept for this was erased.", help="Call your clinic; the session cannot start.")
    raise Unavailable(
        "What was kept for this cannot be read; it was not erased.",
        help="The operator of the network is alarmed. Call your clinic; until it is mended the session cannot start.",
    )
