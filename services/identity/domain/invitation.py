"""An invitation: to one address, into roles of a clinic or of the network, accepted once and within seven days.

pending ──accepted──▶ accepted        pending ──revoked──▶ revoked        pending ──time──▶ expired
"""

from dataclasses import dataclass, replace
from typing import Literal

from services.contracts.identity import InvitationAccepted, InvitationIssued, InvitationRevoked
from services.contracts.vocabulary import Role
from services.identity.domain.membership import CLINIC_ROLES, NETWORK_ROLES
from services.kernel.errors import Conflict, Invalid
from services.kernel.fields import ClinicId, Id, PersonId, Sealed
from services.kernel.time import Instant, plus

VALID_DAYS = 7

State = Literal["pending", "accepted", "revoked", "expired"]


@dataclass(frozen=True, slots=True)
class Invitation:
    id: Id
    clinic: ClinicId | None
    roles: tuple[Role, ...]
    expires: Instant
    inviter: PersonId
    answer: Literal["accepted", "revoked"] | None = None


def evolve(state: Invitation | None, event: object) -> Invitation | None:
    match event:
        case InvitationIssued():
            return Invitation(event.invitation, event.clinic, event.roles, event.expires, event.inviter)
        case InvitationAccepted() if state is not None:
            return replace(state, answer="accepted")
        case InvitationRevoked() if state is not None:
            return replace(state, answer="revoked")
    return state


def state_of(answer: str | None, expires: Instant, now: Instant) -> State:
    """What an invitation is now."""
    if answer == "accepted":
        return "accepted"
    if answer == "revoked":
        return "revoked"
    return "expired" if expires <= now else "pending"


def issue(
    invitation: Id, clinic: ClinicId | None, roles: tuple[Role, ...], inviter: PersonId, email: Sealed, now: Instant
) -> InvitationIssued:
    """Invite. Raises ``Invalid`` for roles that cannot be given there."""
    known = NETWORK_ROLES if clinic is None else CLINIC_ROLES
    wrong = [role for role in roles if role not in known]
    if wrong or not roles or len(set(roles)) != len(roles):
        where = "the network" if clinic is None else "a clinic"
        raise Invalid(
            f"These roles cannot be given in {where}.", help=f"Send one or several of: {', '.join(known)}; each once."
        )
    return InvitationIssued(
        invitation=invitation,
        clinic=clinic,
        roles=roles,
        expires=plus(now, days=VALID_DAYS),
        inviter=inviter,
        email=email,
    )


def accept(state: Invitation, account: PersonId, now: Instant) -> InvitationAccepted:
    """Accept. Raises ``Conflict`` unless it is pending."""
    ensure_acceptable(state, now)
    return InvitationAccepted(invitation=state.id, account=account)


def revoke(state: Invitation, by: PersonId, now: Instant) -> InvitationRevoked:
    """Take it back. Raises ``Conflict`` unless it is pending."""
    _ensure_pending(
        state,
        now,
        accepted="To take the role away, end the membership; the people of the clinic are listed with theirs.",
        otherwise="Nothing is left to do: its link does not hold any more.",
    )
    return InvitationRevoked(invitation=state.id, by=by)


def ensure_acceptable(state: Invitation, now: Instant) -> None:
    """Raises ``Conflict`` unless it is pending."""
    _ensure_pending(
        state,
        now,
        accepted="Sign in with the account that accepted it.",
        otherwise="Ask whoever invited you for a new invitation.",
    )


def _ensure_pending(state: Invitation, now: Instant, *, accepted: str, otherwise: str) -> None:
    found = state_of(state.answer, state.expires, now)
    if found == "pending":
        return
    words = {"accepted": "was accepted already", "revoked": "was taken back", "expired": "has expired"}
    raise Conflict(
        f"This invitation {words[found]}.",
        help=accepted if found == "accepted" else otherwise,
        extra={"state": found},
    )
