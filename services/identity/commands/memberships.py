"""Ending a membership: the person's sign-ins end with it, so no token carries the role on."""

from sqlalchemy import select

from services.identity import streams
from services.identity.commands.accounts import revoke_sign_ins
from services.identity.domain import membership as memberships
from services.identity.readmodels import memberships as rows
from services.kernel.fields import PersonId
from services.kernel.work import Work


def end_membership(work: Work, membership: str) -> None:
    """End a membership now. The last operator of the network stays, also when two would end each other."""
    stream = streams.membership(membership)
    state = work.need(stream, memberships.evolve, "membership")
    operators = work.query(select(rows.c.ended).where(rows.c.clinic.is_(None), rows.c.role == "operator"))
    active = sum(row["ended"] is None for row in operators)
    work.append(stream, memberships.end(state, work.now, PersonId(work.who.actor), active), clinic=state.clinic)
    if state.clinic is None and state.role == "operator":
        work.guard("network-operators-ended", len(operators) - active + 1)
    work.entries(streams.account(state.account))
    revoke_sign_ins(work, state.account, "role_ended")
