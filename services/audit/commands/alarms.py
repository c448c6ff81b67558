"""Raising alarms."""

from services.audit import streams
from services.audit.domain.alarm import Alarm
from services.contracts.audit import AlarmRaised
from services.kernel.fields import Code
from services.kernel.work import Work


def raise_alarm(work: Work, alarm: Alarm) -> None:
    """Record an alarm. Raises ``NameTaken`` when the transaction runs, where it was raised on this day already."""
    work.claim_name("alarm", alarm.name(work.now), work.who.actor)
    made = work.new_id()
    work.append(
        streams.alarm(made),
        AlarmRaised(alarm=made, kind=alarm.kind, service=Code(alarm.service), lane=alarm.lane, sequence=alarm.sequence),
    )
