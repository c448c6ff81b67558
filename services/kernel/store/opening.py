"""Opening a service's store, and making or raising its tables.

``migrate`` runs Alembic's revisions of one service (``services/<name>/migrations``, one line of files whose names begin
with their revision). ``open_store`` refuses a database of another revision than this release expects: start the
migration first, then the service. Alembic is loaded where it is used: a start that migrates nothing need not wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.exc import OperationalError

from services.kernel.errors import CannotStart, Unavailable
from services.kernel.settings import Settings
from services.kernel.store.backend import Backend
from services.kernel.store.schema import raise_lanes
from services.kernel.store.sqlite import SqliteBackend, sqlite_engine
from services.kernel.store.tables import stores


class SchemaBehind(CannotStart):
    """The database is of another revision than this release."""


class OtherLanes(CannotStart):
    """The store has another number of lanes than the settings say."""


@dataclass(frozen=True, slots=True)
class Store:
    """An opened store: its backend, the incarnation being written, and the number of its lanes."""

    backend: Backend
    incarnation: str
    lanes: int


def migrate(settings: Settings, service: str) -> None:
    """Bring the service's database to the newest revision, and to the lanes of the settings where it has fewer.

    Safe to run again, and by several at once. Raises ``SchemaBehind`` when this release is the older one, and
    ``Unavailable`` when the database does not answer.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("version_locations", str(_revisions(service)))
    config.set_main_option("path_separator", "os")
    engine = owner_engine(settings, service)
    try:
        with answering(service), engine.begin() as connection:
            config.attributes.update(connection=connection, service=service, lanes=settings.lanes)
            command.upgrade(config, "head")
            raise_lanes(connection, service, settings.lanes)
    except CommandError as error:  # a revision that these files do not know
        raise SchemaBehind(
            f"The database of {service} was made by another release. Use that release or a newer one."
        ) from error
    finally:
        engine.dispose()


def open_store(settings: Settings, service: str) -> Store:
    """The store of a service, to look at. Makes nothing that is not there.

    Raises ``SchemaBehind``, or ``Unavailable`` when the database does not answer.
    """
    if settings.database == "sqlite" and not sqlite_path(settings, service).exists():
        raise _behind(service, "empty")
    engine = _engine(settings, service)
    try:
        with answering(service):
            check_revision(engine, service)
            with engine.connect() as connection:
                row = connection.execute(select(stores).where(stores.c.service == service)).mappings().one()
    finally:
        engine.dispose()
    return Store(_backend(settings, service, row["incarnation"]), row["incarnation"], row["lanes"])


def open_store_to_serve(settings: Settings, service: str) -> Store:
    """As ``open_store``, for who appends and listens. Raises ``OtherLanes`` where the settings name other lanes."""
    store = open_store(settings, service)
    if store.lanes != settings.lanes:
        store.backend.dispose()
        raise OtherLanes(
            f"The store of {service} has {store.lanes} lane(s), and AMANAH_LANES is {settings.lanes}. "
            f"To mend it: {lanes_mended(store, settings)}"
        )
    return store


def lanes_mended(store: Store, settings: Settings) -> str:
    """What to do where the store and the settings differ in their lanes."""
    keep = f"set AMANAH_LANES={store.lanes}"
    if settings.lanes < store.lanes:
        return f"{keep}; lanes are never lowered, because their events stay where they are"
    return f"to raise them, run amanah migrate and amanah topics and start every process again; else {keep}"


@contextmanager
def answering(service: str) -> Iterator[None]:
    """Tell a database that is away, or refuses us, in words: raises ``Unavailable``."""
    try:
        yield
    except OperationalError as error:
        raise Unavailable(
            f"The database of {service} does not answer.",
            help="Check that it runs, and that its address and password in the settings are right; then try again.",
        ) from error


def has_store(settings: Settings, service: str) -> bool:
    """Whether this service has a store already. Raises ``Unavailable`` when the database does not answer."""
    if settings.database == "sqlite" and not sqlite_path(settings, service).exists():
        return False
    engine = _engine(settings, service)
    try:
        with answering(service):
            return inspect(engine).has_table("stores")
    finally:
        engine.dispose()


def _backend(settings: Settings, service: str, incarnation: str) -> Backend:
    if settings.database == "sqlite":
        return SqliteBackend(sqlite_path(settings, service), service, incarnation)
    from services.kernel.store.postgres import PostgresBackend

    eraser = settings.databases[service].eraser
    return PostgresBackend(settings.database_url(service), service, incarnation, eraser_url=eraser)


def sqlite_path(settings: Settings, service: str) -> Path:
    """Where a service's SQLite file lies."""
    return settings.data / f"{service}.sqlite3"


def _engine(settings: Settings, service: str) -> Engine:
    if settings.database == "sqlite":
        return sqlite_engine(sqlite_path(settings, service))
    from services.kernel.store.pool import postgres_engine

    return postgres_engine(settings.database_url(service), pool_size=1)


def owner_engine(settings: Settings, service: str) -> Engine:
    """An engine of the role that owns the tables, for migrations and rebuilds."""
    if settings.database == "sqlite":
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return create_engine(f"sqlite:///{sqlite_path(settings, service)}")
    return create_engine(settings.databases[service].owner or settings.database_url(service))


def _revisions(service: str) -> Path:
    return Path(__file__).parents[2] / service / "migrations"


def newest_revision(service: str) -> str:
    """The revision that this release expects: the last of the files, ``0001_first.py``, ``0002_…``, and so on."""
    return max(path.name.partition("_")[0] for path in _revisions(service).glob("[0-9]*.py"))


def check_revision(engine: Engine, service: str) -> None:
    """Raises ``SchemaBehind`` where the database is not of the revision that this release expects."""
    newest = newest_revision(service)
    with engine.connect() as connection:
        empty = not inspect(connection).has_table("events")
        current = None if empty else connection.scalar(text("select version_num from alembic_version"))
    if empty or current != newest:
        raise _behind(service, "empty" if empty else f"at revision {current}")


def _behind(service: str, state: str) -> SchemaBehind:
    return SchemaBehind(
        f"The database of {service} is {state}; this release needs revision {newest_revision(service)}. "
        "Run: amanah migrate"
    )
