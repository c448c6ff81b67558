"""The trail and its entries. Every look is recorded before anything is shown."""

import json
from typing import Any

from flask.views import MethodView

from services.audit import queries
from services.audit.api.schemas import EntryQuery, EntrySchema, TrailQuery, TrailRequest, TrailSchema
from services.audit.commands import record_look
from services.audit.context import Context
from services.audit.domain.question import check_purpose, sought, sought_entry
from services.audit.queries.entries import Inclusion
from services.audit.verifier.proof import Proof
from services.audit.verifier.strict import FormatError, base64_text, json_value
from services.audit.verifying import watched
from services.kernel.http.app import context_of
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.paging import Page, encode_cursor, paged
from services.kernel.http.policy import Target, authorise, operation
from services.kernel.http.serving import acting

trail = Blueprint("trail", __name__, description="What happened, and who looked at what")


@trail.route("/trail")
class Trail(MethodView):
    @operation("read-trail")
    @trail.arguments(TrailQuery, location="query")
    @trail.response(200, TrailSchema)
    def get(self, asked: TrailRequest) -> Any:
        """The events that answer a question, oldest first, found by the index; an export reads the log itself.

        The look is recorded, with the ids and the reference that were asked for and how many events were shown.
        """
        question = asked.question
        authorise(Target(clinic=question.clinic))
        here, purpose = context_of(Context), check_purpose(asked.purpose)
        after = asked.page.after(index=int) or {"index": -1}
        with watched(here.service):
            found = queries.ask(here.service, question, asked.page.limit, after["index"], here.settings.lanes)
        look = (question.clinic, sought(found.asked), purpose, len(found.entries), found.size)
        here.service.do(acting(), record_look, *look)
        cursor = None if found.last is None else encode_cursor(index=found.last)
        body, headers = paged(Page(found.entries, cursor))
        return body | {"size": found.size, "known_until": found.known_until}, headers


@trail.route("/entries/<int:index>")
class Entry(MethodView):
    @operation("read-entry")
    @trail.arguments(EntryQuery, location="query")
    @trail.response(200, EntrySchema)
    def get(self, asked: dict[str, str], index: int) -> Any:
        """One entry: the event's exact bytes, its leaf, and the proof of where it stands."""
        service = context_of(Context).service
        with watched(service):
            found = queries.entry(service, index)
        authorise(Target(clinic=found.clinic))
        named = sought_entry(index, found.event.id if found.event else None)
        look = (found.clinic, named, check_purpose(asked["purpose"]), 1, found.size)
        service.do(acting(), record_look, *look)
        return {
            "index": index,
            "event": _json(found.kept.body),
            "bytes": base64_text(found.kept.body),
            "leaf": json.loads(found.kept.leaf_data),
            "leaf_hash": base64_text(found.kept.hash),
            "inclusion": _inclusion(index, found.inclusion) if found.inclusion else None,
        }


def _json(body: bytes) -> object:
    try:
        return json_value(body, "the event")
    except FormatError:
        return None


def _inclusion(index: int, found: Inclusion) -> dict[str, object]:
    return {
        "size": found.size,
        "hashes": [base64_text(value) for value in found.hashes],
        "checkpoint": found.checkpoint.decode(),
        "proof": Proof(index, found.hashes, found.checkpoint).data().decode(),
    }
