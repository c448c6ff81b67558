"""Identity's composition root: the only place where its parts are chosen and joined."""

from services.contracts.common import Refusal
from services.contracts.identity import IdentityOperationRefused
from services.identity import erasing, forgetting, posting, queries
from services.identity.address import new_secret
from services.identity.api import BLUEPRINTS
from services.identity.commands.founding import keep_founding_secret
from services.identity.context import Context
from services.identity.mail import open_mailer
from services.identity.passwords import Passwords
from services.identity.policy import OPERATIONS
from services.identity.reactions import REACTIONS
from services.identity.readmodels import PROJECTIONS, TABLES, clinics, revocations
from services.kernel.built import Built
from services.kernel.fields import Code, Hash, PersonId
from services.kernel.http.serving import record_refusals, service_app
from services.kernel.listening import Listener
from services.kernel.log.port import Log
from services.kernel.parts import Assembly, assemble
from services.kernel.settings import Settings
from services.kernel.time import Clock, system_clock
from services.kernel.worker import Tick, Worker

NAME = "identity"
FOLLOWS = ("licensing", "sessions", "audit")


def build(settings: Settings, clock: Clock = system_clock) -> Built:
    """Identity on the parts that the settings name. Raises ``SchemaBehind``, ``Unavailable``, ``SettingsError``."""
    assembly = assemble(settings, NAME, PROJECTIONS, clock=clock)
    service = assembly.service
    on_refused = record_refusals(service, _refusal, clinics.c.clinic)
    context = Context(service, settings, Passwords(), open_mailer(settings), on_refused)
    app = service_app(service, BLUEPRINTS, context, OPERATIONS, revocations, on_refused)
    listener = Listener(service, REACTIONS)
    return Built(assembly, app, lambda log: _worker(assembly, context, log), TABLES, listener)


def founding_link(settings: Settings, clock: Clock = system_clock) -> str | None:
    """A fresh one-time link to found the network; none when it was founded. Links given before end."""
    service = assemble(settings, NAME, PROJECTIONS, clock=clock).service
    try:
        if queries.network(service)["founded"]:
            return None
        secret = new_secret()
        service.do(posting.SELF, keep_founding_secret, secret)
        return f"{settings.url}/identity/founding?token={secret}"
    finally:
        service.backend.dispose()


def _worker(assembly: Assembly, context: Context, log: Log) -> Worker:
    service = context.service
    listener = Listener(service, REACTIONS)  # one a worker: it remembers the positions that it has written
    ticks = (
        Tick("letters", 1.0, lambda: posting.send_due(context)),
        Tick("erasures due", 2.0, lambda: erasing.order_due(service)),
        Tick("erasures answered", 2.0, lambda: erasing.finish_answered(context)),
        Tick("sweep", 3600.0, lambda: forgetting.sweep(service)),
    )
    return Worker(assembly, log, listener, listener, FOLLOWS, ticks, flush=listener.flush)


def _refusal(account: str, operation: str, reason: str, about: Hash | None) -> IdentityOperationRefused:
    refusal = Refusal(account=PersonId(account), operation=Code(operation), reason=Code(reason), about=about)
    return IdentityOperationRefused(refusal=refusal)
