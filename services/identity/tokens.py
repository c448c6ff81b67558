"""Making a token for an open sign-in, from what the account is at this moment."""

from services.identity import queries
from services.identity.commands.signing_in import Opened
from services.identity.context import Context
from services.kernel.http import tokens
from services.kernel.http.tokens import Claims
from services.kernel.settings import SERVICES
from services.kernel.time import instant, moment, plus


def issue(context: Context, opened: Opened) -> tuple[str, Claims]:
    """A token for all four services, and what it says. Raises ``KeysUnavailable``."""
    service = context.service
    second = instant(moment(opened.at).replace(microsecond=0))
    memberships, network_roles = queries.standing(service, opened.account)
    locale, zone = queries.language_and_zone(service, opened.account)
    claims = Claims(
        account=opened.account,
        sid=opened.sid,
        memberships=memberships,
        network_roles=network_roles,
        locale=locale,
        zone=zone,
        acr="aal1",
        auth_time=second,
        issued=opened.at,
        expires=plus(second, minutes=context.settings.token_minutes),
        audience=SERVICES,
    )

    def sign(data: bytes) -> tuple[int, bytes]:
        signature = service.keys.sign("token", data)
        return signature.version, signature.raw

    return tokens.encode(claims, sign), claims
