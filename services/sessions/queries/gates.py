"""The gate of one session, now: its domain decision over the states as they stand."""

from services.kernel.work import Work
from services.sessions.consent import consent_items
from services.sessions.domain.client import Client
from services.sessions.domain.gate import Gate, gate
from services.sessions.domain.session import Session
from services.sessions.queries.judging import Case, birth_date_of, case_of
from services.sessions.queries.states import need_client


def gate_of(work: Work, session: Session) -> tuple[Gate, Case, Client]:
    """The gate at ``work.now``, the case that its decision rests on, and the client. Shows no words."""
    client = need_client(work, session.client)
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
    return gate(session, client, consent_items(), case.at(work.now), work.now), case, client
