"""Signing in and out, and what a person sees of themselves.

Signing in takes no Idempotency-Key: what it gives, a token, may not be kept; sent twice it opens two sign-ins.
"""

from typing import Any

from flask import request

from services.identity import queries
from services.identity.address import address_of
from services.identity.api.common import here, nobody, remote, reserved, source
from services.identity.api.schemas import MeSchema, SignedInSchema, SignInSchema
from services.identity.commands.signing_in import SignIn, reserve_try, sign_in, sign_out
from services.identity.tokens import issue
from services.kernel.errors import Unauthenticated
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.policy import Target, authorise, caller, operation
from services.kernel.http.serving import acting

_LONGEST_DEVICE = 500  # characters of a browser's name that are kept


class NotOpened(Unauthenticated):
    """A sign-in that was refused; the same words, whether the account exists or not."""

    title = "Signing in did not work"


signing_in = Blueprint("signing-in", __name__, description="Signing in and out")


@signing_in.route("/sign-ins", methods=["POST"])
@operation("sign-in")
@signing_in.arguments(SignInSchema)
@signing_in.response(201, SignedInSchema)
def open_sign_in(body: dict[str, Any]) -> Any:
    """Sign in; the token holds for ten minutes at most."""
    context = here()
    device = request.headers.get("User-Agent", "")[:_LONGEST_DEVICE] or "(none)"
    order = SignIn(address_of(context.service.keys, body["email"]), body["password"], source(), remote(), device)
    reserved(lambda: context.service.do(nobody(), reserve_try, order.address, order.source, order.remote))
    opened = context.service.do(nobody(), sign_in, order, context.passwords)
    if opened is None:
        raise NotOpened(
            "This address and this password do not open an account.",
            help="Check both. If you registered just now, open the link in the letter first. If you forgot the "
            "password, ask for a new one by mail.",
        )
    token, claims = issue(context, opened)
    return {
        "token": token,
        "expires": claims.expires,
        "sid": claims.sid,
        "account": claims.account,
        "memberships": [queries.membership(context.service, m) for m in claims.memberships],
        "network_roles": list(claims.network_roles),
    }


@signing_in.route("/sign-ins/<string:sid>", methods=["DELETE"])
@operation("sign-out")
@signing_in.response(204)
def close_sign_in(sid: str) -> Any:
    """Sign out: the token ends everywhere."""
    row = queries.sign_in_row(here().service, sid)
    authorise(Target(account=row["account"]))
    here().service.do(acting(), sign_out, row)
    return ""


@signing_in.route("/me", methods=["GET"])
@operation("read-me")
@signing_in.response(200, MeSchema)
def read_me() -> Any:
    """Who is signed in: address, names, roles, and the clients that this person is."""
    return queries.me(here().service, caller().account)
