"""The composition root of sessions: the one place where its parts are chosen and joined."""

from pathlib import Path
from zoneinfo import TZPATH

import tzdata  # type: ignore[import-untyped]

from services.contracts.common import Refusal
from services.contracts.sessions import SessionsOperationRefused
from services.kernel.built import Built
from services.kernel.fields import Code, Hash, PersonId
from services.kernel.http.serving import record_refusals, service_app
from services.kernel.knowing import known_until
from services.kernel.listening import Listener
from services.kernel.log.port import Log
from services.kernel.parts import Assembly, assemble
from services.kernel.settings import Settings
from services.kernel.time import Clock, Instant, plus, system_clock
from services.kernel.worker import Tick, Worker
from services.sessions import due
from services.sessions.api import BLUEPRINTS
from services.sessions.consent import consent_items
from services.sessions.context import Context, FreshEnough
from services.sessions.policy import OPERATIONS
from services.sessions.reactions import make_reactions
from services.sessions.readmodels import PROJECTIONS
from services.sessions.readmodels.tables import TABLES, clinics, revocations

FOLLOWS = ("identity", "licensing")
BOUND_MINUTES = 15  # that what others told may be old to book or start by, or to erase


def build(settings: Settings, clock: Clock = system_clock, *, fresh_enough: FreshEnough | None = None) -> Built:
    """Sessions on the parts that the settings name. ``fresh_enough``: whether what another service told is young enough
    to book, start or erase by; without it, by what the worker wrote down of the heads of its lanes."""
    assembly = assemble(settings, "sessions", PROJECTIONS, clock=clock)
    service = assembly.service
    consent_items()  # a text that is not whole stops the start, not a client
    listener = Listener(service, make_reactions(service.keys))

    def known_enough(source: str, now: Instant) -> bool:
        until = known_until(service, source, settings.lanes)
        return until is not None and plus(until, minutes=BOUND_MINUTES) >= now

    context = Context(service, settings, tzdata_release(), fresh_enough or known_enough)
    on_refused = record_refusals(service, _refusal, clinics.c.clinic)
    app = service_app(service, BLUEPRINTS, context, OPERATIONS, revocations, on_refused)
    return Built(assembly, app, lambda log: _worker(assembly, context, listener, log), TABLES, listener)


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


def _worker(assembly: Assembly, context: Context, listener: Listener, log: Log) -> Worker:
    ticks = (
        Tick("erasures", due.ERASE_EVERY, lambda: due.carry_out_erasures(context)),
        Tick("lately booked", due.JUDGE_EVERY, lambda: due.judge_lately_booked(context.service)),
    )
    return Worker(assembly, log, listener, listener, FOLLOWS, ticks, flush=listener.flush)


def _refusal(account: str, operation: str, reason: str, about: Hash | None) -> SessionsOperationRefused:
    return SessionsOperationRefused(refusal=Refusal(PersonId(account), Code(operation), Code(reason), about))
