"""Professional names, as people published them when they joined."""

from sqlalchemy import select

from services.kernel.service import Service
from services.sessions.readmodels.tables import memberships


def names_of(service: Service, accounts: set[str]) -> dict[str, str]:
    """The professional names of people who work here, by account."""
    found = service.query(
        select(memberships.c.account, memberships.c.name)
        .where(memberships.c.account.in_(accounts))
        .order_by(memberships.c.since)
    )
    return {row["account"]: row["name"] for row in found}
