"""The consumer: takes the lanes of other services, event by event, in order, each exactly once.

It applies sequence n+1 whose chain fits and skips what it has. The handler writes what was learned and the new
position in one transaction of its own database, so that twice is the same as once. A hole, a fork or an unknown
incarnation stops the lane with an alarm; other lanes go on. A hole heals by itself when the missing event arrives; so
does a log that was cut, when its relay has sent the lost events again. The rest needs a person.

The offset in a position is a hint. Where it leads to a hole or out of the log, the consumer looks back once: event
n+1 never stands before offset n.
"""

import logging
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.errors import Problem, Unavailable
from services.kernel.log.port import NO_EVENT, Log, Message, PositionLost, Subscription, told
from services.kernel.metrics import CONSUMED, LANE_STOPPED, PARKED

_log = logging.getLogger(__name__)

TRIES = 3  # before an event counts as poison
FIRST_WAIT, LONGEST_WAIT = 0.1, 15.0  # seconds; each wait is twice the one before


@dataclass(frozen=True, slots=True)
class Position:
    """The last event of a lane that was applied, and where it stood in the log."""

    incarnation: str
    sequence: int
    chain: bytes
    offset: int

    @classmethod
    def of(cls, message: Message) -> "Position":
        """The position of whoever has applied this message."""
        return cls(message.incarnation, message.sequence, message.chain, message.offset)


class PositionMoved(Exception):
    """Another runner has moved the position meanwhile; nothing was written."""


class Positions(Protocol):
    def get(self, service: str, lane: int) -> Position | None:
        """How far this reader is; None before the first event."""


class Handler(Protocol):
    """What a service does with the events of the others. Each call is one transaction of its own database."""

    def apply(self, message: Message, position_before: Position | None) -> None:
        """Write what follows from the event, and the position behind it.

        MUST raise ``PositionMoved`` where the stored position is not ``position_before`` (read it under its lock).
        MUST raise ``Unavailable`` where a part it needs, its own database too, does not answer: the lane waits.
        Any other error is tried again and then parked.
        """

    def park(self, message: Message, reason: str) -> None:
        """Set this event and the later ones of its stream aside, and write the position behind it."""


@runtime_checkable
class BatchHandler(Handler, Protocol):
    """A handler that can apply many events in one transaction, for a reader of very many."""

    def apply_many(self, run: Sequence[tuple[Message, Position | None]]) -> None:
        """As ``apply``, for events of any lanes, each with the position before it; in a lane they follow one another.

        It may take several transactions, each with its positions. After any error the consumer reads the positions
        anew and applies the rest one by one, so an error need not say whose it is.
        """


class Arrival(Enum):
    """What a message is to a reader at a certain position."""

    NEXT = "next"
    DOUBLE = "double"
    HOLE = "hole"
    FORK = "fork"  # something else stands where the event should
    INCARNATION = "unknown incarnation"
    CUT = "cut"  # not a message: the log ends before the position


@dataclass(frozen=True, slots=True)
class LaneStopped:
    """The alarm: this lane is not read on, because of what stands at ``sequence``."""

    kind: Arrival
    service: str
    lane: int
    sequence: int


def judge(message: Message, position: Position | None) -> Arrival:
    """What this message is to a reader at ``position``. The first message of a lane brings its incarnation."""
    if message.sequence == NO_EVENT:
        return Arrival.FORK
    before = position or Position(message.incarnation, 0, ORIGIN, -1)
    if message.incarnation != before.incarnation:
        return Arrival.INCARNATION
    if message.sequence > before.sequence + 1:
        return Arrival.HOLE
    if message.sequence == before.sequence + 1:
        head = chain_head(message.service, message.incarnation)
        fits = message.chain == chain(head, message.lane, message.sequence, before.chain, message.body)
        return Arrival.NEXT if fits else Arrival.FORK
    if message.sequence == before.sequence and message.chain != before.chain:
        return Arrival.FORK
    return Arrival.DOUBLE


@dataclass(slots=True)
class _Lane:
    """What the consumer knows of one lane between two polls."""

    service: str
    lane: int
    position: Position | None
    looked_back: bool = False  # the hint was tried and is not trusted
    ignoring: bool = False  # the rest of this poll is read again or not wanted
    waits: int = 0
    tries: int = 0
    resume_at: float | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.service, self.lane

    @property
    def sequence(self) -> int:
        return self.position.sequence if self.position else 0

    @property
    def start(self) -> int:
        """The offset to read on from."""
        if self.position is None:
            return 0
        return self.position.sequence if self.looked_back else self.position.offset + 1


