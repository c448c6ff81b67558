"""How a client comes: registration, proof of the address; and a forgotten password.

What is asked here by somebody unknown is answered alike for every address: 202, and the rest comes by mail.
"""

from typing import Any

from flask import Response

from services.identity.address import address_of
from services.identity.api.common import accepted, counted, created, decided_again, here, keyed_once, nobody
from services.identity.api.schemas import AskResetSchema, RegisterSchema, ResetSchema, TokenSchema
from services.identity.commands.accounts import ask_password_reset, reset_password
from services.identity.commands.registration import Register, join, prove_address, register
from services.identity.domain import password as rules
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer
from services.kernel.http.policy import operation
from services.kernel.ids import new_id
from services.kernel.work import Who

registration = Blueprint("registration", __name__, description="Registering as a client, and new passwords")


@registration.route("/registrations", methods=["POST"])
@operation("register-client")
@registration.doc(**KEYED)
@registration.arguments(RegisterSchema)
@registration.response(202, CreatedSchema)
def register_client(body: dict[str, Any]) -> Response:
    """Register with a clinic; a letter tells how to go on. Who has an account registers with its password."""
    counted()
    context, once = here(), keyed_once()
    service, password = context.service, rules.check(body["password"], body["email"])
    order = Register(body["clinic"], address_of(service.keys, body["email"]), password)
    return answer(decided_again(lambda: service.do_once(nobody(), once, accepted, register, order, context.passwords)))


@registration.route("/email-confirmations", methods=["POST"])
@operation("confirm-email")
@registration.doc(**KEYED)
@registration.arguments(TokenSchema)
@registration.response(201, CreatedSchema)
def confirm_email(body: dict[str, str]) -> Response:
    """Prove an address with the token of the letter, and become a client of the clinic."""
    counted()
    service, once = here().service, keyed_once()
    decided_again(lambda: service.do(nobody(), prove_address, body["token"]))
    client = Who(new_id())  # another actor and no correlation: see commands.registration
    return answer(decided_again(lambda: service.do_once(client, once, created("clients"), join, body["token"])))


@registration.route("/password-resets", methods=["POST"])
@operation("ask-password-reset")
@registration.doc(**KEYED)
@registration.arguments(AskResetSchema)
@registration.response(202, CreatedSchema)
def ask_reset(body: dict[str, str]) -> Response:
    """Ask for a new password; a letter brings the link, where the address has an account."""
    counted()
    service = here().service
    address = address_of(service.keys, body["email"])
    return answer(service.do_once(nobody(), keyed_once(), accepted, ask_password_reset, address))


@registration.route("/password-resets/completions", methods=["POST"])
@operation("reset-password")
@registration.arguments(ResetSchema)
@registration.response(204)
def complete_reset(body: dict[str, str]) -> Any:
    """Set a new password with the token of the letter. Every sign-in until now ends."""
    counted()
    context, password = here(), rules.check(body["password"])
    context.service.do(nobody(), reset_password, body["token"], password, context.passwords)
    return ""
