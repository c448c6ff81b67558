"""Which lane a clinic's events go to: assigned once, to the lane with the fewest clinics, and kept in a row.

So lanes may be added later and nothing moves. What belongs to no clinic goes to lane 0.
"""

from sqlalchemy import func, literal, select

from services.kernel.projections import Rows
from services.kernel.store.backend import Backend
from services.kernel.store.tables import lanes
from services.kernel.store.write import Write


class Lanes:
    """The lanes of one service's store."""

    def __init__(self, backend: Backend, count: int) -> None:
        self._backend = backend
        self.count = count
        self._known: dict[str, int] = {}

    def of(self, clinic: str | None) -> int:
        """The lane of a clinic; 0 for none."""
        if clinic is None or self.count == 1:
            return 0
        if clinic not in self._known:
            found = self._find(clinic)
            self._known[clinic] = self._assign(clinic) if found is None else found
        return self._known[clinic]

    def _find(self, clinic: str) -> int | None:
        found = self._backend.rows(select(lanes.c.lane).where(lanes.c.clinic == clinic))
        return int(found[0]["lane"]) if found else None

    def _assign(self, clinic: str) -> int:
        with self._backend.reading() as connection:
            counted = connection.execute(select(lanes.c.lane, func.count()).group_by(lanes.c.lane))
            held = {int(lane): int(count) for lane, count in counted}
        least = min(range(self.count), key=lambda lane: (held.get(lane, 0), lane))
        rows = Rows(self._backend.engine.dialect.name)
        rows.add_where(lanes, select(literal(clinic), literal(least)).where(literal(True)), ["clinic", "lane"])
        self._backend.commit(Write(rows=rows.statements, locks={"lanes"}))
        found = self._find(clinic)
        if found is None:
            raise LookupError(f"no lane was kept for clinic {clinic}")
        return found
