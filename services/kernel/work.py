"""One use case: load, decide, append.

A command is a function ``(work, order) -> result``. It loads the streams it needs, asks the pure domain what follows,
and appends. Nothing is written until it has returned; then everything is written in one transaction, at the versions
that were loaded. A second writer gets a conflict, and the command runs again from the start, three times at most; a
person who named the version (``expect``) is told instead (412).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlalchemy import RowMapping, Select

from services.kernel.codec import decode_as, decode_data
from services.kernel.errors import NotFound, Stale
from services.kernel.events import Entry, EventType, event_type, find_type
from services.kernel.fields import ClinicId, Id
from services.kernel.ids import new_id
from services.kernel.projections import Rows
from services.kernel.store.backend import Backend, HistoryRow
from services.kernel.store.changes import RowChange
from services.kernel.store.tables import names, times
from services.kernel.time import Instant, moment

S = TypeVar("S")
Evolve = Callable[[S | None, Any], S | None]


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts: an account, a client, or a service (``service/licensing``), and in the course of what."""

    actor: str
    onbehalfof: str | None = None
    correlation: str | None = None
    causation: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """An event to be recorded, on its stream at its version."""

    id: Id
    stream: str
    streamversion: int
    clinic: ClinicId | None
    data: Any


class Opener(Protocol):
    """What a command needs to use words it once sealed; see ``reading``."""

    def for_decision(self, refs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]: ...


@dataclass(slots=True)
class Work:
    """What a command sees. ``now`` is the one time of the whole use case."""

    backend: Backend
    opener: Opener
    who: Who
    now: Instant
    expected: int | None = None
    drafts: list[Draft] = field(default_factory=list)
    locks: set[str] = field(default_factory=set)
    rows: Rows = field(init=False)
    _versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = Rows(self.backend.engine.dialect.name)

    def new_id(self) -> Id:
        return Id(new_id())

    def entries(self, stream: str) -> list[Entry[Any]]:
        """Every event of a stream; its version is remembered for the append."""
        return [decode_as(_declared(row, stream), row.typeversion, row.body) for row in self._history(stream)]

    def load(self, stream: str, evolve: Evolve[S]) -> S | None:
        """Fold a stream into a state; ``None`` when nothing happened there yet."""
        state: S | None = None
        for row in self._history(stream):
            state = evolve(state, decode_data(_declared(row, stream), row.typeversion, row.body))
        return state

    def need(self, stream: str, evolve: Evolve[S], what: str) -> S:
        """As ``load``; raises ``NotFound`` in the words ``There is no <what> by this id``."""
        state = self.load(stream, evolve)
        if state is None:
            raise NotFound(f"There is no {what} by this id.", help="Check the address, or look it up in the list.")
        return state

    def _history(self, stream: str) -> list[HistoryRow]:
        history = self.backend.history(stream)
        self._versions.setdefault(stream, len(history))
        return history

    def version(self, stream: str) -> int:
        """The version of a stream as it will be after the appends so far."""
        pending = sum(draft.stream == stream for draft in self.drafts)
        return self._versions.get(stream, 0) + pending

    def expect(self, stream: str) -> None:
        """Hold the stream to the version the person named (If-Match). Raises ``Stale``."""
        if self.expected is not None and self._versions.get(stream, 0) != self.expected:
            raise stale(self._versions.get(stream, 0))

    def append(self, stream: str, *events: Any, clinic: str | None = None) -> None:
        """Record events on a stream, at the version loaded (a stream never loaded must be new)."""
        for event in events:
            event_type(type(event))
            version = self.version(stream) + 1
            self.drafts.append(Draft(Id(new_id()), stream, version, ClinicId(clinic) if clinic else None, event))

    def query(self, statement: Select[Any]) -> list[RowMapping]:
        """Ask the service's own read models, before the transaction. What is read may have changed by then."""
        return self.backend.rows(statement)

    def row(self, statement: RowChange) -> None:
        """Change a plain row in the same transaction. It may not read anything back."""
        self.rows.statements.append(statement)

    def claim_name(self, scope: str, name: str, owner: str) -> None:
        """Hold a name that only one may hold. Raises ``NameTaken`` when the transaction runs."""
        self.rows.insert(names, scope=scope, name=name, owner=owner)

    def release_names(self, owner: str) -> None:
        self.rows.delete(names, owner=owner)

    def guard(self, resource: str, number: int) -> None:
        """Make sure that nobody else took a count as its ``number``-th meanwhile (quotas). Raises ``NameTaken``."""
        self.claim_name("guard", f"{resource}/{number}", self.who.actor)

    def claim_time(self, person: str, starts: Instant, ends: Instant, owner: str) -> None:
        """Take a person's time ``[starts, ends)``. Raises ``TimeTaken`` when the transaction runs."""
        self.locks.add(f"time/{person}")
        self.rows.insert(times, person=person, starts=micros(starts), ends=micros(ends), owner=owner)

    def release_times(self, owner: str) -> None:
        self.rows.delete(times, owner=owner)

    def open(self, refs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
        """Open words for this decision; ``(event id, field)`` each. What was decided must be appended."""
        return self.opener.for_decision(refs)


def _declared(row: HistoryRow, stream: str) -> EventType:
    declared = find_type(row.type)
    if declared is None:
        raise LookupError(f"{row.type} is stored in {stream} but not declared")
    return declared


def micros(at: Instant) -> int:
    """Microseconds since 1970 of an instant."""
    return round(moment(at).timestamp() * 1_000_000)


def stale(current: int) -> Stale:
    return Stale(
        f"The current version is {current}.",
        help="Read it again and send the new ETag in If-Match.",
        extra={"current": current},
    )
