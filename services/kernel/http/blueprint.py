"""The blueprint on which a service puts its operations, and how strictly a request is read.

It is flask-smorest's, with types, and with one reading of input for all: an unknown field or parameter is an error, a
key may not appear twice, text must be text that can be stored (no lone surrogates, no NUL), numbers must be numbers (no
NaN), and a body of another type is 415 and never guessed.
"""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import flask
import flask_smorest
import marshmallow
from marshmallow import RAISE
from webargs import core
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V")


class _Parser(FlaskParser):
    """Reads input as the module promises."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": RAISE, "form": RAISE}

    def load_json(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        data = req.get_data(cache=True)
        if not data:
            return core.missing
        if req.mimetype != "application/json":
            raise UnsupportedMediaType()
        return read_json(data)

    def load_querystring(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        if b"%00" in req.query_string:
            raise _unreadable(_NUL)
        return super().load_querystring(req, schema)

    def load_form(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        _ensure_form(req)
        if any("\0" in text for pair in req.form.items(multi=True) for text in pair):
            raise _unreadable(_NUL)
        return super().load_form(req, schema)

    def load_files(self, req: flask.Request, schema: marshmallow.Schema) -> Any:
        _ensure_form(req)
        return super().load_files(req, schema)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A named group of operations, with a prefix below ``/<service>/v1``."""

    ARGUMENTS_PARSER = _Parser()

    def __init__(self, name: str, import_name: str, *, url_prefix: str = "", description: str = "") -> None:
        super().__init__(name, import_name, url_prefix=url_prefix or None, description=description)

    def route(self, rule: str, **options: Any) -> Callable[[V], V]:
        decorate: Callable[[V], V] = super().route(rule, **options)
        return decorate

    def arguments(self, schema: Any, *, location: str = "json", **options: Any) -> Callable[[F], F]:
        """The input: the view gets it, checked, as its next positional argument."""
        decorate: Callable[[F], F] = super().arguments(schema, location=location, **options)
        return decorate

    def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[F], F]:
        """The answer: what the view returns is shaped by the schema."""
        decorate: Callable[[F], F] = super().response(status_code, schema, **options)
        return decorate

    def alt_response(self, status_code: int, response: Any = None, **options: Any) -> Callable[[F], F]:
        decorate: Callable[[F], F] = super().alt_response(status_code, response, **options)
        return decorate

    @staticmethod
    def doc(**options: Any) -> Callable[[F], F]:
        decorate: Callable[[F], F] = flask_smorest.Blueprint.doc(**options)
        return decorate


def read_json(data: bytes) -> Any:
    """The value of a JSON text (RFC 8259, with the strictness of RFC 7493). Raises ``BadRequest``."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_not_a_number)
        if b"\\u" in data:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        if _NUL_ESCAPED.search(data):
            raise _Unreadable(_NUL)
    except _Unreadable as error:
        raise _unreadable(str(error)) from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"The JSON breaks off at line {error.lineno}, column {error.colno}") from None
    except UnicodeError:
        raise _unreadable("The body holds text that is not UTF-8") from None
    except (ValueError, RecursionError):
        raise _unreadable("The JSON is nested too deeply or holds a number that is too long") from None
    return value


_NUL = "The text holds a NUL character, which cannot be stored"
# Its only form in JSON, behind no backslash that escapes its own.
_NUL_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class _Unreadable(Exception):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Unreadable("A key appears twice in one object of the JSON")
    return value


def _not_a_number(constant: str) -> NoReturn:
    raise _Unreadable(f"{constant} is not a number in JSON")


def _unreadable(detail: str) -> BadRequest:
    error = BadRequest()
    error.our_detail = detail  # type: ignore[attr-defined]
    return error


def _ensure_form(req: flask.Request) -> None:
    if req.content_length and req.mimetype not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        raise UnsupportedMediaType()
