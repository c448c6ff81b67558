"""The event log: the one way by which services hear of one another.

A *topic* a service, a *partition* a lane, an *offset* a place in the partition, counted from 0. Topics are named
``amanah.<service>``; nothing in them is ever deleted. Beside them stands ``amanah.heads``, of which only the newest
record a lane is kept. There are two implementations with the same promises: ``embedded`` and ``kafka``.

The order of a lane is its ``sequence`` and its ``chain`` (services.kernel.chain), never its offsets: an event may be
in the log twice. An offset is only a hint where to read on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.kernel.errors import Unavailable
from services.kernel.time import Instant

HEADS_TOPIC = "amanah.heads"
_PREFIX = "amanah."

NO_EVENT = 0  # the sequence of a message that is no event of its lane


def topic(service: str) -> str:
    """The name of a service's topic."""
    return _PREFIX + service


def service_of(topic: str) -> str:
    """The service whose topic this is."""
    return topic.removeprefix(_PREFIX)


def told(service: str, lane: int, sequence: int | None = None, reason: str | None = None) -> dict[str, object]:
    """The fields of a line of log (``logs``) about a lane, or an event of it."""
    return {"source": service, "lane": lane, "sequence": sequence, "reason": reason}


@dataclass(frozen=True, slots=True)
class Message:
    """One event on its way: its bytes, and the place it holds in its lane.

    ``service`` and ``lane`` are where it was found, never what it says of itself: who may write to a topic is decided
    by the topic. ``chain`` is 32 bytes, ``body`` at most ``codec.MAX_BYTES``; ``offset`` is -1 until the log has given
    it one. What somebody else put there comes out with the sequence ``NO_EVENT``, and its reader stops the lane.
    """

    service: str
    lane: int
    sequence: int
    chain: bytes
    incarnation: str
    body: bytes
    offset: int = -1


@dataclass(frozen=True, slots=True)
class Head:
    """What a relay says from time to time: at ``time`` the last event of this lane was ``sequence``.

    A lane without any event has sequence 0, chain ``ORIGIN`` and no incarnation.
    """

    service: str
    lane: int
    incarnation: str
    sequence: int
    chain: bytes
    time: Instant


class LogUnavailable(Unavailable):
    """The event log did not answer, or not in time. What was being published may or may not be in the log."""

    slug = "event-log-unavailable"
    title = "The event log does not answer just now"


class PositionLost(Exception):
    """There is nothing at this offset of the log, and nothing will be next: it is beyond the end or below the start.

    The log was cut or replaced since the offset was noted. Find the place again by sequence and chain.
    """

    def __init__(self, service: str, lane: int, offset: int) -> None:
        super().__init__(
            f"Offset {offset} of {topic(service)}, lane {lane}, lies outside the event log. It was cut or replaced; "
            "its relay sends what is missing again. If this stays, compare the log with the store: amanah store verify."
        )
        self.service, self.lane, self.offset = service, lane, offset


class Subscription(Protocol):
    """One reader of several lanes. It belongs to the thread that made it."""

    def poll(self, timeout: float) -> list[Message]:
        """What has come since, waiting up to ``timeout`` seconds for the first; each lane in the order of its offsets.

        MUST raise ``PositionLost`` for a lane whose place lies outside the log, and MUST NOT jump to another place by
        itself. It goes on raising it until the lane is sought or paused. Messages of the other lanes are not lost.
        """

    def seek(self, service: str, lane: int, offset: int) -> None:
        """Read this lane on from ``offset``, also if it was paused. What was fetched from elsewhere is dropped."""

    def pause(self, service: str, lane: int) -> None:
        """Read nothing of this lane until it is sought."""

    def close(self) -> None: ...


class Log(Protocol):
    """The event log. Safe for many threads and, each with an object of its own, for many processes.

    Every method may raise ``LogUnavailable``, in bounded time.
    """

    def publish(self, service: str, lane: int, messages: Sequence[Message]) -> None:
        """Append to a lane; returns only when all are durable.

        MUST append in the given order. A message MUST NOT become readable before all those before it in the same
        call, not even when the call fails: so what is in the log of a lane, doubles aside, never has a hole.
        After ``LogUnavailable`` any first part of the messages is in the log, or will be a little later.
        """

    def tail(self, service: str, lane: int) -> Message | None:
        """The last message of a lane, or None where there is none yet."""

    def read(self, service: str, lane: int, offset: int, limit: int = 500, wait: float = 0.0) -> list[Message]:
        """Up to ``limit`` messages from ``offset`` on; at least one if there is one.

        At exactly the end: waits up to ``wait`` seconds, then gives none. Outside the log: MUST raise ``PositionLost``.
        """

    def follow(self, starts: Mapping[tuple[str, int], int]) -> Subscription:
        """Read several lanes, each from its offset on. Keys are (service, lane)."""

    def put_head(self, head: Head) -> None:
        """Replace the head of a lane; returns when it is durable."""

    def heads(self) -> list[Head]:
        """The newest head of each lane that has one."""

    def make_topics(self, lanes: Mapping[str, int]) -> None:
        """Make what is missing: for each service its topic with so many lanes, and the topic of the heads.

        Lanes may be added later; asking for fewer than there are changes nothing.
        """

    def probe(self) -> None:
        """Return if the log answers, else raise ``LogUnavailable``."""

    def version(self) -> str:
        """Name and version of what stands behind, asked from itself."""

    def close(self) -> None:
        """Let go of connections and files. A closed log is not used again."""
