"""Whose clearances are to be derived again.

Each change of what a clearance rests on marks its counselor in the same transaction; the derivation is a transaction
of its own, right after in the same request, or else by the worker. So a change and its derivation cannot part, and two
changes at one moment cannot each overlook the other: whoever derives last sees both.

A derivation that began before a change must not be written after one that saw it, or an old answer would stand. So it
holds on to the mark that it found before it looked: what it finds is written only while that mark is there.

Whoever marks everybody must overlook nobody whose row, or whose profile, is being written at that moment: hence one
statement that waits for the row, whatever becomes of it, and one lock for all who mark.
"""

from sqlalchemy import delete, literal, select, true

from services.kernel.ids import new_id
from services.kernel.store.changes import upsert
from services.kernel.store.write import Retry, means
from services.kernel.work import Work
from services.licensing.readmodels import due, profiles

DERIVED = ""  # in place of a mark: nothing is to be derived

_MARKING = "due"  # the lock of all who mark

means(Retry, "due_pkey", "due.counselor")


def mark_due(work: Work, counselor: str) -> None:
    """One counselor's clearances are to be derived."""
    work.locks.add(_MARKING)
    work.rows.put(due, counselor=counselor, mark=new_id(), at=work.now)


def mark_everybody_due(work: Work) -> None:
    """Everybody's are, because the rules that count have changed."""
    work.locks.add(_MARKING)
    everybody = select(profiles.c.counselor, literal(new_id()), literal(work.now)).where(true())
    marked = upsert(work.backend.engine.dialect.name)(due).from_select(["counselor", "mark", "at"], everybody)
    newer = {"mark": marked.excluded.mark, "at": marked.excluded.at}
    work.row(marked.on_conflict_do_update(index_elements=["counselor"], set_=newer))


def take_off(work: Work, counselor: str) -> bool:
    """Whether anything is due; then this work derives it. Call it before anything is loaded.

    If the mark is another one when this is written (it became due anew, or somebody else derived it), the row that
    still holds it is in the way of ours, and the work runs again.
    """
    found = work.query(select(due.c.mark).where(due.c.counselor == counselor, due.c.mark != DERIVED))
    if not found:
        return False
    work.row(delete(due).where(due.c.counselor == counselor, due.c.mark == found[0]["mark"]))
    work.rows.insert(due, counselor=counselor, mark=DERIVED, at=work.now)
    return True
