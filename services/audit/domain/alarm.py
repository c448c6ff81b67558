"""An alarm: something about the record is not as it should be, and somebody has to look."""

from dataclasses import dataclass

from services.contracts.audit import AlarmKind
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class Alarm:
    """What is wrong, and where: in a lane of a service; or in the log, then ``audit``, lane 0 and a leaf's index."""

    kind: AlarmKind
    service: str
    lane: int
    sequence: int

    def name(self, now: Instant) -> str:
        """Under which it is raised once: the same thing again within a day of UTC says nothing new."""
        return f"{self.kind}/{self.service}/{self.lane}/{self.sequence}/{now[:10]}"
