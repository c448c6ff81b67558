"""What anybody may know of sessions: how many there are today."""

from typing import Any

from marshmallow import fields

from services.kernel.http.blueprint import Blueprint
from services.kernel.http.policy import operation
from services.kernel.http.schemas import BaseSchema
from services.sessions.api.common import here
from services.sessions.queries.sessions import count_today

status = Blueprint("status", __name__, description="The state of the network's sessions")


class StatusAnswer(BaseSchema):
    sessions_today = fields.Integer(metadata={"description": "Not cancelled, beginning on this day of UTC"})


@status.route("/status", methods=["GET"])
@operation("read-status")
@status.response(200, StatusAnswer)
def read_status() -> Any:
    """A count and nothing more, for the first screen."""
    return {"sessions_today": count_today(here().service)}