class Consumer:
    """Reads ``lanes``, pairs of (service, lane), for one handler. Belongs to one thread; ``step`` is called again and
    again. ``clock`` counts seconds and never goes back; ``alarm`` is told of every lane that stops.
    """

    def __init__(
        self,
        log: Log,
        lanes: Collection[tuple[str, int]],
        positions: Positions,
        handler: Handler,
        *,
        clock: Callable[[], float] = time.monotonic,
        alarm: Callable[[LaneStopped], None] | None = None,
    ) -> None:
        self.stopped: dict[tuple[str, int], LaneStopped] = {}
        self.waiting: dict[tuple[str, int], str] = {}
        self._log, self._keys, self._positions, self._handler = log, tuple(lanes), positions, handler
        self._clock, self._alarm = clock, alarm
        self._lanes: dict[tuple[str, int], _Lane] = {}
        self._subscription: Subscription | None = None

    def step(self, timeout: float) -> int:
        """Wait up to ``timeout`` seconds for messages and handle them; gives the number of events applied.

        May raise ``LogUnavailable`` or an error of ``positions``: call again after a while; it begins from the
        stored positions.
        """
        try:
            subscription = self._subscription or self._open()
            self._resume(subscription)
            for lane in self._lanes.values():
                lane.ignoring = False
            try:
                messages = subscription.poll(self._patience(timeout))
            except PositionLost as lost:
                self._lost(subscription, self._lanes[lost.service, lost.lane], lost)
                return 0
            done = self._take_many(messages) if isinstance(self._handler, BatchHandler) and len(messages) > 1 else 0
            return done + sum(self._take(subscription, message) for message in messages)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop reading. A later step begins again from the stored positions."""
        if self._subscription is not None:
            self._subscription.close()
        self._subscription = None

    def _open(self) -> Subscription:
        self._lanes = {key: _Lane(*key, self._positions.get(*key)) for key in self._keys}
        self.waiting.clear()
        self._subscription = self._log.follow({key: lane.start for key, lane in self._lanes.items()})
        return self._subscription

    def _patience(self, timeout: float) -> float:
        due = [lane.resume_at for lane in self._lanes.values() if lane.resume_at is not None]
        return max(0.0, min([timeout, *(at - self._clock() for at in due)]))

    def _resume(self, subscription: Subscription) -> None:
        for lane in self._lanes.values():
            if lane.resume_at is not None and lane.resume_at <= self._clock():
                lane.resume_at = None
                subscription.seek(*lane.key, lane.start)

    def _take_many(self, messages: Sequence[Message]) -> int:
        """Apply what follows at once. What is left, or all of it after an error, is then taken one by one."""
        handler = self._handler
        assert isinstance(handler, BatchHandler)
        run = self._run_of(messages)
        try:
            handler.apply_many(run)
        except Exception as error:
            _log.debug("a batch is applied one by one", extra={"count": len(run), "reason": reason_of(error)})
            for key in {(message.service, message.lane) for message, _ in run}:
                self._lanes[key].position = self._positions.get(*key)
            return 0
        for message, _ in run:
            CONSUMED.labels(message.service, message.lane).inc()
            self._advance(self._lanes[message.service, message.lane], message)
        return len(run)

    def _run_of(self, messages: Sequence[Message]) -> list[tuple[Message, Position | None]]:
        """The events that may be applied, each with the position before it; of a lane up to the first odd one."""
        reached = {key: lane.position for key, lane in self._lanes.items()}
        run: list[tuple[Message, Position | None]] = []
        for message in messages:
            key = message.service, message.lane
            arrival = judge(message, reached[key]) if key in reached else Arrival.HOLE
            if arrival is Arrival.NEXT:
                run.append((message, reached[key]))
                reached[key] = Position.of(message)
            elif arrival is not Arrival.DOUBLE:
                reached.pop(key, None)
        return run

    def _take(self, subscription: Subscription, message: Message) -> int:
        lane = self._lanes[message.service, message.lane]
        if lane.ignoring:
            return 0
        arrival = judge(message, lane.position)
        if arrival is Arrival.NEXT:
            return self._apply(subscription, lane, message)
        if arrival is Arrival.HOLE and not lane.looked_back:
            self._look_back(subscription, lane)
        elif arrival is Arrival.HOLE:
            self._stop(lane, arrival, lane.sequence + 1)  # and read on: the missing one may be sent again
        elif arrival is not Arrival.DOUBLE:
            self._stop(lane, arrival, message.sequence or lane.sequence + 1)
            self._ignore(subscription, lane)
        return 0

    def _apply(self, subscription: Subscription, lane: _Lane, message: Message) -> int:
        try:
            self._handler.apply(message, lane.position)
        except PositionMoved:
            self._reload(subscription, lane)
        except Unavailable as error:
            self._wait(subscription, lane, error.detail)
        except Exception as error:
            lane.tries += 1
            if lane.tries < TRIES:
                self._wait(subscription, lane, reason_of(error))
            else:
                self._park(subscription, lane, message, reason_of(error))
        else:
            CONSUMED.labels(*lane.key).inc()
            self._advance(lane, message)
            return 1
        return 0

    def _park(self, subscription: Subscription, lane: _Lane, message: Message, reason: str) -> None:
        _log.error("an event is parked", extra=told(*lane.key, message.sequence, reason))
        try:
            self._handler.park(message, reason)
        except PositionMoved:
            self._reload(subscription, lane)
        except Exception as error:  # nothing is passed over: the event is tried, and parked, again
            self._wait(subscription, lane, reason_of(error))
        else:
            PARKED.labels(*lane.key).inc()
            self._advance(lane, message)

    def _advance(self, lane: _Lane, message: Message) -> None:
        lane.position = Position.of(message)
        lane.looked_back, lane.tries, lane.waits = False, 0, 0
        self.waiting.pop(lane.key, None)
        if self.stopped.pop(lane.key, None):
            LANE_STOPPED.labels(*lane.key).set(0)
            _log.warning("a lane goes on", extra=told(*lane.key, message.sequence))

    def _reload(self, subscription: Subscription, lane: _Lane) -> None:
        """Another runner moved the position. What it did is skipped; where it has not come so far, the lane is read
        again from there."""
        before = lane.sequence
        lane.position = self._positions.get(*lane.key)
        lane.tries = 0
        if lane.sequence <= before:
            lane.ignoring = True
            subscription.seek(*lane.key, lane.start)

    def _wait(self, subscription: Subscription, lane: _Lane, reason: str) -> None:
        """Leave the lane alone for a while; then it is read again from its position."""
        lane.resume_at = self._clock() + min(FIRST_WAIT * 2**lane.waits, LONGEST_WAIT)
        lane.waits = min(lane.waits + 1, 10)
        self.waiting[lane.key] = reason
        _log.warning("a lane waits behind an event", extra=told(*lane.key, lane.sequence, reason))
        self._ignore(subscription, lane)

    def _lost(self, subscription: Subscription, lane: _Lane, lost: PositionLost) -> None:
        if not lane.looked_back and lane.position is not None:
            where = told(*lane.key, lane.sequence) | {"offset": lost.offset}
            _log.warning("an offset lies outside the event log", extra=where)
            self._look_back(subscription, lane)
            return
        self._stop(lane, Arrival.CUT, lane.sequence + 1)
        self._wait(subscription, lane, "the event log ends before what was already read")

    def _look_back(self, subscription: Subscription, lane: _Lane) -> None:
        lane.looked_back = lane.ignoring = True
        subscription.seek(*lane.key, lane.start)

    def _ignore(self, subscription: Subscription, lane: _Lane) -> None:
        lane.ignoring = True
        subscription.pause(*lane.key)

    def _stop(self, lane: _Lane, kind: Arrival, sequence: int) -> None:
        stopped = LaneStopped(kind, lane.service, lane.lane, sequence)
        if self.stopped.get(lane.key) == stopped:
            return
        self.stopped[lane.key] = stopped
        LANE_STOPPED.labels(*lane.key).set(1)
        _log.error("a lane is stopped", extra=told(*lane.key, sequence, kind.value))
        if self._alarm:
            self._alarm(stopped)


def reason_of(error: Exception) -> str:
    """Why an event could not be applied, without its words: a foreign error text may quote what it choked on."""
    if isinstance(error, Problem):
        return error.detail
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    return type(error).__name__ + where
