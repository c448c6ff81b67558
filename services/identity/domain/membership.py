"""A membership: one role of an account, in a clinic or (clinic none) in the network, from a day and until it ends.

Nobody grants themselves officer or verifier: who watches must be chosen by another.
"""

from dataclasses import dataclass, replace

from services.contracts.identity import MembershipEnded, MembershipGranted
from services.contracts.vocabulary import Role
from services.kernel.errors import Conflict, Forbidden
from services.kernel.fields import ClinicId, Id, PersonId
from services.kernel.time import Instant

CLINIC_ROLES: tuple[Role, ...] = ("operator", "counselor", "verifier", "officer")
NETWORK_ROLES: tuple[Role, ...] = ("operator", "officer", "verifier")
WATCHING: frozenset[Role] = frozenset({"officer", "verifier"})


@dataclass(frozen=True, slots=True)
class Membership:
    id: Id
    account: PersonId
    clinic: ClinicId | None
    role: Role
    ended: bool = False


def evolve(state: Membership | None, event: object) -> Membership | None:
    match event:
        case MembershipGranted(membership=membership, account=account, clinic=clinic, role=role):
            return Membership(membership, account, clinic, role)
        case MembershipEnded() if state is not None:
            return replace(state, ended=True)
    return state


def end(state: Membership, at: Instant, by: PersonId, network_operators: int) -> MembershipEnded:
    """End it. Raises ``Conflict`` when it ended before, or when nobody would be left to run the network.

    ``network_operators``: how many memberships as operator of the network there are now.
    """
    if state.ended:
        raise Conflict("This membership has ended already.", help="Nothing is left to do.")
    if state.clinic is None and state.role == "operator" and network_operators <= 1:
        raise Conflict(
            "This is the last operator of the network.",
            help="Invite another operator of the network first; when they have joined, end this one.",
        )
    return MembershipEnded(
        membership=state.id, account=state.account, clinic=state.clinic, role=state.role, at=at, ended_by=by
    )


def ensure_not_to_oneself(roles: tuple[Role, ...], giver: str, receiver: str | None) -> None:
    """Raises ``Forbidden`` where somebody would make themselves officer or verifier."""
    given = [role for role in roles if role in WATCHING]
    if receiver is not None and giver == receiver and given:
        raise Forbidden(
            f"Nobody can make themselves {' or '.join(given)}.",
            help="Another operator has to invite you.",
            extra={"reason": "to-oneself"},
        )


def ensure_new(roles: tuple[Role, ...], held: frozenset[Role]) -> None:
    """Raises ``Conflict`` when the person holds one of these roles there already."""
    again = [role for role in roles if role in held]
    if again:
        raise Conflict(
            f"This person is {' and '.join(again)} here already.",
            help="Invite them only to the roles that they do not have yet.",
            extra={"held": again},
        )
