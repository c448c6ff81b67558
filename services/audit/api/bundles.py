"""Bundles: the answer to a question as a file that proves itself, offered for an hour to the officer who made it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response
from flask.views import MethodView

from services.audit import queries
from services.audit.api.schemas import BundleOrder
from services.audit.commands import Export, Exported, export_bundle
from services.audit.context import Context
from services.audit.domain.question import Question, check_purpose
from services.audit.merkle import log_keys
from services.audit.verifying import watched
from services.kernel.errors import Unavailable
from services.kernel.http.app import context_of
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer, idempotency_key
from services.kernel.http.policy import Target, authorise, operation
from services.kernel.http.serving import acting
from services.kernel.service import Answer
from services.kernel.time import Instant

bundles = Blueprint("bundles", __name__, url_prefix="/bundles", description="Answers that prove themselves")

LONGEST_WAIT = 5.0  # seconds for a checkpoint that holds what is in the log already
GLANCE = 0.05
RETRY_AFTER = 15  # seconds, for who asks while an export is being made

_EXPORTING = threading.Lock()


@bundles.route("")
class Bundles(MethodView):
    @operation("export-bundle")
    @bundles.doc(**KEYED)
    @bundles.arguments(BundleOrder)
    @bundles.response(201, CreatedSchema)
    def post(self, order: tuple[Question, str]) -> Response:
        """Export the events that answer a question, found by reading every leaf under the newest checkpoint.

        The export is recorded, with what was asked for and the bundle's hash. It takes the longer the larger the log
        is, whatever is asked for: about a minute for each million entries. A process makes one export at a time; who
        asks meanwhile is answered 503 and may send the same request again after `Retry-After` seconds.
        """
        question, purpose = order[0], check_purpose(order[1])
        authorise(Target(clinic=question.clinic))
        here, once = context_of(Context), idempotency_key()
        _await_checkpoint(here)
        export = Export(question, purpose, lambda: log_keys(here.service.keys, here.settings.log_origin))
        with one_at_a_time(), watched(here.service):
            return answer(here.service.do_once(acting(), once, _made, export_bundle, export))


@bundles.route("/<string:bundle>")
class Bundle(MethodView):
    @operation("download-bundle")
    @bundles.response(200, {"type": "string", "format": "binary"}, content_type="application/zip")
    def get(self, bundle: str) -> Response:
        """The bundle's file, the same bytes as when it was exported."""
        here = context_of(Context)
        row = queries.bundle_row(here.service, bundle)
        authorise(Target(clinic=row.clinic, account=row.reader))
        with watched(here.service):
            data = queries.bundle_data(here.service, row, log_keys(here.service.keys, here.settings.log_origin))
        response = Response(data, 200, content_type="application/zip")
        response.headers["Content-Disposition"] = f'attachment; filename="amanah-bundle-{row.bundle}.zip"'
        return response


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold this process's one place for an export, which reads the whole log; raises ``Unavailable`` where another
    has it."""
    if not _EXPORTING.acquire(blocking=False):
        detail = "Another export is being made, and each reads the whole log."
        help = "Nothing was exported. Send it again shortly; a large log takes about a minute for each million entries."
        raise Unavailable(detail, help=help, retry_after=RETRY_AFTER)
    try:
        yield
    finally:
        _EXPORTING.release()


def _made(exported: Exported, now: Instant) -> Answer:
    return Answer(201, f"/audit/v1/bundles/{exported.bundle}")


def _await_checkpoint(here: Context) -> None:
    """Wait a little until what the officer has just seen is under a checkpoint; after that go on with what there is."""
    wanted = queries.status(here.service).size
    deadline = time.monotonic() + min(here.settings.checkpoint_seconds + 1.0, LONGEST_WAIT)
    while queries.status(here.service).checkpoint_size < wanted and time.monotonic() < deadline:
        time.sleep(GLANCE)
