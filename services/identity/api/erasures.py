"""A client's wish to be erased, and legal holds."""

from typing import Any

from flask import Response

from services.identity import queries
from services.identity.api.common import created, here, keyed_once
from services.identity.api.schemas import ErasuresSchema, HoldSchema
from services.identity.commands.erasures import ask_erasure, lift_hold, place_hold, withdraw_erasure
from services.identity.lookups import client_row
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer
from services.kernel.http.policy import Target, authorise, operation
from services.kernel.http.serving import acting

erasures = Blueprint("erasures", __name__, description="Being erased, and legal holds")


@erasures.route("/clients/<string:client>/erasures", methods=["POST"])
@operation("ask-erasure")
@erasures.doc(**KEYED)
@erasures.response(201, CreatedSchema)
def ask(client: str) -> Response:
    """Ask to be erased. It is ordered after the clinic's waiting time, and may be withdrawn until then."""
    authorise(_of(client))
    service = here().service
    return answer(service.do_once(acting(client), keyed_once(client), created("erasures"), ask_erasure, client))


@erasures.route("/clients/<string:client>/erasures", methods=["GET"])
@operation("read-erasures")
@erasures.response(200, ErasuresSchema)
def read(client: str) -> Any:
    """How far an erasure has come: what each service answered, and what is held."""
    authorise(_of(client))
    return queries.erasures_of(here().service, client)


@erasures.route("/erasures/<string:erasure>", methods=["DELETE"])
@operation("withdraw-erasure")
@erasures.response(204)
def withdraw(erasure: str) -> Any:
    """Withdraw the wish, as long as it was not ordered."""
    row = queries.erasure_row(here().service, erasure)
    authorise(Target(clinic=row["clinic"], client=row["client"]))
    here().service.do(acting(row["client"]), withdraw_erasure, erasure, row["client"])
    return ""


@erasures.route("/clients/<string:client>/holds", methods=["POST"])
@operation("place-hold")
@erasures.doc(**KEYED)
@erasures.arguments(HoldSchema)
@erasures.response(201, CreatedSchema)
def place(body: dict[str, Any], client: str) -> Response:
    """Hold a client's record: while a hold stands, no erasure is ordered."""
    authorise(_of(client))
    order = (client, body["basis"], body["reason"])
    return answer(here().service.do_once(acting(), keyed_once(), created("holds"), place_hold, *order))


@erasures.route("/holds/<string:hold>", methods=["DELETE"])
@operation("lift-hold")
@erasures.response(204)
def lift(hold: str) -> Any:
    """Lift a legal hold."""
    row = queries.hold_row(here().service, hold)
    authorise(Target(clinic=row["clinic"], client=row["client"]))
    here().service.do(acting(), lift_hold, hold, row["client"])
    return ""


def _of(client: str) -> Target:
    """A client as target: with the clinic that they are a client of. Raises ``NotFound``."""
    return Target(clinic=client_row(here().service, client)["clinic"], client=client)
