"""The filter: which events an officer asked for, in a form that anybody can run again over the raw log.

An event matches when it fits every part that is given; within a part any one value suffices. The filter knows no event
types: ``mentions`` looks for a text that stands anywhere in the event as a whole value, so a person's or a session's
id finds every event that names it, in whichever field.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from services.audit.verifier.event import INSTANT, Event
from services.audit.verifier.strict import FormatError, matching

MAX_VALUES = 1000

_VALUE = re.compile(r"[^\x00-\x1f]{0,1024}")
_INSTANTS = frozenset({"since", "until"})


@dataclass(frozen=True, slots=True)
class Filter:
    """What was asked for. An empty part asks nothing.

    ``clinics`` may hold the empty text: events of no clinic. ``since`` is the first instant that matches, ``until``
    the first that does not any more; both are UTC with six digits.
    """

    services: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    clinics: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    since: str = ""
    until: str = ""

    def matches(self, event: Event) -> bool:
        """Whether the event is among those asked for. An actor is whoever acted, or on whose behalf."""
        return (
            (not self.services or event.service in self.services)
            and (not self.types or event.type in self.types)
            and (not self.subjects or event.subject in self.subjects)
            and (not self.clinics or event.clinic in self.clinics)
            and (not self.actors or event.actor in self.actors or event.onbehalfof in self.actors)
            and (not self.since or event.time >= self.since)
            and (not self.until or event.time < self.until)
            and (not self.mentions or not set(self.mentions).isdisjoint(event.texts()))
        )

    def parts(self) -> dict[str, object]:
        """The filter as JSON: only the parts that ask something."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value if name in _INSTANTS else sorted(set(value)) for name, value in found.items() if value}


def parse_filter(value: object) -> Filter:
    """The filter of a JSON value. Raises ``FormatError`` for a part that is not known or not of its one form."""
    if not isinstance(value, dict):
        raise FormatError("the filter is not a JSON object")
    names = {field.name for field in fields(Filter)}
    if not value.keys() <= names:
        raise FormatError(f"the filter may hold {', '.join(sorted(names))} and nothing else")
    return Filter(
        services=_values(value, "services"),
        types=_values(value, "types"),
        subjects=_values(value, "subjects"),
        clinics=_values(value, "clinics"),
        actors=_values(value, "actors"),
        mentions=_values(value, "mentions"),
        since=_instant(value, "since"),
        until=_instant(value, "until"),
    )


def _instant(parts: Mapping[str, object], name: str) -> str:
    return matching(parts[name], INSTANT, f"the filter's {name}") if name in parts else ""


def _values(parts: Mapping[str, object], name: str) -> tuple[str, ...]:
    if name not in parts:
        return ()
    part = parts[name]
    if not isinstance(part, list) or not 0 < len(part) <= MAX_VALUES:
        raise FormatError(f"the filter's {name} is not a list of 1 to {MAX_VALUES} texts")
    values = tuple(matching(value, _VALUE, f"the filter's {name}") for value in part)
    if list(values) != sorted(set(values)):
        raise FormatError(f"the filter's {name} are not in order, each once")
    return values
