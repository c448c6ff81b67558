"""A counselor's own hours."""

from typing import Any

from marshmallow import ValidationError

from services.contracts.sessions import AvailabilitySet
from services.kernel.errors import FieldError, Invalid, NotFound
from services.kernel.fields import PersonId
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.etag import VERSIONED, etag, if_match
from services.kernel.http.policy import caller, operation
from services.kernel.http.schemas import LocalDateField
from services.kernel.http.serving import acting
from services.kernel.time import LocalDate, local_date
from services.sessions.api.common import here, version_if_named
from services.sessions.api.schemas import AvailabilityAnswer, AvailabilitySchema, ExceptionSchema
from services.sessions.commands.hours import SetException, set_availability, set_exception
from services.sessions.domain.hours import WEEKDAYS, codes_of
from services.sessions.queries.states import load_hours
from services.sessions.queries.times import version_of_hours

availability = Blueprint("availability", __name__, description="When a counselor can be booked")


@availability.route("/availability", methods=["PUT"])
@operation("set-availability")
@availability.doc(**VERSIONED)
@availability.arguments(AvailabilitySchema)
@availability.response(204)
def set_hours(body: dict[str, Any]) -> Any:
    """Set the weekly hours from now on; what is booked stays booked. If-Match is "0" the first time."""
    service, counselor = here().service, PersonId(caller().account)
    event = AvailabilitySet(
        counselor=counselor,
        zone=body["zone"],
        weekly=codes_of(body["weekly"]),
        minutes=body["minutes"],
        notice_minutes=body["notice_minutes"],
        modalities=tuple(dict.fromkeys(body["modalities"])),
        since=body["since"] or local_date(service.clock(), body["zone"]),
        until=body["until"],
    )
    service.do(acting(), set_availability, event, expected=if_match())
    return "", {"ETag": etag(version_of_hours(service, counselor))}


@availability.route("/availability", methods=["GET"])
@operation("read-availability")
@availability.response(200, AvailabilityAnswer)
def read_hours() -> Any:
    """The hours of the counselor who asks, with their version as ETag."""
    service, counselor = here().service, caller().account
    hours = load_hours(service.work(acting()), counselor)
    if hours is None:
        raise NotFound("You have set no hours yet.", help='Set them with PUT and If-Match: "0".')
    weekly = [f"{WEEKDAYS[weekday]} {span}" for weekday, span in hours.weekly]
    exceptions = [{"day": day, "hours": [str(s) for s in spans]} for day, spans in sorted(hours.exceptions.items())]
    answer = {
        "counselor": hours.counselor,
        "zone": hours.zone,
        "weekly": weekly,
        "minutes": hours.minutes,
        "notice_minutes": hours.notice_minutes,
        "modalities": list(hours.modalities),
        "since": hours.since,
        "until": hours.until,
        "exceptions": exceptions,
    }
    return answer, {"ETag": etag(version_of_hours(service, counselor))}


@availability.route("/availability/exceptions/<string:day>", methods=["PUT"])
@operation("set-exception")
@availability.arguments(ExceptionSchema)
@availability.response(204)
def set_day(body: dict[str, Any], day: str) -> Any:
    """Other hours for one local day; an empty list closes it."""
    service, counselor = here().service, PersonId(caller().account)
    order = SetException(counselor, _day(day), codes_of(body["hours"]))
    service.do(acting(), set_exception, order, expected=version_if_named())
    return "", {"ETag": etag(version_of_hours(service, counselor))}


def _day(text: str) -> LocalDate:
    try:
        return LocalDate(LocalDateField().deserialize(text))
    except ValidationError as error:
        detail = str(error.messages[0])
        raise Invalid("This is not a day.", help=detail, errors=(FieldError("day", detail),)) from None
