"""Sessions that are still to come, and where their clients are likely to be; and sessions that run."""

from sqlalchemy import ColumnElement, and_, case, select

from services.kernel.fields import Place
from services.kernel.time import Instant, plus
from services.kernel.work import Work
from services.sessions.domain.client import Client
from services.sessions.domain.gate import OVERRUN_MINUTES
from services.sessions.domain.session import Session
from services.sessions.readmodels.tables import clients, sessions


def coming(
    work: Work,
    *,
    counselor: str | None = None,
    client: str | None = None,
    clinic: str | None = None,
    place: Place | None = None,
) -> list[str]:
    """The ids of booked sessions whose time is not over: of a counselor, of a client, of a clinic, in a place or a part
    of it."""
    where = [sessions.c.stage == "booked", sessions.c.ends > work.now]
    for column, wanted in ((sessions.c.counselor, counselor), (sessions.c.client, client), (sessions.c.clinic, clinic)):
        if wanted is not None:
            where.append(column == wanted)
    if place is not None:
        where.append((_whereabouts == place) | _whereabouts.startswith(f"{place}-", autoescape=True))
    both = sessions.join(clients, clients.c.client == sessions.c.client)
    found = select(sessions.c.session).select_from(both).where(*where).order_by(sessions.c.start)
    return [row["session"] for row in work.query(found)]


def lately_booked(work: Work, minutes: int) -> list[str]:
    """The ids of coming sessions that were booked in the last so many minutes."""
    lately = (sessions.c.booked_at >= plus(work.now, minutes=-minutes), sessions.c.ends > work.now)
    found = select(sessions.c.session).where(*lately, sessions.c.stage == "booked")
    return [row["session"] for row in work.query(found)]


def is_running(now: Instant) -> ColumnElement[bool]:
    """Of a session: that it started and was not ended, and may still be believed to run."""
    return and_(sessions.c.stage == "started", sessions.c.ends > plus(now, minutes=-OVERRUN_MINUTES))


def place_of(session: Session, client: Client) -> Place:
    """Where the client of a coming session will be, as far as is known: where they attested to be, else where they
    live now, which need not be where they lived when they booked."""
    return session.place if session.attested else client.place


_whereabouts: ColumnElement[str] = case((sessions.c.attested, sessions.c.place), else_=clients.c.place)
