"""Events of audit: who read the trail, what was exported, and what is not as it should be."""

from typing import Any, Literal

from services.contracts.common import ErasureAnswer, Refusal
from services.kernel.events import event, upcast
from services.kernel.fields import ClinicId, Code, Hash, Id, Reader, Reference

AlarmKind = Literal[
    "hole", "fork", "unknown_incarnation", "cut", "log_diverged", "equivocation", "unreadable", "parked", "stale_lane"
]


@event("audit.trail-read", version=2)
class TrailRead:
    """``looked_for`` are the ids that were asked for and those that the ``reference`` stands for; where one entry was
    looked at, its event. Version 1 named neither: it had only the hash of the whole question."""

    reader: Reader
    clinic: ClinicId | None
    looked_for: tuple[Id, ...]
    reference: Reference | None
    filter_hash: Hash
    purpose: Code
    count: int
    size: int


@event("audit.bundle-exported", version=2)
class BundleExported:
    """``looked_for`` and ``reference`` as in ``audit.trail-read``; version 1 had only the hash of the question."""

    reader: Reader
    clinic: ClinicId | None
    looked_for: tuple[Id, ...]
    reference: Reference | None
    filter_hash: Hash
    purpose: Code
    count: int
    size: int
    bundle_hash: Hash


@upcast("audit.trail-read", since=1)
@upcast("audit.bundle-exported", since=1)
def _named_nothing(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"looked_for": [], "reference": None}


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
