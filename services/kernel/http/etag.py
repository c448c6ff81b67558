"""Versions over HTTP: a strong ``ETag`` is the version of the stream, and a change must say which one it means.

RFC 9110 (8.8.3, 13.1.1) and RFC 6585 (428). ``If-Match: *`` is refused: it would mean "change whatever is there", and
nobody may change what they have not seen.
"""

import re

from flask import request

from services.kernel.errors import Malformed, PreconditionNeeded

_HELP = 'Read the thing first, then send its ETag as it is, for example If-Match: "3"'
_ETAG = re.compile(r'"(0|[1-9][0-9]{0,15})"')

# For ``@blueprint.doc(**VERSIONED)`` on every view that changes.
VERSIONED = {
    "parameters": [
        {
            "in": "header",
            "name": "If-Match",
            "description": "The ETag of the version that is to be changed",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{_ETAG.pattern}$"},
        }
    ]
}


def etag(version: int) -> str:
    """The strong ETag of a version, with its quotes."""
    return f'"{version}"'


def if_match() -> int:
    """The version that this request means to change. Raises ``PreconditionNeeded`` (428) or ``Malformed`` (400)."""
    text = request.headers.get("If-Match")
    if text is None:
        raise PreconditionNeeded("If-Match is missing", help=_HELP)
    if text.strip() == "*":
        raise Malformed("If-Match: * does not say which version is meant", help=_HELP)
    named = _ETAG.fullmatch(text.strip())
    if named is None:
        raise Malformed("If-Match is not one strong ETag of ours", help=_HELP)
    return int(named[1])
