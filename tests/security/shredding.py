"""What a keyholder's erasure must have taken away: every key that opens what was sealed for them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from services.kernel.codec import decode
from services.kernel.keys.cache import WrappedKey
from services.kernel.keys.port import KeyGone
from services.kernel.keys.sealing import AssociatedData, SealBroken, open_
from services.kernel.service import Service
from services.kernel.store.tables import data_keys, events, sealed_values


@dataclass(frozen=True)
class Held:
    """A sealed value as it stood, with everything but the key that its opening needs; and that key, still wrapped."""

    service: str
    event: str
    field: str
    key: WrappedKey
    ad: AssociatedData
    envelope: bytes
    committed: str


def keys_in(service: Service) -> list[WrappedKey]:
    """Every data key of a store."""
    columns = ("key_id", "kek", "keyholder", "purpose", "wrapped", "version")
    rows = service.backend.rows(select(*(data_keys.c[name] for name in columns)))
    return [WrappedKey(**row) for row in rows]


def held_in(service: Service, keyholders: set[str]) -> list[Held]:
    """Everything sealed in a store for these keyholders."""
    joined = sealed_values.join(data_keys).join(events, events.c.id == sealed_values.c.event_id)
    asked = select(data_keys, sealed_values.c.field, sealed_values.c.envelope, events.c.body).select_from(joined)
    found = []
    for row in service.backend.rows(asked.where(data_keys.c.keyholder.in_(keyholders))):
        entry = decode(row["body"])
        key = WrappedKey(row.key_id, row.kek, row.keyholder, row.purpose, row.wrapped, row.version)
        place = (entry.clinic or "", row.keyholder, row.purpose, entry.stream, entry.id, row.field, entry.typeversion)
        committed = getattr(entry.data, row.field)
        ad = AssociatedData(*place)
        found.append(Held(service.name, entry.id, row.field, key, ad, bytes(row.envelope), committed))
    return found


def opened_keys(service: Service, keys: Iterable[WrappedKey]) -> list[bytes]:
    """The data keys themselves, from the key server."""
    plain = []
    for key in keys:
        (answer,) = service.keys.unwrap(key.kek, [(key.context, key.wrapped)])
        if not isinstance(answer, KeyGone):
            plain.append(answer)
    return plain


def opens(held: Held, data_key: bytes) -> bool:
    """Whether this data key opens this value, whatever key the envelope names."""
    try:
        open_(data_key, held.key.key_id, held.ad, held.envelope, held.committed)
    except SealBroken:
        return False
    return True
