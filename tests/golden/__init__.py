"""One recorded event of every type and version that ever was released: ``<type>.v<version>.json``, its exact bytes.

What was recorded once is readable for ever; these files hold every later release to it. ``python -m tests.golden``
writes those that are missing, and never touches one that is there: a file of an older version can only be kept.
"""

import dataclasses
import types
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import services.contracts
from services.kernel.codec import encode
from services.kernel.events import Entry, EventType, all_types
from services.kernel.fields import ClinicId, Code, Hash, Id, Language, Name, PersonId, Place, Reference, Sealed
from services.kernel.time import Instant, LocalDate, Zone

FOLDER = Path(__file__).parent

_SAMPLES: dict[Any, object] = {
    Id: "0190a1b2-0000-7000-8000-000000000001",
    PersonId: "0190a1b2-0000-7000-8000-000000000002",
    ClinicId: "0190a1b2-0000-7000-8000-000000000003",
    Reference: "k-91XF",
    Language: "id",
    Place: "CA-ON",
    Code: "a_code",
    Hash: "5f" * 32,
    Name: "Klinik Amanah · Jakarta",
    Sealed: "c0" * 32,
    Instant: "2026-11-24T12:00:00.000000Z",
    LocalDate: "2026-11-24",
    Zone: "Asia/Jakarta",
    int: 7,
    bool: True,
}


def declared() -> list[EventType]:
    """Every event type that the contracts declare."""
    for module in walk_packages(services.contracts.__path__, "services.contracts."):
        import_module(module.name)
    return [kind for kind in all_types() if kind.cls.__module__.startswith("services.contracts.")]


def path_of(kind: EventType, version: int) -> Path:
    return FOLDER / f"{kind.name}.v{version}.json"


def sample(kind: EventType) -> Entry[Any]:
    """An event of this type with every field filled."""
    return Entry(
        id=Id("0190a1b2-0000-7000-8000-00000000000e"),
        type=kind.name,
        typeversion=kind.version,
        stream=f"{kind.service}/golden/1",
        streamversion=1,
        time=Instant("2026-11-24T12:00:00.000001Z"),
        actor="0190a1b2-0000-7000-8000-00000000000a",
        data=_value(kind.cls),
        clinic=ClinicId("0190a1b2-0000-7000-8000-000000000003"),
        onbehalfof="0190a1b2-0000-7000-8000-00000000000b",
        correlationid="0190a1b2-0000-7000-8000-00000000000c",
        causationid="0190a1b2-0000-7000-8000-00000000000d",
    )


def write_missing() -> Iterator[Path]:
    """Write the golden event of each type's present version where there is none; gives the new files."""
    for kind in declared():
        path = path_of(kind, kind.version)
        if not path.exists():
            path.write_bytes(encode(sample(kind)) + b"\n")
            yield path


def _value(hint: Any) -> Any:
    """One value of a field's type: the first choice, the inner type of an optional, a tuple of one."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _value(hint.__origin__)
    if origin is Literal:
        return parts[0]
    if origin in (Union, types.UnionType):
        return _value(next(part for part in parts if part is not type(None)))
    if origin is tuple:
        return tuple(_value(part) for part in parts if part is not Ellipsis)
    if dataclasses.is_dataclass(hint):
        made: Any = hint
        hints = get_type_hints(hint, include_extras=True)
        return made(**{field.name: _value(hints[field.name]) for field in dataclasses.fields(hint)})
    return _SAMPLES[hint]
