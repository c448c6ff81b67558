"""Several apps in one process: the embedded house, the front page before its four services.

The first part of the path chooses the app, and the path stays whole, so that an app is the same whether it is mounted
or stands alone behind a gateway.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def mount(front: "WSGIApplication", services: "Mapping[str, WSGIApplication]") -> "WSGIApplication":
    """One WSGI app: ``/<service>`` and all below goes to that service, everything else to the front."""

    def choose(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        first = environ.get("PATH_INFO", "").lstrip("/").partition("/")[0]
        return services.get(first, front)(environ, start_response)

    return choose
