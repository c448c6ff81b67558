"""Who asks, where gateways stand in front: the limits of sign-in and registration count by it."""

from collections.abc import Iterator
from threading import Thread

import pytest
from werkzeug.serving import make_server
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from deploy.local.gateway import Upstream
from services.kernel.http.wsgi import behind

SENDER = {"REMOTE_ADDR": "203.0.113.9"}


@Request.application
def seen(request: Request) -> Response:
    return Response(request.remote_addr)


@pytest.mark.parametrize(
    ("gateways", "told", "address"),
    [
        (0, "198.51.100.1", "203.0.113.9"),
        (1, None, "203.0.113.9"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        (2, "192.0.2.66, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
    ],
    ids=["none is believed", "nothing told", "one", "what the caller wrote itself does not count", "two in a row"],
)
def test_who_asks_is_told_by_the_gateways_alone(gateways: int, told: str | None, address: str) -> None:
    headers = {"X-Forwarded-For": told} if told else {}
    answer = Client(behind(gateways, seen)).get("/", headers=headers, environ_overrides=SENDER)
    assert answer.text == address


def test_a_gateway_that_was_not_named_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(behind(0, seen))
    client.get("/", environ_overrides=SENDER)
    assert caplog.records == []
    for _ in range(3):
        client.get("/", headers={"X-Forwarded-For": "198.51.100.1"}, environ_overrides=SENDER)
    (record,) = caplog.records
    assert "AMANAH_GATEWAYS" in str(record.__dict__["reason"])
    assert "198.51.100.1" not in str(record.__dict__)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = make_server("127.0.0.1", 0, behind(1, seen))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Upstream(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("claimed", [None, "192.0.2.66"])
def test_the_local_gateway_tells_who_asked_it(upstream: Upstream, claimed: str | None) -> None:
    headers = {"X-Forwarded-For": claimed} if claimed else {}
    answer = Client(upstream).get("/", headers=headers, environ_overrides=SENDER)
    assert answer.text == "203.0.113.9"
