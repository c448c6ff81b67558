"""The gate of one session, now: its domain decision over the states as they stand."""

from sqlalchemy import or_, select

from services.contracts.sessions import Party
from services.kernel.work import Work
from services.sessions.consent import consent_items
from services.sessions.domain.client import Client
from services.sessions.domain.gate import Around, Gate, gate
from services.sessions.domain.session import Session
from services.sessions.queries.coming import is_running
from services.sessions.queries.judging import Case, birth_date_of, case_of
from services.sessions.queries.states import enrolled_client
from services.sessions.readmodels.tables import sessions


def gate_of(work: Work, session: Session, *, fresh: bool) -> tuple[Gate, Case, Client]:
    """The gate at ``work.now``, the case that its decision rests on, and the client. Shows no words.

    ``fresh``: whether what licensing told is young enough to start by.
    """
    client = enrolled_client(work, session.client)
    case = case_of(
        work,
        client,
        session.counselor,
        session.place,
        session.modality,
        "starting",
        birth_date=birth_date_of(work, client),
        session=session.session,
    )
    around = Around(fresh, _in_session(work, session))
    return gate(session, client, consent_items(), case.at(work.now), around, work.now), case, client


def _in_session(work: Work, session: Session) -> tuple[Party, ...]:
    """Who of the two is in another session: the counselor in whichever clinic, the client in this one. In another
    clinic the same human is a client by another id, and nothing here ties the two."""
    two: dict[Party, str] = {"client": session.client, "counselor": session.counselor}
    running = select(sessions.c.client, sessions.c.counselor).where(
        is_running(work.now),
        sessions.c.session != session.session,
        or_(*(sessions.c[role] == person for role, person in two.items())),
    )
    rows = work.query(running)
    return tuple(role for role, person in two.items() if any(row[role] == person for row in rows))
