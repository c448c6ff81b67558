"""The consent items, and a client's answers to them."""

from typing import Any

from flask import Response

from services.kernel.fields import PersonId
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer
from services.kernel.http.policy import operation
from services.kernel.http.serving import acting
from services.sessions.api.common import authorise_client, created_at, here, keyed_once
from services.sessions.api.schemas import ClinicQuery, ConsentItemsAnswer, ConsentsAnswer, GiveConsentSchema
from services.sessions.commands.clients import GiveConsent, give_consent, withdraw_consent
from services.sessions.consent import consent_items
from services.sessions.queries.records import own_consents

consents = Blueprint("consents", __name__, description="Consent, item by item")


@consents.route("/consent-items", methods=["GET"])
@operation("list-consent-items")
@consents.arguments(ClinicQuery, location="query")
@consents.response(200, ConsentItemsAnswer)
def list_items(query: dict[str, Any]) -> Any:
    """Every item with its current text; the required ones first."""
    items = [
        {
            "code": item.code,
            "version": item.version,
            "required": item.required,
            "title": item.titles,
            "text": item.texts,
        }
        for item in consent_items()
    ]
    return {"items": items}


@consents.route("/clients/<string:client>/consents", methods=["POST"])
@operation("give-consent")
@consents.doc(**KEYED)
@consents.arguments(GiveConsentSchema)
@consents.response(201, CreatedSchema)
def give(body: dict[str, Any], client: str) -> Response:
    """Agree to one item, in the version and language that was shown."""
    who = acting(authorise_client(client))
    order = GiveConsent(PersonId(client), body["item"], body["version"], body["locale"])
    made = created_at(f"clients/{client}/consents")
    return answer(here().service.do_once(who, keyed_once(client), made, give_consent, order))


@consents.route("/clients/<string:client>/consents/<string:item>", methods=["DELETE"])
@operation("withdraw-consent")
@consents.response(204)
def withdraw(client: str, item: str) -> Any:
    """Take a consent back, from now on."""
    who = acting(authorise_client(client))
    here().service.do(who, withdraw_consent, PersonId(client), item)
    return ""


@consents.route("/clients/<string:client>/consents", methods=["GET"])
@operation("list-consents")
@consents.response(200, ConsentsAnswer)
def list_own(client: str) -> Any:
    """The client's answers, and which required items are missing."""
    return own_consents(here().service, authorise_client(client))
