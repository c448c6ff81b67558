"""Mentions: what an event names, so that it can be found again: persons in their roles, things by id, references.

The index is made from the declarations: a field of type ``PersonId`` mentions a person in its role, an ``Id`` the
thing that the field is called after, a ``Reference`` what people quote. An event that this release cannot decode is
indexed by its shape alone: every text that looks like an id or a reference.
"""

import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from services.audit.verifier.event import Event
from services.kernel.events import Entry, persons_of
from services.kernel.fields import Id, PersonId, Reference

MAX_TEXT = 200  # characters; no id and no reference of ours is longer

_ID_LIKE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z]-[0-9A-Z]{4,8}")


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Mention:
    """``value`` is named by an event as ``kind``: a role, a field's name, ``reference``, ``event`` or ``actor``."""

    kind: str
    value: str


def mentions(event: Event, entry: Entry[Any] | None) -> frozenset[Mention]:
    """Everything that an event mentions; ``entry`` is the same event decoded, or ``None`` where that cannot be."""
    found = {Mention("event", event.id), Mention("actor", event.actor), Mention("on behalf of", event.onbehalfof)}
    if entry is not None and dataclasses.is_dataclass(entry.data):
        found |= {Mention(role, person) for role, person in persons_of(entry.data)}
        found |= set(_things(entry.data))
    else:
        found |= {Mention("text", text) for text in event.texts() if _ID_LIKE.fullmatch(text)}
    return frozenset(mention for mention in found if _fits(mention.value))


def _fits(value: str) -> bool:
    """Whether it can stand in an index: neither empty nor long, and nothing in it that a database cannot hold."""
    return 0 < len(value) <= MAX_TEXT and value.isprintable()


def _things(part: object) -> Iterator[Mention]:
    if isinstance(part, tuple):
        for each in part:
            yield from _things(each)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        kinds = _named_fields(type(part))
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if field.name not in kinds:
                yield from _things(value)
            elif value is not None:
                each_value = value if isinstance(value, tuple) else (value,)
                yield from (Mention(kinds[field.name], each) for each in each_value)


@cache
def _named_fields(cls: Any) -> dict[str, str]:
    """The fields of a declared class that hold ids, references, or persons without a role, and what each is called."""
    hints = get_type_hints(cls, include_extras=True)
    return {name: kind for name, hint in hints.items() if (kind := _kind(name, hint)) is not None}


def _kind(name: str, hint: Any) -> str | None:
    if get_origin(hint) is Annotated:  # a person with a role is named by the role, a seal by nothing
        return None
    if hint is Reference:
        return "reference"
    if hint in (Id, PersonId):
        return name
    return next((kind for part in get_args(hint) if (kind := _kind(name, part)) is not None), None)
