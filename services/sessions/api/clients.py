"""What a client tells their clinic, and the counselors they are offered."""

from typing import Any

from flask import Response

from services.kernel.fields import PersonId
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.etag import VERSIONED, etag, if_match
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer
from services.kernel.http.policy import operation
from services.kernel.http.serving import acting
from services.sessions.api.common import (
    also_client,
    authorise_client,
    created_at,
    decision_answer,
    fresh,
    here,
    keyed_once,
    version_if_named,
)
from services.sessions.api.schemas import (
    DetailsAnswer,
    DetailsSchema,
    FallbackSchema,
    IntakeSchema,
    OffersAnswer,
    OffersQuery,
)
from services.sessions.commands.clients import Change, Intake, agree_fallback, change_details, do_intake
from services.sessions.domain.offer import Offer
from services.sessions.queries.counselors import Counselor
from services.sessions.queries.helplines import help_lines
from services.sessions.queries.offers import Seeker, offers_for
from services.sessions.queries.records import client_row, own_details
from services.sessions.queries.states import load_hours, need_client
from services.sessions.words import NEXT_STEP, NOT_OFFERED

clients = Blueprint("clients", __name__, url_prefix="/clients/<string:client>", description="A client and their clinic")


@clients.route("/intake", methods=["POST"])
@operation("do-intake")
@clients.doc(**KEYED)
@clients.arguments(IntakeSchema)
@clients.response(201, CreatedSchema)
def intake(body: dict[str, Any], client: str) -> Response:
    """The intake: how to call, birth date, place, zone, language, emergency contact, a phrase that proves who it is."""
    who = acting(authorise_client(client))
    order = Intake(PersonId(client), body.pop("jurisdiction"), body)
    made = created_at(f"clients/{client}/details")
    return answer(here().service.do_once(who, keyed_once(client), made, do_intake, order))


@clients.route("/details", methods=["GET"])
@operation("read-own-details")
@clients.response(200, DetailsAnswer)
def read_details(client: str) -> Any:
    """What the clinic knows of the client, as they told it. The phrase is compared, never shown."""
    details, version = own_details(here().service, authorise_client(client), [client])
    return details, {"ETag": etag(version)}


@clients.route("/details", methods=["PUT"])
@operation("change-details")
@clients.doc(**VERSIONED)
@clients.arguments(DetailsSchema)
@clients.response(204)
def change(body: dict[str, Any], client: str) -> Any:
    """Correct or add details; what is left out stays."""
    who = acting(authorise_client(client))
    order = Change(PersonId(client), body.pop("jurisdiction", None), body)
    here().service.do(who, change_details, order, expected=if_match())
    return _changed(client)


@clients.route("/fallback", methods=["PUT"])
@operation("agree-fallback")
@clients.arguments(FallbackSchema)
@clients.response(204)
def fallback(body: dict[str, Any], client: str) -> Any:
    """Agree on the other way for when technology fails."""
    who = acting(authorise_client(client))
    order = (PersonId(client), body["modality"], body["number"])
    here().service.do(who, agree_fallback, *order, expected=version_if_named())
    return _changed(client)


@clients.route("/offers", methods=["GET"])
@operation("list-offers")
@clients.arguments(OffersQuery, location="query")
@clients.response(200, OffersAnswer)
def offers(query: dict[str, Any], client: str) -> Any:
    """Who may serve this client and when; for the others, one of four coarse reasons and what to do next. While news of
    the law is old nobody is offered (`law_not_heard`). Fourteen days unless named. Help where the client is, whatever
    is offered."""
    service = here().service
    work = service.work(acting(authorise_client(client)))
    known = need_client(work, client)
    ref = known.ref("birth_date")
    birth_date = service.reader.own(client, [client], [ref]).text(*ref) if ref else None
    seeker = Seeker(known, birth_date, fresh(), also_client(client))
    found = offers_for(work, seeker, query["modality"], query["since"], query["until"])

    def offered(counselor: Counselor, offer: Offer) -> dict[str, Any]:
        hours = load_hours(work, counselor.account)
        return _named(counselor) | {
            "languages": list(counselor.languages),
            "next_times": list(offer.times),
            "minutes": hours.minutes if hours else None,
            "decision": decision_answer(offer.decision),
        }

    return {
        "offered": [offered(counselor, offer) for counselor, offer in found.offered],
        "not_offered": [
            _named(counselor)
            | {"reason": reason, "sentence": NOT_OFFERED[reason]["en"], "next_step": NEXT_STEP[reason]["en"]}
            for counselor, reason in found.not_offered
        ],
        "help_lines": help_lines(known.place, work.now),
    }


def _named(counselor: Counselor) -> dict[str, Any]:
    return {"counselor": counselor.account, "name": counselor.name}


def _changed(client: str) -> tuple[str, dict[str, str]]:
    return "", {"ETag": etag(client_row(here().service, client)["version"])}
