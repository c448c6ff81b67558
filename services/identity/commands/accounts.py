"""Opening an account, proving its address, and its password."""

from dataclasses import replace

from services.contracts.identity import (
    AccountRegistered,
    PasswordSet,
    RevokedBecause,
    SignInsRevoked,
)
from services.identity import streams
from services.identity.address import Address
from services.identity.commands.forgetting import forget_account
from services.identity.commands.letters import queue
from services.identity.commands.tries import clear_tries, is_mail_allowed
from services.identity.domain import account as accounts
from services.identity.lookups import EMAIL, proven_account, token_row
from services.identity.passwords import Passwords
from services.identity.readmodels import passwords as kept_passwords
from services.identity.readmodels import sign_ins, tokens
from services.kernel.fields import Language, PersonId, seal
from services.kernel.time import Zone
from services.kernel.work import Work

FATE = "fate"  # the scope of names by which an unproven account is either proven or replaced, never both


def open_account(work: Work, account: PersonId, address: Address, locale: Language | None, zone: Zone | None) -> None:
    """A new account for an address that nobody has. Raises ``NameTaken`` when somebody was faster."""
    work.claim_name(EMAIL, address.index, account)
    registered = AccountRegistered(account=account, locale=locale, zone=zone, email=seal(address.text))
    work.append(streams.account(account), registered)


def confirm_address(work: Work, account: PersonId) -> None:
    """The person reads mail at the account's address. Raises ``NameTaken`` where it was replaced at this moment."""
    state = work.need(streams.account(account), accounts.evolve, "account")
    events = accounts.confirm(state)
    if events:
        work.claim_name(FATE, account, account)
    work.append(streams.account(account), *events)


def replace_unproven(work: Work, unproven: PersonId, account: PersonId) -> None:
    """Make way for an account whose address is proven. Raises ``NameTaken`` where the other was proven at this moment.
    The sweep destroys its keys."""
    work.claim_name(FATE, unproven, account)  # before anything of the other goes, its own claim among it
    forget_account(work, unproven)


def set_password(work: Work, account: PersonId, hashed: str) -> None:
    """Set what opens the account. Its stream must have been loaded, or be new."""
    work.rows.put(kept_passwords, account=account, hash=hashed)
    work.append(streams.account(account), PasswordSet(account=account))


def ask_password_reset(work: Work, address: Address) -> None:
    """Send a link for a new password, if there is such an account; the answer is the same if not, and comes as soon:
    that somebody asked is recorded when the letter is taken for sending."""
    account = proven_account(work, address.index)
    if is_mail_allowed(work, address) and account is not None:
        queue(work, "password_reset", account)


def reset_password(work: Work, secret: str, password: str, passwords: Passwords) -> PersonId:
    """Set a new password (canonical) with a link; every sign-in until now ends, and closed ways are open again."""
    row = token_row(work, "password_reset", secret, work.now)
    account, hashed = PersonId(row["subject"]), passwords.hash(password)
    work.who = replace(work.who, actor=account)
    work.claim_name("token-used", row["hash"], account)
    work.rows.delete(tokens, subject=account, kind="password_reset")
    confirm_address(work, account)
    set_password(work, account, hashed)
    revoke_sign_ins(work, account, "password_changed")
    clear_tries(work, account)
    return account


def revoke_sign_ins(work: Work, account: PersonId, reason: RevokedBecause) -> None:
    """End every sign-in of the account until now. The account's stream must have been loaded."""
    work.rows.update(sign_ins, {"account": account, "ended": None}, ended=work.now)
    revoked = SignInsRevoked(account=account, sid=None, reason=reason, at=work.now)
    work.append(streams.account(account), revoked)
