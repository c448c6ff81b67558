"""The peer: the same plan of meetings as an aggregate of the library `eventsourcing`, on its PostgreSQL module.

Everything is left at its defaults. It keeps no read model, no chain and no seals.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from sqlalchemy import make_url

from benchmarks.diary import MeetingPlanned, meeting


class Plan(Aggregate):
    """A client's meetings, by the same fields."""

    @event("Begun")
    def __init__(self, plan: int, first: dict[str, Any]) -> None:
        self.plan = plan
        self.number = int(first["number"])
        self.starts = first["starts"]

    @staticmethod
    def create_id(plan: int) -> UUID:
        return uuid5(NAMESPACE_URL, f"/plans/{plan}")

    @event("MeetingPlanned")
    def planned(
        self,
        client: str,
        counselor: str,
        number: int,
        starts: str,
        ends: str,
        modality: str,
        place: str,
        language: str,
        reference: str,
    ) -> None:
        self.number = number
        self.starts = starts


class Plans(Application[UUID]):
    """The application: loads a plan, plans one more meeting, saves."""

    def plan_meeting(self, plan: int) -> int:
        found: Plan = self.repository.get(Plan.create_id(plan))
        number = found.number + 1
        found.planned(**fields(meeting(plan, number)))
        self.save(found)
        return number

    def fill(self, plans: range, events: int) -> None:
        """Plans with so many events each, many in one transaction."""
        step = max(1, 100 // events)
        for first in range(plans.start, plans.stop, step):
            some = [self._filled(plan, events) for plan in range(first, min(first + step, plans.stop))]
            self.save(*some)

    @staticmethod
    def _filled(plan: int, events: int) -> Plan:
        made = Plan(plan, fields(meeting(plan, 1)))
        for number in range(2, events + 1):
            made.planned(**fields(meeting(plan, number)))
        return made


def fields(event: MeetingPlanned) -> dict[str, Any]:
    """The fields of our event as keyword arguments."""
    return {name: getattr(event, name) for name in MeetingPlanned.__dataclass_fields__}


def open_peer(url: str) -> Plans:
    """The application on a database; the library makes its tables itself."""
    parts = make_url(url)
    return Plans(
        {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(parts.database),
            "POSTGRES_HOST": str(parts.host),
            "POSTGRES_PORT": str(parts.port),
            "POSTGRES_USER": str(parts.username),
            "POSTGRES_PASSWORD": str(parts.password or ""),
        }
    )
