"""What counselors say of themselves, and where they may practise."""

from typing import Any

from flask import Response

from services.kernel.fields import Code, Language
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.etag import VERSIONED, etag, if_match
from services.kernel.http.idempotency import KEYED, CreatedSchema, answer, idempotency_key
from services.kernel.http.policy import authorise, operation
from services.kernel.http.serving import acting
from services.kernel.service import Answer
from services.licensing.api.common import about_counselor, asking, authorise_own_role, derive, here
from services.licensing.api.schemas import (
    AcceptSchema,
    AttestationTextsSchema,
    CoverageQuery,
    CoverageSchema,
    KnownProfileSchema,
    ProfileSchema,
)
from services.licensing.commands.counselors import AcceptAttestation, RecordProfile, accept_attestation, record_profile
from services.licensing.queries import counselors as questions
from services.licensing.queries.coverage import read_coverage

counselors = Blueprint("counselors", __name__, description="Profiles, statements, and where a counselor may practise")


@counselors.route("/profile", methods=["GET"])
@operation("read-profile")
@counselors.response(200, KnownProfileSchema)
def read_profile() -> Any:
    """One's own profile."""
    authorise_own_role("counselor")
    return _profile()


@counselors.route("/profile", methods=["PUT"])
@operation("record-profile")
@counselors.doc(**VERSIONED)
@counselors.arguments(ProfileSchema)
@counselors.response(200, KnownProfileSchema)
def put_profile(body: dict[str, Any]) -> Any:
    """Say what one's professions and languages are, and where one lives. The first time with ``If-Match: "0"``."""
    authorise_own_role("counselor")
    order = RecordProfile(
        tuple(dict.fromkeys(body["professions"])), tuple(dict.fromkeys(body["languages"])), body["home"]
    )
    here().service.do(acting(), record_profile, order, expected=if_match())
    derive(acting().actor)
    return _profile()


@counselors.route("/attestation-texts", methods=["GET"])
@operation("list-attestation-texts")
@counselors.response(200, AttestationTextsSchema)
def list_texts() -> Any:
    """The statements that counselors accept, in every language."""
    return {"items": [questions.show_text(text) for text in here().texts]}


@counselors.route("/attestations", methods=["POST"])
@operation("accept-attestation")
@counselors.doc(**KEYED)
@counselors.arguments(AcceptSchema)
@counselors.response(201, CreatedSchema)
def accept(body: dict[str, Any]) -> Response:
    """Accept one statement in the version and language that was shown."""
    authorise_own_role("counselor")
    order = AcceptAttestation(Code(body["text"]), body["version"], Language(body["locale"]))
    made = here().service.do_once(acting(), idempotency_key(), _accepted, accept_attestation, order, here().texts)
    return answer(made)


@counselors.route("/coverage", methods=["GET"])
@operation("read-coverage")
@counselors.arguments(CoverageQuery, location="query")
@counselors.response(200, CoverageSchema)
def own_coverage(asked: dict[str, Any]) -> Any:
    """Where may I practise: each place with its verdict, every reason, and what changes when."""
    authorise_own_role("counselor")
    return read_coverage(asking(), acting().actor, here().catalogue, asked["place"])


@counselors.route("/counselors/<string:counselor>/coverage", methods=["GET"])
@operation("read-counselor-coverage")
@counselors.arguments(CoverageQuery, location="query")
@counselors.response(200, CoverageSchema)
def counselor_coverage(asked: dict[str, Any], counselor: str) -> Any:
    """Where may this counselor practise."""
    authorise(about_counselor(counselor, "operator", "verifier", "officer"))
    return read_coverage(asking(), counselor, here().catalogue, asked["place"])


def _profile() -> Any:
    found = questions.read_profile(asking(), acting().actor)
    return found.body, {"ETag": etag(found.version)}


def _accepted(_: Code, __: Any) -> Answer:
    return Answer(201, "/licensing/v1/profile")
