"""How old the knowledge of another service may be: kept by the worker, asked by the web processes.

A clearance that is older than fifteen minutes may not be booked or started by, because a revocation may stand in what
did not arrive (plan, "Events": bounds).
"""

from collections.abc import Sequence

from sqlalchemy import select

from services.kernel.log.heads import Freshness
from services.kernel.projections import Rows
from services.kernel.service import Service
from services.kernel.store.tables import known
from services.kernel.store.write import Write
from services.kernel.time import Instant


def keep_known(service: Service, freshness: Freshness, lanes: Sequence[tuple[str, int]]) -> None:
    """Write down up to when each lane is known."""
    rows = Rows(service.backend.engine.dialect.name)
    for name, lane in lanes:
        until = freshness.known_until(name, lane)
        if until is not None:
            rows.put(known, service=name, lane=lane, until=until)
    if rows.statements:
        service.backend.commit(Write(rows=rows.statements))


def known_until(service: Service, source: str, lanes: int) -> Instant | None:
    """The instant up to which everything of ``source`` is applied here; ``None`` when some lane was never known."""
    found = service.query(select(known.c.lane, known.c.until).where(known.c.service == source))
    untils = {row["lane"]: row["until"] for row in found}
    if any(lane not in untils for lane in range(lanes)):
        return None
    return Instant(min(untils[lane] for lane in range(lanes)))
