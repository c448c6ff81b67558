"""The composition root of audit: the one place where its parts are chosen and joined.

Audit seals nothing and can open nothing: of the keys it uses only the signing of checkpoints, and that in its worker
alone; its web processes read public keys.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import select

from services.audit.api import BLUEPRINTS
from services.audit.commands import raise_alarm
from services.audit.context import Context
from services.audit.domain.alarm import Alarm
from services.audit.ingest import Ingest
from services.audit.policy import OPERATIONS
from services.audit.publishing import publish
from services.audit.queries import status
from services.audit.readmodels import PROJECTIONS, TABLES, leaves, revocations, trail
from services.audit.verifying import go_on, hurry
from services.contracts.audit import AlarmKind, AuditOperationRefused
from services.contracts.common import Refusal
from services.kernel.built import Built
from services.kernel.fields import Code, Hash, PersonId
from services.kernel.http.serving import record_refusals, service_app
from services.kernel.log.consumer import Arrival, LaneStopped
from services.kernel.log.port import Log
from services.kernel.parts import Assembly, assemble
from services.kernel.service import Service
from services.kernel.settings import SERVICES, Settings
from services.kernel.store.write import NameTaken
from services.kernel.time import Clock, system_clock
from services.kernel.work import Who
from services.kernel.worker import Tick, Worker

VERIFY_EVERY = 60.0  # seconds
HURRY_EVERY = 1.0
ALARM_EVERY = 1.0


def build(settings: Settings, clock: Clock = system_clock) -> Built:
    """Audit on the parts that the settings name."""
    assembly = assemble(settings, "audit", PROJECTIONS, clock=clock)
    service = assembly.service
    on_refused = record_refusals(service, _refusal, trail.c.clinic, index=None)
    app = service_app(service, BLUEPRINTS, Context(service, settings), OPERATIONS, revocations, on_refused)
    return Built(assembly, app, _worker_maker(assembly), TABLES)


def _worker_maker(assembly: Assembly) -> Callable[[Log], Worker]:
    service, settings = assembly.service, assembly.settings

    def checkpoint() -> None:
        published = publish(service, settings.log_origin)
        if published is not None and status(service).verified_at is None:
            verify()  # the very first checkpoint need not wait for its round

    def verify() -> None:
        go_on(service, settings.log_origin)

    def make(log: Log) -> Worker:
        ingest, alarms = Ingest(service), LaneAlarms(service)
        ticks = (
            Tick("checkpoint", float(settings.checkpoint_seconds), checkpoint),
            Tick("verify", VERIFY_EVERY, verify),
            Tick("hurry", HURRY_EVERY, lambda: hurry(service, settings.log_origin)),
            Tick("alarms", ALARM_EVERY, alarms.raise_all),
        )
        return Worker(assembly, log, ingest, ingest, SERVICES, ticks, alarms.stopped.append)

    return make


_KINDS: dict[Arrival, AlarmKind] = {
    Arrival.HOLE: "hole",
    Arrival.FORK: "fork",
    Arrival.INCARNATION: "unknown_incarnation",
    Arrival.CUT: "cut",
}


@dataclass(slots=True)
class LaneAlarms:
    """The lanes that stopped, until each is recorded. What a kill forgets here, the next runner meets again."""

    service: Service
    stopped: deque[LaneStopped] = field(default_factory=deque)

    def raise_all(self) -> None:
        """Record what stopped. May raise ``Unavailable``: then it is tried again."""
        while self.stopped:
            lane = self.stopped[0]
            alarm = Alarm(self._kind(lane), lane.service, lane.lane, lane.sequence)
            with suppress(NameTaken):
                self.service.do(Who("service/audit"), raise_alarm, alarm)
            self.stopped.popleft()

    def _kind(self, lane: LaneStopped) -> AlarmKind:
        """A fork at a place that has a leaf already is two events that claim one place."""
        place = (leaves.c.service == lane.service, leaves.c.lane == lane.lane, leaves.c.sequence == lane.sequence)
        there = lane.kind is Arrival.FORK and self.service.query(select(leaves.c.leaf_index).where(*place).limit(1))
        return "equivocation" if there else _KINDS[lane.kind]


def _refusal(account: str, operation: str, reason: str, about: Hash | None) -> AuditOperationRefused:
    return AuditOperationRefused(refusal=Refusal(PersonId(account), Code(operation), Code(reason), about))
