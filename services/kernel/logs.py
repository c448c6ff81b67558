"""Logs: one JSON object a line on standard error, made of an allow-list of fields.

What this promises: nothing that a person typed, and no text of a foreign library, can reach a log. ``event`` is a fixed
phrase of ours and is never filled with values; values stand in named fields, and only the fields named here are
written. Of an error only its type and the place in our code are written, and ``detail`` when it is our own ``Problem``.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import TextIO

from services.kernel.errors import Problem
from services.kernel.time import system_clock

OURS = "services"

FIELDS: tuple[str, ...] = (
    "service",
    "operation",
    "method",
    "status",
    "duration_ms",
    "request",
    "correlation",
    "source",
    "lane",
    "sequence",
    "offset",
    "stream_kind",
    "event_type",
    "incarnation",
    "leaf",
    "notice",
    "count",
    "reason",
    "error",
    "version",
)

_service: ContextVar[str | None] = ContextVar("service", default=None)
_correlation: ContextVar[str | None] = ContextVar("correlation", default=None)


@contextmanager
def bound(service: str | None = None, correlation: str | None = None) -> Iterator[None]:
    """Within this block every line carries these two; ``None`` keeps what was bound before."""
    tokens = [
        (variable, variable.set(value))
        for variable, value in ((_service, service), (_correlation, correlation))
        if value is not None
    ]
    try:
        yield
    finally:
        for variable, token in tokens:
            variable.reset(token)


class JsonFormatter(logging.Formatter):
    """Writes a record as one line of JSON, from the allow-list alone."""

    def format(self, record: logging.LogRecord) -> str:
        own = _is_own(record)
        line: dict[str, object] = {
            "time": system_clock(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg)[:120] if own else "message of a library, text withheld",
            "service": _service.get(),
            "correlation": _correlation.get(),
        }
        line |= {name: _plain(record.__dict__[name]) for name in FIELDS if own and name in record.__dict__}
        if record.exc_info and record.exc_info[1] is not None:
            line |= _error(record.exc_info[1])
        return json.dumps({name: value for name, value in line.items() if value is not None})


def configure_logs(level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Make this the only log of the process. The libraries are heard from ``WARNING`` on, whatever they set."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(lambda record: _is_own(record) or record.levelno >= logging.WARNING)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level)


def _is_own(record: logging.LogRecord) -> bool:
    return record.name == OURS or record.name.startswith(f"{OURS}.")


def _plain(value: object) -> object:
    """Numbers and short words as they are; anything else by its type, for it may hold what must not be logged."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return value[:100] if isinstance(value, str) else f"({type(value).__name__})"


def _error(error: BaseException) -> dict[str, object]:
    line: dict[str, object] = {"error": f"{type(error).__module__}.{type(error).__qualname__}"}
    if error.__cause__ is not None:
        line["cause"] = f"{type(error.__cause__).__module__}.{type(error.__cause__).__qualname__}"
    if isinstance(error, Problem):
        line["detail"] = error.detail
    place = _place(error.__traceback__)
    return line | ({"error_at": place} if place else {})


def _place(trace: TracebackType | None) -> str | None:
    """The innermost line of our own code on the way to the error: ``services/kernel/work.py:41``."""
    place = None
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename).parts
        if OURS in path:
            tail = path[len(path) - 1 - path[::-1].index(OURS) :]
            place = f"{'/'.join(tail)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
