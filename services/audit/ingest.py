"""Taking events in: the handler of audit's consumer. Every event of every service becomes a leaf, exactly once.

Bytes first: the leaf, the bytes beside it, the tree's hashes, the index and the moved positions are one transaction;
what the bytes say is only indexed. Bytes that are no event of the service in whose lane they stand become a leaf all
the same, are indexed by nothing, and raise an alarm in the same transaction. So does an event that cannot be applied;
it is indexed by what follows from its bytes alone. Nothing is ever set aside.

There may be several runners. The unique index of a leaf lets one of them go on; the other is told ``LogMoved``, reads
the tree's tail anew and tries again, and where its position was moved too, the consumer skips what is there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from services.audit.commands import raise_alarm
from services.audit.domain.alarm import Alarm
from services.audit.domain.tree import grow, range_of
from services.audit.merkle import nodes, size_of
from services.audit.reactions import REACTIONS
from services.audit.readmodels import hashes, index, leaves, read, readable
from services.audit.verifier.event import Event
from services.audit.verifier.leaf import Leaf
from services.audit.verifier.tree import CompactRange
from services.contracts.audit import AlarmKind
from services.kernel.errors import Unavailable
from services.kernel.events import Entry
from services.kernel.listening import move_position, stored_position
from services.kernel.log.consumer import Position
from services.kernel.log.port import Message
from services.kernel.projections import Rows
from services.kernel.service import Service
from services.kernel.store.changes import RowChange
from services.kernel.store.write import means
from services.kernel.work import Who, Work

TRIES = 5
MOST = 200  # events in one transaction

Run = Sequence[tuple[Message, Position | None]]


class LogMoved(Exception):
    """Another runner has made a leaf of this index meanwhile; nothing was written."""


means(LogMoved, "leaves_pkey", "leaves.leaf_index")


@dataclass(slots=True)
class _Batch:
    """Messages that are taken together; what the last of them causes, if anything, happens in the same transaction."""

    run: list[tuple[Message, Position | None]] = field(default_factory=list)
    read: list[tuple[Event, Entry[Any] | None] | None] = field(default_factory=list)
    acts: bool = False

    @property
    def last(self) -> Message:
        return self.run[-1][0]


class Ingest:
    """Applies messages to the log; the handler and the positions of audit's consumer. Belongs to its thread."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tail: CompactRange | None = None

    def get(self, service: str, lane: int) -> Position | None:
        """The stored position of a lane."""
        return stored_position(self._service, service, lane)

    def apply(self, message: Message, position_before: Position | None) -> None:
        """Make one event a leaf; see ``log.consumer.Handler``."""
        self.apply_many([(message, position_before)])

    def apply_many(self, run: Run) -> None:
        """Make these events leaves, in this order; see ``log.consumer.BatchHandler``."""
        for batch in _batches(run):
            self._take(batch, None if batch.read[-1] else "unreadable")

    def park(self, message: Message, reason: str) -> None:
        """What cannot be applied becomes a leaf and raises an alarm. The officer finds it by what stands in its bytes;
        nothing is learned from it, and it causes nothing."""
        event = readable(message.service, message.body)
        found = None if event is None else (event, None)
        self._take(_Batch([(message, self.get(message.service, message.lane))], [found], acts=True), "parked")

    def _take(self, batch: _Batch, fault: AlarmKind | None) -> None:
        """Write a batch; with ``fault`` the alarm that is raised for its last message."""
        for _ in range(TRIES):
            before = self._tail or self._read_tail()
            rows = Rows(self._service.backend.engine.dialect.name)
            rows.statements += _moves(batch.run)
            after = _append(before, batch, rows)
            try:
                self._commit(batch, rows.statements, fault)
            except LogMoved:
                self._tail = None
                continue
            except BaseException:
                self._tail = None  # whether it was written is not known
                raise
            self._tail = after
            return
        raise Unavailable("Another worker of audit is taking events in.", help="Run one; this one waits.")

    def _commit(self, batch: _Batch, rows: list[RowChange], fault: AlarmKind | None) -> None:
        if not batch.acts:
            self._service.react(Who("service/audit"), lambda work: None, rows)
            return
        message, found = batch.last, batch.read[-1]
        entry = found[1] if found else None
        who = Who("service/audit")
        if entry is not None:
            who = Who("service/audit", correlation=entry.correlationid, causation=entry.id)

        def react(work: Work) -> None:
            if fault is not None:
                raise_alarm(work, Alarm(fault, message.service, message.lane, message.sequence))
            if entry is not None:
                for reaction in REACTIONS.to(entry.type):
                    reaction(work, entry)

        self._service.react(who, react, rows)

    def _read_tail(self) -> CompactRange:
        with self._service.backend.reading() as connection:
            return range_of(nodes(connection), size_of(connection))


def _batches(run: Run) -> Iterator[_Batch]:
    batch = _Batch()
    for message, before in run:
        found = read(message.service, message.body)
        entry = found[1] if found else None
        batch.run.append((message, before))
        batch.read.append(found)
        batch.acts = found is None or (entry is not None and bool(REACTIONS.to(entry.type)))
        if batch.acts or len(batch.run) == MOST:
            yield batch
            batch = _Batch()
    if batch.run:
        yield batch


def _moves(run: Run) -> list[RowChange]:
    """One move a lane, from where the run found it to where the run leaves it, always in the same order of lanes."""
    first: dict[tuple[str, int], Position | None] = {}
    last: dict[tuple[str, int], Message] = {}
    for message, before in run:
        first.setdefault((message.service, message.lane), before)
        last[message.service, message.lane] = message
    return [move_position(last[lane], first[lane]) for lane in sorted(first)]


def _append(before: CompactRange, batch: _Batch, rows: Rows) -> CompactRange:
    """Collect the rows of the leaves, of the tree's hashes and of the index; the tree afterwards."""
    made = [_leaf(message) for message, _ in batch.run]
    growth = grow(before, [leaf.hash() for leaf in made])
    for at, ((message, _), leaf) in enumerate(zip(batch.run, made, strict=True), before.size):
        rows.insert(
            leaves,
            leaf_index=at,
            service=leaf.service,
            incarnation=leaf.incarnation,
            lane=leaf.lane,
            sequence=leaf.sequence,
            leaf=leaf.data(),
            body=message.body,
        )
    for kept in growth.kept:
        rows.insert(hashes, level=kept.level, place=kept.index, hash=kept.hash)
    for at, found in enumerate(batch.read, before.size):
        if found is not None:
            index(at, *found, rows)
    return growth.range


def _leaf(message: Message) -> Leaf:
    digest = sha256(message.body).digest()
    return Leaf(message.service, message.incarnation, message.lane, message.sequence, message.chain, digest)
