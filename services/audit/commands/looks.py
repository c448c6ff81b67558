"""Recording that somebody looked into the trail, before they are shown what they asked for."""

from services.audit import streams
from services.audit.domain.question import Sought
from services.contracts.audit import TrailRead
from services.kernel.fields import ClinicId, Code, PersonId
from services.kernel.work import Work


def record_look(work: Work, clinic: str | None, sought: Sought, purpose: Code, count: int, size: int) -> None:
    """``count`` events are shown of a log of ``size`` leaves; ``sought`` is what was looked for."""
    look = TrailRead(
        reader=PersonId(work.who.actor),
        clinic=ClinicId(clinic) if clinic else None,
        looked_for=sought.ids,
        reference=sought.reference,
        filter_hash=sought.hash,
        purpose=purpose,
        count=count,
        size=size,
    )
    work.append(streams.look(work.new_id()), look, clinic=clinic)
