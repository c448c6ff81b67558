"""A small gateway for one machine: the front page, and each service below its name, on one address.

``python -m deploy.local.gateway PORT identity=8101 licensing=8102 …``. Not for the open net: no TLS, no limits.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import requests
from werkzeug.wrappers import Request, Response

from services.kernel.http.mount import mount
from services.kernel.http.wsgi import Gunicorn
from services.kernel.web.front import make_front
from services.kernel.web.screen import look
from services.screen import help_book, screen_parts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Headers that belong to one connection, not to the message (RFC 9110, 7.6.1).
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"})
_TIMEOUT = 60
THREADS = 32


class Upstream:
    """Passes requests on to one service."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._session = requests.Session()
        self._session.trust_env = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        asked = Request(environ)
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in _HOP}
        said, seen = asked.headers.get("X-Forwarded-For"), asked.remote_addr or "unknown"
        headers["X-Forwarded-For"] = f"{said}, {seen}" if said else seen
        address = self._base + environ["PATH_INFO"] + (f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else "")
        try:
            got = self._session.request(
                asked.method, address, data=asked.get_data(), headers=headers, timeout=_TIMEOUT, allow_redirects=False
            )
        except requests.RequestException:
            problem = '{"type":"urn:amanah:problem:unavailable","status":503,"detail":"This service does not answer."}'
            answer = Response(problem, 503, {"Retry-After": "2"}, content_type="application/problem+json")
            return answer(environ, start_response)
        kept = [(name, value) for name, value in got.headers.items() if name.lower() not in _HOP | {"content-encoding"}]
        return Response(got.content, got.status_code, kept)(environ, start_response)


def gateway(routes: dict[str, int]) -> WSGIApplication:
    """The WSGI app: the front, and the services at their ports."""

    def ask(path: str) -> Any:
        port = routes[path.split("/")[1]]
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=2).json()

    parts = screen_parts(ask)
    front = make_front(lambda: look(parts), help_book=help_book)
    return mount(front, {name: Upstream(port) for name, port in routes.items()})


if __name__ == "__main__":
    port, *words = sys.argv[1:]
    routes = {name: int(at) for name, at in (word.split("=") for word in words)}
    Gunicorn(lambda: gateway(routes), f"127.0.0.1:{port}", processes=1, threads=THREADS).run()
