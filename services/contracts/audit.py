"""Events of audit: who read the trail, what was exported, and what is not as it should be."""

from typing import Literal

from services.contracts.common import ErasureAnswer, Refusal
from services.kernel.events import event
from services.kernel.fields import ClinicId, Code, Hash, Id, Reader

AlarmKind = Literal[
    "hole", "fork", "unknown_incarnation", "cut", "log_diverged", "equivocation", "unreadable", "parked", "stale_lane"
]


@event("audit.trail-read")
class TrailRead:
    reader: Reader
    clinic: ClinicId | None
    filter_hash: Hash
    purpose: Code
    count: int
    size: int


@event("audit.bundle-exported")
class BundleExported:
    reader: Reader
    clinic: ClinicId | None
    filter_hash: Hash
    purpose: Code
    count: int
    size: int
    bundle_hash: Hash


@event("audit.alarm-raised", public=True)
class AlarmRaised:
    alarm: Id
    kind: AlarmKind
    service: Code
    lane: int
    sequence: int


@event("audit.erasure-answered", public=True)
class AuditErasureAnswered:
    answer: ErasureAnswer


@event("audit.operation-refused")
class AuditOperationRefused:
    refusal: Refusal
