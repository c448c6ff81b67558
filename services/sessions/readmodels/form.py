"""How a part of an event stands in a column: as JSON, in the form of the event's own bytes."""

from typing import Any

from services.kernel.codec import dumps, to_plain


def as_json(value: Any) -> str:
    return dumps(to_plain(value)).decode()
