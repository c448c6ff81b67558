"""Mentions: what an event names, so that it can be found again: persons in their roles, things by id, references.

What an event mentions is named by the declarations: a field of type ``PersonId`` mentions a person in its role, an
``Id`` the thing that the field is called after, a ``Reference`` what people quote. Beyond that, every text that looks
like an id or a reference is mentioned by its shape, whether this release declares the event or not. So whoever asks for
an id or a reference is offered every event in which it stands (``must_mention``), by whichever release it was indexed.
"""

import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from services.audit.verifier.event import Event
from services.kernel.codec import Unknown
from services.kernel.events import Entry, persons_of
from services.kernel.fields import Id, PersonId, Reference

MAX_TEXT = 200  # characters; no id and no reference of ours is longer

ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
REFERENCE = "[A-Za-z]-[0-9A-Z]{4,8}"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Mention:
    """``value`` is named by an event as ``kind``: a role, a field's name, ``reference``, ``event`` or ``actor``."""

    kind: str
    value: str


def mentions(event: Event, entry: Entry[Any] | None) -> frozenset[Mention]:
    """Everything that an event mentions; ``entry`` is the same event decoded, or ``None`` where that cannot be."""
    found = {Mention("event", event.id), Mention("actor", event.actor), Mention("on behalf of", event.onbehalfof)}
    if entry is not None and not isinstance(entry.data, Unknown):
        found |= {Mention(role, person) for role, person in persons_of(entry.data)}
        found |= set(_things(entry.data))
    found = {mention for mention in found if _fits(mention.value)}
    named = {mention.value for mention in found}
    return frozenset(found | {Mention("text", text) for text in must_mention(event) - named})


def must_mention(event: Event) -> frozenset[str]:
    """What an event has to be found by: who acted, and each id and reference in it but its clinic's.

    Found by its clinic it is without that. This follows from the event's bytes alone and is the same in all releases.
    """
    acted = {who for who in (event.actor, event.onbehalfof) if _fits(who)}
    return frozenset(acted | {text for text in event.texts() if is_searchable(text) and text != event.clinic})


def is_id(text: str) -> bool:
    """Whether the text looks like an id (a UUID in lower case)."""
    return re.fullmatch(ID, text) is not None


def is_reference(text: str) -> bool:
    """Whether the text looks like a reference that people quote."""
    return re.fullmatch(REFERENCE, text) is not None


def is_searchable(text: str) -> bool:
    """Whether the text looks like an id or a reference: then every event that holds it mentions it."""
    return is_id(text) or is_reference(text)


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
