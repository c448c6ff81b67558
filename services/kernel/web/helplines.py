"""The numbers that help at once, as pages show them.

Which numbers hold where is a sourced, dated file of the house; here is only the shape in which it reaches the pages,
so that they need no event, no database and no key to show it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from services.kernel.fields import Place
from services.kernel.time import Instant, LocalDate, Zone


@dataclass(frozen=True, slots=True)
class HelpNumber:
    """One number: as people read it, what answers (by language), and what to press ``then``.

    ``dial``: as a phone dials it; empty: it is not made a link. ``caution``: what to know before one relies on it, by
    language. ``opens``: where nobody answers now, from when on somebody does, in the zone of the line.
    ``hours_known``: whether it is known when somebody answers. ``stale``: it is to be checked again.
    """

    number: str
    dial: str
    what: Mapping[str, str]
    then: str = ""
    caution: Mapping[str, str] = field(default_factory=dict)
    opens: tuple[Instant, Zone] | None = None
    hours_known: bool = True
    stale: bool = False


@dataclass(frozen=True, slots=True)
class HelpPlace:
    """The numbers of one place, the most fitting first, with their source and the day on which it was read."""

    place: Place
    numbers: tuple[HelpNumber, ...]
    source: str
    checked: LocalDate


# The places and their numbers, as they hold at an instant.
HelpBook = Callable[[Instant], Sequence[HelpPlace]]


def nearest_first(places: Sequence[HelpPlace], place: str | None) -> list[HelpPlace]:
    """The places in their order, but the viewer's own first, where it is known."""
    return sorted(places, key=lambda entry: entry.place != place)


def likely_place(tags: Sequence[str]) -> str | None:
    """The country of which a browser's languages speak (``en-GB``: GB; ``id``: ID), only to put its numbers first."""
    for tag in tags:
        language, *parts = tag.replace("_", "-").split("-")
        region = next((part.upper() for part in parts if len(part) == 2 and part.isalpha()), None)
        if region or language == "id":
            return region or "ID"
    return None
