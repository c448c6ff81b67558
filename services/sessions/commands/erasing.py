"""An erasure was ordered: look whether the words must be kept; else destroy their keys; and answer. Once the time is
over for which they had to be kept, look again.

Keys go behind a fence that stays, then the answer is appended; a crash in between finds the fence and answers the same.
So everything that could still add to the record is over before anybody looks at it: the coming sessions are cancelled
in a transaction of their own, and while the client is in a session nothing is carried out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from services.contracts.common import ErasureAnswer
from services.contracts.practice import PlaceRules
from services.contracts.sessions import SessionsErasureAnswered
from services.kernel.errors import Unavailable
from services.kernel.fields import ClinicId, Id, PersonId, Place
from services.kernel.store.tables import data_keys, fences, sealed_values
from services.kernel.time import Instant, Zone, plus
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.commands.notices import tell
from services.sessions.domain import retention, session
from services.sessions.domain.client import Client
from services.sessions.domain.retention import Floor, Kept
from services.sessions.queries.coming import coming, is_running
from services.sessions.queries.counselors import clinic_row, has_parked_rules, parked_persons, rules_of
from services.sessions.queries.judging import birth_date_of
from services.sessions.queries.states import load_client, need_session
from services.sessions.readmodels.tables import erasures_due, holds, sessions

LOOK_AGAIN_MINUTES = 60  # at what is kept without a known end

_PARKED = "The erasure waits. See what is set aside with amanah parked list, and replay it once it can be applied."


@dataclass(frozen=True, slots=True)
class Order:
    """Identity's order to erase a client of a clinic."""

    erasure: Id
    client: PersonId
    clinic: ClinicId


def cancel_coming(work: Work, client: str) -> None:
    """Whoever leaves cannot be served: their coming sessions are cancelled, and the counselors told."""
    for session_id in coming(work, client=client):
        found = need_session(work, session_id)
        if found.stage != "booked":
            continue
        cancelled = session.cancelled_by_erasure(found)
        work.append(streams.session(found.session), cancelled, clinic=found.clinic)
        work.release_times(found.session)
        tell(work, found, found.counselor, "session_cancelled")


def answer_erasure(work: Work, order: Order) -> None:
    """Answer an order: nothing held, kept until when and why, or erased. Not yet while the client is in a session, or
    has one to come: cancel those first."""
    stream = streams.erasure(order.erasure)
    told = [entry.data for entry in work.entries(stream)]
    if told and told[-1].answer.kind != "kept":
        work.rows.delete(erasures_due, erasure=order.erasure)
        return
    values = _fenced(work, order.client)
    if values is None:
        if coming(work, client=order.client) or _is_in_session(work, order.client):
            return
        kept = _kept(work, order)
        if kept is not None:
            answer = _answered(order, _held_values(work, order.client), kept)
            if answer not in told[-1:]:
                work.append(stream, answer, clinic=order.clinic)
            again = kept.until or plus(work.now, minutes=LOOK_AGAIN_MINUTES)
            work.rows.update(erasures_due, {"erasure": order.erasure}, at=again)
            return
        values = work.backend.erase(order.client, order.erasure, work.now)
    work.append(stream, _answered(order, values), clinic=order.clinic)
    work.rows.delete(erasures_due, erasure=order.erasure)


def _fenced(work: Work, client: str) -> int | None:
    """How many values went when this client's fence was put up; None: there is no fence."""
    found = work.query(select(fences.c.sealed_values).where(fences.c.keyholder == client))
    return found[0]["sealed_values"] if found else None


def _is_in_session(work: Work, client: str) -> bool:
    """Whether a session of theirs runs: its emergency plan must not go, and its record is only being made."""
    return bool(work.query(select(sessions.c.session).where(sessions.c.client == client, is_running(work.now))))


def _kept(work: Work, order: Order) -> Kept | None:
    client = load_client(work, order.client)
    if client is None:
        return None
    contacts = list(_contacts(work, client))
    clinic = clinic_row(work, client.clinic)
    if clinic is None:
        raise Unavailable("The settings of this clinic are not known yet.", help="They are on their way.")
    places = [client.place, Place(clinic["jurisdiction"]), *(place for _, place in contacts)]
    floor = Floor(clinic["retention_floor_years"], Zone(clinic["zone"]))
    last = max((start for start, _ in contacts), default=None)
    rules = _rules(work, places)
    return retention.keep(_is_held(work, client), last, birth_date_of(work, client), rules, floor, work.now)


def _rules(work: Work, places: Sequence[Place]) -> tuple[PlaceRules, ...]:
    """The rules of these places. Newer ones that could not be applied might keep the words for longer."""
    if any(has_parked_rules(work, place) for place in places):
        raise Unavailable("Newer rules of this place could not be applied.", help=_PARKED)
    return rules_of(work, places)


def _contacts(work: Work, client: Client) -> Iterable[tuple[Instant, Place]]:
    """When and where this client was counselled."""
    held = (sessions.c.client == client.client, sessions.c.stage.in_(("started", "ended", "missed")))
    for row in work.query(select(sessions.c.start, sessions.c.place).where(*held)):
        yield Instant(row["start"]), Place(row["place"])


def _is_held(work: Work, client: Client) -> bool:
    """Whether a legal hold stands; one that could not be applied here counts as standing for whom it names. Where
    nobody can tell whom an event is about, nothing is said of anybody: their erasure waits."""
    standing = select(holds.c.hold).where(holds.c.client == client.client, holds.c.lifted.is_(None))
    closed = parked_persons(work)
    if work.query(standing) or client.client in closed.persons:
        return True
    if closed.everybody:
        raise Unavailable("An event that cannot be read may be a legal hold of this client.", help=_PARKED)
    return False


def _held_values(work: Work, client: str) -> int:
    joined = sealed_values.join(data_keys, data_keys.c.key_id == sealed_values.c.key_id)
    held = select(sealed_values.c.event_id).select_from(joined).where(data_keys.c.keyholder == client)
    return len(work.query(held))


def _answered(order: Order, values: int, kept: Kept | None = None) -> SessionsErasureAnswered:
    answer = ErasureAnswer(
        erasure=order.erasure,
        client=order.client,
        clinic=order.clinic,
        kind="kept" if kept else "erased" if values else "nothing_held",
        until=kept.until if kept else None,
        basis=kept.basis if kept else None,
        values=values,
    )
    return SessionsErasureAnswered(answer=answer)
