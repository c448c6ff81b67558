"""The relay: moves the events of one lane from the store, which is the outbox, into the event log.

One leader a lane. Published, acknowledged, only then noted: so a crash gives doubles, never a loss, and readers skip
doubles. After a start or any failure nothing is assumed: the end of the lane is read back from the log, compared with
the store, and the relay goes on from there; where the log has lost its end, that is sent again. Where the log holds
something that the store does not, the lane stops: a person must look (a store restored too far back, a wrong log).
"""

import logging
from collections.abc import Sequence
from contextlib import ExitStack

from services.kernel.log.feed import Feed, Leadership
from services.kernel.log.heads import HEAD_EVERY, HeadWriter
from services.kernel.log.port import NO_EVENT, Log, LogUnavailable, Message, told
from services.kernel.metrics import LANE_STOPPED, RELAY_LAG, RELAYED
from services.kernel.time import Clock, system_clock

_log = logging.getLogger(__name__)

_PATIENCE = 5.0  # seconds for reading back what is known to be there


class LogDiverged(Exception):
    """The log holds an event of this lane that the store does not hold, or holds differently. The lane is stopped."""

    def __init__(self, service: str, lane: int, sequence: int, reason: str) -> None:
        super().__init__(
            f"Event {sequence} of {service}, lane {lane}: {reason}. The relay of this lane is stopped and nothing was "
            "changed. Was the store restored from a backup, or the service pointed at the log of another installation? "
            "Compare them: amanah store verify."
        )
        self.service, self.lane, self.sequence, self.reason = service, lane, sequence, reason


def difference(feed: Feed, message: Message) -> str | None:
    """How a message of the log differs from what the store holds in its place; None where it does not."""
    if message.sequence == NO_EVENT:
        return "the log holds what is no event of this lane"
    stored = feed.after(message.lane, message.sequence - 1, 1)
    if not stored:
        return "the log is ahead of the store"
    if stored[0].incarnation != message.incarnation:
        return "the log holds another incarnation"
    if stored[0].chain != message.chain:
        return "the log holds another event in its place"
    return None


def contiguous_end(messages: Sequence[Message]) -> int:
    """The last sequence up to which these messages, consecutive in the log, have no hole; doubles do not matter.

    What stands before the first of them counts as whole; a first message at offset 0 has nothing before it.
    """
    end = messages[0].sequence - 1 if messages[0].offset else 0
    for message in messages:
        if message.sequence == end + 1:
            end += 1
    return end


class Relay:
    """The relay of one lane of ``feed``. It belongs to one thread; ``step`` is called again and again.

    ``limit`` events are published at a time; a head is written every ``head_every`` seconds.
    """

    def __init__(
        self,
        feed: Feed,
        log: Log,
        lane: int,
        *,
        clock: Clock = system_clock,
        limit: int = 500,
        head_every: float = HEAD_EVERY,
    ) -> None:
        self.lane = lane
        self.diverged: LogDiverged | None = None
        self._feed, self._log, self._limit = feed, log, limit
        self._heads = HeadWriter(feed, log, lane, clock, head_every)
        self._key, self._labels = (feed.service, lane), (feed.service, str(lane))
        self._office = ExitStack()
        self._leadership: Leadership | None = None
        self._sequence: int | None = None  # the last one known to be in the log; None: to be read back

    @property
    def leading(self) -> bool:
        """Whether this relay held the lane at its last step."""
        return self._leadership is not None

    def step(self) -> int:
        """Publish what is next, and the head when it is due; gives the number of events published.

        0 where there is nothing new or another leads. May raise ``LogUnavailable`` or an error of the store: call
        again after a while. Raises ``LogDiverged``, also on every later call, where the lane must not go on.
        """
        if self.diverged:
            raise self.diverged
        try:
            if not self._lead():
                return 0
            if self._sequence is None:
                self._tell_lag(self._feed.relayed(self.lane))  # first: while the log is away nothing else tells it
                self._sequence = self._read_back()
                self._tell_lag(self._sequence)
            published = self._publish(self._sequence)
            self._write_head()
        except LogUnavailable:
            self._sequence = None
            raise
        except BaseException as error:
            if isinstance(error, LogDiverged):
                self._stop(error)
            self.close()
            raise
        return published

    def close(self) -> None:
        """Give the lane back. A later step asks for it again."""
        self._sequence = self._leadership = None
        self._office.close()

    def _lead(self) -> bool:
        if self._leadership is None:
            self._leadership = self._office.enter_context(self._feed.lead(self.lane))
            if self._leadership is None:
                self._office.close()
        return self._leadership is not None

    def _still_leading(self) -> bool:
        if self._leadership is not None and self._leadership.still():
            return True
        _log.warning("another process may lead a lane now, and this relay steps back", extra=told(*self._key))
        RELAY_LAG.labels(*self._labels).set(0)  # the new leader tells it
        self.close()
        return False

    def _publish(self, sequence: int) -> int:
        batch = self._feed.after(self.lane, sequence, self._limit)
        if not batch or not self._still_leading():
            return 0
        last = batch[-1].sequence if len(batch) < self._limit else self._tell_lag(sequence)
        self._log.publish(self._feed.service, self.lane, batch)
        self._sequence = batch[-1].sequence
        self._feed.mark_relayed(self.lane, self._sequence)
        RELAYED.labels(*self._labels).inc(len(batch))
        RELAY_LAG.labels(*self._labels).set(last - self._sequence)
        return len(batch)

    def _tell_lag(self, sequence: int) -> int:
        """Measure how far the log, which has the lane up to ``sequence``, is behind the store; the store's last."""
        head = self._feed.head(self.lane)
        last = head.sequence if head else 0
        RELAY_LAG.labels(*self._labels).set(max(0, last - sequence))
        return last

    def _write_head(self) -> None:
        if self.leading and self._heads.due() and self._still_leading():
            self._heads.write()

    def _read_back(self) -> int:
        """The sequence up to which the log has this lane without a hole."""
        relayed = self._feed.relayed(self.lane)
        tail = self._log.tail(self._feed.service, self.lane)
        end = 0
        if tail:
            window = self._window(tail)
            in_order = sorted(window, key=lambda found: found.sequence)
            for message in (in_order[0], in_order[-1], tail):
                self._compare(message)
            end = min(contiguous_end(window), tail.sequence)
        if end < relayed:
            lost = told(*self._key, end + 1) | {"count": relayed - end}
            _log.warning("the event log lost the end of a lane, which is sent again", extra=lost)
        elif end > relayed:
            self._feed.mark_relayed(self.lane, end)
        return end

    def _window(self, tail: Message) -> list[Message]:
        """The last messages of the log: more than one failed publish can have left in doubt."""
        window: list[Message] = []
        offset = max(0, tail.offset - 2 * self._limit)
        while offset <= tail.offset:
            found = self._log.read(self._feed.service, self.lane, offset, wait=_PATIENCE)
            if not found:
                raise LogUnavailable("The event log did not give back what is in it", retry_after=5)
            window += found
            offset = found[-1].offset + 1
        return window

    def _compare(self, message: Message) -> None:
        reason = difference(self._feed, message)
        if reason:
            raise LogDiverged(self._feed.service, self.lane, message.sequence, reason)

    def _stop(self, diverged: LogDiverged) -> None:
        self.diverged = diverged
        LANE_STOPPED.labels(*self._labels).set(1)
        _log.error("the relay of a lane is stopped", extra=told(*self._key, diverged.sequence, diverged.reason))
