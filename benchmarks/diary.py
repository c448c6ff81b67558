"""The small service that is measured: a plan of meetings for one client, and the notes about them.

Its command is shaped as those of the house are: load a stream, fold it, decide, append one event, change one row.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from sqlalchemy import Column, Integer, MetaData, Table, Text

from services.kernel.errors import Invalid
from services.kernel.events import Entry, event
from services.kernel.fields import Client, Code, Counselor, Language, PersonId, Place, Reference, Seal, Sealed, seal
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
from services.kernel.time import Instant, system_clock
from services.kernel.work import Who, Work

SERVICE, INCARNATION = "diary", "benchmark"
PERSONS = 50
NOON = Instant("2026-11-24T12:00:00.000000Z")
WHO = Who("5a0e9f6e-0000-7000-8000-000000000001")
WORDS = "The client slept better and wants to go on with the exercise we agreed upon last week. " * 3

TABLES = MetaData()
plans = Table(
    "diary_plans",
    TABLES,
    Column("stream", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("starts", Text, nullable=False),
)


@event("diary.meeting-planned", public=True)
class MeetingPlanned:
    client: Client
    counselor: Counselor
    number: int
    starts: Instant
    ends: Instant
    modality: Code
    place: Place
    language: Language
    reference: Reference


@event("diary.note-kept")
class NoteKept:
    client: Client
    number: int
    text: Annotated[Sealed, Seal("client", "notes")]


@dataclass(frozen=True, slots=True)
class Plan:
    """How many meetings there were, and when the last one is."""

    number: int
    starts: Instant


PROJECTIONS = Projections()


@PROJECTIONS.on(MeetingPlanned)
def _planned(entry: Entry[MeetingPlanned], rows: Rows) -> None:
    rows.put(plans, stream=entry.stream, number=entry.data.number, starts=entry.data.starts)


@PROJECTIONS.on(NoteKept)
def _noted(entry: Entry[NoteKept], rows: Rows) -> None:
    rows.put(plans, stream=entry.stream, number=entry.data.number, starts=entry.time)


def evolve(state: Plan | None, event: object) -> Plan | None:
    match event:
        case MeetingPlanned(number=number, starts=starts):
            return Plan(number, starts) if state is None else replace(state, number=number, starts=starts)
        case NoteKept(number=number):
            return state and replace(state, number=number)
    return state


def stream(number: int) -> str:
    return f"diary/plan/{number:08d}-0000-7000-8000-000000000000"


def person(number: int) -> PersonId:
    return PersonId(f"{number % PERSONS:08d}-0000-7000-8000-00000000000c")


def meeting(plan: int, number: int) -> MeetingPlanned:
    """The next meeting of a plan."""
    return MeetingPlanned(
        client=person(plan),
        counselor=PersonId("018f0000-0000-7000-8000-00000000000d"),
        number=number,
        starts=NOON,
        ends=NOON,
        modality=Code("video"),
        place=Place("US-AZ"),
        language=Language("en"),
        reference=Reference("S-4K7T"),
    )


def plan_meeting(work: Work, plan: int) -> int:
    """The whole command: load, fold, decide, append."""
    state = work.load(stream(plan), evolve)
    number = _next(state)
    work.append(stream(plan), meeting(plan, number))
    return number


def keep_note(work: Work, plan: int) -> int:
    """The same with one sealed text."""
    state = work.load(stream(plan), evolve)
    number = _next(state)
    work.append(stream(plan), NoteKept(client=person(plan), number=number, text=seal(WORDS)))
    return number


def _next(state: Plan | None) -> int:
    if state is not None and state.number >= 1_000_000:
        raise Invalid("This plan is full.", help="Begin another one.")
    return 1 if state is None else state.number + 1


def fill(service: Service, plans_: range, events: int) -> None:
    """Plans with so many events each, many in one transaction."""

    def many(work: Work, some: range) -> None:
        for plan in some:
            work.append(stream(plan), *(meeting(plan, number) for number in range(1, events + 1)))

    step = max(1, 100 // events)
    for first in range(plans_.start, plans_.stop, step):
        service.do(WHO, many, range(first, min(first + step, plans_.stop)))


def make_keys(service: Service) -> None:
    """The data keys of all persons, as they are after somebody's first sealed words."""

    def first_words(work: Work, number: int) -> None:
        work.append(f"diary/words/{work.new_id()}", NoteKept(client=person(number), number=0, text=seal(WORDS)))

    for number in range(PERSONS):
        service.do(WHO, first_words, number)


def make_store(url: str, lanes: int = 1) -> None:
    """The service's tables in an empty database."""
    engine = postgres_engine(url)
    with engine.connect() as connection:
        create_kernel(connection, SERVICE, INCARNATION, lanes)
        TABLES.create_all(connection)
    engine.dispose()


def open_backend(url: str) -> Backend:
    return PostgresBackend(url, SERVICE, INCARNATION)


def open_diary(url: str, place: Path, lanes: int = 1, clock: Callable[[], Instant] = system_clock) -> Service:
    """The service on its store, with the keyring of the benchmark's folder."""
    backend = open_backend(url)
    path = place / "keys" / "keyring.json"
    keys = LocalKeys("licensing", Keyring(path, data_folder=place / "data", found=not path.exists()))
    keys.prepare(KEYS["licensing"])
    sealer = Sealer(backend, DataKeys(keys, KeyCache(lambda: 0.0)), per_clinic=False)
    return Service(SERVICE, backend, keys, sealer, Lanes(backend, lanes), PROJECTIONS, clock)
