"""Logs: named fields of an allow-list, and never the text of anybody else."""

import json
import logging

from services.kernel.errors import Unavailable
from services.kernel.logs import bound
from tests.log_lines import Lines

ours = logging.getLogger("services.sessions")


def test_a_line_has_its_fields_and_drops_all_others(lines: Lines) -> None:
    with bound(service="sessions", correlation="c-1"):
        ours.info("session booked", extra={"status": 201, "email": "dewi@example.org", "operation": "book-session"})
    (line,) = lines()
    assert line["event"] == "session booked"
    assert (line["service"], line["correlation"], line["status"]) == ("sessions", "c-1", 201)
    assert "dewi" not in json.dumps(line)
    ours.info("after")
    assert "correlation" not in lines()[1]


def test_values_never_get_into_the_phrase(lines: Lines) -> None:
    ours.info("booked for %s", "dewi@example.org", extra={"reason": {"name": "dewi"}})
    (line,) = lines()
    assert line["event"] == "booked for %s"
    assert line["reason"] == "(dict)"
    assert "dewi" not in json.dumps(line)


def test_of_a_foreign_error_only_type_and_place_are_written(lines: Lines) -> None:
    try:
        json.loads("secret words")
    except ValueError as error:
        ours.error("could not read", exc_info=error)
    (line,) = lines()
    assert line["error"] == "json.decoder.JSONDecodeError"
    assert "detail" not in line
    assert "secret" not in json.dumps(line)


def test_our_own_problem_tells_its_detail(lines: Lines) -> None:
    try:
        raise Unavailable("Vault is sealed") from ConnectionError("secret")
    except Unavailable as error:
        ours.error("could not open", exc_info=error)
    (line,) = lines()
    assert line["detail"] == "Vault is sealed"
    assert line["cause"] == "builtins.ConnectionError"
    assert "secret" not in json.dumps(line)


def test_a_library_is_heard_but_its_text_is_withheld(lines: Lines) -> None:
    logging.getLogger("hvac").warning("token is secret", extra={"reason": "secret"})
    chatty = logging.getLogger("a library that sets its own level")
    chatty.setLevel(logging.INFO)
    chatty.info("GET /?token=secret")
    (line,) = lines()
    assert line["logger"] == "hvac"
    assert "secret" not in json.dumps(line)
