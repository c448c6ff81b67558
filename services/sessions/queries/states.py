"""The states of the domain, from their streams."""

from collections.abc import Callable
from typing import Any, TypeVar

from services.kernel.errors import NotFound
from services.kernel.events import Entry
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.domain import client as clients
from services.sessions.domain import hours, session
from services.sessions.domain.client import Client
from services.sessions.domain.hours import Hours
from services.sessions.domain.session import Session

S = TypeVar("S")


def load_client(work: Work, client: str) -> Client | None:
    """What the clinic knows of a client; None before the intake."""
    return _fold(work, streams.client(client), clients.evolve)


def need_client(work: Work, client: str) -> Client:
    """As ``load_client``; raises ``Conflict`` before the intake."""
    return clients.ensure_enrolled(load_client(work, client))


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
