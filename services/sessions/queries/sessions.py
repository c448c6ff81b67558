"""Sessions as lists and pages show them: ids, times and codes, never a word of the client."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_, select

from services.kernel.errors import NotFound
from services.kernel.http.paging import Page, PageRequest, encode_cursor
from services.kernel.service import Service
from services.kernel.time import Instant, local_date, plus, start_of_day
from services.sessions.domain.session import OPENS_MINUTES
from services.sessions.queries.names import names_of
from services.sessions.readmodels.tables import joined, sessions


def session_row(service: Service, session: str) -> RowMapping:
    """A session's row. Raises ``NotFound``."""
    found = service.query(select(sessions).where(sessions.c.session == session))
    if not found:
        raise NotFound("There is no session by this id.", help="Check the address, or look it up in the list.")
    return found[0]


def count_today(service: Service) -> int:
    """How many sessions, not cancelled, begin on this day of UTC."""
    day = start_of_day(local_date(service.clock(), "UTC"), "UTC")
    today = (sessions.c.start >= day, sessions.c.start < plus(day, days=1), sessions.c.stage != "cancelled")
    found: int = service.query(select(func.count().label("count")).where(*today))[0]["count"]
    return found


def session_view(service: Service, session: str) -> tuple[dict[str, Any], int]:
    """A session, and its version."""
    found = service.query(_named().where(sessions.c.session == session))
    return _view(service, found)[0], found[0]["version"]


def list_sessions(
    service: Service,
    page: PageRequest,
    *,
    client: str | None = None,
    counselor: str | None = None,
    clinics: Sequence[str] | None = None,
    stage: str | None = None,
) -> Page[dict[str, Any]]:
    """Sessions by their start: of a client, of a counselor (in these clinics), or of a clinic."""
    where: list[ColumnElement[bool]] = []
    for column, value in (("client", client), ("counselor", counselor), ("stage", stage)):
        if value is not None:
            where.append(sessions.c[column] == value)
    if clinics is not None:
        where.append(sessions.c.clinic.in_(clinics))
    after = page.after(start=str, session=str)
    if after is not None:
        same = and_(sessions.c.start == after["start"], sessions.c.session > after["session"])
        where.append(or_(sessions.c.start > after["start"], same))
    ordered = _named().where(*where).order_by(sessions.c.start, sessions.c.session).limit(page.limit + 1)
    rows = service.query(ordered)
    shown, more = rows[: page.limit], len(rows) > page.limit
    cursor = encode_cursor(start=shown[-1]["start"], session=shown[-1]["session"]) if more else None
    return Page(tuple(_view(service, shown)), cursor)


def sessions_of_pair(service: Service, counselor: str, client: str) -> list[dict[str, Any]]:
    """All sessions of a counselor with a client."""
    where = (sessions.c.counselor == counselor, sessions.c.client == client)
    return _view(service, service.query(_named().where(*where).order_by(sessions.c.start)))


def has_session_with(service: Service, counselor: str, client: str) -> bool:
    """Whether this counselor has, or had, a session with this client that was not cancelled."""
    where = (sessions.c.counselor == counselor, sessions.c.client == client, sessions.c.stage != "cancelled")
    return bool(service.query(select(sessions.c.session).where(*where).limit(1)))


def _named() -> Select[Any]:
    reference = joined.c.reference.label("client_reference")
    return select(sessions, reference).outerjoin(joined, joined.c.client == sessions.c.client)


def _view(service: Service, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    names = names_of(service, {row["counselor"] for row in rows})
    return [
        {
            **row,
            "client_reference": row["client_reference"] or "",
            "counselor_name": names.get(row["counselor"], ""),
            "opens": plus(Instant(row["start"]), minutes=-OPENS_MINUTES),
            "place_attested": row["attested"],
            "decision": json.loads(row["decision"]),
        }
        for row in rows
    ]
