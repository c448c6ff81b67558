"""Deleting plain rows that mean nothing any more, once an hour."""

from sqlalchemy import delete

from services.identity.readmodels import sign_ins, throttles, tokens
from services.kernel.time import plus
from services.kernel.work import Work

SIGN_IN_DAYS = 30
QUIET_DAYS = 90  # after which failures in a row are forgotten


def sweep(work: Work) -> None:
    """Secrets that have expired, sign-ins of long ago, counters that nobody touched."""
    work.row(delete(tokens).where(tokens.c.expires <= work.now))
    work.row(delete(sign_ins).where(sign_ins.c.at <= plus(work.now, days=-SIGN_IN_DAYS)))
    work.row(delete(throttles).where(throttles.c.last <= plus(work.now, days=-QUIET_DAYS)))
