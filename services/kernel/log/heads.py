"""Heads: how a reader knows whether a quiet lane is quiet or cut.

The leader of a lane says every ten seconds: at this time, this was the last event. Who has applied that event knows
everything of the lane up to that time. The age of what one knows rests on the clock of the one who wrote the head.
"""

from collections import deque
from collections.abc import Iterable
from datetime import timedelta

from services.kernel.chain import ORIGIN
from services.kernel.log.consumer import Position, Positions
from services.kernel.log.feed import Feed
from services.kernel.log.port import Head, Log
from services.kernel.metrics import CONSUMER_LAG
from services.kernel.time import Clock, Instant, moment

HEAD_EVERY = 10.0  # seconds

# Heads kept while a reader is behind: ten hours of them. A reader further behind is not fresh in any case.
_KEPT = 3600


class HeadWriter:
    """Writes the head of one lane, every ``every`` seconds at most. Only the leader of the lane may use it."""

    def __init__(self, feed: Feed, log: Log, lane: int, clock: Clock, every: float = HEAD_EVERY) -> None:
        self._feed, self._log, self._lane = feed, log, lane
        self._clock, self._every = clock, timedelta(seconds=every)
        self._written: Instant | None = None

    def due(self) -> bool:
        """Whether it is time again. A clock set back makes it due at once."""
        now = self._clock()
        if self._written is None or now < self._written:
            return True
        return moment(now) - moment(self._written) >= self._every

    def write(self) -> None:
        """Write the head. The time is taken before the store is read, so that nothing older can be missing in it."""
        now = self._clock()
        last = self._feed.head(self._lane)
        incarnation, sequence, chain = (last.incarnation, last.sequence, last.chain) if last else ("", 0, ORIGIN)
        self._log.put_head(Head(self._feed.service, self._lane, incarnation, sequence, chain, now))
        self._written = now


def reached(head: Head, position: Position | None) -> bool:
    """Whether a reader at this position has applied everything that the head speaks of.

    A head that contradicts the position (another incarnation, another chain) is never reached.
    """
    if head.sequence == 0:
        return True
    if position is None or position.incarnation != head.incarnation:
        return False
    return position.sequence > head.sequence or (position.sequence == head.sequence and position.chain == head.chain)


class Freshness:
    """How old the knowledge of a reader may be, lane by lane.

    ``refresh`` reads the heads; the worker calls it every few seconds. Belongs to one thread.
    """

    def __init__(self, log: Log, positions: Positions, lanes: Iterable[tuple[str, int]]) -> None:
        self._log, self._positions = log, positions
        self._heard: dict[tuple[str, int], deque[Head]] = {lane: deque() for lane in lanes}
        self._known: dict[tuple[str, int], Head] = {}

    def refresh(self) -> None:
        """Read the newest heads, and compare each with how far this reader is. May raise ``LogUnavailable``."""
        for head in self._log.heads():
            lane = (head.service, head.lane)
            if lane in self._heard:
                self._hear(head, self._heard[lane])
                self._compare(lane, head)

    def known_until(self, service: str, lane: int) -> Instant | None:
        """Everything of the lane up to this instant is applied here; None as long as no head was reached."""
        head = self._known.get((service, lane))
        return head.time if head else None

    def _hear(self, head: Head, heard: deque[Head]) -> None:
        newest = heard[-1] if heard else self._known.get((head.service, head.lane))
        if len(heard) < _KEPT and (newest is None or head.time > newest.time):
            heard.append(head)

    def _compare(self, lane: tuple[str, int], newest: Head) -> None:
        position = self._positions.get(*lane)
        heard = self._heard[lane]
        while heard and reached(heard[0], position):
            self._known[lane] = heard.popleft()
        behind = newest.sequence - (position.sequence if position else 0)
        CONSUMER_LAG.labels(*lane).set(max(0, behind))
