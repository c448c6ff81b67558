"""What licensing does when another service's event arrives: it answers erasure orders. It knows no clients."""

from services.contracts.common import ErasureAnswer
from services.contracts.identity import ErasureOrdered
from services.contracts.licensing import LicensingErasureAnswered
from services.kernel.events import Entry
from services.kernel.listening import Reactions
from services.kernel.work import Work
from services.licensing import streams

REACTIONS = Reactions()


@REACTIONS.on(ErasureOrdered)
def _erasure_ordered(work: Work, entry: Entry[ErasureOrdered]) -> None:
    """Nothing of a client is held here."""
    order = entry.data
    answer = ErasureAnswer(
        erasure=order.erasure,
        client=order.client,
        clinic=order.clinic,
        kind="nothing_held",
        until=None,
        basis=None,
        values=0,
    )
    stream = streams.erasure(order.erasure)
    if not work.entries(stream):
        work.append(stream, LicensingErasureAnswered(answer=answer), clinic=order.clinic)
