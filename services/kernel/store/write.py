"""What one transaction writes, prepared before it begins, and how it can fail.

The order of making is: ids, data key, seal, commitment, bytes, and then one transaction: sorted claim locks, rows,
sorted lane locks, inserts, commit. Nothing in it reads, so on PostgreSQL it is one round trip; what must not have
changed meanwhile is told by the names of constraints.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.kernel.errors import Conflict
from services.kernel.log.consumer import PositionMoved
from services.kernel.store.changes import RowChange


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event ready to append. Its sequence and chain are given under the lane's lock."""

    lane: int
    id: str
    stream: str
    streamversion: int
    type: str
    typeversion: int
    clinic: str | None
    time: str
    body: bytes


@dataclass(slots=True)
class Write:
    """One transaction: locks on resources, rows in the order given, then the events, lane by lane."""

    events: list[EventRow] = field(default_factory=list)
    rows: list[RowChange] = field(default_factory=list)
    locks: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Written:
    """Where an event came to stand."""

    lane: int
    sequence: int


class StreamMoved(Conflict):
    """Another writer appended to the stream first: load again and decide again."""

    slug = "stream-moved"


class NameTaken(Conflict):
    """A name that may be held once is held already."""

    slug = "name-taken"


class TimeTaken(Conflict):
    """The time overlaps one that the person has taken already."""

    slug = "time-taken"


class Retry(Exception):
    """The database asks for the transaction to be tried once more (a deadlock, a serialisation failure)."""


class AlreadyAnswered(Exception):
    """A request with this Idempotency-Key was answered before; read the kept answer."""


class KeyDestroyed(Exception):
    """A value was to be sealed under a key whose row is gone: its keyholder was erased meanwhile."""


class NotParked(Exception):
    """What was to be found set aside is not there any more: it was replayed meanwhile."""


_MEANINGS: dict[str, Callable[[], Exception]] = {
    "events_stream_streamversion_key": lambda: StreamMoved(
        "Somebody else changed this at the same moment.", help="Read it again, then try once more."
    ),
    "events_id_key": lambda: AlreadyAnswered(),
    "names_pkey": lambda: NameTaken("This name is taken.", help="Choose another one."),
    "times_no_overlap": lambda: TimeTaken("This time is taken.", help="Choose another time."),
    "times_pkey": lambda: TimeTaken("This time is taken.", help="Choose another time."),
    "answers_pkey": lambda: AlreadyAnswered(),
    "positions_pkey": lambda: PositionMoved(),
    "positions_sequence": lambda: PositionMoved(),
    "parked_sequence": lambda: NotParked(),
    "sealed_values_key_id_fkey": lambda: KeyDestroyed(),
}


def means(error: Callable[[], Exception], *constraints: str) -> None:
    """Have a constraint of a service's own tables told by an error of its own. It is named as each database names it:
    PostgreSQL by the constraint, SQLite by ``table.column``."""
    _MEANINGS.update(dict.fromkeys(constraints, error))


def meaning(constraint: str) -> Exception | None:
    """The error that the violation of a constraint stands for, or ``None`` when it is a fault of ours."""
    make = _MEANINGS.get(constraint)
    return make() if make else None


def in_lane_order(events: Sequence[EventRow]) -> list[EventRow]:
    """Events by lane, each lane in the order given, so that two writers take lane locks in one order."""
    return sorted(events, key=lambda row: row.lane)
