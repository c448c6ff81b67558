"""Finding the events that a filter asks for: candidates from the index, each checked against its bytes.

The index may offer too much and then costs time only: what is answered is what ``Filter.matches`` says of the raw
event, which is what the verifier will run again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from services.audit.merkle import Kept, at
from services.audit.readmodels import mentions, read, referred, trail
from services.audit.verifier.event import Event
from services.audit.verifier.filter import Filter
from services.kernel.events import Entry

CHUNK = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """An event that the filter matches: its row of the log, read, and decoded where this release can."""

    kept: Kept
    event: Event
    entry: Entry[Any] | None


def hits(connection: Connection, asked: Filter, size: int, after: int = -1) -> Iterator[Hit]:
    """The events among the first ``size`` leaves, behind index ``after``, that the filter matches; oldest first."""
    where = (*_conditions(asked), trail.c.leaf_index < size)
    while True:
        some = select(trail.c.leaf_index).where(*where, trail.c.leaf_index > after)
        found = connection.scalars(some.order_by(trail.c.leaf_index).limit(CHUNK)).all()
        for kept in at(connection, found):
            known = read(kept.body)
            if known is not None and asked.matches(known[0]):
                yield Hit(kept, *known)
        if len(found) < CHUNK:
            return
        after = found[-1]


def ids_of(connection: Connection, clinic: str | None, reference: str | None) -> list[str]:
    """The ids of the sessions and clients that a reference stands for in this clinic."""
    if clinic is None or reference is None:
        return []
    asked = select(referred.c.id).where(referred.c.clinic == clinic, referred.c.reference == reference)
    return list(connection.scalars(asked.order_by(referred.c.id)))


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
    for values in (asked.mentions, asked.actors):
        if values:
            found.append(trail.c.leaf_index.in_(select(mentions.c.leaf_index).where(mentions.c.value.in_(values))))
    return found
