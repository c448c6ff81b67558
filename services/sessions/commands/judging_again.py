"""Judging coming sessions again, because what the law says, or who counsels for a clinic, has changed."""

from collections.abc import Iterable

from sqlalchemy import select

from services.contracts.sessions import SessionJudgedAgain
from services.kernel.fields import Place
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.commands.notices import tell_both
from services.sessions.domain.session import Session
from services.sessions.queries.judging import News, birth_date_of, case_of
from services.sessions.queries.states import need_client, need_session
from services.sessions.readmodels.tables import sessions


def judge_again(work: Work, session_ids: Iterable[str], news: News) -> None:
    """Judge each of these sessions by what is known now; where the verdict differs, record it and tell both."""
    for session_id in session_ids:
        found = need_session(work, session_id)
        if found.stage == "booked":
            _one(work, found, news)


def coming(
    work: Work, *, counselor: str | None = None, clinic: str | None = None, place: Place | None = None
) -> list[str]:
    """The ids of booked sessions that are still to come: of a counselor, of a clinic, in a place or a part of it."""
    where = [sessions.c.stage == "booked", sessions.c.ends > work.now]
    if counselor is not None:
        where.append(sessions.c.counselor == counselor)
    if clinic is not None:
        where.append(sessions.c.clinic == clinic)
    if place is not None:
        where.append((sessions.c.place == place) | sessions.c.place.startswith(f"{place}-", autoescape=True))
    return [row["session"] for row in work.query(select(sessions.c.session).where(*where).order_by(sessions.c.start))]


def _one(work: Work, found: Session, news: News) -> None:
    client = need_client(work, found.client)
    case = case_of(
        work,
        client,
        found.counselor,
        found.place,
        found.modality,
        "booking",
        birth_date=birth_date_of(work, client),
        session=found.session,
        news=news,
    )
    decision = case.at(found.start)
    if decision.verdict == found.verdict:
        return
    again = SessionJudgedAgain(
        session=found.session, client=found.client, counselor=found.counselor, decision=decision.ref()
    )
    work.append(streams.session(found.session), again, clinic=found.clinic)
    tell_both(work, found, "session_changed")
