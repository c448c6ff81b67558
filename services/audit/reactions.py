"""What audit does when another service's event arrives."""

from services.audit import streams
from services.contracts.audit import AuditErasureAnswered
from services.contracts.common import ErasureAnswer
from services.contracts.identity import ErasureOrdered
from services.kernel.events import Entry
from services.kernel.fields import Code
from services.kernel.listening import Reactions
from services.kernel.work import Work

REACTIONS = Reactions()

IDS_ONLY = Code("ids_only")
"""The basis on which audit keeps its log: it holds ids and commitments, of which no key is left, and no words."""


@REACTIONS.on(ErasureOrdered)
def _(work: Work, entry: Entry[ErasureOrdered]) -> None:
    """Audit holds no words of anybody: it has nothing to erase, and says so once."""
    order = entry.data
    stream = streams.erasure(order.erasure)
    if work.entries(stream):
        return
    answer = ErasureAnswer(
        erasure=order.erasure,
        client=order.client,
        clinic=order.clinic,
        kind="nothing_held",
        until=None,
        basis=IDS_ONLY,
        values=0,
    )
    work.append(stream, AuditErasureAnswered(answer=answer), clinic=order.clinic)
