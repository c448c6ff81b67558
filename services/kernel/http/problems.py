"""Problem details (RFC 9457): the one shape of every error that leaves a service.

What this promises: whatever goes wrong, the answer is ``application/problem+json`` with a stable ``type``, what
happened, what to do next (``help``) and the id of the request; a fault of ours never shows its inner text.
"""

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, json, request
from werkzeug.exceptions import HTTPException

from services.kernel.errors import FieldError, Invalid, Problem, Unauthenticated

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# status: (slug, what happened, what to do next)
_OF_HTTP: dict[int, tuple[str, str, str]] = {
    400: ("malformed", "The request could not be read", "Check that the body is well-formed JSON (RFC 8259) in UTF-8."),
    404: ("not-found", "There is nothing at this address", "The addresses are listed in openapi.json of each service."),
    405: ("method-not-allowed", "This address does not take this method", "Use one of the methods named in Allow."),
    406: ("not-acceptable", "There is no answer in the form asked for", "Send Accept: application/json."),
    408: ("timed-out", "The request took too long to arrive", "Send it again."),
    411: ("length-needed", "The length of the body is not known", "Send Content-Length."),
    413: ("too-large", "The body is larger than this address takes", "Send less, or send it in parts."),
    414: ("too-long", "The address is too long", "Shorten the query."),
    415: ("media-type", "The body has a type that is not read here", "Send the type that openapi.json names."),
    431: ("too-long", "The headers are too long", "Send fewer or shorter headers."),
}


def register_problems(app: Flask) -> None:
    """Make every error of this app a problem: ours, the framework's, and the unforeseen."""
    app.register_error_handler(Problem, _ours)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, _unforeseen)


def problem(
    status: int,
    slug: str,
    title: str,
    detail: str,
    help: str = "",
    errors: tuple[FieldError, ...] = (),
    extra: Mapping[str, object] | None = None,
) -> Response:
    """The answer for an error, with the request's id as ``instance``."""
    body: dict[str, object] = {
        **(extra or {}),
        "type": f"urn:amanah:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{g.request_id}",
    }
    if help:
        body["help"] = help
    if errors:
        body["errors"] = [{"pointer": error.pointer, "detail": error.detail} for error in errors]
    return Response(json.dumps(body) + "\n", status=status, content_type=MEDIA_TYPE)


def fault() -> Response:
    """The answer for a fault of ours; it says nothing of the inside."""
    return problem(
        500,
        "internal",
        Problem.title,
        "This is a fault of ours, not of your request.",
        "Try again. If it stays, tell the operator of the network the id of this request.",
        extra={"request": g.request_id},
    )


def of_http(error: HTTPException) -> Response:
    """The answer for an error that the framework raised: no such address, wrong method, unreadable or invalid body."""
    status = error.code or 500
    if status < 400:
        redirect: Response = error.get_response()  # type: ignore[assignment]
        return redirect
    data: Mapping[str, Any] = getattr(error, "data", None) or {}
    if status == 422:
        return _ours(Invalid(Invalid.title, help="Mend what errors names, and send it again.", errors=_fields(data)))
    if status >= 500 and status not in _OF_HTTP:
        return fault()
    phrase = HTTPStatus(status).phrase
    slug, title, help = _OF_HTTP.get(status, (phrase.lower().replace(" ", "-"), phrase, ""))
    detail = getattr(error, "our_detail", "") or title
    response = problem(status, slug, title, detail, help)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "www-authenticate"):
            response.headers[name] = value
    return response


def _ours(error: Problem) -> Response:
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("the request could not be served now", extra={"reason": error.slug})
    elif error.status >= 500:  # a key that is missing, say: its name is for the log
        log.error("the request could not be served", exc_info=error)
        return fault()
    slug = error.slug
    response = problem(error.status, slug, error.title, error.detail, error.help, error.errors, error.extra)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        # RFC 6750, 3: the error is named only when a token was sent.
        suffix = ', error="invalid_token"' if "Authorization" in request.headers else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="amanah"{suffix}'
    return response


def _unforeseen(error: Exception) -> Response:
    log.error("an unforeseen error", exc_info=error)
    return fault()


def _fields(data: Mapping[str, Any]) -> tuple[FieldError, ...]:
    """marshmallow's messages, ``{location: {field: [sentence]}}``, as pointers.

    A pointer into the body is a JSON pointer (``/hours/0/from``); one into the query begins with ``?``, into a header
    with the header's name.
    """
    return tuple(
        FieldError(f"?{pointer.lstrip('/')}" if location in ("query", "querystring") else pointer, detail)
        for location, messages in (data.get("messages") or {}).items()
        for pointer, detail in _flatten(messages, "")
    )


def _flatten(messages: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = "" if key == "_schema" else "/" + str(key).replace("~", "~0").replace("/", "~1")
            yield from _flatten(inner, pointer + step)
    elif isinstance(messages, list):
        for message in messages:
            yield from _flatten(message, pointer)
    else:
        yield pointer, str(messages)
