"""Reading a client's record, and who has read it."""

from typing import Any

from services.kernel.http.blueprint import Blueprint
from services.kernel.http.paging import PageQuery, PageRequest, paged
from services.kernel.http.policy import Target, authorise, caller, operation
from services.kernel.http.serving import acting
from services.sessions.api.common import authorise_client, ensure_id, here
from services.sessions.api.schemas import LooksAnswer, PurposeQuery, RecordAnswer
from services.sessions.queries.records import clinic_of, looks_at, record
from services.sessions.queries.sessions import has_session_with

records = Blueprint("records", __name__, url_prefix="/clients/<string:client>", description="The record, and its looks")


@records.route("/record", methods=["GET"])
@operation("read-record")
@records.arguments(PurposeQuery, location="query")
@records.response(200, RecordAnswer)
def read_record(query: dict[str, Any], client: str) -> Any:
    """The record, for a counselor with a session of this client. The look is recorded, with its purpose."""
    ensure_id(client)
    service, account = here().service, caller().account
    theirs = account if has_session_with(service, account, client) else None
    authorise(Target(clinic=clinic_of(service, client), client=client, account=theirs))
    return record(service, acting(), client, query["purpose"])


@records.route("/looks", methods=["GET"])
@operation("read-looks")
@records.arguments(PageQuery, location="query")
@records.response(200, LooksAnswer)
def read_looks(page: PageRequest, client: str) -> Any:
    """Who read the client's words, when and what for, the newest first."""
    return paged(looks_at(here().service, authorise_client(client), page))
