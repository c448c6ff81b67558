"""The Idempotency-Key: whose, for what, and when two requests are the same."""

import io
from typing import Any

import pytest
from flask import Flask, g

from services.kernel.errors import Malformed
from services.kernel.http.idempotency import IdempotencyKey, Kept, answer, idempotency_key
from services.kernel.http.policy import Caller

app = Flask(__name__)


def key_of(path: str = "/sessions", key: str | None = "k2345678", **request: Any) -> IdempotencyKey:
    headers = {} if key is None else {"Idempotency-Key": key}
    with app.test_request_context(path, method="POST", headers=headers, **request):
        g.caller = Caller()
        return idempotency_key()


def json_key(text: str, path: str = "/sessions") -> str:
    return key_of(path, data=text, content_type="application/json").fingerprint


def test_blanks_and_the_order_of_keys_make_no_difference() -> None:
    assert json_key('{"a": 1, "b": [2]}') == json_key('{"b":[2],"a":1}')


@pytest.mark.parametrize("other", ['{"a": 1, "b": [3]}', '{"a": "1", "b": [2]}', '{"a": 1}', "[]", ""])
def test_another_body_is_another_request(other: str) -> None:
    assert json_key('{"a": 1, "b": [2]}') != json_key(other)


def test_another_address_is_another_request() -> None:
    assert json_key("{}", "/sessions") != json_key("{}", "/sessions?x=1") != json_key("{}", "/notes")


def form(boundary: str, content: bytes) -> str:
    def part(name: str, value: bytes, file: str = "") -> bytes:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        return head.encode() + value + b"\r\n"

    body = part("kind", b"licence") + part("file", content, '; filename="a.pdf"') + f"--{boundary}--\r\n".encode()
    media = f"multipart/form-data; boundary={boundary}"
    return key_of(input_stream=io.BytesIO(body), content_length=len(body), content_type=media).fingerprint


def test_a_form_sent_again_under_another_boundary_is_the_same_request() -> None:
    assert form("one", b"page") == form("two", b"page")
    assert form("one", b"page") != form("one", b"another page")


@pytest.mark.parametrize("key", [None, "", "short12", "x" * 129, "with blank", "ünïcode-key"])
def test_a_key_that_is_missing_or_no_key_is_told_what_to_send(key: str | None) -> None:
    with pytest.raises(Malformed) as caught:
        key_of(key=key)
    assert "8 to 128" in caught.value.help


def test_a_kept_answer_is_the_first_one_again_and_says_so() -> None:
    first = answer(Kept(201, "/sessions/v1/x", '"1"'))
    again = answer(Kept(201, "/sessions/v1/x", '"1"', replayed=True))
    assert first.data == again.data
    assert again.headers["Location"] == "/sessions/v1/x"
    assert again.headers["ETag"] == '"1"'
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
