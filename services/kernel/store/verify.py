"""``amanah store verify``: the store against itself, and against the event log.

For every lane: the sequence has no hole, every chain value follows from the one before and from the bytes, and the
columns say what the bytes say; and the log ends with an event that the store holds. What it finds is listed, at most
``MOST`` faults.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, RowMapping, select

from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.codec import decode
from services.kernel.events import UnknownVersion
from services.kernel.log.feed import Feed
from services.kernel.log.port import Log
from services.kernel.log.relay import difference
from services.kernel.store.backend import Backend, last_sequences
from services.kernel.store.tables import events, relayed

BATCH = 1000
MOST = 20


@dataclass(slots=True)
class Verified:
    """What was examined, and what is wrong."""

    events: int = 0
    lanes: dict[int, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not self.faults


def verify_store(backend: Backend, service: str, incarnation: str, lanes: int) -> Verified:
    """Examine every event of a store of so many lanes, in one snapshot."""
    found = Verified()
    head = chain_head(service, incarnation)
    with backend.reading() as connection:
        used = set(last_sequences(connection))
        for lane in sorted(used - set(range(lanes))):
            found.faults.append(f"lane {lane} has events, but the store has {lanes} lane(s): nobody publishes them")
        for lane in sorted(used | set(range(lanes))):
            last = _verify_lane(connection, head, lane, found)
            found.lanes[lane] = last
            published = connection.scalar(select(relayed.c.sequence).where(relayed.c.lane == lane)) or 0
            if published > last:
                found.faults.append(f"lane {lane} ends at {last}, but {published} was published: its tail was cut off")
            if len(found.faults) >= MOST:
                break
    return found


def compare_with_log(feed: Feed, log: Log, lanes: Iterable[int]) -> list[str]:
    """What is wrong between a store and the end of each lane in the event log. Raises ``LogUnavailable``.

    A log that is behind is good: its relay sends the rest.
    """
    faults = []
    for lane in lanes:
        tail = log.tail(feed.service, lane)
        reason = difference(feed, tail) if tail else None
        if tail and reason:
            faults.append(f"lane {lane}, offset {tail.offset} of the event log, event {tail.sequence}: {reason}")
    return faults


def _verify_lane(connection: Connection, head: bytes, lane: int, found: Verified) -> int:
    last, previous = 0, ORIGIN
    for row in _rows(connection, lane):
        where = f"lane {lane}, event {row['sequence']}"
        if row["sequence"] != last + 1:
            found.faults.append(f"{where}: a hole, the event before it is {last}")
        body = row["body"] if isinstance(row["body"], bytes) else str(row["body"]).encode()  # SQLite keeps any type
        expected = chain(head, lane, row["sequence"], previous, body)
        if bytes(row["chain"]) != expected:
            found.faults.append(f"{where}: the chain does not follow from its bytes and the event before")
        found.faults += [f"{where}: {fault}" for fault in _column_faults(row, body)]
        last, previous = row["sequence"], bytes(row["chain"])
        found.events += 1
        if len(found.faults) >= MOST:
            break
    return last


def _rows(connection: Connection, lane: int) -> Iterator[RowMapping]:
    after = 0
    while True:
        batch = select(events).where(events.c.lane == lane, events.c.sequence > after)
        rows = connection.execute(batch.order_by(events.c.sequence).limit(BATCH)).mappings().all()
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1]["sequence"]


def _column_faults(row: RowMapping, body: bytes) -> list[str]:
    try:
        entry = decode(body)
    except (ValueError, UnknownVersion) as error:
        return [f"the bytes cannot be read ({type(error).__name__})"]
    said = {name: getattr(entry, name) for name in ("id", "stream", "streamversion", "type", "clinic", "time")}
    said["typeversion"] = entry.typeversion
    return [f"column {name} does not say what the bytes say" for name, value in said.items() if row[name] != value]
