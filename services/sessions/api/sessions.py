"""Booking, listing, reading and cancelling sessions."""

from typing import Any

from flask import Response
from marshmallow import post_load

from services.contracts.sessions import By
from services.kernel.fields import PersonId
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.etag import VERSIONED, if_match
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer
from services.kernel.http.paging import Page, PageQuery, PageRequest, paged
from services.kernel.http.policy import Target, authorise, caller, operation
from services.kernel.http.serving import acting
from services.sessions.api.common import (
    acts_as_client,
    also_client,
    authorise_client,
    authorise_session,
    created,
    fresh,
    here,
    keyed_once,
    session_answer,
    who_of,
)
from services.sessions.api.schemas import BookSchema, CancelSchema, SessionsAnswer, SessionSchema, an_id, choice
from services.sessions.commands.booking import Book, book, cancel
from services.sessions.domain.booking import Wish
from services.sessions.queries.sessions import list_sessions

sessions = Blueprint("sessions", __name__, url_prefix="/sessions", description="Sessions, from booking on")

STAGES = ("booked", "cancelled", "missed", "started", "ended")


class _Query(PageQuery):
    """Whose sessions: a client's, a clinic's, or else those of the counselor who asks."""

    client = an_id(load_default=None)
    clinic = an_id(load_default=None)
    stage = choice(STAGES, load_default=None)

    @post_load
    def _page(self, data: dict[str, Any], **_: Any) -> Any:
        return data | {"page": PageRequest(data.pop("limit"), data.pop("cursor"))}


@sessions.route("", methods=["POST"])
@operation("book-session")
@sessions.doc(**KEYED)
@sessions.arguments(BookSchema)
@sessions.response(201, CreatedSchema)
def book_session(body: dict[str, Any]) -> Response:
    """Book a time. 409 time-taken names the next free ones; 409 booking-refused names every reason. Either says what to
    do next, and who helps where the client is."""
    context, client = here(), authorise_client(body["client"])
    wish = Wish(PersonId(body["counselor"]), body["start"], body["modality"])
    order = Book(PersonId(client), wish, context.tzdata, fresh(), also_client(client))
    return answer(book(context.service, acting(client), keyed_once(client), created("sessions"), order))


@sessions.route("", methods=["GET"])
@operation("list-sessions")
@sessions.arguments(_Query, location="query")
@sessions.response(200, SessionsAnswer)
def list_all(query: dict[str, Any]) -> Any:
    """Sessions by their start: of this client, of this clinic (operators), or one's own as a counselor."""
    service, client, clinic = here().service, query["client"], query["clinic"]
    if client is not None:
        found = list_sessions(service, query["page"], client=authorise_client(client), stage=query["stage"])
    elif clinic is not None:
        authorise(Target(clinic=clinic))
        found = list_sessions(service, query["page"], clinics=[clinic], stage=query["stage"])
    else:
        found = _own_as_counselor(query)
    return paged(found)


@sessions.route("/<string:session>", methods=["GET"])
@operation("read-session")
@sessions.response(200, SessionSchema)
def read_session(session: str) -> Any:
    """A session, with its version as ETag."""
    authorise_session(session)
    return session_answer(session)


@sessions.route("/<string:session>/cancellation", methods=["POST"])
@operation("cancel-session")
@sessions.doc(**VERSIONED)
@sessions.arguments(CancelSchema)
@sessions.response(200, SessionSchema)
def cancel_session(body: dict[str, Any], session: str) -> Any:
    """Take a session back before its time; both are told, and the time is free again."""
    row = authorise_session(session)
    by: By = "operator"
    if acts_as_client(row):
        by = "client"
    elif caller().account == row["counselor"]:
        by = "counselor"
    order = (session, by, body["reason"], body["words"])
    here().service.do(who_of(row), cancel, *order, expected=if_match())
    return session_answer(session)


def _own_as_counselor(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """The sessions of the counselor who asks, in the clinics in which they are one."""
    clinics = caller().clinics_with("counselor")
    account = caller().account
    authorise(Target(clinic=clinics[0] if clinics else None, account=account))
    return list_sessions(here().service, query["page"], counselor=account, clinics=clinics, stage=query["stage"])
