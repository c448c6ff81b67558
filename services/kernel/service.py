"""One service of the house, put together: its store, its keys, its read models, and how commands run.

``do`` runs a command and writes what it asks for, once. The order of making is kept here: ids, data key, seal,
commitment, bytes, and then one transaction without any call over the network.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Column, ColumnElement, RowMapping, Select, and_, delete, select

from services.kernel.codec import encode
from services.kernel.errors import Conflict, Erased, Invalid, Problem
from services.kernel.events import Entry, event_type
from services.kernel.keys.port import Keys
from services.kernel.lanes import Lanes
from services.kernel.projections import Projections, Rows
from services.kernel.reading import Reader
from services.kernel.sealer import Sealer, rows_to_write
from services.kernel.store.backend import Backend
from services.kernel.store.changes import RowChange, inserted
from services.kernel.store.tables import answers
from services.kernel.store.write import (
    AlreadyAnswered,
    EventRow,
    KeyDestroyed,
    Retry,
    StreamMoved,
    Write,
    Written,
)
from services.kernel.time import Clock, Instant, plus
from services.kernel.work import Draft, Who, Work, stale

R = TypeVar("R")

TRIES = 3
ANSWERS_KEPT = 72  # hours: as long may a request be sent again
SLICE = 5000  # rows that are deleted at once


@dataclass(frozen=True, slots=True)
class Once:
    """A request that may be sent again: who, which operation, the client's key, and what was asked."""

    actor: str
    operation: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is kept of an answer. Never content."""

    status: int
    location: str | None = None
    etag: str | None = None
    replayed: bool = False


@dataclass(slots=True)
class Service:
    """What commands, queries and workers of one service share. One a process; threads may share it."""

    name: str
    backend: Backend
    keys: Keys
    sealer: Sealer
    lanes: Lanes
    projections: Projections
    clock: Clock
    nudge: threading.Event = field(default_factory=threading.Event)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.sealer, self.note)

    def do(self, who: Who, command: Callable[..., R], *args: Any, expected: int | None = None, **more: Any) -> R:
        """Run a command and write what it asked for. Raises what the command and the domain raise; ``Conflict`` after
        three tries; ``Stale`` when ``expected`` (If-Match) is not the version any more."""
        return self._run(who, lambda work: command(work, *args, **more), expected=expected)[0]

    def do_once(
        self, who: Who, once: Once, answer: Callable[[R, Instant], Answer], command: Callable[..., R], *args: Any
    ) -> Answer:
        """As ``do``, but a second request with the same key is given the kept answer instead."""
        kept = self._kept(once)
        if kept is not None:
            return kept
        made: list[Answer] = []

        def keep(result: R, now: Instant) -> RowChange:
            made[:] = [answer(result, now)]
            kept = {
                "actor": once.actor,
                "operation": once.operation,
                "key": once.key,
                "fingerprint": once.fingerprint,
                "status": made[0].status,
                "location": made[0].location,
                "etag": made[0].etag,
                "time": now,
            }
            return inserted(answers, kept)

        try:
            self._run(who, lambda work: command(work, *args), keep=keep)
        except (AlreadyAnswered, Problem) as refused:
            kept = self._kept(once)  # the same request, sent twice at once, may be refused for what its twin did
            if kept is not None:
                return kept
            if isinstance(refused, Problem):
                raise
            raise Conflict("This request is being answered at this moment.", help="Send it again shortly.") from None
        return made[0]

    def react(self, who: Who, reaction: Callable[[Work], None], more: Iterable[RowChange]) -> list[Written]:
        """Run a reaction to another's event; ``more`` (the position, what was learned) is written with it."""
        return self._run(who, reaction, extra=list(more))[1]

    def note(self, who: Who, stream: str, event: Any, clinic: str | None) -> None:
        """Append one event that needs no decision (a look, a refusal), as the first of a stream of its own: so many
        at once do not get in each other's way."""
        self.do(who, Work.append, stream, event, clinic=clinic)

    def forget_answers(self) -> None:
        """Delete the answers that were kept for requests sent again, once nobody sends those again."""
        self.forget_until(answers.c.time, plus(self.clock(), hours=-ANSWERS_KEPT))

    def forget_until(self, time: Column[Any], until: Instant, *where: ColumnElement[bool]) -> None:
        """Delete the rows of a table whose ``time``, which has an index, is ``until`` or before: slice by slice, the
        oldest first, so that none takes longer than the database lets it."""
        old = and_(time <= until, *where)
        end_of_slice = select(time).where(old).order_by(time).offset(SLICE).limit(1)
        while found := self.query(end_of_slice):
            self.backend.commit(Write(rows=[delete(time.table).where(old, time <= found[0][time])]))
        self.backend.commit(Write(rows=[delete(time.table).where(old)]))

    def query(self, statement: Select[Any]) -> list[RowMapping]:
        """Ask the read models."""
        return self.backend.rows(statement)

    def work(self, who: Who, expected: int | None = None) -> Work:
        return Work(self.backend, self.reader, who, self.clock(), expected)

    def _run(
        self,
        who: Who,
        act: Callable[[Work], R],
        *,
        expected: int | None = None,
        keep: Callable[[R, Instant], RowChange] | None = None,
        extra: Sequence[RowChange] = (),
    ) -> tuple[R, list[Written]]:
        """Act, and write what was asked for; again when somebody else wrote first."""
        for attempt in range(1, TRIES + 1):
            work = self.work(who, expected)
            result = act(work)
            rows = [keep(result, work.now)] if keep else []
            try:
                return result, self._commit(work, [*rows, *extra])
            except StreamMoved:
                if expected is not None:
                    raise stale(expected + 1) from None
                if attempt == TRIES:
                    raise
            except Retry:
                if attempt == TRIES:
                    raise Conflict("Too many people write this at once.", help="Try again shortly.") from None
            except KeyDestroyed:
                self.sealer.forget()  # then the next try reads the key's row again, and finds the fence
                if attempt == TRIES:
                    raise Erased("This person was erased at this moment.", help="Nothing can be written.") from None
        raise AssertionError("unreachable")

    def _commit(self, work: Work, extra: list[RowChange]) -> list[Written]:
        if not (work.drafts or work.rows.statements or extra):
            return []
        prepared = [self._prepare(work, draft) for draft in work.drafts]
        learned = Rows(self.backend.engine.dialect.name)
        for entry, _, _ in prepared:
            self.projections.apply(entry, learned)
        sealed = [statement for _, _, rows in prepared for statement in rows]
        write = Write(
            events=[row for _, row, _ in prepared],
            rows=[*extra, *work.rows.statements, *sealed, *learned.statements],
            locks=work.locks,
        )
        written = self.backend.commit(write)
        self.nudge.set()
        return written

    def _prepare(self, work: Work, draft: Draft) -> tuple[Entry[Any], EventRow, list[RowChange]]:
        data, sealed = self.sealer.seal(draft)
        declared = event_type(type(data))
        entry = Entry(
            id=draft.id,
            type=declared.name,
            typeversion=declared.version,
            stream=draft.stream,
            streamversion=draft.streamversion,
            time=work.now,
            actor=work.who.actor,
            data=data,
            clinic=draft.clinic,
            onbehalfof=work.who.onbehalfof,
            correlationid=work.who.correlation,
            causationid=work.who.causation,
        )
        row = EventRow(
            lane=self.lanes.of(draft.clinic),
            id=entry.id,
            stream=entry.stream,
            streamversion=entry.streamversion,
            type=entry.type,
            typeversion=entry.typeversion,
            clinic=entry.clinic,
            time=entry.time,
            body=encode(entry),
        )
        return entry, row, rows_to_write(sealed)

    def _kept(self, once: Once) -> Answer | None:
        where = (answers.c.actor == once.actor, answers.c.operation == once.operation, answers.c.key == once.key)
        found = self.query(select(answers).where(*where))
        if not found:
            return None
        row = found[0]
        if row["fingerprint"] != once.fingerprint:
            raise Invalid(
                "This Idempotency-Key was used for another request.", help="Send a new key with a new request."
            )
        return Answer(row["status"], row["location"], row["etag"], replayed=True)
