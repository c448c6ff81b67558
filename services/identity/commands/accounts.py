"""Opening an account, proving its address, and its password."""

from dataclasses import replace

from services.contracts.identity import (
    AccountRegistered,
    PasswordResetAsked,
    PasswordSet,
    RevokedBecause,
    SignInsRevoked,
)
from services.identity import streams
from services.identity.address import Address
from services.identity.commands.letters import queue
from services.identity.commands.tries import clear_tries, is_mail_allowed
from services.identity.domain import account as accounts
from services.identity.lookups import EMAIL, account_by_index, account_row, token_row
from services.identity.readmodels import passwords, sign_ins, tokens
from services.kernel.fields import Language, PersonId, seal
from services.kernel.time import Zone
from services.kernel.work import Work


def open_account(work: Work, account: PersonId, address: Address, locale: Language | None, zone: Zone | None) -> None:
    """A new account for an address that nobody has. Raises ``NameTaken`` when somebody was faster."""
    work.claim_name(EMAIL, address.index, account)
    registered = AccountRegistered(account=account, locale=locale, zone=zone, email=seal(address.text))
    work.append(streams.account(account), registered)


def confirm_address(work: Work, account: PersonId) -> None:
    """The person reads mail at the account's address."""
    state = work.need(streams.account(account), accounts.evolve, "account")
    work.append(streams.account(account), *accounts.confirm(state))


def set_password(work: Work, account: PersonId, hashed: str) -> None:
    """Set what opens the account. Its stream must have been loaded, or be new."""
    work.rows.put(passwords, account=account, hash=hashed)
    work.append(streams.account(account), PasswordSet(account=account))


def ask_password_reset(work: Work, address: Address) -> None:
    """Send a link for a new password, if there is such an account; the answer is the same if not."""
    account = account_by_index(work, address.index)
    if not is_mail_allowed(work, address) or account is None:
        return
    row = account_row(work, account)
    if row is None or not row["confirmed"]:
        return
    work.entries(streams.account(account))
    work.append(streams.account(account), PasswordResetAsked(account=account))
    queue(work, "password_reset", account)


def reset_password(work: Work, secret: str, hashed: str) -> PersonId:
    """Set a new password with a link; every sign-in until now ends, and closed ways are open again."""
    row = token_row(work, "password_reset", secret, work.now)
    account = PersonId(row["subject"])
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
