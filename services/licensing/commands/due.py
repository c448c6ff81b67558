"""Whose clearances are to be derived again.

Each change of what a clearance rests on marks its counselor in the same transaction; the derivation is a transaction
of its own, right after in the same request, or else by the worker. So a change and its derivation cannot part, and two
changes at one moment cannot each overlook the other: whoever derives last sees both.
"""

from sqlalchemy import delete, literal, select, update

from services.kernel.ids import new_id
from services.kernel.work import Work
from services.licensing.readmodels import due, profiles


def mark_due(work: Work, counselor: str) -> None:
    """One counselor's clearances are to be derived."""
    work.rows.put(due, counselor=counselor, mark=new_id(), at=work.now)


def mark_everybody_due(work: Work) -> None:
    """Everybody's are, because the rules that count have changed."""
    mark = new_id()
    others = select(profiles.c.counselor, literal(mark), literal(work.now)).where(
        profiles.c.counselor.not_in(select(due.c.counselor))
    )
    work.locks.add("due")
    work.row(update(due).values(mark=mark, at=work.now))
    work.rows.add_where(due, others, ["counselor", "mark", "at"])


def take_off(work: Work, counselor: str, mark: str) -> None:
    """Derived; unless it became due anew meanwhile, by another mark."""
    work.row(delete(due).where(due.c.counselor == counselor, due.c.mark == mark))
