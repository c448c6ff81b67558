"""Choosing the parts by the settings: which database, which log, which keys. Nowhere else is this decided.

The clients of Vault and Kafka are loaded where they are chosen: an embedded start need not wait for them.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.kernel.keys.cache import DataKeys, KeyCache
from services.kernel.keys.keyring import Keyring
from services.kernel.keys.local import LocalKeys
from services.kernel.keys.port import KeyKind, Keys
from services.kernel.lanes import Lanes
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Log, LogUnavailable
from services.kernel.projections import Projections
from services.kernel.sealer import Sealer
from services.kernel.service import Service
from services.kernel.settings import SERVICES, Settings, SettingsError
from services.kernel.store.opening import Store, has_store, open_store_to_serve
from services.kernel.time import Clock, system_clock

# The keys that a service is set up with. Sessions makes one more for every clinic.
KEYS: Mapping[str, Mapping[str, KeyKind]] = {
    "identity": {"kek": "kek", "index": "mac", "token": "sign"},
    "licensing": {"kek": "kek", "index": "mac"},
    "sessions": {"index": "mac"},
    "audit": {"checkpoint": "sign"},
}


@dataclass(frozen=True, slots=True)
class Assembly:
    """A service and what its worker needs beside it."""

    service: Service
    store: Store
    settings: Settings


def assemble(
    settings: Settings, name: str, projections: Projections, *, clock: Clock = system_clock, keys: Keys | None = None
) -> Assembly:
    """A service on the parts that the settings name. Raises ``SchemaBehind``, ``OtherLanes``, ``Unavailable``,
    ``SettingsError``."""
    store = open_store_to_serve(settings, name)
    held = keys or open_keys(settings, name)
    sealer = Sealer(store.backend, DataKeys(held, KeyCache(time.monotonic)), per_clinic=name == "sessions")
    service = Service(name, store.backend, held, sealer, Lanes(store.backend, store.lanes), projections, clock)
    return Assembly(service, store, settings)


def open_keys(settings: Settings, service: str) -> Keys:
    """The keys of one service. In a keyring, those that this release needs anew are made."""
    keys = find_keys(settings, service)
    if isinstance(keys, LocalKeys):
        keys.prepare(KEYS[service])
    return keys


def find_keys(settings: Settings, service: str) -> Keys:
    """The keys of one service to look at: as ``open_keys``, but nothing is made."""
    if settings.keys == "local":
        return LocalKeys(service, Keyring(settings.keyring, data_folder=settings.data))
    if not (settings.vault_addr and settings.vault_role_id and settings.vault_secret_id):
        raise SettingsError(
            ("AMANAH_KEYS is vault: set AMANAH_VAULT_ADDR, AMANAH_VAULT_ROLE_ID and AMANAH_VAULT_SECRET_ID",)
        )
    from services.kernel.keys.vault import VaultKeys
    from services.kernel.keys.vault_client import AppRole, VaultClient

    role = AppRole(settings.vault_role_id, settings.vault_secret_id)
    ca = str(settings.vault_cacert) if settings.vault_cacert else None
    return VaultKeys(service, VaultClient(settings.vault_addr, role, ca=ca))


def found_keyring(settings: Settings) -> bool:
    """Make the keyring file at the very first start, with the keys of all services; whether it was made.

    Only while no service has a store: what a store sealed needs the keys of its time, so a keyring that is missing
    later is an error to be mended, never replaced by a new one. With Vault there is nothing to found here.
    """
    if settings.keys != "local" or settings.keyring.exists():
        return False
    if any(has_store(settings, service) for service in SERVICES):
        return False
    keyring = Keyring(settings.keyring, data_folder=settings.data, found=True)
    for service, kinds in KEYS.items():
        LocalKeys(service, keyring).prepare(kinds)
    return True


def open_log(settings: Settings) -> Log:
    """The event log, without asking whether it is there. An embedded one is made where there is none."""
    if settings.log == "embedded":
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return EmbeddedLog(_log_file(settings))
    if not settings.kafka_bootstrap:
        raise SettingsError(("AMANAH_LOG is kafka: set AMANAH_KAFKA_BOOTSTRAP",))
    from services.kernel.log.kafka import KafkaLog

    return KafkaLog(settings.kafka_bootstrap, replication=settings.kafka_replication)


def find_log(settings: Settings) -> Log:
    """The event log to look at: as ``open_log``, but nothing is made. Raises ``LogUnavailable`` where there is none."""
    if settings.log == "embedded" and not _log_file(settings).exists():
        raise LogUnavailable("There is no event log in the data folder yet.", help="Make it: amanah topics")
    return open_log(settings)


def _log_file(settings: Settings) -> Path:
    return settings.data / "log.sqlite3"


def make_topics(settings: Settings, log: Log) -> None:
    """The topics of all services, with the lanes of this installation."""
    log.make_topics(dict.fromkeys(SERVICES, settings.lanes))
