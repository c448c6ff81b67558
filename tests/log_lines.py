"""The house's log as a test reads it."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.kernel.logs import configure_logs

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Every line of the log since the test began, as it is written."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before, level
    logging.getLogger("services").setLevel(logging.NOTSET)
