"""The composition root of sessions: the one place where its parts are chosen and joined."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import TZPATH

import tzdata  # type: ignore[import-untyped]
from flask import Flask

from services.contracts.common import Refusal
from services.contracts.sessions import SessionsOperationRefused
from services.kernel.errors import Unavailable
from services.kernel.fields import Code, Hash, PersonId
from services.kernel.http.app import make_app
from services.kernel.http.serving import KeptRevocations, record_refusals
from services.kernel.keys.signing import PublicKeys
from services.kernel.listening import Listener
from services.kernel.log.heads import Freshness
from services.kernel.log.port import Log, LogUnavailable
from services.kernel.parts import Assembly, assemble
from services.kernel.service import Service
from services.kernel.settings import Settings
from services.kernel.time import Clock, Instant, system_clock
from services.kernel.worker import Worker
from services.sessions.api import BLUEPRINTS
from services.sessions.consent import consent_items
from services.sessions.context import Context
from services.sessions.policy import OPERATIONS
from services.sessions.reactions import make_reactions
from services.sessions.readmodels import PROJECTIONS
from services.sessions.readmodels.tables import revocations

FOLLOWS = ("identity", "licensing")
BOUND = 15 * 60.0  # seconds that what licensing told may be old to book or start
ASK_AGAIN = 5.0  # seconds between two looks at the heads


@dataclass(frozen=True, slots=True)
class Built:
    """Sessions, put together: ``make_worker(log)`` gives its worker, ``listener()`` what applies others' events."""

    service: Service
    app: Flask
    context: Context
    make_worker: Callable[[Log], Worker]
    listener: Callable[[], Listener]


class Fresh:
    """Whether what licensing told is known to be at most ``BOUND`` seconds old, by the heads of its lanes."""

    def __init__(self, log: Log, listener: Listener, lanes: int) -> None:
        self._lanes = [("licensing", lane) for lane in range(lanes)]
        self._heads = Freshness(log, listener, self._lanes)
        self._lock = threading.Lock()
        self._asked = float("-inf")

    def __call__(self, now: Instant) -> bool:
        with self._lock:
            if time.monotonic() - self._asked >= ASK_AGAIN:
                self._refresh()
            return all(self._heads.age_of(*lane, now) <= BOUND for lane in self._lanes)

    def _refresh(self) -> None:
        self._asked = time.monotonic()
        try:
            self._heads.refresh()
        except LogUnavailable:
            return  # what was known ages; that is the bound


def build(settings: Settings, clock: Clock = system_clock, log: Log | None = None) -> Built:
    """Sessions on the parts that the settings name. ``log``: where the heads are read by which the age of clearances is
    bounded; without one it is not bounded."""
    assembly = assemble(settings, "sessions", PROJECTIONS, clock=clock)
    service = assembly.service
    consent_items()  # a text that is not whole stops the start, not a client
    reactions = make_reactions(service.keys)

    def listener() -> Listener:
        return Listener(service, reactions)

    fresh = Fresh(log, listener(), settings.lanes) if log is not None else _always
    context = Context(service, settings, tzdata_release(), fresh)
    return Built(service, _app(context), context, lambda log: _worker(assembly, listener(), log), listener)


def tzdata_release() -> Code:
    """The release of the IANA time zones by which local times are computed here, such as ``2026a``."""
    for folder in TZPATH:
        names = Path(folder) / "tzdata.zi"
        if names.is_file():
            with names.open(encoding="ascii") as file:
                return Code(file.readline().rpartition(" ")[2].strip())
        if (Path(folder) / "UTC").is_file():
            return Code("of_the_system")
    return Code(tzdata.IANA_VERSION)


def _always(now: Instant) -> bool:
    return True


def _app(context: Context) -> Flask:
    service = context.service
    public_keys = PublicKeys(service.keys, time.monotonic)
    return make_app(
        "sessions",
        BLUEPRINTS,
        context,
        operations=OPERATIONS,
        public_key=lambda version: public_keys.get("identity", "token", version),
        revocations=KeptRevocations(service, revocations),
        checks={"database": lambda: _answers(service), "keys": service.keys.probe},
        on_refused=record_refusals(service, _refusal),
        clock=service.clock,
    )


def _worker(assembly: Assembly, listener: Listener, log: Log) -> Worker:
    return Worker(assembly, log, listener, listener, FOLLOWS)


def _answers(service: Service) -> None:
    try:
        with service.backend.reading():
            return
    except Exception as error:
        raise Unavailable("The database does not answer.", help="Start it, then try again.") from error


def _refusal(account: str, operation: str, reason: str, about: Hash | None) -> SessionsOperationRefused:
    return SessionsOperationRefused(refusal=Refusal(PersonId(account), Code(operation), Code(reason), about))
