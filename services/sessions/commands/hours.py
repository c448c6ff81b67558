"""A counselor sets their hours."""

from dataclasses import dataclass

from services.contracts.sessions import AvailabilitySet, ExceptionSet
from services.kernel.errors import Conflict
from services.kernel.fields import PersonId
from services.kernel.time import LocalDate
from services.kernel.work import Work
from services.sessions import streams
from services.sessions.domain import hours
from services.sessions.queries.states import load_hours


@dataclass(frozen=True, slots=True)
class SetException:
    """Other hours for one local day; none: closed on that day."""

    counselor: PersonId
    day: LocalDate
    hours: tuple[str, ...]


def set_availability(work: Work, event: AvailabilitySet) -> None:
    """The weekly hours from now on. What is booked stays booked."""
    stream = streams.availability(event.counselor)
    work.entries(stream)
    work.expect(stream)
    work.append(stream, hours.set_hours(event))


def set_exception(work: Work, order: SetException) -> None:
    """The hours of a single day."""
    stream = streams.availability(order.counselor)
    if load_hours(work, order.counselor) is None:
        raise Conflict("There are no weekly hours yet.", help="Set your weekly hours first, then single days.")
    work.expect(stream)
    spans = hours.parse_spans(order.hours)
    written = hours.codes_of(str(span) for span in spans)
    work.append(stream, ExceptionSet(counselor=order.counselor, day=order.day, hours=written))
