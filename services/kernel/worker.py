"""The worker of a service: relays its lanes, applies the lanes it listens to, and does what is due by the clock.

Each of the three runs in a thread of its own and is only ever a loop over small steps; what a step cannot do now is
tried again after a pause that grows. A worker may be killed at any moment. There may be several: leadership of lanes
and guarded positions keep them apart.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.kernel.knowing import keep_known
from services.kernel.log.consumer import Consumer, Handler, LaneStopped, Positions
from services.kernel.log.heads import Freshness
from services.kernel.log.port import Log
from services.kernel.log.relay import LogDiverged, Relay
from services.kernel.logs import bound
from services.kernel.parts import Assembly
from services.kernel.store.feed import StoreFeed

_log = logging.getLogger(__name__)

RELAY_IDLE = 0.05  # seconds between two looks at the store, unless an append in this process nudges
POLL = 0.5  # seconds to wait for messages
LONGEST_PAUSE = 5.0
KNOW_EVERY = 5.0  # seconds between two looks at the heads


@dataclass(slots=True)
class Tick:
    """Something due every ``seconds``."""

    name: str
    seconds: float
    step: Callable[[], object]


@dataclass(slots=True)
class Worker:
    """Start it, and stop it; it keeps nothing that is not in the database."""

    assembly: Assembly
    log: Log
    handler: Handler
    positions: Positions
    follows: Sequence[str]
    ticks: Sequence[Tick] = ()
    alarm: Callable[[LaneStopped], None] | None = None
    flush: Callable[[], None] = lambda: None
    stopped: threading.Event = field(default_factory=threading.Event)
    consumer: Consumer = field(init=False)
    relays: list[Relay] = field(init=False)
    lanes: list[tuple[str, int]] = field(init=False)
    freshness: Freshness = field(init=False)
    _threads: list[threading.Thread] = field(default_factory=list)
    _failing: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        store = self.assembly.store
        feed = StoreFeed(self.assembly.service.name, store)
        clock = self.assembly.service.clock
        self.ticks = (*self.ticks, Tick("answers", 3600.0, self.assembly.service.forget_answers))
        self.relays = [Relay(feed, self.log, lane, clock=clock) for lane in range(store.lanes)]
        self.lanes = [(name, lane) for name in self.follows for lane in range(self.assembly.settings.lanes)]
        self.consumer = Consumer(self.log, self.lanes, self.positions, self.handler, alarm=self.alarm)
        self.freshness = Freshness(self.log, self.positions, self.lanes)

    def start(self) -> None:
        """Start the threads and return."""
        name = self.assembly.service.name
        loops: list[tuple[str, Callable[[], None]]] = [("relay", self._relay), ("ticks", self._tick)]
        if self.follows:
            loops.append(("consumer", self._consume))
        for kind, loop in loops:
            thread = threading.Thread(target=bound(service=name)(loop), name=f"{name}-{kind}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 10.0) -> None:
        """Ask the threads to end after their step, and wait for them."""
        self.stopped.set()
        self.assembly.service.nudge.set()
        for thread in self._threads:
            thread.join(timeout)
        if not self._threads:  # turned by hand: no thread lets go of the log at its end
            for relay in self.relays:
                relay.close()
            self.consumer.close()

    def turn(self) -> int:
        """One round of everything, in this thread: for the sample network and for tests, which have their own time."""
        moved = self._relay_once() + (self.consumer.step(0.0) if self.follows else 0)
        self.know()
        for tick in self.ticks:
            tick.step()
        return moved

    def run(self) -> None:
        """Start, and return when ``stopped`` is set."""
        self.start()
        self.stopped.wait()
        self.stop()

    def _relay(self) -> None:
        nudge = self.assembly.service.nudge
        pause = Pause(self.stopped)
        while not self.stopped.is_set():
            nudge.clear()
            moved = pause.after(self._relay_once)
            if moved == 0:
                nudge.wait(RELAY_IDLE)
        for relay in self.relays:
            relay.close()

    def _relay_once(self) -> int:
        moved = 0
        failed: Exception | None = None
        for relay in self.relays:
            if relay.diverged:
                continue
            try:
                moved += relay.step()
            except LogDiverged:
                continue  # said and counted by the relay; the other lanes go on
            except Exception as error:
                failed = error
                if relay.lane not in self._failing:
                    _log.warning("a lane cannot be relayed now", exc_info=error, extra={"lane": relay.lane})
                self._failing.add(relay.lane)
            else:
                self._failing.discard(relay.lane)
        if failed and not moved:
            raise failed
        return moved

    def _consume(self) -> None:
        pause = Pause(self.stopped)
        looked = 0.0
        while not self.stopped.is_set():
            pause.after(lambda: self.consumer.step(POLL))
            if time.monotonic() - looked > KNOW_EVERY:
                looked = time.monotonic()
                pause.after(self.know)
        self.consumer.close()

    def know(self) -> None:
        """Write down up to when each lane is known. For the consumer's own thread."""
        self.flush()
        self.freshness.refresh()
        keep_known(self.assembly.service, self.freshness, self.lanes)

    def _tick(self) -> None:
        waits = [(tick, Pause(self.stopped)) for tick in self.ticks]
        shortest = min((tick.seconds for tick in self.ticks), default=1.0)
        counts = [0.0] * len(waits)
        while not self.stopped.wait(shortest):
            for place, (tick, pause) in enumerate(waits):
                counts[place] += shortest
                if counts[place] >= tick.seconds:
                    counts[place] = 0.0
                    pause.after(tick.step)


class Pause:
    """Runs a step; after a failure waits, each time longer, and says once what is wrong."""

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._failures = 0

    def after(self, step: Callable[[], object]) -> object:
        try:
            result = step()
        except Exception as error:
            self._failed(error)
        else:
            self._failures = 0
            return result
        return None

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures in (1, 10, 100):
            _log.warning("a step failed and is tried again", exc_info=error, extra={"count": self._failures})
        self._stopped.wait(min(0.1 * 2**self._failures, LONGEST_PAUSE))
