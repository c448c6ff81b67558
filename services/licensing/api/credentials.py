"""Credentials, their evidence, and their verification by a second person."""

import base64
import binascii
from typing import Any

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from services.kernel.errors import FieldError, Invalid
from services.kernel.http.blueprint import Blueprint, read_json
from services.kernel.http.etag import etag
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer
from services.kernel.http.paging import PageQuery, PageRequest, paged
from services.kernel.http.policy import Target, authorise, caller, operation
from services.kernel.http.serving import acting
from services.kernel.store.write import NameTaken
from services.licensing.api.common import (
    about_counselor,
    authorise_own_role,
    created,
    derive,
    here,
    keyed_once,
    recorded,
)
from services.licensing.api.schemas import (
    CredentialSchema,
    OwnCredentialsSchema,
    RecordCredentialSchema,
    RecordVerificationSchema,
    VerificationsDueSchema,
)
from services.licensing.commands.credentials import (
    AttachEvidence,
    RecordCredential,
    RecordVerification,
    attach_evidence,
    index_of,
    number_taken,
    record_credential,
    record_verification,
)
from services.licensing.domain.evidence import MEDIA_TYPES
from services.licensing.queries import credentials as questions
from services.licensing.queries.credentials import Looking

credentials = Blueprint("credentials", __name__, description="Credentials with evidence, and their verification")

_FILE = {
    "requestBody": {
        "required": True,
        "description": "PDF, PNG or JPEG of at most 512 KiB: as the part `file`, or as base64 in JSON",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
                    "required": ["file"],
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "contentEncoding": "base64"}},
                    "required": ["file"],
                    "additionalProperties": False,
                }
            },
        },
    }
}


@credentials.route("/credentials", methods=["POST"])
@operation("record-credential")
@credentials.doc(**KEYED)
@credentials.arguments(RecordCredentialSchema)
@credentials.response(201, CreatedSchema)
def record(body: dict[str, Any]) -> Response:
    """Record a licence, registration or certificate of one's own. It counts once somebody else has looked it up."""
    authorise_own_role("counselor")
    service, number = here().service, body["number"]
    index = index_of(service.keys, body["kind"], body["issuer"], body["jurisdiction"], number)
    order = RecordCredential(**body, index=index)
    try:
        made = service.do_once(acting(), keyed_once(), created("credentials"), record_credential, order)
    except NameTaken:
        raise number_taken() from None
    derive(acting().actor)
    return answer(made)


@credentials.route("/credentials", methods=["GET"])
@operation("list-own-credentials")
@credentials.arguments(PageQuery, location="query")
@credentials.response(200, OwnCredentialsSchema)
def list_own(page: PageRequest) -> Any:
    """One's own credentials, oldest first, each with its state now."""
    authorise_own_role("counselor")
    return paged(questions.list_own(here().service, acting(), page))


@credentials.route("/credentials/<string:credential>", methods=["GET"])
@operation("read-credential")
@credentials.response(200, CredentialSchema)
def read(credential: str) -> Any:
    """A credential with its number. A verifier's look is recorded."""
    looking = _look(questions.credential_row(here().service, credential)["counselor"])
    found = questions.read_credential(here().service, credential, looking)
    return found.body, {"ETag": etag(found.version)}


@credentials.route("/credentials/<string:credential>/evidence", methods=["POST"])
@operation("attach-evidence")
@credentials.doc(**KEYED, **_FILE)
@credentials.response(201, CreatedSchema)
def attach(credential: str) -> Response:
    """Attach a scan or document to one's own credential."""
    authorise(Target(account=questions.credential_row(here().service, credential)["counselor"]))
    order = AttachEvidence(credential, _file())
    place = created(f"credentials/{credential}/evidence")
    return answer(here().service.do_once(acting(), keyed_once(), place, attach_evidence, order))


@credentials.route("/credentials/<string:credential>/evidence/<string:evidence>", methods=["GET"])
@operation("read-evidence")
@credentials.doc(responses={"200": {"description": "The file", "content": {kind: {} for kind in MEDIA_TYPES}}})
@credentials.response(200, content_type=MEDIA_TYPES[0])
def read_file(credential: str, evidence: str) -> Any:
    """The file itself. A verifier's look is recorded."""
    row = questions.evidence_row(here().service, credential, evidence)
    content = questions.read_evidence(here().service, row, _look(row["counselor"]))
    suffix = row["media_type"].rpartition("/")[2]
    response = Response(content, content_type=row["media_type"])
    response.headers["Content-Disposition"] = f'attachment; filename="evidence-{evidence}.{suffix}"'
    return response


@credentials.route("/verifications/due", methods=["GET"])
@operation("list-verifications-due")
@credentials.arguments(PageQuery, location="query")
@credentials.response(200, VerificationsDueSchema)
def list_due(page: PageRequest) -> Any:
    """Credentials that wait for this verifier, the longest waiting first."""
    authorise_own_role("verifier")
    clinics = None if caller().has_network_role("verifier") else caller().clinics_with("verifier")
    service = here().service
    return paged(questions.list_due(service, caller().account, clinics, service.clock(), page))


@credentials.route("/credentials/<string:credential>/verifications", methods=["POST"])
@operation("record-verification")
@credentials.doc(**KEYED)
@credentials.arguments(RecordVerificationSchema)
@credentials.response(201, CreatedSchema)
def verify(body: dict[str, Any], credential: str) -> Response:
    """Say what was found at the source. For another person than the counselor and the recorder."""
    row = questions.credential_row(here().service, credential)
    target = about_counselor(row["counselor"], "verifier")
    authorise(target)
    order = RecordVerification(credential, **body)
    with recorded(target):
        made = here().service.do_once(acting(), keyed_once(), created("credentials"), record_verification, order)
    derive(row["counselor"])
    return answer(made)


def _look(counselor: str) -> Looking:
    """Authorise the look at what is sealed of a counselor, and say whose look it is."""
    target = about_counselor(counselor, "verifier")
    authorise(target)
    as_verifier = target.clinic if caller().has_role(target.clinic, "verifier") else None
    return Looking(acting(), own=counselor == caller().account, clinic=as_verifier)


def _file() -> bytes:
    """The bytes of the file in the request in hand."""
    if request.mimetype == "multipart/form-data":
        upload = request.files.get("file")
        if upload is None:
            raise _not_a_file("The part `file` is missing.")
        content: bytes = upload.stream.read()
        upload.stream.seek(0)
        return content
    if request.mimetype != "application/json":
        raise UnsupportedMediaType()
    body = read_json(request.get_data(cache=True))
    if not isinstance(body, dict) or set(body) != {"file"} or not isinstance(body["file"], str):
        raise _not_a_file("Send an object with the one field `file`, base64 of the file.")
    try:
        return base64.b64decode(body["file"], validate=True)
    except (binascii.Error, ValueError):
        raise _not_a_file("This is not base64 (RFC 4648, 4).") from None


def _not_a_file(detail: str) -> Invalid:
    help = f"Send one file: {', '.join(MEDIA_TYPES)}."
    return Invalid("There is no file in this request.", help=help, errors=(FieldError("/file", detail),))
