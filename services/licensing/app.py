"""Licensing's composition root: the only place where its parts are chosen and joined."""

from services.contracts.common import Refusal
from services.contracts.licensing import LicensingOperationRefused
from services.kernel.built import Built
from services.kernel.fields import Code, Hash, PersonId
from services.kernel.http.serving import record_refusals, service_app
from services.kernel.listening import Listener
from services.kernel.log.port import Log
from services.kernel.parts import Assembly, assemble
from services.kernel.settings import Settings
from services.kernel.time import Clock, system_clock
from services.kernel.worker import Tick, Worker
from services.licensing.api import BLUEPRINTS
from services.licensing.attestations import load_texts
from services.licensing.context import Context
from services.licensing.deriving import Release, derive_due
from services.licensing.policy import OPERATIONS
from services.licensing.reactions import REACTIONS
from services.licensing.readmodels import PROJECTIONS, TABLES, memberships, revocations
from services.licensing.rules import load_rules

NAME = "licensing"
FOLLOWS = ("identity",)


def build(settings: Settings, clock: Clock = system_clock) -> Built:
    """Licensing on the parts that the settings name. Raises ``SchemaBehind``, ``Unavailable``, ``SettingsError``, and
    ``DataFileError`` where a rule or a text cannot be used."""
    assembly = assemble(settings, NAME, PROJECTIONS, clock=clock)
    service = assembly.service
    on_refused = record_refusals(service, _refusal, memberships.c.clinic)
    context = Context(service, settings, load_rules(), load_texts(), on_refused)
    app = service_app(service, BLUEPRINTS, context, OPERATIONS, revocations, on_refused)
    listener = Listener(service, REACTIONS)
    return Built(assembly, app, lambda log: _worker(assembly, context, listener, log), TABLES, listener)


def _worker(assembly: Assembly, context: Context, listener: Listener, log: Log) -> Worker:
    release = Release(context.service, context.catalogue)
    ticks = (
        Tick("ruleset", 1.0, release.publish),
        Tick("clearances", 1.0, lambda: derive_due(context)),
    )
    return Worker(assembly, log, listener, listener, FOLLOWS, ticks, flush=listener.flush)


def _refusal(account: str, operation: str, reason: str, about: Hash | None) -> LicensingOperationRefused:
    refusal = Refusal(account=PersonId(account), operation=Code(operation), reason=Code(reason), about=about)
    return LicensingOperationRefused(refusal=refusal)
