"""The app of a service: its operations under ``/<service>/v1``, held to its policy, with everything every app needs.

``make_app`` joins, in this order: the request's id and the caller, the operations and their description (OpenAPI 3.1,
at ``/<service>/v1/openapi.json``), the policy, problem details, headers, health, figures and one log line a request.
A service cannot be started with an operation that nobody decided about.
"""

import re
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import flask_smorest
from flask import Flask, Response, current_app, g, request
from marshmallow import INCLUDE, Schema, fields
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.routing import UnicodeConverter, ValidationError

from services.kernel.errors import Unauthenticated
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.headers import secure
from services.kernel.http.health import Check, count_request, health_blueprint
from services.kernel.http.policy import (
    NOTHING,
    Caller,
    OnRefused,
    Policy,
    Rule,
    bind_policy,
    nothing_unauthorised,
    operation_in_hand,
)
from services.kernel.http.problems import MEDIA_TYPE, fault, register_problems
from services.kernel.http.tokens import DenySet, Revocations, decode, ensure_not_revoked
from services.kernel.logs import bound
from services.kernel.time import Clock, system_clock

BODY_LIMIT = 1_048_576  # bytes
REQUEST_ID = "X-Request-Id"

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

T = TypeVar("T")


class FieldErrorSchema(Schema):
    pointer = fields.String(metadata={"description": "Where: a JSON pointer into the body, or ?name of a parameter"})
    detail = fields.String(metadata={"description": "What is wrong with it, and what to send instead"})


class ProblemSchema(Schema):
    """An error (RFC 9457). Some have further members of their own."""

    class Meta:
        unknown = INCLUDE

    type = fields.String(metadata={"description": "Stable; a URN"})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String(metadata={"description": "What happened"})
    help = fields.String(metadata={"description": "What to do next"})
    instance = fields.String(metadata={"description": "The id of the request; quote it when you ask"})
    errors = fields.List(fields.Nested(FieldErrorSchema))


class _Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest's, with our problems in place of its own errors."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_RESPONSE_CONTENT_TYPE = "application/json"

    def _register_error_handlers(self) -> None:
        register_problems(self._app)

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE = MEDIA_TYPE
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/json"

    def _register_etag_headers(self) -> None:
        """Ours are described where they are needed (``etag.VERSIONED``)."""

    def _register_pagination_header(self) -> None:
        """Our lists have cursors (``paging``)."""


class _Step(UnicodeConverter):
    """A step of a path: an id or a code. Nothing lies where it holds a control character."""

    def to_python(self, value: str) -> str:
        if not value.isprintable():
            raise ValidationError
        return value


def make_app(
    service_name: str,
    blueprints: Iterable[Blueprint],
    context: object,
    *,
    operations: Mapping[str, Rule],
    public_key: Callable[[int], bytes],
    revocations: Revocations | None = None,
    checks: Mapping[str, Check] | None = None,
    on_refused: OnRefused | None = None,
    clock: Clock = system_clock,
    standalone: bool = False,
    body_limit: int = BODY_LIMIT,
    version: str = "1",
) -> Flask:
    """The WSGI app of one service.

    ``context`` is the service's own, given back by ``context_of`` in its views. ``public_key``: the raw Ed25519 keys of
    tokens, by version. ``checks``: readiness, by name. ``on_refused`` records that a known person was refused.
    ``standalone``: health also at the root, for a process that serves this service alone. Raises ``PolicyError``.
    """
    app = Flask(service_name, static_folder=None, root_path=str(Path(__file__).parent))
    app.config.update(_CONFIG, MAX_CONTENT_LENGTH=body_limit, MAX_FORM_MEMORY_SIZE=body_limit)
    app.config.update(API_TITLE=f"Amanah {service_name}", API_VERSION=version, OPENAPI_VERSION="3.1.0")
    app.config["OPENAPI_URL_PREFIX"] = f"/{service_name}/v1"
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.converters |= {"default": _Step, "string": _Step}
    app.extensions["amanah.context"] = context
    _identify(app, service_name, public_key, DenySet() if revocations is None else revocations, clock)
    api = _Api(app)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for prefix in (f"/{service_name}", *([""] if standalone else [])):
        name = "health" if prefix else "health-at-root"
        app.register_blueprint(health_blueprint(name, checks or {}), url_prefix=prefix or None)
    open_endpoints = frozenset(app.view_functions)
    for blueprint in blueprints:
        _describe(blueprint, operations)
        api.register_blueprint(blueprint, url_prefix=f"/{service_name}/v1{blueprint.url_prefix or ''}")
    bind_policy(app, Policy(operations, on_refused), open_endpoints)
    return app


def context_of(kind: type[T]) -> T:
    """The context of the app in hand, which must be of this kind."""
    context = current_app.extensions["amanah.context"]
    if not isinstance(context, kind):
        raise TypeError(f"the context of this app is a {type(context).__name__}, not a {kind.__name__}")
    return context


_CONFIG: dict[str, Any] = {
    "MAX_FORM_PARTS": 100,
    "TRAP_HTTP_EXCEPTIONS": False,
    "PROPAGATE_EXCEPTIONS": False,
    "API_SPEC_OPTIONS": {"security": [{"token": []}]},
}


def _identify(
    app: Flask, service: str, public_key: Callable[[int], bytes], revocations: Revocations, clock: Clock
) -> None:
    """Before a request: its id and its caller. After it: what may leave, the headers, the figures and the log line."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        given = request.headers.get(REQUEST_ID, "")
        g.request_id = given if _UUID.fullmatch(given) else str(uuid4())
        g.bound = bound(service=service, correlation=g.request_id)
        g.bound.__enter__()
        g.caller = Caller()
        token = _bearer()
        if token is not None:
            claims = decode(token, public_key, clock(), service)
            ensure_not_revoked(claims, revocations)
            g.caller = Caller(claims)
        if request.content_length is not None and request.content_length > app.config["MAX_CONTENT_LENGTH"]:
            raise RequestEntityTooLarge()

    @app.after_request
    def end(response: Response) -> Response:
        if not nothing_unauthorised(response):
            response = fault()
        response.headers[REQUEST_ID] = g.request_id
        operation = operation_in_hand() or (request.endpoint or "no such address").rpartition(".")[2]
        count_request(service, operation, response, g.began)
        return secure(response)

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        opened = g.pop("bound", None)
        if opened is not None:
            opened.__exit__(None, None, None)


def _bearer() -> str | None:
    """The token of the request, if it carries one (RFC 6750, 2.1)."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Authorization is not a bearer token", help="Send Authorization: Bearer <token>")
    return token


def _describe(blueprint: Blueprint, operations: Mapping[str, Rule]) -> None:
    """Write into the description of each operation who may do it, from its row."""
    for methods in blueprint._docs.values():
        for doc in methods.values():
            named = (doc or {}).get("manual_doc", {}) if isinstance(doc, dict) else {}
            rule = operations.get(named.get("operationId", ""))
            if rule is not None:
                named["x-allowed"] = str(rule)
                named["security"] = [] if rule.allows(Caller(), NOTHING) else [{"token": []}]
