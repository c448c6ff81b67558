"""Lists, a page at a time: ``limit`` and an opaque ``cursor``, which holds the sort key of the last item shown.

A cursor is base64url of a JSON object, so a list that grows or shrinks loses nothing (an offset would). It is not
signed: it says where to go on, never what may be seen, and every page asks the policy again. Links follow RFC 8288.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request
from marshmallow import Schema, fields, post_load, validate

from services.kernel.errors import Malformed

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR = 1024  # characters

T = TypeVar("T")
CursorValue = str | int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items of a list, and the cursor of the next page or none."""

    items: tuple[T, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = field(default=None)

    def after(self, **shape: type[CursorValue]) -> dict[str, Any] | None:
        """The sort key after which to go on, or none for the first page. Raises ``Malformed`` (400)."""
        return None if self.cursor is None else decode_cursor(self.cursor, **shape)


class PageQuery(Schema):
    """The query parameters of every list; loads to a ``PageRequest``."""

    limit = fields.Integer(
        strict=False,
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, MAX_LIMIT, error=f"Ask for 1 to {MAX_LIMIT} items"),
        error_messages={"invalid": f"Ask for a whole number from 1 to {MAX_LIMIT}"},
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(1, MAX_CURSOR, error="Send the cursor of the page before as it is"),
    )

    @post_load
    def _page(self, data: dict[str, Any], **_: Any) -> PageRequest:
        return PageRequest(data["limit"], data["cursor"])


def encode_cursor(**values: CursorValue) -> str:
    """The cursor for this sort key."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")


def decode_cursor(text: str, **shape: type[CursorValue]) -> dict[str, Any]:
    """The sort key in a cursor of exactly these names and types. Raises ``Malformed`` (400) for any other text."""
    try:
        values = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        ours = (
            isinstance(values, dict)
            and {name: type(value) for name, value in values.items()} == shape
            and encode_cursor(**values) == text
            and not any("\0" in value for value in values.values() if isinstance(value, str))  # no database takes it
        )
    except (binascii.Error, ValueError, RecursionError):
        ours = False
    if not ours or len(text) > MAX_CURSOR:
        raise Malformed(
            "This cursor is not one of ours", help="Send the cursor of the page before as it is, or none to begin anew."
        )
    return dict(values)


def paged(page: Page[Any]) -> tuple[dict[str, Any], Mapping[str, str]]:
    """What a view returns for a page: the body ``{"items", "next_cursor"}`` and the ``Link`` header."""
    body = {"items": page.items, "next_cursor": page.next_cursor}
    if page.next_cursor is None:
        return body, {}
    query = request.args.to_dict(flat=False) | {"cursor": [page.next_cursor]}
    return body, {"Link": f'<{request.path}?{urlencode(query, doseq=True)}>; rel="next"'}
