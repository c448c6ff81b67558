"""Requests that may be sent twice: ``Idempotency-Key`` on every POST that creates.

The draft of the IETF expired; ours is this. The key is the sender's own, scoped to actor and operation. The service
keeps the answer (status, Location and ETag only) for three days, in the same transaction as what it did
(``Service.do_once``). The same key with the same request gets the kept answer again, marked ``Idempotency-Replayed:
true``; with another request it is 422.
"""

import json
import re
from hashlib import sha256
from typing import Any

import marshmallow
from flask import Response, request

from services.kernel.chain import frame
from services.kernel.errors import Malformed
from services.kernel.http.blueprint import read_json
from services.kernel.http.policy import caller, operation_in_hand
from services.kernel.service import Answer, Once

HEADER = "Idempotency-Key"
NOBODY = "nobody known"

_KEY = re.compile(r"[!-~]{8,128}")
_HELP = "Send Idempotency-Key with a new random text of 8 to 128 characters, the same one whenever you send this again."


# For ``@blueprint.doc(**KEYED)`` on every view that creates.
KEYED = {
    "parameters": [
        {
            "in": "header",
            "name": HEADER,
            "description": "A new random text for a new request, the same one whenever it is sent again within 3 days",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{_KEY.pattern}$"},
        }
    ]
}

# A key of ``actor`` for ``operation``; ``fingerprint`` is SHA-256, in hex, of what is asked. And what is kept with it.
IdempotencyKey = Once
Kept = Answer


class CreatedSchema(marshmallow.Schema):
    """What a POST that creates answers: where the new thing is."""

    location = marshmallow.fields.String(allow_none=True, metadata={"description": "The address of the new thing"})


def idempotency_key() -> IdempotencyKey:
    """The key of the request in hand. Raises ``Malformed`` (400) when it is missing or not a key."""
    key = request.headers.get(HEADER)
    if key is None:
        raise Malformed("Idempotency-Key is missing", help=_HELP)
    if _KEY.fullmatch(key) is None:
        raise Malformed("Idempotency-Key is not 8 to 128 visible characters of ASCII", help=_HELP)
    who = caller()
    return IdempotencyKey(
        actor=who.account if who.known else NOBODY,
        operation=operation_in_hand() or request.path,
        key=key,
        fingerprint=_fingerprint(),
    )


def answer(kept: Kept) -> Response:
    """The answer of a POST that creates, the first time and every time after."""
    response = Response(json.dumps({"location": kept.location}) + "\n", kept.status, content_type="application/json")
    if kept.location is not None:
        response.headers["Location"] = kept.location
    if kept.etag is not None:
        response.headers["ETag"] = kept.etag
    if kept.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _fingerprint() -> str:
    where = request.path.encode() + b"?" + request.query_string
    return sha256(frame(request.method.encode(), where, *_canonical_body())).hexdigest()


def _canonical_body() -> list[bytes]:
    """The body in a form that does not depend on blanks, on the order of keys, or on a form's boundary."""
    if request.mimetype == "multipart/form-data":
        fields = [frame(name.encode(), value.encode()) for name, value in request.form.items(multi=True)]
        return sorted(fields) + sorted(_file(name, upload) for name, upload in request.files.items(multi=True))
    data = request.get_data(cache=True)
    if request.mimetype == "application/json" and data:
        return [json.dumps(read_json(data), sort_keys=True, separators=(",", ":")).encode()]
    return [data]


def _file(name: str, upload: Any) -> bytes:
    content = upload.stream.read()
    upload.stream.seek(0)
    return frame(name.encode(), (upload.filename or "").encode(), upload.mimetype.encode(), sha256(content).digest())
