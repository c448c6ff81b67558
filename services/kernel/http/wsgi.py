"""The server in front of an app: gunicorn with threads, with our settings and nothing from its files or environment.

A connection is kept open for longer than a gateway or a browser lets it rest: else it is closed at the very moment at
which the other side uses it again, and a request is lost that nobody answered.
"""

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = logging.getLogger(__name__)
_NO_GATEWAY = "X-Forwarded-For came, but AMANAH_GATEWAYS is 0: name how many there are, if any"

GRACE = 10  # seconds to end what is under way
REST = 75  # seconds that an open connection may rest
LONGEST = 60  # seconds without a sign of life after which a process is replaced


def behind(gateways: int, app: "WSGIApplication") -> "WSGIApplication":
    """An app that is asked through so many gateways. Who asks is then told by X-Forwarded-For, counted from its end:
    what stands further left anybody may have written. Where none is named and one speaks, the log says so once."""
    return ProxyFix(app, x_for=gateways, x_proto=0) if gateways else _Unbelieving(app)


class _Unbelieving:
    """An app without a gateway. One that stands there all the same would make all its visitors one place."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._told = False

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not self._told and "HTTP_X_FORWARDED_FOR" in environ:
            self._told = True
            _log.warning("a gateway is not believed", extra={"reason": _NO_GATEWAY})
        return self._app(environ, start_response)


class Gunicorn(BaseApplication):  # type: ignore[misc]
    """``make`` is called in each process, after the fork. ``more``: further settings of gunicorn, such as hooks."""

    def __init__(
        self, make: Callable[[], "WSGIApplication"], address: str, *, processes: int, threads: int, **more: Any
    ) -> None:
        self._make = make
        self._settings = {
            "bind": address,
            "workers": processes,
            "worker_class": "gthread",
            "threads": threads,
            "timeout": LONGEST,
            "graceful_timeout": GRACE,
            "keepalive": REST,
            "loglevel": "warning",
            "accesslog": None,
            "control_socket_disable": True,
            **more,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> "WSGIApplication":
        return self._make()
