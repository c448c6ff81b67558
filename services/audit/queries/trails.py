"""The trail: what happened, to whom, by whom, as far as the officer may see it."""

from dataclasses import dataclass
from itertools import islice

from services.audit.domain.mention import Mention, mentions
from services.audit.domain.question import Question
from services.audit.merkle import size_of
from services.audit.rounds import sound
from services.audit.search import Hit, hits, ids_of
from services.audit.verifier.filter import Filter
from services.kernel.knowing import known_until
from services.kernel.service import Service
from services.kernel.settings import SERVICES
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """One event of the trail. ``references`` is everything it mentions, each with its kind."""

    index: int
    id: str
    type: str
    time: str
    clinic: str | None
    actor: str
    onbehalfof: str | None
    stream: str
    references: tuple[Mention, ...]


@dataclass(frozen=True, slots=True)
class TrailPage:
    """A page of the trail, oldest first, as the index gives it; the next page begins behind ``last``, if any.

    The log had ``size`` leaves. That they were all examined is said by an export only (``search.examine``).
    ``known_until``: up to when everything of a service has arrived here; none where that was never known.
    """

    asked: Filter
    entries: tuple[TrailEntry, ...]
    last: int | None
    size: int
    known_until: dict[str, Instant | None]


def ask(service: Service, question: Question, limit: int, after: int, lanes: int) -> TrailPage:
    """The events that answer the question, behind the leaf ``after``. Raises ``Invalid``, ``Damaged``."""
    known = {name: known_until(service, name, lanes) for name in SERVICES}
    with sound(service) as connection:
        asked = question.filter(ids_of(connection, question.clinic, question.reference))
        size = size_of(connection)
        found = list(islice(hits(connection, asked, size, max(-1, min(after, size))), limit + 1))
    shown = tuple(_shown(hit) for hit in found[:limit])
    return TrailPage(asked, shown, shown[-1].index if len(found) > limit else None, size, known)


def _shown(hit: Hit) -> TrailEntry:
    event = hit.event
    return TrailEntry(
        index=hit.kept.index,
        id=event.id,
        type=event.type,
        time=event.time,
        clinic=event.clinic or None,
        actor=event.actor,
        onbehalfof=event.onbehalfof or None,
        stream=event.subject,
        references=tuple(sorted(mentions(event, hit.entry))),
    )
