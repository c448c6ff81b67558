"""Identity's tables: those built from events (``TABLES``), and the plain ones beside them (``PLAIN``).

A rebuild makes ``TABLES`` anew by ``PROJECTIONS`` and leaves ``PLAIN`` alone.
"""

from services.identity.readmodels.plain import PLAIN, letters, links, passwords, sign_ins, throttles, tokens
from services.identity.readmodels.projections import PROJECTIONS
from services.identity.readmodels.tables import (
    TABLES,
    accounts,
    clients,
    clinics,
    erasure_answers,
    erasures,
    holds,
    invitations,
    memberships,
    networks,
    openings,
    revocations,
)

__all__ = [
    "PLAIN",
    "PROJECTIONS",
    "TABLES",
    "accounts",
    "clients",
    "clinics",
    "erasure_answers",
    "erasures",
    "holds",
    "invitations",
    "letters",
    "links",
    "memberships",
    "networks",
    "openings",
    "passwords",
    "revocations",
    "sign_ins",
    "throttles",
    "tokens",
]
