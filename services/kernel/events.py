"""Declaring events, and what an event looks like once it is recorded.

An event type has a stable name (``sessions.session-booked``) and an integer version. What was recorded once is never
rewritten: an older version is *upcast* when it is read, one step a version. Types marked ``public`` are those that
other services may listen to.
"""

import dataclasses
import types
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from services.kernel.fields import CLEAR_KINDS, ClinicId, Id, Person, PersonId, Seal, Sealed
from services.kernel.time import Instant

E = TypeVar("E")
T = TypeVar("T")
Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class DeclarationError(TypeError):
    """An event is declared in a way that the rules of ``fields`` do not allow."""


@dataclass(frozen=True, slots=True)
class EventType:
    """What the declaration of an event says about it."""

    name: str
    version: int
    public: bool
    cls: type[Any]
    seals: dict[str, Seal]
    persons: dict[str, str]

    @property
    def service(self) -> str:
        return self.name.split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Entry(Generic[E]):
    """A recorded event: its envelope, and its data as the declared dataclass. The order of a lane is its sequence."""

    id: Id
    type: str
    typeversion: int
    stream: str
    streamversion: int
    time: Instant
    actor: str
    data: E
    clinic: ClinicId | None = None
    onbehalfof: str | None = None
    correlationid: str | None = None
    causationid: str | None = None

    SPEC: ClassVar[str] = "1.0"


_BY_NAME: dict[str, EventType] = {}
_BY_CLASS: dict[type[Any], EventType] = {}
_UPCASTS: dict[tuple[str, int], Upcast] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(name: str, *, version: int = 1, public: bool = False) -> Callable[[type[T]], type[T]]:
    """Declare an event: the class becomes a frozen dataclass with slots, and its fields are held to the rules."""

    def declare(cls: type[T]) -> type[T]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        if name in _BY_NAME:
            raise DeclarationError(f"{name} is declared twice")
        seals, persons = _inspect(name, made)
        declared = EventType(name, version, public, made, seals, persons)
        _BY_NAME[name] = _BY_CLASS[made] = declared
        return made

    return declare


def upcast(name: str, *, since: int) -> Callable[[Upcast], Upcast]:
    """Register the step that turns the data of version ``since`` into those of ``since + 1``."""

    def register(step: Upcast) -> Upcast:
        _UPCASTS[name, since] = step
        return step

    return register


def event_type(cls: type[Any]) -> EventType:
    """The declaration of an event class. Raises ``KeyError`` when the class is not an event."""
    return _BY_CLASS[cls]


def find_type(name: str) -> EventType | None:
    """The declaration of a name, or ``None`` when this house does not know it."""
    return _BY_NAME.get(name)


def all_types() -> list[EventType]:
    """Every declared type, by name."""
    return [_BY_NAME[name] for name in sorted(_BY_NAME)]


def raise_to_current(declared: EventType, version: int, data: dict[str, Any]) -> dict[str, Any]:
    """Upcast the data of an older version to the declared one, one step a version. Raises ``UnknownVersion``."""
    for step in range(version, declared.version):
        known = _UPCASTS.get((declared.name, step))
        if known is None:
            raise UnknownVersion(declared.name, version)
        data = known(data)
    if version > declared.version:
        raise UnknownVersion(declared.name, version)
    return data


class UnknownVersion(Exception):
    """An event of a version that this release cannot read yet: wait for the newer release, do not skip it."""

    def __init__(self, name: str, version: int) -> None:
        super().__init__(f"{name} version {version} is not known to this release")


def persons_of(event: object) -> list[tuple[str, PersonId]]:
    """Everybody the event names, each with the role in which it names them, nested parts included."""
    found: list[tuple[str, PersonId]] = []
    _collect_persons(event, found)
    return found


def _collect_persons(part: object, found: list[tuple[str, PersonId]]) -> None:
    if isinstance(part, tuple):
        for each in part:
            _collect_persons(each, found)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        kind: Any = type(part)
        roles = _person_fields(kind)
        for field in dataclasses.fields(part):
            value = getattr(part, field.name)
            if field.name in roles and value is not None:
                found.extend(
                    (roles[field.name], PersonId(v)) for v in (value if isinstance(value, tuple) else (value,))
                )
            else:
                _collect_persons(value, found)


@cache
def _person_fields(cls: Any) -> dict[str, str]:
    hints = get_type_hints(cls, include_extras=True)
    marks = ((name, _mark(hint, Person)) for name, hint in hints.items())
    return {name: mark.role for name, mark in marks if mark is not None}


def _inspect(name: str, cls: type[Any]) -> tuple[dict[str, Seal], dict[str, str]]:
    seals: dict[str, Seal] = {}
    names = {field.name for field in dataclasses.fields(cls)}
    hints = {k: h for k, h in get_type_hints(cls, include_extras=True).items() if k in names}
    for field, hint in hints.items():
        mark = _mark(hint, Seal)
        if mark is not None:
            if mark.keyholder not in names:
                raise DeclarationError(f"{name}.{field} is sealed for {mark.keyholder!r}, which is no field of it")
            seals[field] = mark
        _check_kind(f"{name}.{field}", hint, top=True)
    kind: Any = cls
    return seals, _person_fields(kind)


def _mark(hint: Any, kind: type[T]) -> T | None:
    if get_origin(hint) is Annotated:
        for extra in hint.__metadata__:
            if isinstance(extra, kind):
                return extra
    return next((mark for part in get_args(hint) if (mark := _mark(part, kind)) is not None), None)


def _check_kind(where: str, hint: Any, *, top: bool = False) -> None:
    origin = get_origin(hint)
    if origin is Annotated:
        if top and hint.__origin__ is Sealed and _mark(hint, Seal) is not None:
            return None
        return _check_kind(where, hint.__origin__, top=top)
    if origin in (Union, types.UnionType, tuple):
        for part in get_args(hint):
            if part not in (type(None), Ellipsis):
                _check_kind(where, part, top=top and origin is not tuple)  # a seal holds one value, not many
        return None
    if origin is Literal or hint in CLEAR_KINDS:
        return None
    if dataclasses.is_dataclass(hint):
        for name, inner in get_type_hints(hint, include_extras=True).items():
            _check_kind(f"{where}.{name}", inner)
        return None
    raise DeclarationError(f"{where}: {hint} may not stand in clear; use a kind of kernel.fields, or seal it")
