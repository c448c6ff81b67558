"""Judging coming sessions again, because what the law says, who counsels for a clinic, or what is known of one of the
two has changed."""

from collections.abc import Iterable

from services.contracts.sessions import SessionJudgedAgain
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.commands.notices import tell_both
from services.sessions.domain.session import Session
from services.sessions.queries.coming import place_of
from services.sessions.queries.judging import NO_NEWS, News, birth_date_of, case_of
from services.sessions.queries.states import enrolled_client, need_session


def judge_again(work: Work, session_ids: Iterable[str], news: News = NO_NEWS) -> None:
    """Judge each of these sessions by what is known now; where the verdict differs, record it and tell both."""
    for session_id in session_ids:
        found = need_session(work, session_id)
        if found.stage == "booked":
            _one(work, found, news)


def _one(work: Work, found: Session, news: News) -> None:
    client = news.client or enrolled_client(work, found.client)
    case = case_of(
        work,
        client,
        found.counselor,
        place_of(found, client),
        found.modality,
        "booking",
        birth_date=news.birth_date or birth_date_of(work, client),
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
