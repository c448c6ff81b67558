"""Inviting people into roles, and joining."""

from dataclasses import dataclass, field, replace

from sqlalchemy import select

from services.contracts.identity import MembershipGranted
from services.contracts.vocabulary import Role
from services.identity import streams
from services.identity.address import Address, address_of
from services.identity.commands.accounts import open_account, replace_unproven, set_password
from services.identity.commands.forgetting import tie
from services.identity.commands.letters import queue
from services.identity.commands.tries import Wait, forgive, reserve
from services.identity.domain import account as accounts
from services.identity.domain import invitation as invitations
from services.identity.domain import password as rules
from services.identity.domain.invitation import Invitation
from services.identity.domain.membership import ensure_new, ensure_not_to_oneself
from services.identity.lookups import (
    Asks,
    account_by_index,
    clinic_row,
    find_token,
    memberships_of,
    password_of,
    proven_account,
    token_row,
)
from services.identity.passwords import Passwords
from services.identity.readmodels import invitations as invitation_rows
from services.identity.readmodels import tokens
from services.kernel.errors import Invalid, Unauthenticated
from services.kernel.fields import ClinicId, Id, Language, Name, PersonId, seal
from services.kernel.ids import new_id
from services.kernel.keys.port import Keys
from services.kernel.time import Instant, Zone
from services.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Invite:
    clinic: ClinicId | None
    roles: tuple[Role, ...]
    address: Address


@dataclass(frozen=True, slots=True)
class Accept:
    """Accept the invitation behind a link. Who has an account signs with its password; others choose theirs."""

    token: str = field(repr=False)
    password: str = field(repr=False)
    professional_name: Name
    locale: Language
    zone: Zone
    source: str


class WrongPassword(Unauthenticated):
    """The address has an account, and this password does not open it. To be counted by who catches it."""

    slug = "wrong-password"
    title = "The password does not fit"

    def __init__(self, address: Address) -> None:
        super().__init__(
            "There is an account with this address already, and this password does not open it.",
            help="Send the password of your account, or set a new one by mail first; the invitation stays.",
        )
        self.address = address


def invite(work: Work, order: Invite) -> Id:
    """Invite an address into roles; a mail brings the link."""
    if order.clinic is not None:
        clinic_row(work, order.clinic)
    inviter = PersonId(work.who.actor)
    receiver = account_by_index(work, order.address.index)
    ensure_not_to_oneself(order.roles, inviter, receiver)
    if receiver is not None:
        ensure_new(order.roles, roles_held(work, receiver, order.clinic, work.now))
    invitation = work.new_id()
    issued = invitations.issue(invitation, order.clinic, order.roles, inviter, seal(order.address.text), work.now)
    work.append(streams.invitation(invitation), issued, clinic=order.clinic)
    queue(work, "invitation", invitation, clinic=order.clinic)
    return invitation


def revoke_invitation(work: Work, invitation: str) -> None:
    state = _needed(work, invitation)
    revoked = invitations.revoke(state, PersonId(work.who.actor), work.now)
    work.rows.delete(tokens, subject=invitation)
    work.append(streams.invitation(invitation), revoked, clinic=state.clinic)


def reserve_acceptance(work: Work, order: Accept, keys: Keys) -> Wait | None:
    """Where the address has an account, count a try with its password before it is looked at; or why it must wait. Of a
    link that does not hold, ``accept_invitation`` tells. Raises ``Conflict``."""
    token = find_token(work, "invitation", order.token, work.now)
    if token is None:
        return None
    _, address, known = _invited(work, keys, token["subject"])
    return None if known is None else reserve(work, address, order.source)


def accept_invitation(work: Work, order: Accept, keys: Keys, passwords: Passwords) -> PersonId:
    """Join, for which a try was reserved. Of two at the same moment one wins, because the invitation is used once.
    Raises ``Conflict``, ``WrongPassword``."""
    token = token_row(work, "invitation", order.token, work.now)
    state, address, known = _invited(work, keys, token["subject"])
    account = known or PersonId(new_id())
    work.who = replace(work.who, actor=account)
    tie(work, account)
    work.claim_name("invitation-used", state.id, state.id)
    work.rows.delete(tokens, subject=state.id)
    if known is None:
        _open(work, account, address, order, passwords)
    elif not passwords.fits_newcomer(password_of(work, known), rules.canonical(order.password)):
        raise WrongPassword(address)
    forgive(work, address, order.source)
    accepted = invitations.accept(state, account, work.now)
    work.append(streams.invitation(state.id), accepted, clinic=state.clinic)
    _grant(work, state, account, order.professional_name)
    return account


def roles_held(asks: Asks, account: str, clinic: str | None, now: Instant) -> frozenset[Role]:
    """The roles that an account has there now."""
    return frozenset(row["role"] for row in memberships_of(asks, account, now) if row["clinic"] == clinic)


def _grant(work: Work, state: Invitation, account: PersonId, name: Name) -> None:
    for role in state.roles:
        grant = MembershipGranted(
            membership=work.new_id(),
            account=account,
            clinic=state.clinic,
            role=role,
            since=work.now,
            until=None,
            name=name,
            granted_by=state.inviter,
        )
        work.append(streams.membership(grant.membership), grant, clinic=state.clinic)


def _invited(work: Work, keys: Keys, invitation: str) -> tuple[Invitation, Address, PersonId | None]:
    """What is to be accepted, to which address, and by which account, if that address was proven before."""
    state = _needed(work, invitation)
    invitations.ensure_acceptable(state, work.now)
    address = _address(work, keys, state)
    known = proven_account(work, address.index)
    if known is not None:
        ensure_not_to_oneself(state.roles, state.inviter, known)
        ensure_new(state.roles, roles_held(work, known, state.clinic, work.now))
    return state, address, known


def _open(work: Work, account: PersonId, address: Address, order: Accept, passwords: Passwords) -> None:
    """A new account for the invited address, which the link proves. Where somebody registered the address and never
    proved it, that goes with all its links: neither their password nor anything else of theirs counts."""
    chosen = passwords.hash(rules.check(order.password, address.text))
    unproven = account_by_index(work, address.index)
    if unproven is not None:
        replace_unproven(work, unproven, account)
    open_account(work, account, address, order.locale, order.zone)
    work.append(streams.account(account), *accounts.confirm(accounts.Account(account, order.locale, order.zone)))
    set_password(work, account, chosen)


def _address(work: Work, keys: Keys, state: Invitation) -> Address:
    """The address that was invited; it decides whose account this is."""
    row = work.query(select(invitation_rows.c.issued).where(invitation_rows.c.invitation == state.id))[0]
    ref = (row["issued"], "email")
    text = work.open([ref])[ref]
    if not isinstance(text, str):
        raise Invalid("The address of this invitation cannot be read.", help="Ask for a new invitation.")
    return address_of(keys, text)


def _needed(work: Work, invitation: str) -> Invitation:
    return work.need(streams.invitation(invitation), invitations.evolve, "invitation")
