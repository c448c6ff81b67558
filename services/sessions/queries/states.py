"""The states of the domain, from their streams."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import select

from services.kernel.errors import NotFound
from services.kernel.events import Entry
from services.kernel.fields import Place
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.domain import client as people
from services.sessions.domain import hours, session
from services.sessions.domain.client import Client
from services.sessions.domain.hours import Hours
from services.sessions.domain.session import Session
from services.sessions.queries.helplines import help_lines
from services.sessions.readmodels.tables import clients, erasure_orders, joined

S = TypeVar("S")


def load_client(work: Work, client: str) -> Client | None:
    """What the clinic knows of a client; None before the intake."""
    return _fold(work, streams.client(client), people.evolve)


def enrolled_client(work: Work, client: str) -> Client:
    """As ``load_client``, also of somebody who has left; raises ``Conflict`` before the intake."""
    return people.ensure_enrolled(load_client(work, client))


def need_client(work: Work, client: str) -> Client:
    """A client who is here: as ``enrolled_client``; raises ``Left`` for who has left, or is about to."""
    ensure_here(work, client)
    return enrolled_client(work, client)


def ensure_here(work: Work, client: str) -> None:
    """Raises ``Left`` once a client's erasure was ordered: from then on there is no way back. It names the lines of
    help where the client lives, if that is known."""
    ordered = joined.outerjoin(erasure_orders, erasure_orders.c.client == joined.c.client)
    known = ordered.outerjoin(clients, clients.c.client == joined.c.client)
    gone = joined.c.left.is_not(None) | erasure_orders.c.erasure.is_not(None)
    found = work.query(select(clients.c.place).select_from(known).where(joined.c.client == client, gone).limit(1))
    if found:
        place = found[0]["place"]
        raise people.Left(
            "Your erasure from this clinic was ordered; you are no longer its client.",
            help="To be counselled here again, register with the clinic anew. Help is always open: see the help page.",
            extra={"help_lines": help_lines(Place(place), work.now)} if place else {},
        )


def load_hours(work: Work, counselor: str) -> Hours | None:
    """A counselor's hours; None where they set none."""
    return _fold(work, streams.availability(counselor), hours.evolve)


def need_session(work: Work, session_id: str) -> Session:
    """A session. Raises ``NotFound``."""
    found = _fold(work, streams.session(session_id), session.evolve)
    if found is None:
        raise NotFound("There is no session by this id.", help="Check the address, or look it up in the list.")
    return found


def _fold(work: Work, stream: str, evolve: Callable[[S | None, Entry[Any]], S | None]) -> S | None:
    state: S | None = None
    for entry in work.entries(stream):
        state = evolve(state, entry)
    return state
