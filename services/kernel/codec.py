"""The bytes of an event: made once, stored, sent and hashed as they are.

The form is CloudEvents 1.0, structured JSON, by one setting of ``json.dumps``: sorted keys, compact, no floats,
integers below 2**53, instants in UTC with six digits. Attributes that have no value are left out. ``typeversion``,
``streamversion``, ``clinic``, ``onbehalfof``, ``correlationid`` and ``causationid`` are extension attributes.

This is the only module that knows msgspec: it reads bytes straight into the declared dataclasses.
"""

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import msgspec

from services.kernel.events import Entry, EventType, event_type, find_type, raise_to_current
from services.kernel.fields import ClinicId, Id, Sealed, Words
from services.kernel.time import Instant

MAX_BYTES = 900_000  # below Kafka's default request limit of 1 MiB, with room for headers
_MAX_INT = 2**53
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_OPTIONAL = ("clinic", "onbehalfof", "correlationid", "causationid")


class NotEncodable(ValueError):
    """An event holds something that its bytes may not hold. The text names the place."""


def encode(entry: Entry[Any]) -> bytes:
    """The bytes of an entry whose words are all sealed. Raises ``NotEncodable``."""
    declared = event_type(type(entry.data))
    form: dict[str, Any] = {
        "specversion": Entry.SPEC,
        "id": entry.id,
        "source": f"/amanah/{declared.service}",
        "type": declared.name,
        "typeversion": declared.version,
        "subject": entry.stream,
        "streamversion": entry.streamversion,
        "time": entry.time,
        "actor": entry.actor,
        "data": entry.data,
    }
    form |= {name: value for name in _OPTIONAL if (value := getattr(entry, name)) is not None}
    form = {
        name: _plain(value, declared.name if name == "data" else f"{declared.name}: {name}")
        for name, value in form.items()
    }
    body = dumps(form)
    if len(body) > MAX_BYTES:
        raise NotEncodable(f"{declared.name}: {len(body)} bytes; an event may have {MAX_BYTES}")
    return body


def dumps(form: Any) -> bytes:
    """The one JSON setting of the house: sorted, compact, UTF-8, no NaN."""
    return _JSON.encode(form).encode()


@dataclass(frozen=True, slots=True)
class Unknown:
    """The data of a type that this house does not declare: kept as they came."""

    data: dict[str, Any]


def decode(body: bytes) -> Entry[Any]:
    """An entry from its bytes, upcast to the declared version.

    Data of an unknown type become ``Unknown``. Raises ``UnknownVersion`` for a version newer than this release, and
    ``ValueError`` (of which msgspec's errors are a kind) for bytes that are no event.
    """
    head = _HEAD.decode(body)
    declared = find_type(head.type)
    if declared is None:
        return _entry(head, Unknown(msgspec.json.decode(body)["data"]))
    return decode_as(declared, head.typeversion, body)


def heading(body: bytes) -> tuple[str, str]:
    """Type and stream of an event, read without its data; so they are known where the data cannot be read.

    Raises ``ValueError`` for bytes that are no event.
    """
    head = _HEAD.decode(body)
    return head.type, head.subject


def decode_as(declared: EventType, version: int, body: bytes) -> Entry[Any]:
    """As ``decode``, where type and version are known already, from their columns."""
    if version == declared.version:
        cls: Any = declared.cls
        form = _decoder(cls).decode(body)
        return _entry(form, form.data)
    raw = msgspec.json.decode(body)
    data = raise_to_current(declared, version, raw["data"])
    return _entry(_HEAD.decode(body), msgspec.convert(data, declared.cls))


def decode_data(declared: EventType, version: int, body: bytes) -> Any:
    """Only the data of an event, upcast, where type and version are known from their columns: for folding."""
    if version == declared.version:
        cls: Any = declared.cls
        return _data_decoder(cls).decode(body).data
    return decode_as(declared, version, body).data


def to_plain(value: Any) -> Any:
    """A dataclass as dicts, lists, text, integers and booleans, by the rules of event bytes."""
    return _plain(value, type(value).__name__)


def from_plain(value: Any, cls: type[Any]) -> Any:
    """The reverse of ``to_plain`` for a declared dataclass."""
    return msgspec.convert(value, cls)


class _Head(msgspec.Struct, frozen=True):
    id: str
    type: str
    typeversion: int
    subject: str
    streamversion: int
    time: str
    actor: str
    clinic: str | None = None
    onbehalfof: str | None = None
    correlationid: str | None = None
    causationid: str | None = None


_HEAD = msgspec.json.Decoder(_Head)


@cache
def _decoder(cls: Any) -> msgspec.json.Decoder[Any]:
    form = msgspec.defstruct(f"Form{cls.__name__}", [("data", cls)], bases=(_Head,), frozen=True, kw_only=True)
    return msgspec.json.Decoder(form)


@cache
def _data_decoder(cls: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(msgspec.defstruct(f"Data{cls.__name__}", [("data", cls)], frozen=True))


def _entry(head: Any, data: Any) -> Entry[Any]:
    return Entry(
        id=Id(head.id),
        type=head.type,
        typeversion=head.typeversion,
        stream=head.subject,
        streamversion=head.streamversion,
        time=Instant(head.time),
        actor=head.actor,
        data=data,
        clinic=None if head.clinic is None else ClinicId(head.clinic),
        onbehalfof=head.onbehalfof,
        correlationid=head.correlationid,
        causationid=head.causationid,
    )


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, Words):
        raise NotEncodable(f"{where} holds words that are not sealed")
    if isinstance(value, str):
        return _text(value, where)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) >= _MAX_INT:
            raise NotEncodable(f"{where}: {value} does not fit into 53 bits")
        return value
    if isinstance(value, tuple | list):
        return [_plain(each, f"{where}[{i}]") for i, each in enumerate(value)]
    if isinstance(value, dict):
        return {_text(str(k), where): _plain(v, f"{where}.{k}") for k, v in value.items()}
    fields = getattr(type(value), "__dataclass_fields__", None)
    if fields is None:
        raise NotEncodable(f"{where}: {type(value).__name__} has no form in an event")
    return {name: _plain(getattr(value, name), f"{where}.{name}") for name in fields}


def _text(value: str, where: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise NotEncodable(f"{where} holds half of a character (a lone surrogate); UTF-8 cannot hold it") from None
    return value


def put_commitments(event: Any, commitments: dict[str, str]) -> Any:
    """The event with each named field holding its commitment in place of the words."""
    if not commitments:
        return event
    return replace(event, **{field: Sealed(text) for field, text in commitments.items()})
