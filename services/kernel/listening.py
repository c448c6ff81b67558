"""What a service does with the events of the others: learn, react, move its position, all in one transaction.

*Learning* is a projection (``projections``): it may be rebuilt. *Reacting* is a use case caused by an event: it loads,
decides and appends like a command, and is never run by a rebuild. Both happen together with the move of the position,
so an event has its effect exactly once, whatever is killed when.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Executable, case, exists, insert, literal, select, update

from services.kernel.codec import decode, heading
from services.kernel.errors import Unavailable
from services.kernel.events import Entry, UnknownVersion, event_type
from services.kernel.log.consumer import Position, PositionMoved
from services.kernel.log.port import Message
from services.kernel.projections import Rows
from services.kernel.service import Service
from services.kernel.store.tables import parked, positions
from services.kernel.store.write import NotParked, Write
from services.kernel.work import Who, Work

E = TypeVar("E")
Reaction = Callable[[Work, Entry[Any]], None]

# An event that does not concern this service moves the position in memory; it is written after so many at the latest.
SKIPPED_AT_MOST = 200


class Reactions:
    """The reactions of one service, by event type."""

    def __init__(self) -> None:
        self._by_type: dict[str, list[Reaction]] = {}

    def on(self, cls: type[E]) -> Callable[[Callable[[Work, Entry[E]], None]], Callable[[Work, Entry[E]], None]]:
        """Register a reaction to an event class."""

        def register(reaction: Callable[[Work, Entry[E]], None]) -> Callable[[Work, Entry[E]], None]:
            self._by_type.setdefault(event_type(cls).name, []).append(reaction)
            return reaction

        return register

    def to(self, type_name: str) -> list[Reaction]:
        return self._by_type.get(type_name, [])

    @property
    def types(self) -> frozenset[str]:
        return frozenset(self._by_type)


class Listener:
    """Applies messages to one service; the handler of its consumer, and its positions.

    A *run* is what was passed over in memory since a position was written: ``_skipped`` holds its last message,
    ``_stored`` the position before it. There may be several runners of a lane; each write is held to ``_stored``, and
    where another was faster the run counts no more: whoever learns of it goes on from the position in the database.
    """

    def __init__(self, service: Service, reactions: Reactions) -> None:
        self._service = service
        self._reactions = reactions
        self._stored: dict[tuple[str, int], Position | None] = {}
        self._skipped: dict[tuple[str, int], Message] = {}

    def get(self, service: str, lane: int) -> Position | None:
        """The stored position of a lane. Whoever asks, the run in memory stays as it is."""
        return stored_position(self._service, service, lane)

    def apply(self, message: Message, position_before: Position | None) -> None:
        """Learn and react; see ``log.consumer.Handler``."""
        self._go_on_from(position_before, message)
        with self._held(message):
            self._apply(message)

    def _apply(self, message: Message) -> None:
        kind, stream = heading(message.body)
        if not (self._reactions.to(kind) or self._learns(message.service, kind)):
            self._skip(message)
            return
        if self._is_parked(message.service, stream) and self._park_behind(message, stream):
            return
        self.take(message.service, message.body, [self._moved(message)])
        self._note(message)

    def take(self, source: str, body: bytes, first: Iterable[Executable], locks: Iterable[str] = ()) -> None:
        """Learn from an event of ``source`` and react to it, in one transaction with ``first``, under ``locks``.

        ``first`` guards that this happens once; so it is written first, and a second runner fails there.
        """
        try:
            entry = decode(body)
        except UnknownVersion as unknown:
            raise Unavailable(str(unknown), help="Update this service, then it goes on.", retry_after=15) from None
        learned = Rows(self._service.backend.engine.dialect.name)
        if self._learns(source, entry.type):
            self._service.projections.apply(entry, learned)

        def react(work: Work) -> None:
            work.locks.update(locks)
            for reaction in self._reactions.to(entry.type):
                reaction(work, entry)

        who = Who(f"service/{self._service.name}", correlation=entry.correlationid, causation=entry.id)
        self._service.react(who, react, [*first, *learned.statements])

    def park(self, message: Message, reason: str) -> None:
        """Set the event aside; see ``log.consumer.Handler``."""
        try:
            _, stream = heading(message.body)
        except ValueError:
            stream = "(unreadable)"
        with self._held(message):
            self._set_aside(message, stream, reason, Write())

    def _park_behind(self, message: Message, stream: str) -> bool:
        """Set an event aside because an earlier one of its stream is; false when that was replayed meanwhile."""
        still = still_parked(parked.c.service == message.service, parked.c.stream == stream)
        try:
            write = Write(rows=[still], locks={parked_lock(message.service, stream)})
            self._set_aside(message, stream, "an earlier event of this stream is parked", write)
        except NotParked:
            return False
        return True

    def _set_aside(self, message: Message, stream: str, reason: str, write: Write) -> None:
        values = {
            "service": message.service,
            "lane": message.lane,
            "sequence": message.sequence,
            "stream": stream,
            "reason": reason[:500],
            "body": message.body,
            "time": self._service.clock(),
        }
        write.rows += [self._moved(message), insert(parked).values(**values)]
        self._service.backend.commit(write)
        self._note(message)

    def _learns(self, source: str, kind: str) -> bool:
        return source != self._service.name and self._service.projections.knows(kind)

    def flush(self) -> None:
        """Write the positions that were only moved in memory. For the consumer's own thread.

        Where another runner moved a lane meanwhile, what it has not reached yet is written the next time.
        """
        for key, message in list(self._skipped.items()):
            try:
                self._write(message)
            except PositionMoved:
                now = self.get(*key)
                if _sequence(self._stored[key]) <= _sequence(now) < message.sequence:
                    self._stored[key] = now
                else:
                    del self._skipped[key]

    def _go_on_from(self, before: Position | None, message: Message) -> None:
        """Hold to what the consumer goes by: a run counts only where it leads up to its position."""
        key = message.service, message.lane
        last = self._skipped.get(key)
        if last is None or Position.of(last) != before:
            self._skipped.pop(key, None)
            self._stored[key] = before

    @contextmanager
    def _held(self, message: Message) -> Iterator[None]:
        """Forget the run where its position was moved by another."""
        try:
            yield
        except PositionMoved:
            self._skipped.pop((message.service, message.lane), None)
            raise

    def _skip(self, message: Message) -> None:
        key = message.service, message.lane
        self._skipped[key] = message
        if message.sequence - _sequence(self._stored[key]) >= SKIPPED_AT_MOST:
            self._write(message)

    def _write(self, message: Message) -> None:
        self._service.backend.commit(Write(rows=[self._moved(message)]))
        self._note(message)

    def _moved(self, message: Message) -> Executable:
        return move_position(message, self._stored.get((message.service, message.lane)))

    def _note(self, message: Message) -> None:
        key = message.service, message.lane
        self._stored[key] = Position.of(message)
        self._skipped.pop(key, None)

    def _is_parked(self, service: str, stream: str) -> bool:
        where = (parked.c.service == service, parked.c.stream == stream)
        return bool(self._service.query(select(parked.c.sequence).where(*where).limit(1)))


def _sequence(position: Position | None) -> int:
    return position.sequence if position else 0


def stored_position(service: Service, source: str, lane: int) -> Position | None:
    """How far a service has applied a lane of ``source``."""
    found = service.query(select(positions).where(positions.c.service == source, positions.c.lane == lane))
    row = found[0] if found else None
    return Position(row["incarnation"], row["sequence"], bytes(row["chain"]), row["offset"]) if row else None


def move_position(message: Message, stored: Position | None) -> Executable:
    """Move the stored position to the message; a check constraint fails when it is not where it was left."""
    values = {
        "incarnation": message.incarnation,
        "sequence": message.sequence,
        "chain": message.chain,
        "offset": message.offset,
    }
    if stored is None:
        return insert(positions).values(service=message.service, lane=message.lane, **values)
    there = case((positions.c.sequence == stored.sequence, message.sequence), else_=-1)
    where = (positions.c.service == message.service, positions.c.lane == message.lane)
    return update(positions).where(*where).values(**values | {"sequence": there})


def parked_lock(source: str, stream: str) -> str:
    """The lock under which a parked stream is added to or replayed, so that no event is left behind in between."""
    return f"parked/{source}/{stream}"


def still_parked(*where: ColumnElement[bool]) -> Executable:
    """Fails as ``NotParked`` unless such a row is there: else a row is inserted that a check constraint refuses."""
    refused = {"service": "", "lane": 0, "sequence": -1, "stream": "", "reason": "", "body": b"", "time": ""}
    row = select(*map(literal, refused.values())).where(~exists().where(*where))
    return insert(parked).from_select(list(refused), row)
