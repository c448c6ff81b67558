"""What an operator does when something is wrong: verify a store, rebuild read models, replay what was parked."""

from importlib import import_module

from services.kernel.errors import CannotStart, Conflict
from services.kernel.log.port import LogUnavailable, PositionLost
from services.kernel.parking import Parked, Replayed, list_parked, replay_parked
from services.kernel.parts import find_log, open_log
from services.kernel.rebuild import Rebuild, Rebuilt
from services.kernel.settings import Settings
from services.kernel.store.feed import StoreFeed
from services.kernel.store.opening import Store, answering, check_revision, open_store, owner_engine
from services.kernel.store.verify import Verified, compare_with_log, verify_store
from services.registry import build


def verify_service(settings: Settings, name: str) -> tuple[Verified, str]:
    """Examine a service's whole store, and compare it with the event log; see ``kernel.store.verify``.

    Gives what was found, and in words how the log compares: a log that does not answer is no fault of the store.
    """
    import_module(f"services.contracts.{name}")  # declares the events that are stored here
    store = open_store(settings, name)
    try:
        found = verify_store(store.backend, name, store.incarnation, store.lanes)
        return found, _compare(settings, name, store, found)
    finally:
        store.backend.dispose()


def _compare(settings: Settings, name: str, store: Store, found: Verified) -> str:
    try:
        log = find_log(settings)
        try:
            faults = compare_with_log(StoreFeed(name, store), log, range(store.lanes))
        finally:
            log.close()
    except LogUnavailable as away:
        return f"not compared with the event log. {away.detail} {away.help}".strip()
    found.faults += faults
    return "differs from the event log" if faults else "agrees with the event log"


def rebuild_service(settings: Settings, name: str, *, switch: bool) -> Rebuilt:
    """Rebuild a service's read models; see ``kernel.rebuild``. Raises ``CannotStart`` where the event log does not hold
    what was applied, and ``Unavailable`` when a part does not answer."""
    readmodels = import_module(f"services.{name}.readmodels")
    engine = owner_engine(settings, name)
    log = open_log(settings)
    try:
        with answering(name):
            check_revision(engine, name)
            kind: type[Rebuild] = getattr(readmodels, "REBUILD", Rebuild)  # audit rebuilds from its own log
            return kind(engine, readmodels.TABLES, readmodels.PROJECTIONS, log, name).run(switch=switch)
    except PositionLost as lost:
        raise CannotStart(f"Nothing was changed. {lost}") from lost
    finally:
        log.close()
        engine.dispose()


def parked_of(settings: Settings, name: str) -> list[Parked]:
    """What a service has set aside."""
    built = build(name, settings)
    try:
        return list_parked(built.service)
    finally:
        built.close()


def replay(settings: Settings, name: str) -> Replayed:
    """Apply what a service has set aside, in order."""
    built = build(name, settings)
    try:
        if built.listener is None:
            raise Conflict(f"{name} parks nothing.", help="There is nothing to replay.")
        return replay_parked(built.service, built.listener)
    finally:
        built.close()
