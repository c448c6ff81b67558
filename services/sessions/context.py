"""What the views of sessions, and its worker, work with."""

from collections.abc import Callable
from dataclasses import dataclass

from services.kernel.fields import Code
from services.kernel.service import Service
from services.kernel.settings import Settings
from services.kernel.time import Instant

FreshEnough = Callable[[str, Instant], bool]


@dataclass(frozen=True, slots=True)
class Context:
    """``tzdata``: the release of the time zones in use. ``fresh_enough``: whether what a service (by its name) told is
    known, at this instant, to be at most a quarter of an hour old."""

    service: Service
    settings: Settings
    tzdata: Code
    fresh_enough: FreshEnough
