"""What an operator does when something is wrong: verify a store, rebuild read models, replay what was parked."""

from importlib import import_module

from services.kernel.errors import Conflict
from services.kernel.parking import Parked, Replayed, list_parked, replay_parked
from services.kernel.parts import open_log
from services.kernel.rebuild import Rebuild, Rebuilt
from services.kernel.settings import Settings
from services.kernel.store.opening import open_store, owner_engine
from services.kernel.store.verify import Verified, verify_store
from services.registry import build


def verify_service(settings: Settings, name: str) -> Verified:
    """Examine a service's whole store; see ``kernel.store.verify``."""
    import_module(f"services.contracts.{name}")  # declares the events that are stored here
    store = open_store(settings, name)
    try:
        return verify_store(store.backend, name, store.incarnation, store.lanes)
    finally:
        store.backend.dispose()


def rebuild_service(settings: Settings, name: str, *, switch: bool) -> Rebuilt:
    """Rebuild a service's read models; see ``kernel.rebuild``."""
    readmodels = import_module(f"services.{name}.readmodels")
    engine = owner_engine(settings, name)
    log = open_log(settings)
    try:
        kind: type[Rebuild] = getattr(readmodels, "REBUILD", Rebuild)  # audit rebuilds from its own log
        return kind(engine, readmodels.TABLES, readmodels.PROJECTIONS, log, name).run(switch=switch)
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
