"""Sealing the words of an event before it is recorded, and opening them again.

Sealing happens before the transaction: data key (one call to the keys' server when it is new or not cached), seal,
commitment. Inside the transaction the ciphertext's foreign key is the fence: where a key's row is gone, nothing can be
written. Opening has three answers: the value; *erased*, when the fence stands; *missing*, which is an alarm and never
"erased".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from sqlalchemy import RowMapping, and_, exists, literal, select

from services.kernel.codec import decode, put_commitments
from services.kernel.errors import Erased
from services.kernel.events import Entry, event_type
from services.kernel.fields import Seal, Words
from services.kernel.ids import new_id
from services.kernel.keys.cache import DataKeys, WrappedKey
from services.kernel.keys.port import KeyGone
from services.kernel.keys.sealing import AssociatedData, SealBroken, open_, seal
from services.kernel.metrics import MISSING_VALUES
from services.kernel.projections import Rows
from services.kernel.store.backend import Backend
from services.kernel.store.changes import RowChange, inserted
from services.kernel.store.tables import data_keys, events, fences, sealed_values
from services.kernel.store.write import Write
from services.kernel.work import Draft

Ref = tuple[str, str]  # (event id, field)
# Rows of keys remembered for sealing. It is safe where a key was destroyed meanwhile: the foreign key is the fence.
ROWS_REMEMBERED = 5_000


class Gone(Enum):
    """Why a sealed value has no words to show."""

    ERASED = "erased"
    MISSING = "missing"


Opened = str | bytes | Literal[Gone.ERASED, Gone.MISSING]


@dataclass(frozen=True, slots=True)
class SealedRow:
    """Ciphertext, ready to be written beside its event."""

    event_id: str
    field: str
    key_id: str
    envelope: bytes


class Sealer:
    """Seals and opens for one service. ``per_clinic``: each clinic's values have a key-encrypting key of their own."""

    def __init__(self, backend: Backend, keys: DataKeys, *, per_clinic: bool) -> None:
        self._backend = backend
        self._keys = keys
        self._per_clinic = per_clinic
        self._rows_read: dict[tuple[str, str], WrappedKey] = {}

    def seal(self, draft: Draft) -> tuple[Any, list[SealedRow]]:
        """The event with commitments for words, and the rows to write. Raises ``Erased``, ``KeysUnavailable``."""
        declared = event_type(type(draft.data))
        rows: list[SealedRow] = []
        commitments: dict[str, str] = {}
        for field, mark in declared.seals.items():
            words = getattr(draft.data, field)
            if not isinstance(words, Words):
                continue
            row, key = self._key(getattr(draft.data, mark.keyholder), mark.purpose, draft.clinic or "")
            ad = _associated(draft.clinic, row, draft.stream, draft.id, field, declared.version)
            sealed = seal(key, row.key_id, ad, words.value)
            commitments[field] = sealed.commitment
            rows.append(SealedRow(draft.id, field, row.key_id, sealed.envelope))
        return put_commitments(draft.data, commitments), rows

    def open(self, refs: Iterable[Ref]) -> dict[Ref, Opened]:
        """Open sealed values. Raises ``KeysUnavailable``. Only ``reading`` calls this."""
        wanted = list(dict.fromkeys(refs))
        entries, values, fenced = self._rows({event_id for event_id, _ in wanted})
        keys = self._keys.open_keys([row for row, _ in values.values()])
        return {ref: self._one(ref, entries.get(ref[0]), values.get(ref), keys, fenced) for ref in wanted}

    def gone(self, refs: Iterable[Ref]) -> dict[Ref, Opened]:
        """Those of ``refs`` that were erased by now."""
        entries, values, fenced = self._rows({event_id for event_id, _ in refs})
        erased = (ref for ref in refs if ref[0] in entries and ref not in values)
        return {ref: self._one(ref, entries[ref[0]], None, {}, fenced) for ref in erased}

    def foreign(self, refs: Iterable[Ref], keyholder: str) -> set[Ref]:
        """Those of ``refs`` that are not sealed for this keyholder."""
        entries, _, _ = self._rows({event_id for event_id, _ in refs})
        return {ref for ref in refs if ref[0] not in entries or self._holder(entries[ref[0]], ref[1]) != keyholder}

    @staticmethod
    def _holder(entry: Entry[Any], field: str) -> str:
        holder: str = getattr(entry.data, _mark(entry, field).keyholder)
        return holder

    def _one(
        self,
        ref: Ref,
        entry: Entry[Any] | None,
        value: tuple[WrappedKey, bytes] | None,
        keys: dict[str, bytes | KeyGone],
        fenced: set[str],
    ) -> Opened:
        if entry is None:
            return _missing()
        holder = self._holder(entry, ref[1])
        if value is None:
            return Gone.ERASED if holder in fenced else _missing()
        row, envelope = value
        key = keys[row.key_id]
        if isinstance(key, KeyGone) or row.keyholder != holder:
            return _missing()
        ad = _associated(entry.clinic, row, entry.stream, entry.id, ref[1], entry.typeversion)
        try:
            words = open_(key, row.key_id, ad, envelope, getattr(entry.data, ref[1]))
        except SealBroken:
            return _missing()
        return words if isinstance(words, str | bytes) else _missing()

    def _rows(self, event_ids: set[str]) -> tuple[dict[str, Entry[Any]], dict[Ref, tuple[WrappedKey, bytes]], set[str]]:
        joined = select(sealed_values, data_keys).join_from(sealed_values, data_keys)
        with self._backend.reading() as connection:
            bodies = connection.scalars(select(events.c.body).where(events.c.id.in_(event_ids)))
            entries: dict[str, Entry[Any]] = {entry.id: entry for entry in map(decode, bodies)}
            held = list(connection.execute(joined.where(sealed_values.c.event_id.in_(event_ids))).mappings())
            holders = {
                getattr(entry.data, mark.keyholder)
                for entry in entries.values()
                for mark in event_type(type(entry.data)).seals.values()
            }
            fenced = set(connection.scalars(select(fences.c.keyholder).where(fences.c.keyholder.in_(holders))))
        values = {(row["event_id"], row["field"]): (_wrapped(row), bytes(row["envelope"])) for row in held}
        return entries, values, fenced

    def _key(self, keyholder: str, purpose: str, clinic: str) -> tuple[WrappedKey, bytes]:
        row = self._rows_read.get((keyholder, purpose)) or self._find(keyholder, purpose)
        if row is None:
            self._make(keyholder, purpose, clinic)
            row = self._find(keyholder, purpose)
        if row is None:
            raise Erased("What was kept of this person was erased.", help="Nothing more can be written about them.")
        key = self._keys.open_keys([row])[row.key_id]
        if isinstance(key, KeyGone):
            raise SealBroken("data key")
        return row, key

    def _find(self, keyholder: str, purpose: str) -> WrappedKey | None:
        where = and_(data_keys.c.keyholder == keyholder, data_keys.c.purpose == purpose)
        found = self._backend.rows(select(data_keys).where(where))
        if not found:
            return None
        if len(self._rows_read) >= ROWS_REMEMBERED:
            self._rows_read.clear()
        self._rows_read[keyholder, purpose] = row = _wrapped(found[0])
        return row

    def forget(self) -> None:
        """Forget which rows of keys were read, after one of them turned out to be gone."""
        self._rows_read.clear()

    def _make(self, keyholder: str, purpose: str, clinic: str) -> None:
        """A new data key, unless somebody else made one or the fence stands."""
        kek = f"clinic-{clinic}" if self._per_clinic and clinic else "kek"
        made, _ = self._keys.make(new_id(), kek, keyholder, purpose)
        values = {
            "key_id": made.key_id,
            "keyholder": keyholder,
            "purpose": purpose,
            "clinic": clinic,
            "kek": kek,
            "version": made.version,
            "wrapped": made.wrapped,
        }
        fenced = exists().where(fences.c.keyholder == keyholder)
        rows = Rows(self._backend.engine.dialect.name)
        rows.add_where(data_keys, select(*(literal(v) for v in values.values())).where(~fenced), list(values))
        self._backend.commit(Write(rows=rows.statements, locks={keyholder}))


def rows_to_write(rows: Iterable[SealedRow]) -> list[RowChange]:
    """The changes that keep ciphertext."""
    return [
        inserted(sealed_values, {"event_id": r.event_id, "field": r.field, "key_id": r.key_id, "envelope": r.envelope})
        for r in rows
    ]


def _associated(
    clinic: str | None, row: WrappedKey, stream: str, event_id: str, field: str, version: int
) -> AssociatedData:
    return AssociatedData(clinic or "", row.keyholder, row.purpose, stream, event_id, field, version)


def _mark(entry: Entry[Any], field: str) -> Seal:
    return event_type(type(entry.data)).seals[field]


def _wrapped(row: RowMapping) -> WrappedKey:
    return WrappedKey(row["key_id"], row["kek"], row["keyholder"], row["purpose"], row["wrapped"], row["version"])


def _missing() -> Literal[Gone.MISSING]:
    MISSING_VALUES.inc()
    return Gone.MISSING
