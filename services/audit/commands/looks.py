"""Recording that somebody looked into the trail, before they are shown what they asked for."""

from services.audit import streams
from services.contracts.audit import TrailRead
from services.kernel.fields import ClinicId, Code, Hash, PersonId
from services.kernel.work import Work


def record_look(work: Work, clinic: str | None, asked: Hash, purpose: Code, count: int, size: int) -> None:
    """``count`` events are shown of those among the first ``size`` leaves; ``asked`` is the hash of the filter."""
    look = TrailRead(
        reader=PersonId(work.who.actor),
        clinic=ClinicId(clinic) if clinic else None,
        filter_hash=asked,
        purpose=purpose,
        count=count,
        size=size,
    )
    work.append(streams.look(work.new_id()), look, clinic=clinic)
