"""Who works here: invitations, memberships, the people of a clinic."""

from typing import Any

from flask import Response
from marshmallow import fields, post_load

from services.identity import queries
from services.identity.address import address_of
from services.identity.api.common import (
    counted,
    created,
    decided_again,
    here,
    keyed_once,
    nobody,
    recorded,
    remote,
    reserved,
)
from services.identity.api.schemas import AcceptSchema, InvitationsSchema, InviteSchema, PeopleSchema
from services.identity.commands.invitations import (
    Accept,
    Invite,
    WrongPassword,
    accept_invitation,
    invite,
    reserve_acceptance,
    revoke_invitation,
)
from services.identity.commands.memberships import end_membership
from services.identity.commands.signing_in import record_wrong_password
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer
from services.kernel.http.paging import PageQuery, PageRequest, paged
from services.kernel.http.policy import Target, authorise, operation
from services.kernel.http.serving import acting

people = Blueprint("people", __name__, description="Invitations and memberships")


class _InvitationsQuery(PageQuery):
    """Loads to the clinic (none: the network) and the page."""

    clinic = fields.String(load_default=None, metadata={"description": "None for the network"})

    @post_load
    def _page(self, data: dict[str, Any], **_: Any) -> tuple[str | None, PageRequest]:
        return data["clinic"], PageRequest(data["limit"], data["cursor"])


@people.route("/invitations", methods=["POST"])
@operation("invite")
@people.doc(**KEYED)
@people.arguments(InviteSchema)
@people.response(201, CreatedSchema)
def send_invitation(body: dict[str, Any]) -> Response:
    """Invite somebody by mail into roles of a clinic, or of the network."""
    target = Target(clinic=body["clinic"])
    authorise(target)
    context = here()
    order = Invite(body["clinic"], tuple(body["roles"]), address_of(context.service.keys, body["email"]))
    with recorded(target):
        return answer(context.service.do_once(acting(), keyed_once(), created("invitations"), invite, order))


@people.route("/invitations", methods=["GET"])
@operation("list-invitations")
@people.arguments(_InvitationsQuery, location="query")
@people.response(200, InvitationsSchema)
def list_invitations(asked: tuple[str | None, PageRequest]) -> Any:
    """The invitations of a clinic or of the network, newest first, with their states."""
    clinic, page = asked
    authorise(Target(clinic=clinic))
    return paged(queries.list_invitations(here().service, clinic, page))


@people.route("/invitations/<string:invitation>", methods=["DELETE"])
@operation("revoke-invitation")
@people.response(204)
def revoke(invitation: str) -> Any:
    """Take an invitation back; its link does not hold any more."""
    authorise(Target(clinic=queries.clinic_of_invitation(here().service, invitation)))
    here().service.do(acting(), revoke_invitation, invitation)
    return ""


@people.route("/invitations/acceptances", methods=["POST"])
@operation("accept-invitation")
@people.doc(**KEYED)
@people.arguments(AcceptSchema)
@people.response(201, CreatedSchema)
def accept(body: dict[str, Any]) -> Response:
    """Accept an invitation: with a new password, or, where the address has an account, with the password of that."""
    context, place = here(), counted()
    order = Accept(
        token=body["token"],
        password=body["password"],
        professional_name=body["professional_name"],
        locale=body["locale"],
        zone=body["zone"],
        source=place,
    )
    service = context.service
    once, made = keyed_once(), created("accounts")
    parts = (service.keys, context.passwords)
    reserved(lambda: service.do(nobody(), reserve_acceptance, order, service.keys))
    try:
        kept = decided_again(lambda: service.do_once(nobody(), once, made, accept_invitation, order, *parts))
    except WrongPassword as wrong:
        service.do(nobody(), record_wrong_password, wrong.address, place, remote())
        raise
    return answer(kept)


@people.route("/clinics/<string:clinic>/people", methods=["GET"])
@operation("list-people")
@people.response(200, PeopleSchema)
def list_people(clinic: str) -> Any:
    """Who works in a clinic, by the professional name that each has published."""
    authorise(Target(clinic=clinic))
    return {"items": queries.people(here().service, clinic)}


@people.route("/memberships/<string:membership>/end", methods=["POST"])
@operation("end-membership")
@people.response(204)
def end(membership: str) -> Any:
    """End a membership now; the person's sign-ins end with it."""
    authorise(Target(clinic=queries.clinic_of_membership(here().service, membership)))
    decided_again(lambda: here().service.do(acting(), end_membership, membership))
    return ""
