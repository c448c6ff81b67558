"""A client registers with a clinic and, once the address is proven by mail, is one.

Whoever asks gets the same answer; only the mail tells more. Until an address is proven, no password of the account
counts: each registration carries its own in its own link, so that nobody can prepare an account for somebody else.

Proving the address and becoming a client are two transactions, by two actors and without a common correlation: no
event, and no transaction of events, ties an account to a client.
"""

from dataclasses import dataclass, field, replace

from services.contracts.identity import ClientJoined
from services.identity import streams
from services.identity.address import Address
from services.identity.commands.accounts import confirm_address, open_account, set_password
from services.identity.commands.forgetting import tie
from services.identity.commands.letters import queue
from services.identity.commands.tries import clear_tries, is_mail_allowed
from services.identity.lookups import (
    account_by_index,
    account_row,
    clinic_row,
    find_token,
    is_fenced,
    links_of,
    password_of,
    proven_account,
    token_row,
)
from services.identity.passwords import Passwords
from services.identity.readmodels import links, tokens
from services.kernel.errors import Conflict, Erased
from services.kernel.fields import ClinicId, PersonId, Reference
from services.kernel.ids import new_id, new_reference
from services.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Register:
    """``password`` is in its canonical form."""

    clinic: ClinicId
    address: Address
    password: str = field(repr=False)


def register(work: Work, order: Register, passwords: Passwords) -> None:
    """Ask to become a client of a clinic; the mail tells what comes next. The password is hashed once, whoever holds
    the address: as it is kept, or to see whether it is right. Raises ``NotFound`` for no such clinic."""
    clinic_row(work, order.clinic)
    if not is_mail_allowed(work, order.address):
        return
    known = proven_account(work, order.address.index)
    if known is None:
        _begin(work, order, passwords.hash(order.password))
        return
    is_right = passwords.fits_newcomer(password_of(work, known), order.password)
    is_new = all(link["clinic"] != order.clinic for link in links_of(work, known))
    queue(work, "confirm_email" if is_right and is_new else "address_known", known, clinic=order.clinic)


def _begin(work: Work, order: Register, hashed: str) -> None:
    """A letter asks for the proof; the account is opened with the first of several registrations."""
    account = account_by_index(work, order.address.index)
    if account is None:
        account = PersonId(new_id())
        work.who = replace(work.who, actor=account)
        open_account(work, account, order.address, None, None)
    queue(work, "confirm_email", account, clinic=order.clinic, password=hashed)


def prove_address(work: Work, secret: str) -> None:
    """Follow a link: the address is proven, and the password that was chosen with this link counts. Of a link that does
    not hold, ``join`` tells."""
    row = find_token(work, "confirm_email", secret, work.now)
    if row is None:
        return
    account = PersonId(row["subject"])
    work.who = replace(work.who, actor=account)
    known = account_row(work, account)
    confirm_address(work, account)
    if row["password"] is not None and not (known and known["confirmed"]):
        set_password(work, account, row["password"])
        clear_tries(work, account)


def join(work: Work, secret: str) -> PersonId:
    """Become a client of the clinic, as whom ``work`` acts. The link can be followed once. Raises ``Invalid``."""
    row = token_row(work, "confirm_email", secret, work.now)
    account, clinic = row["subject"], ClinicId(row["clinic"])
    if is_fenced(work, account):
        raise Erased("This account was erased.", help="Register again.")
    if any(link["clinic"] == clinic for link in links_of(work, account)):
        raise Conflict("You are a client of this clinic already.", help="Sign in.")
    client = PersonId(work.who.actor)
    tie(work, account)
    reference = new_reference("k")
    work.claim_name("token-used", row["hash"], client)
    work.claim_name(f"reference/{clinic}", reference, client)
    work.rows.insert(links, client=client, account=account, clinic=clinic)
    work.rows.delete(tokens, subject=account, clinic=clinic)
    joined = ClientJoined(client=client, clinic=clinic, reference=Reference(reference))
    work.append(streams.client(client), joined, clinic=clinic)
    return client
