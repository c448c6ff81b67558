"""Finding the events that a filter asks for: quickly by the index, or completely by reading the log.

``hits`` takes candidates from the index and checks each against its bytes: the index may offer too much, and then costs
time only. What it leaves out, ``hits`` cannot know. ``examine`` therefore reads every leaf up to a signed root and runs
the filter over the bytes, as the verifier does: an answer that is to be called complete comes from there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from services.audit.domain.mention import is_searchable, must_mention
from services.audit.merkle import BATCH, REBUILD, Damaged, Kept, Published, at, runs
from services.audit.readmodels import mentions, read, readable, referred, trail
from services.audit.verifier.event import Event
from services.audit.verifier.filter import Filter
from services.audit.verifier.tree import CompactRange
from services.kernel.events import Entry


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that the filter matches: its row of the log, read, and decoded where this release can."""

    kept: Kept
    event: Event
    entry: Entry[Any] | None


def hits(connection: Connection, asked: Filter, size: int, after: int = -1) -> Iterator[Hit]:
    """The events among the first ``size`` leaves, behind index ``after``, that the index offers and the filter
    matches; oldest first. Raises ``Damaged``."""
    where = (*_conditions(asked), trail.c.leaf_index < size)
    while True:
        some = select(trail.c.leaf_index).where(*where, trail.c.leaf_index > after)
        found = connection.scalars(some.order_by(trail.c.leaf_index).limit(BATCH)).all()
        for kept in at(connection, found):
            known = read(kept.leaf.service, kept.body)
            if known is not None and asked.matches(known[0]):
                yield Hit(kept, *known)
        if len(found) < BATCH:
            return
        after = found[-1]


def examine(connection: Connection, asked: Filter, published: Published) -> Iterator[int]:
    """The indexes of all events under the checkpoint that the filter matches, rising; every leaf is read and hashed.

    Once all are taken, every leaf was seen to lead to the signed root. Raises ``Damaged`` where one does not, or where
    the index does not offer what matches.
    """
    reached, size = CompactRange(), published.size
    for rows in runs(connection, range(size)):
        reached = reached.extended(kept.hash for kept in rows)
        found = [
            kept.index for kept in rows if (event := readable(kept.leaf.service, kept.body)) and asked.matches(event)
        ]
        _check_offered(connection, asked, found)
        yield from found
    if reached.root() != published.checkpoint().root:
        raise Damaged(size - 1, "the leaves up to it do not lead to the signed root")


def check_index(connection: Connection, rows: Sequence[Kept]) -> None:
    """Check that the index offers these rows of the log, which follow one another. Raises ``Damaged``."""
    span = rows[0].index, rows[-1].index
    found = connection.execute(select(trail).where(trail.c.leaf_index.between(*span))).all()
    listed = {at: tuple(columns) for at, *columns in found}
    pairs = select(mentions.c.leaf_index, mentions.c.value).where(mentions.c.leaf_index.between(*span))
    named = {tuple(pair) for pair in connection.execute(pairs)}
    for kept in rows:
        event = readable(kept.leaf.service, kept.body)
        if event is None:
            continue
        if listed.get(kept.index) != (event.type, event.time, event.clinic):
            raise Damaged(kept.index, "the index does not list it as it is", help=REBUILD)
        if not named.issuperset((kept.index, value) for value in must_mention(event)):
            raise Damaged(kept.index, "the index lacks something that it names", help=REBUILD)


def ids_of(connection: Connection, clinic: str | None, reference: str | None) -> list[str]:
    """The ids of the sessions and clients that a reference stands for in this clinic."""
    if clinic is None or reference is None:
        return []
    asked = select(referred.c.id).where(referred.c.clinic == clinic, referred.c.reference == reference)
    return list(connection.scalars(asked.order_by(referred.c.id)))


def _check_offered(connection: Connection, asked: Filter, found: Sequence[int]) -> None:
    offered = select(trail.c.leaf_index).where(trail.c.leaf_index.in_(found), *_conditions(asked))
    missing = set(found).difference(connection.scalars(offered)) if found else None
    if missing:
        raise Damaged(min(missing), "the index does not offer it to a question that it answers", help=REBUILD)


def _conditions(asked: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if asked.clinics:
        found.append(trail.c.clinic.in_(asked.clinics))
    if asked.types:
        found.append(trail.c.type.in_(asked.types))
    if asked.since:
        found.append(trail.c.time >= asked.since)
    if asked.until:
        found.append(trail.c.time < asked.until)
    if asked.actors:
        found.append(_named(asked.actors))
    if asked.mentions and _are_mentioned(asked):
        found.append(_named(asked.mentions))
    return found


def _named(values: Sequence[str]) -> ColumnElement[bool]:
    return trail.c.leaf_index.in_(select(mentions.c.leaf_index).where(mentions.c.value.in_(values)))


def _are_mentioned(asked: Filter) -> bool:
    """Whether every event that holds what is asked for mentions it (``must_mention``), but for its own clinic."""
    of_another = bool(asked.clinics) and set(asked.clinics).isdisjoint(asked.mentions)
    return of_another and all(map(is_searchable, asked.mentions))
