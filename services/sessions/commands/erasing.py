"""An erasure was ordered: look whether the words must be kept; else destroy their keys; and answer, once."""

from collections.abc import Iterable

from sqlalchemy import select

from services.contracts.common import ErasureAnswer, ErasureAnswerKind
from services.contracts.identity import ErasureOrdered
from services.contracts.sessions import SessionsErasureAnswered
from services.kernel.errors import Unavailable
from services.kernel.fields import Code, Place
from services.kernel.store.tables import data_keys, sealed_values
from services.kernel.time import Instant, Zone
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.commands.notices import tell
from services.sessions.domain import retention, session
from services.sessions.domain.client import Client
from services.sessions.domain.retention import Floor, Kept
from services.sessions.queries.counselors import clinic_row, parked_persons, rules_of
from services.sessions.queries.judging import birth_date_of
from services.sessions.queries.states import load_client, need_session
from services.sessions.readmodels.tables import holds, sessions


def answer_erasure(work: Work, order: ErasureOrdered) -> None:
    """Answer an order: nothing held, kept until when and why, or erased.

    The keys are destroyed before the answer is appended; a second run finds the fence and answers the same.
    """
    stream = streams.erasure(order.erasure)
    if work.entries(stream):
        return
    if work.now < order.not_before:
        raise Unavailable("This erasure is not due yet.", help="It is carried out when it is.", retry_after=15)
    client = load_client(work, order.client)
    kept = _kept(work, client) if client is not None else None
    if client is None:
        answer = _answer(order, "nothing_held", 0)
    elif kept is not None:
        answer = _answer(order, "kept", _held_values(work, order.client), kept)
    else:
        _cancel_coming(work, order.client)
        answer = _answer(order, "erased", work.backend.erase(order.client, order.erasure, work.now))
    work.append(stream, SessionsErasureAnswered(answer=answer), clinic=order.clinic)


def _kept(work: Work, client: Client) -> Kept | None:
    contacts = list(_contacts(work, client))
    clinic = clinic_row(work, client.clinic)
    if clinic is None:
        raise Unavailable("The settings of this clinic are not known yet.", help="They are on their way.")
    places = [client.place, Place(clinic["jurisdiction"]), *(place for _, place in contacts)]
    floor = Floor(clinic["retention_floor_years"], Zone(clinic["zone"]))
    last = max((start for start, _ in contacts), default=None)
    rules = rules_of(work, places)
    return retention.keep(_is_held(work, client), last, birth_date_of(work, client), rules, floor, work.now)


def _contacts(work: Work, client: Client) -> Iterable[tuple[Instant, Place]]:
    """When and where this client was counselled."""
    held = (sessions.c.client == client.client, sessions.c.stage.in_(("started", "ended", "missed")))
    for row in work.query(select(sessions.c.start, sessions.c.place).where(*held)):
        yield Instant(row["start"]), Place(row["place"])


def _is_held(work: Work, client: Client) -> bool:
    """Whether a legal hold stands; one that could not be applied here counts as standing."""
    standing = select(holds.c.hold).where(holds.c.client == client.client, holds.c.lifted.is_(None))
    return bool(work.query(standing)) or client.client in parked_persons(work)


def _cancel_coming(work: Work, client: str) -> None:
    """Whoever is erased cannot be served: their coming sessions are cancelled, and the counselors told."""
    booked = (sessions.c.client == client, sessions.c.stage == "booked")
    for row in work.query(select(sessions.c.session).where(*booked)):
        found = need_session(work, row["session"])
        cancelled = session.cancelled_by_erasure(found)
        work.append(streams.session(found.session), cancelled, clinic=found.clinic)
        work.release_times(found.session)
        tell(work, found, found.counselor, "session_cancelled")


def _held_values(work: Work, client: str) -> int:
    joined = sealed_values.join(data_keys, data_keys.c.key_id == sealed_values.c.key_id)
    held = select(sealed_values.c.event_id).select_from(joined).where(data_keys.c.keyholder == client)
    return len(work.query(held))


def _answer(order: ErasureOrdered, kind: ErasureAnswerKind, values: int, kept: Kept | None = None) -> ErasureAnswer:
    basis: Code | None = kept.basis if kept else None
    return ErasureAnswer(order.erasure, order.client, order.clinic, kind, kept.until if kept else None, basis, values)
