"""The end of an account that is nobody: it is claimed, once and for ever, then everything that opens it is deleted.

Between two looks a person may become somebody. So whoever ties something to an account, and whoever ends it, take one
name: the later of the two meets what the other wrote, and is refused.
"""

from sqlalchemy import ColumnElement, and_, exists, insert, literal, or_, select

from services.identity.commands.tries import clear_tries
from services.identity.readmodels import letters, links, memberships, passwords, sign_ins, tokens
from services.kernel.store.tables import names
from services.kernel.work import Work

_NOBODY = "nobody"  # the scope of names by which an account is somebody, for a moment, or nobody, for ever


def is_somebody(account: str | ColumnElement[str], leaving: str = "") -> ColumnElement[bool]:
    """The condition that a client, other than one who leaves, or a membership stands behind an account."""
    others = exists().where(and_(links.c.account == account, links.c.client != leaving))
    return or_(others, exists().where(memberships.c.account == account))


def tie(work: Work, account: str) -> None:
    """To be called by whoever makes an account somebody. Raises ``NameTaken`` where it ended at this moment."""
    work.claim_name(_NOBODY, account, account)
    work.rows.delete(names, scope=_NOBODY, name=account)


def end_account(work: Work, account: str, leaving: str = "") -> None:
    """Make sure that nothing can be tied to an account any more. Raises ``NameTaken`` where somebody stands behind it,
    also since this very moment."""
    claimed = {"scope": _NOBODY, "name": account, "owner": ""}
    if work.query(select(names.c.owner).where(*(names.c[column] == value for column, value in claimed.items()))):
        return
    work.claim_name(**claimed)
    again = select(*map(literal, claimed.values())).where(is_somebody(account, leaving))
    work.row(insert(names).from_select(list(claimed), again))


def forget_nobody(work: Work, account: str) -> None:
    """End an account, and delete what opens it. Raises ``NameTaken`` as ``end_account``."""
    end_account(work, account)
    forget_account(work, account)


def forget_account(work: Work, account: str) -> None:
    """Delete everything that opens an account or leads to it. Its keys are another's to destroy: ``forgetting``."""
    clear_tries(work, account)
    work.release_names(account)
    work.rows.delete(letters, person=account)
    work.rows.delete(tokens, subject=account)
    work.rows.delete(passwords, account=account)
    work.rows.delete(sign_ins, account=account)
