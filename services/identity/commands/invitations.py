"""Inviting people into roles, and joining."""

from dataclasses import dataclass, field

from sqlalchemy import delete

from services.contracts.identity import MembershipGranted
from services.contracts.vocabulary import Role
from services.identity import streams
from services.identity.address import Address
from services.identity.commands.accounts import confirm_address, open_account, set_password
from services.identity.commands.letters import queue
from services.identity.domain import account as accounts
from services.identity.domain import invitation as invitations
from services.identity.domain.invitation import Invitation
from services.identity.domain.membership import ensure_new, ensure_not_to_oneself
from services.identity.lookups import Asks, account_by_index, clinic_row, memberships_of
from services.identity.readmodels import tokens
from services.kernel.fields import ClinicId, Id, Language, Name, PersonId, seal
from services.kernel.time import Instant, Zone
from services.kernel.work import Work


@dataclass(frozen=True, slots=True)
class Invite:
    clinic: ClinicId | None
    roles: tuple[Role, ...]
    address: Address


@dataclass(frozen=True, slots=True)
class Accept:
    """Accept an invitation to ``address``. ``account`` is a new id, or that of the account which has the address and
    whose password was right; ``new_password`` is the hash for a new account, else none."""

    token: str = field(repr=False)
    invitation: Id
    address: Address
    account: PersonId
    new_password: str | None = field(repr=False)
    professional_name: Name
    locale: Language
    zone: Zone


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
    issued = invitations.issue(
        invitation, order.clinic, order.roles, inviter, seal(order.address.text), work.now
    )
    work.append(streams.invitation(invitation), issued, clinic=order.clinic)
    queue(work, "invitation", invitation, clinic=order.clinic)
    return invitation


def revoke_invitation(work: Work, invitation: str) -> None:
    state = _needed(work, invitation)
    revoked = invitations.revoke(state, PersonId(work.who.actor), work.now)
    work.row(delete(tokens).where(tokens.c.subject == invitation))
    work.append(streams.invitation(invitation), revoked, clinic=state.clinic)


def accept_invitation(work: Work, order: Accept) -> PersonId:
    """Join. Two at the same moment: one wins, because the invitation is used once. Raises ``Conflict``."""
    state = _needed(work, order.invitation)
    accepted = invitations.accept(state, order.account, work.now)
    ensure_not_to_oneself(state.roles, state.inviter, order.account)
    ensure_new(state.roles, roles_held(work, order.account, state.clinic, work.now))
    work.claim_name("invitation-used", state.id, state.id)
    work.row(delete(tokens).where(tokens.c.subject == state.id))
    if order.new_password is None:
        confirm_address(work, order.account)
    else:
        open_account(work, order.account, order.address, order.locale, order.zone)
        opened = accounts.Account(order.account, order.locale, order.zone)
        work.append(streams.account(order.account), *accounts.confirm(opened))
        set_password(work, order.account, order.new_password)
    work.append(streams.invitation(state.id), accepted, clinic=state.clinic)
    _grant(work, state, order)
    return order.account


def roles_held(asks: Asks, account: str, clinic: str | None, now: Instant) -> frozenset[Role]:
    """The roles that an account has there now."""
    return frozenset(row["role"] for row in memberships_of(asks, account, now) if row["clinic"] == clinic)


def _grant(work: Work, state: Invitation, order: Accept) -> None:
    for role in state.roles:
        grant = MembershipGranted(
            membership=work.new_id(),
            account=order.account,
            clinic=state.clinic,
            role=role,
            since=work.now,
            until=None,
            name=order.professional_name,
            granted_by=state.inviter,
        )
        work.append(streams.membership(grant.membership), grant, clinic=state.clinic)


def _needed(work: Work, invitation: str) -> Invitation:
    return work.need(streams.invitation(invitation), invitations.evolve, "invitation")
