"""The log as it is published: checkpoint and key for everybody, tiles for officers, and how it stands."""

from typing import Any

from flask import Response

from services.audit import queries
from services.audit.api.schemas import StatusSchema
from services.audit.context import Context
from services.audit.verifying import watched
from services.kernel.http.app import context_of
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.policy import operation

log = Blueprint("log", __name__, description="The log itself: its head, its key, its tiles (C2SP tlog-tiles)")

_TEXT = {"type": "string"}
_PLAIN = "text/plain; charset=utf-8"


@log.route("/checkpoint")
@operation("read-checkpoint")
@log.response(200, _TEXT, content_type="text/plain")
def read_checkpoint() -> Response:
    """The newest checkpoint, a signed note (C2SP tlog-checkpoint)."""
    return Response(queries.checkpoint(context_of(Context).service), 200, content_type=_PLAIN)


@log.route("/log-key")
@operation("read-log-key")
@log.response(200, _TEXT, content_type="text/plain")
def read_log_key() -> Response:
    """The key by which checkpoints are verified (C2SP signed-note), newest first, one a line."""
    here = context_of(Context)
    return Response(queries.log_key(here.service, here.settings.log_origin), 200, content_type=_PLAIN)


@log.route("/tile/<path:path>")
@operation("read-tile")
@log.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def read_tile(path: str) -> Response:
    """A tile, or an entry bundle of leaves, under the newest checkpoint."""
    service = context_of(Context).service
    with watched(service):
        data = queries.tile(service, f"tile/{path}")
    return Response(data, 200, content_type="application/octet-stream")


@log.route("/status")
@operation("read-status")
@log.response(200, StatusSchema)
def read_status() -> Any:
    """How many entries the log has, how many are under a signed checkpoint, and when all were last verified."""
    return queries.status(context_of(Context).service)
