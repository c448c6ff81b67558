"""Look-ups that commands and queries share. A command asks before its transaction; what must still hold then is
claimed or guarded there."""

from typing import Any, Protocol

from sqlalchemy import ColumnElement, RowMapping, Select, and_, or_, select

from services.identity.address import secret_hash
from services.identity.readmodels import accounts, clients, clinics, links, memberships, passwords, tokens
from services.kernel.errors import FieldError, Invalid, NotFound
from services.kernel.fields import PersonId
from services.kernel.store.tables import fences, names
from services.kernel.time import Instant

EMAIL = "email"  # the scope of names in which the index of an address is held by its account


class Asks(Protocol):
    """A ``Work`` or a ``Service``: who can be asked for rows."""

    def query(self, statement: Select[Any]) -> list[RowMapping]: ...


def account_by_index(asks: Asks, index: str) -> PersonId | None:
    """The account that holds this address."""
    found = asks.query(select(names.c.owner).where(names.c.scope == EMAIL, names.c.name == index))
    return PersonId(found[0]["owner"]) if found else None


def account_row(asks: Asks, account: str) -> RowMapping | None:
    found = asks.query(select(accounts).where(accounts.c.account == account))
    return found[0] if found else None


def proven_account(asks: Asks, index: str) -> PersonId | None:
    """The account that holds this address, if the address was ever proven. One that was not is nobody's yet: anybody
    may have typed the address."""
    account = account_by_index(asks, index)
    row = None if account is None else account_row(asks, account)
    return account if row is not None and row["confirmed"] else None


def password_of(asks: Asks, account: str | None) -> str | None:
    """The hash of the account's password."""
    found = asks.query(select(passwords.c.hash).where(passwords.c.account == account))
    return str(found[0]["hash"]) if found else None


def clinic_row(asks: Asks, clinic: str) -> RowMapping:
    """A clinic. Raises ``NotFound``."""
    found = asks.query(select(clinics).where(clinics.c.clinic == clinic))
    if not found:
        raise NotFound("There is no clinic by this id.", help="GET /identity/v1/clinics lists the clinics.")
    return found[0]


def client_row(asks: Asks, client: str) -> RowMapping:
    """A client. Raises ``NotFound``."""
    found = asks.query(select(clients).where(clients.c.client == client))
    if not found:
        raise NotFound("There is no client by this id.", help="GET /identity/v1/me lists the ids that you have.")
    return found[0]


def in_force_at(now: Instant) -> ColumnElement[bool]:
    """The condition that a membership is in force."""
    open_end = or_(memberships.c.until.is_(None), memberships.c.until > now)
    return and_(memberships.c.since <= now, memberships.c.ended.is_(None), open_end)


def memberships_of(asks: Asks, account: str, now: Instant) -> list[RowMapping]:
    """The memberships of an account that are in force, oldest first."""
    where = (memberships.c.account == account, in_force_at(now))
    return asks.query(select(memberships).where(*where).order_by(memberships.c.since, memberships.c.membership))


def links_of(asks: Asks, account: str) -> list[RowMapping]:
    """The clients that an account is, one a clinic."""
    return asks.query(select(links).where(links.c.account == account).order_by(links.c.client))


def account_of_client(asks: Asks, client: str) -> PersonId | None:
    """The account behind a client, as long as the link is there."""
    found = asks.query(select(links.c.account).where(links.c.client == client))
    return PersonId(found[0]["account"]) if found else None


def is_fenced(asks: Asks, keyholder: str) -> bool:
    """Whether the keyholder's keys were destroyed."""
    return bool(asks.query(select(fences.c.keyholder).where(fences.c.keyholder == keyholder)))


def find_token(asks: Asks, kind: str, secret: str, now: Instant) -> RowMapping | None:
    """What was kept of a secret of a link, while it holds."""
    where = (tokens.c.hash == secret_hash(secret), tokens.c.kind == kind, tokens.c.expires > now)
    found = asks.query(select(tokens).where(*where))
    return found[0] if found else None


def token_row(asks: Asks, kind: str, secret: str, now: Instant) -> RowMapping:
    """As ``find_token``; raises ``Invalid`` when the secret is unknown, used or expired."""
    found = find_token(asks, kind, secret, now)
    if found is None:
        detail = "This link does not hold any more, or never did."
        help = "Each link works once. If you followed it before, sign in; otherwise ask for a new one."
        raise Invalid(detail, help=help, errors=(FieldError("/token", f"{detail} {help}"),))
    return found
