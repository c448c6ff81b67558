"""Small real implementations of what the log stands between: a store's feed, and a reader with its position."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.log.consumer import Position, PositionMoved
from services.kernel.log.port import Message

SERVICE = "sessions"
INCARNATION = "0190a1b2-0000-7000-8000-000000000001"


def lane_of(
    count: int, *, lane: int = 0, service: str = SERVICE, incarnation: str = INCARNATION, body: str = "event"
) -> list[Message]:
    """The first ``count`` events of a lane, chained."""
    messages, previous, head = [], ORIGIN, chain_head(service, incarnation)
    for sequence in range(1, count + 1):
        content = f"{body} {sequence}".encode()
        previous = chain(head, lane, sequence, previous, content)
        messages.append(Message(service, lane, sequence, previous, incarnation, content))
    return messages


class Tenure:
    """The leadership of one holder; it ends when the lane was taken from it."""

    def __init__(self, feed: "MemoryFeed", lane: int) -> None:
        self.feed, self.lane = feed, lane

    def still(self) -> bool:
        return self.feed.leaders.get(self.lane) is self


@dataclass
class MemoryFeed:
    """A store's feed in memory. ``taken`` lanes are led by another process."""

    lanes: dict[int, list[Message]] = field(default_factory=dict)
    service: str = SERVICE
    positions: dict[int, int] = field(default_factory=dict)
    leaders: dict[int, object] = field(default_factory=dict)

    def after(self, lane: int, sequence: int, limit: int) -> list[Message]:
        return self.lanes.get(lane, [])[sequence : sequence + limit]

    def head(self, lane: int) -> Message | None:
        return self.lanes[lane][-1] if self.lanes.get(lane) else None

    def relayed(self, lane: int) -> int:
        return self.positions.get(lane, 0)

    def mark_relayed(self, lane: int, sequence: int) -> None:
        self.positions[lane] = sequence

    @contextmanager
    def lead(self, lane: int) -> Iterator[Tenure | None]:
        if lane in self.leaders:
            yield None
            return
        tenure = Tenure(self, lane)
        self.leaders[lane] = tenure
        try:
            yield tenure
        finally:
            if tenure.still():
                del self.leaders[lane]

    def take_away(self, lane: int) -> None:
        """What a broken connection does: the lock is free, and its old holder does not know."""
        self.leaders.pop(lane, None)


@dataclass
class Reader:
    """A reader's own database: what was applied, what was set aside, and the position, changed together.

    ``failing`` holds what to raise for a sequence, once each time it is tried.
    """

    stored: dict[tuple[str, int], Position] = field(default_factory=dict)
    applied: list[tuple[str, int, int]] = field(default_factory=list)
    parked: list[tuple[int, str]] = field(default_factory=list)
    failing: dict[int, list[BaseException]] = field(default_factory=dict)

    def get(self, service: str, lane: int) -> Position | None:
        return self.stored.get((service, lane))

    def apply(self, message: Message, position_before: Position | None) -> None:
        if self.get(message.service, message.lane) != position_before:
            raise PositionMoved
        if self.failing.get(message.sequence):
            raise self.failing[message.sequence].pop(0)
        self.applied.append((message.service, message.lane, message.sequence))
        self._move(message)

    def park(self, message: Message, reason: str) -> None:
        self.parked.append((message.sequence, reason))
        self._move(message)

    def sequences(self, lane: int = 0) -> list[int]:
        return [sequence for _, of, sequence in self.applied if of == lane]

    def _move(self, message: Message) -> None:
        self.stored[message.service, message.lane] = Position.of(message)


class Hours:
    """A clock of seconds that moves only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now
