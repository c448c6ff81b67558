"""The network and its clinics."""

from typing import Any

from flask import Response, g

from services.identity import queries
from services.identity.address import address_of
from services.identity.api.common import counted, created, here, keyed_once
from services.identity.api.schemas import (
    ClinicSchema,
    ClinicSettingsSchema,
    ClinicsSchema,
    FoundClinicSchema,
    FoundNetworkSchema,
    NetworkSchema,
)
from services.identity.commands.founding import Found, FoundClinic, change_clinic, found_clinic, found_network
from services.identity.domain import password as rules
from services.identity.domain.clinic import Terms
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.etag import VERSIONED, etag, if_match
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer, idempotency_key
from services.kernel.http.paging import PageQuery, PageRequest, paged
from services.kernel.http.policy import Target, authorise, operation
from services.kernel.http.serving import acting
from services.kernel.ids import new_id
from services.kernel.work import Who

founding = Blueprint("founding", __name__, description="The network and its clinics")


@founding.route("/founding", methods=["POST"])
@operation("found-network")
@founding.doc(**KEYED)
@founding.arguments(FoundNetworkSchema)
@founding.response(201, CreatedSchema)
def found(body: dict[str, Any]) -> Response:
    """Found the network with the one-time link; who does becomes its first operator."""
    counted()
    context, once = here(), keyed_once()
    order = Found(
        token=body["token"],
        name=body["name"],
        languages=tuple(body["languages"]),
        address=address_of(context.service.keys, body["email"]),
        password=rules.check(body["password"], body["email"]),
        professional_name=body["professional_name"],
        locale=body["locale"],
        zone=body["zone"],
    )
    founder = Who(new_id(), correlation=g.request_id)
    made = created("accounts")
    return answer(context.service.do_once(founder, once, made, found_network, order, context.passwords))


@founding.route("/network", methods=["GET"])
@operation("read-network")
@founding.response(200, NetworkSchema)
def read_network() -> Any:
    """The network's name and languages, and whether it was founded."""
    return queries.network(here().service)


@founding.route("/clinics", methods=["POST"])
@operation("found-clinic")
@founding.doc(**KEYED)
@founding.arguments(FoundClinicSchema)
@founding.response(201, CreatedSchema)
def found_a_clinic(body: dict[str, Any]) -> Response:
    """Found a clinic."""
    order = FoundClinic(body["jurisdiction"], _terms(body))
    once = idempotency_key()
    return answer(here().service.do_once(acting(), once, created("clinics"), found_clinic, order))


@founding.route("/clinics", methods=["GET"])
@operation("list-clinics")
@founding.arguments(PageQuery, location="query")
@founding.response(200, ClinicsSchema)
def list_clinics(page: PageRequest) -> Any:
    """All clinics, by name."""
    return paged(queries.list_clinics(here().service, page))


@founding.route("/clinics/<string:clinic>", methods=["GET"])
@operation("read-clinic")
@founding.response(200, ClinicSchema)
def read_clinic(clinic: str) -> Any:
    """A clinic, with its version as ETag."""
    row, version = queries.read_clinic(here().service, clinic)
    return row, {"ETag": etag(version)}


@founding.route("/clinics/<string:clinic>/settings", methods=["PUT"])
@operation("change-clinic-settings")
@founding.doc(**VERSIONED)
@founding.arguments(ClinicSettingsSchema)
@founding.response(204)
def change_settings(body: dict[str, Any], clinic: str) -> Any:
    """Change what a clinic's operator may set."""
    authorise(Target(clinic=clinic))
    version = here().service.do(acting(), change_clinic, clinic, _terms(body), expected=if_match())
    return "", {"ETag": etag(version)}


def _terms(body: dict[str, Any]) -> Terms:
    return Terms(
        body["name"],
        body["zone"],
        tuple(body["languages"]),
        body["erasure_wait_days"],
        body["retention_floor_years"],
    )
