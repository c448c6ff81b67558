"""What the first screen says of the network today.

Each figure comes from a part that may not answer; then it is ``None`` and the page says "not known", and everything
else stands. The page shows counts only, nothing of anybody.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from services.kernel.time import Clock, Instant, Zone, system_clock

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CheckpointSeen:
    """The newest checkpoint of the log: its size in entries (0: there is none yet), and when it was last verified."""

    size: int
    verified_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstScreen:
    """The state of the network. ``None`` means that the part which knows did not answer.

    ``network`` is the name under which it was founded.
    """

    now: Instant
    zone: Zone
    founded: bool | None = None
    network: str | None = None
    clinics: int | None = None
    counselors: int | None = None
    sessions_today: int | None = None
    entries: int | None = None
    checkpoint: CheckpointSeen | None = None


def _silent() -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Who answers for each figure: callables of the composition root. Each may raise, and is then left out."""

    zone: Zone = field(default=Zone("UTC"))
    clock: Clock = system_clock
    network: Callable[[], str | None] = _silent
    founded: Callable[[], bool | None] = _silent
    clinics: Callable[[], int | None] = _silent
    counselors: Callable[[], int | None] = _silent
    sessions_today: Callable[[], int | None] = _silent
    entries: Callable[[], int | None] = _silent
    checkpoint: Callable[[], CheckpointSeen | None] = _silent


def look(parts: Parts) -> FirstScreen:
    """Ask each part, and take no answer for an answer."""
    return FirstScreen(
        now=parts.clock(),
        zone=parts.zone,
        founded=_ask(parts.founded),
        network=_ask(parts.network),
        clinics=_ask(parts.clinics),
        counselors=_ask(parts.counselors),
        sessions_today=_ask(parts.sessions_today),
        entries=_ask(parts.entries),
        checkpoint=_ask(parts.checkpoint),
    )


def _ask(part: Callable[[], T | None]) -> T | None:
    try:
        return part()
    except Exception as error:
        log.warning("a part of the first screen does not answer", exc_info=error)
        return None
