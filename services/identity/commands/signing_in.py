"""Signing in and out. What a wrong try is told is the same, whether the account exists or not.

Signing in is two use cases: the try is reserved, then its password is looked at.
"""

from dataclasses import dataclass, field, replace

from sqlalchemy import RowMapping

from services.contracts.identity import RefusedSignIn, SignedIn, SignedOut, SignInRefused, SignInsRevoked
from services.identity import streams
from services.identity.address import Address
from services.identity.commands.tries import Wait, count_failure, forgive, is_first_to_wait, reserve
from services.identity.domain import password as rules
from services.identity.lookups import account_by_index, account_row, is_fenced, password_of
from services.identity.passwords import Passwords
from services.identity.readmodels import passwords as kept_passwords
from services.identity.readmodels import sign_ins
from services.kernel.fields import Id, PersonId, seal
from services.kernel.time import Instant
from services.kernel.work import Work


@dataclass(frozen=True, slots=True)
class SignIn:
    """``source`` names the place on the network for counting; ``remote`` and ``device`` are sealed for the account."""

    address: Address
    password: str = field(repr=False)
    source: str
    remote: str = field(repr=False)
    device: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """``at`` is when the password was looked up: a token counts from then, so that a new password which is set
    meanwhile ends it too."""

    account: PersonId
    sid: Id
    at: Instant


def reserve_try(work: Work, address: Address, source: str, remote: str) -> Wait | None:
    """Count a try before its password is looked at; or why it must wait, of which the first is recorded."""
    account = account_by_index(work, address.index)
    wait = reserve(work, address, source)
    if wait is not None and is_first_to_wait(work, address) and account is not None:
        _refuse(work, account, "closed" if wait.closed else "too_many_tries", remote)
    return wait


def sign_in(work: Work, order: SignIn, passwords: Passwords) -> Opened | None:
    """Open a sign-in, for which a try was reserved. A refusal (none) is returned, because it is recorded; an exception
    would record nothing."""
    account = account_by_index(work, order.address.index)
    password = rules.canonical(order.password)
    kept = password_of(work, account)
    if not passwords.fits(kept, password) or account is None or kept is None:
        count_failure(work, order.source)
        if account is not None:
            _refuse(work, account, _reason(account_row(work, account)), order.remote)
        return None
    forgive(work, order.address, order.source)
    renewed = passwords.renewed(kept, password)
    if renewed is not None:
        work.rows.put(kept_passwords, account=account, hash=renewed)
    return _open(work, account, order)


def record_wrong_password(work: Work, address: Address, source: str, remote: str) -> None:
    """A password was wrong elsewhere than at the sign-in: counted and recorded as there."""
    count_failure(work, source)
    account = account_by_index(work, address.index)
    if account is not None:
        _refuse(work, account, "unknown_or_wrong", remote)


def sign_out(work: Work, row: RowMapping) -> None:
    """End a sign-in (``row`` of ``sign_ins``); ending it again changes nothing."""
    if row["ended"] is not None:
        return
    account, sid = PersonId(row["account"]), Id(row["sid"])
    stream = streams.sign_in(sid)
    work.entries(stream)
    work.rows.update(sign_ins, {"sid": sid}, ended=work.now)
    revoked = SignInsRevoked(account=account, sid=sid, reason="signed_out", at=work.now)
    work.append(stream, SignedOut(account=account, sid=sid), revoked)


def _open(work: Work, account: PersonId, order: SignIn) -> Opened:
    work.who = replace(work.who, actor=account)
    sid = work.new_id()
    work.rows.insert(sign_ins, sid=sid, account=account, at=work.now)
    event = SignedIn(
        account=account,
        sid=sid,
        method="password",
        acr="aal1",
        address=seal(order.remote),
        device=seal(order.device),
    )
    work.append(streams.sign_in(sid), event)
    return Opened(account, sid, work.now)


def _refuse(work: Work, account: PersonId, reason: RefusedSignIn, remote: str) -> None:
    if is_fenced(work, account):
        return  # nobody is left to be told, and nothing can be sealed for them
    refused = SignInRefused(account=account, reason=reason, address=seal(remote))
    work.append(streams.refused_sign_in(work.new_id()), refused)


def _reason(row: RowMapping | None) -> RefusedSignIn:
    return "not_confirmed" if row is not None and not row["confirmed"] else "unknown_or_wrong"
