"""Deleting plain rows that mean nothing any more, and everything that opens an account."""

from sqlalchemy import delete

from services.identity.commands.tries import clear_tries, forget_quiet
from services.identity.readmodels import letters, passwords, sign_ins, tokens
from services.kernel.time import plus
from services.kernel.work import Work

SIGN_IN_DAYS = 30
LINK_DAYS = 1  # for which an expired link rests, so that nothing goes at the moment at which somebody follows it


def sweep_rows(work: Work) -> None:
    """Secrets that have expired, sign-ins of long ago, counters that nobody touched."""
    work.row(delete(tokens).where(tokens.c.expires <= plus(work.now, days=-LINK_DAYS)))
    work.row(delete(sign_ins).where(sign_ins.c.at <= plus(work.now, days=-SIGN_IN_DAYS)))
    forget_quiet(work)


def forget_account(work: Work, account: str) -> None:
    """Delete everything that opens an account or leads to it. Its keys are another's to destroy: ``forgetting``."""
    clear_tries(work, account)
    work.release_names(account)
    work.rows.delete(letters, person=account)
    work.rows.delete(tokens, subject=account)
    work.rows.delete(passwords, account=account)
    work.rows.delete(sign_ins, account=account)
