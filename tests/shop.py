"""A tiny service for tests of the kernel: a person with notes. It is declared once for every test that needs one."""

from pathlib import Path
from typing import Annotated

from sqlalchemy import Column, Integer, MetaData, Table, Text

from services.kernel.events import Entry, event
from services.kernel.fields import Client, Id, PersonId, Seal, Sealed, seal
from services.kernel.keys.cache import DataKeys, KeyCache
from services.kernel.keys.keyring import Keyring
from services.kernel.keys.local import LocalKeys
from services.kernel.lanes import Lanes
from services.kernel.parts import KEYS
from services.kernel.projections import Projections, Rows
from services.kernel.sealer import Sealer
from services.kernel.service import Service
from services.kernel.store.backend import Backend
from services.kernel.store.pool import postgres_engine
from services.kernel.store.postgres import PostgresBackend
from services.kernel.store.schema import create_kernel
from services.kernel.store.sqlite import SqliteBackend, sqlite_engine
from services.kernel.time import Instant
from services.kernel.work import Work

TABLES = MetaData()
notes = Table("shop_notes", TABLES, Column("person", Text, primary_key=True), Column("count", Integer, nullable=False))

INCARNATION = "test"
NOON = Instant("2026-11-24T12:00:00.000000Z")


@event("shop.note-kept", public=True)
class NoteKept:
    client: Client
    number: int
    text: Annotated[Sealed, Seal("client", "notes")]


@event("shop.note-seen")
class NoteSeen:
    client: Client
    note: Id


projections = Projections()


@projections.on(NoteKept)
def _note_kept(entry: Entry[NoteKept], rows: Rows) -> None:
    rows.put(notes, person=entry.data.client, count=entry.data.number)


def keep_note(work: Work, person: str, words: str, clinic: str | None = None) -> Id:
    """Append one more note of a person; its number is the stream's next version."""
    stream = f"shop/person/{person}"
    number = len(work.entries(stream)) + 1
    work.append(stream, NoteKept(client=PersonId(person), number=number, text=seal(words)), clinic=clinic)
    return work.drafts[-1].id


def sqlite_shop(folder: Path, lanes: int = 1) -> Backend:
    """An empty store in a file."""
    path = folder / "shop.sqlite3"
    engine = sqlite_engine(path)
    with engine.connect() as connection:
        create_kernel(connection, "shop", INCARNATION, lanes)
        TABLES.create_all(connection)
    engine.dispose()
    return SqliteBackend(path, "shop", INCARNATION)


def postgres_shop(url: str, lanes: int = 4) -> Backend:
    """An empty store in a database."""
    engine = postgres_engine(url)
    with engine.connect() as connection:
        create_kernel(connection, "shop", INCARNATION, lanes)
        TABLES.create_all(connection)
    engine.dispose()
    return PostgresBackend(url, "shop", INCARNATION)


def open_shop(backend: Backend, folder: Path, lanes: int = 1, now: Instant = NOON) -> Service:
    """The tiny service on a store, with a keyring of its own."""
    keys = LocalKeys("licensing", Keyring(folder / "keys" / "keyring.json", data_folder=folder / "data", found=True))
    keys.prepare(KEYS["licensing"])
    sealer = Sealer(backend, DataKeys(keys, KeyCache(lambda: 0.0)), per_clinic=False)
    return Service("shop", backend, keys, sealer, Lanes(backend, lanes), projections, lambda: now)
