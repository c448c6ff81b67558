"""What the views of sessions, and its worker, work with."""

from collections.abc import Callable
from dataclasses import dataclass

from services.kernel.fields import Code
from services.kernel.service import Service
from services.kernel.settings import Settings
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class Context:
    """``tzdata``: the release of the time zones in use. ``fresh_enough``: whether, at this instant, what licensing told
    is known to be at most a quarter of an hour old."""

    service: Service
    settings: Settings
    tzdata: Code
    fresh_enough: Callable[[Instant], bool]
