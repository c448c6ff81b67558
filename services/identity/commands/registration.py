"""A client registers with a clinic and, once the address is proven by mail, is one.

Whoever asks gets the same answer; only the mail tells more. Until an address is proven, no password of the account
counts: each registration carries its own in its own link, so that nobody can prepare an account for somebody else.

Proving the address and becoming a client are two transactions, by two actors and without a common correlation: no
event, and no transaction of events, ties an account to a client.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy import delete, insert

from services.contracts.identity import ClientJoined
from services.identity import streams
from services.identity.address import Address
from services.identity.commands.accounts import confirm_address, open_account, set_password
from services.identity.commands.letters import queue
from services.identity.commands.tries import is_mail_allowed
from services.identity.lookups import account_by_index, account_row, clinic_row, is_fenced, links_of, token_row
from services.identity.readmodels import links, tokens
from services.kernel.errors import Conflict, Erased
from services.kernel.fields import ClinicId, PersonId, Reference
from services.kernel.ids import new_id, new_reference
from services.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Register:
    """``password`` is the hash of what was typed; ``is_right`` says whether it opens the account of this address."""

    clinic: ClinicId
    address: Address
    password: str = field(repr=False)
    is_right: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """A link that was followed: whose account, and for which clinic."""

    account: PersonId
    clinic: ClinicId
    token: str


def register(work: Work, order: Register) -> None:
    """Ask to become a client of a clinic; the mail tells what comes next. Raises ``NotFound`` for no such clinic."""
    clinic_row(work, order.clinic)
    if not is_mail_allowed(work, order.address):
        return
    account = account_by_index(work, order.address.index)
    if account is None:
        account = PersonId(new_id())
        work.who = replace(work.who, actor=account)
        open_account(work, account, order.address, None, None)
        queue(work, "confirm_email", account, clinic=order.clinic, password=order.password)
        return
    row = account_row(work, account)
    if row is None or not row["confirmed"]:
        queue(work, "confirm_email", account, clinic=order.clinic, password=order.password)
    elif order.is_right and all(link["clinic"] != order.clinic for link in links_of(work, account)):
        queue(work, "confirm_email", account, clinic=order.clinic)
    else:
        queue(work, "address_known", account, clinic=order.clinic)


def prove_address(work: Work, secret: str) -> Proven:
    """Follow a link: the address is proven, and the password that was chosen with this link counts."""
    row = token_row(work, "confirm_email", secret, work.now)
    account = PersonId(row["subject"])
    work.who = replace(work.who, actor=account)
    known = account_row(work, account)
    confirm_address(work, account)
    if row["password"] is not None and not (known and known["confirmed"]):
        set_password(work, account, row["password"])
    return Proven(account, ClinicId(row["clinic"]), row["hash"])


def join(work: Work, proven: Proven) -> PersonId:
    """Become a client of the clinic, as whom ``work`` acts. The link can be followed once."""
    if is_fenced(work, proven.account):
        raise Erased("This account was erased.", help="Register again.")
    if any(link["clinic"] == proven.clinic for link in links_of(work, proven.account)):
        raise Conflict("You are a client of this clinic already.", help="Sign in.")
    client = PersonId(work.who.actor)
    reference = new_reference("k")
    work.claim_name("token-used", proven.token, client)
    work.claim_name(f"reference/{proven.clinic}", reference, client)
    work.row(insert(links).values(client=client, account=proven.account, clinic=proven.clinic))
    work.row(delete(tokens).where(tokens.c.subject == proven.account, tokens.c.clinic == proven.clinic))
    joined = ClientJoined(client=client, clinic=proven.clinic, reference=Reference(reference))
    work.append(streams.client(client), joined, clinic=proven.clinic)
    return client
