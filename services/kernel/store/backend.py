"""What a database must do for the store; ``sqlite`` and ``postgres`` are its two sides.

Both pass ``tests/contract/test_store.py``. An implementation MUST
- number the events of a lane 1, 2, 3 … without a hole, in the order of commit, and chain them;
- write a ``Write`` wholly or not at all, and be durable when ``commit`` returns;
- tell a violated constraint by the errors of ``write``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Engine, Executable, RowMapping, delete, func, insert, select

from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.log.feed import Leadership
from services.kernel.store.tables import data_keys, events, fences, sealed_values
from services.kernel.store.write import EventRow, Write, Written


class StoredEvent(NamedTuple):
    """An event as the feed gives it."""

    sequence: int
    chain: bytes
    body: bytes


class HistoryRow(NamedTuple):
    """An event as a stream is loaded: enough to decode it."""

    type: str
    typeversion: int
    body: bytes


class Backend(Protocol):
    """One service's database."""

    engine: Engine

    def history(self, stream: str) -> list[HistoryRow]:
        """Every event of a stream, oldest first."""
        ...

    def after(self, lane: int, sequence: int, limit: int) -> list[StoredEvent]:
        """Up to ``limit`` events of a lane behind ``sequence``, in order, without a hole."""
        ...

    def commit(self, write: Write) -> list[Written]:
        """Write everything in one transaction. Raises the errors of ``write``, or ``Unavailable``."""
        ...

    def erase(self, keyholder: str, erasure: str, time: str) -> int:
        """Put up the fence and delete the keyholder's keys with all they sealed; returns how many values went."""
        ...

    @contextmanager
    def lead(self, lane: int) -> Iterator[Leadership | None]:
        """Hold the lane's leadership while the block runs, or give ``None`` when another has it."""
        ...

    def rows(self, statement: Executable) -> list[RowMapping]:
        """The rows of one query, which needs no transaction."""
        ...

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for several queries, in one snapshot."""
        ...

    def dispose(self) -> None: ...


class ChainMaker:
    """Numbers and chains events in Python, for a database that has no function for it."""

    def __init__(self, service: str, incarnation: str) -> None:
        self.head = chain_head(service, incarnation)

    def rows(self, events: Sequence[EventRow], tails: dict[int, tuple[int, bytes]]) -> Iterator[dict[str, Any]]:
        """Column values for each event, given the last (sequence, chain) of each lane; the tails move on."""
        for row in events:
            sequence, previous = tails.get(row.lane, (0, ORIGIN))
            sequence, link = sequence + 1, chain(self.head, row.lane, sequence + 1, previous, row.body)
            tails[row.lane] = sequence, link
            yield {
                "lane": row.lane,
                "sequence": sequence,
                "chain": link,
                "id": row.id,
                "stream": row.stream,
                "streamversion": row.streamversion,
                "type": row.type,
                "typeversion": row.typeversion,
                "clinic": row.clinic,
                "time": row.time,
                "body": row.body,
            }


def last_sequences(connection: Connection) -> dict[int, int]:
    """The last sequence of each lane that has events, which is also how many it has: by two looks into the index a
    lane, so however large the store is, none takes long."""
    lasts: dict[int, int] = {}
    lane = connection.scalar(select(func.min(events.c.lane)))
    while lane is not None:
        lasts[lane] = connection.scalar(select(func.max(events.c.sequence)).where(events.c.lane == lane)) or 0
        lane = connection.scalar(select(func.min(events.c.lane)).where(events.c.lane > lane))
    return lasts


def erase_rows(connection: Connection, keyholder: str, erasure: str, time: str) -> int:
    """Put up the fence, delete the keys; the values they sealed go with them. The count is kept, so asking again gives
    the same answer."""
    kept = connection.scalar(select(fences.c.sealed_values).where(fences.c.keyholder == keyholder))
    held = select(data_keys.c.key_id).where(data_keys.c.keyholder == keyholder)
    connection.execute(held.with_for_update()).all()  # who seals under these keys just now is waited for, and counted
    count: int = connection.scalar(select(func.count()).where(sealed_values.c.key_id.in_(held))) or 0
    if kept is None:
        fence = {"keyholder": keyholder, "erasure": erasure, "time": time, "sealed_values": count}
        connection.execute(insert(fences).values(**fence))
    connection.execute(delete(data_keys).where(data_keys.c.keyholder == keyholder))
    return count if kept is None else kept
