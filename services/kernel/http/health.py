"""Health: whether a process lives, whether it can serve, and its figures.

``/livez`` says only that the process answers; who restarts on it must not restart for a database that is away.
``/readyz`` asks each part and answers 200 or 503 with the reason of each, but no names of the inside. ``/metrics`` is
Prometheus' text format. They are no operations: they need no sign-in and show no data of anybody, only volume.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from services.kernel.errors import Problem, Unavailable

log = logging.getLogger(__name__)

Check = Callable[[], None]

RETRY_AFTER = 5  # seconds

REQUESTS = Counter("amanah_http_requests", "Requests answered", ("service", "operation", "status"))
SECONDS = Histogram("amanah_http_request_seconds", "Seconds to answer a request", ("service", "operation"))


def health_blueprint(name: str, checks: Mapping[str, Check]) -> Blueprint:
    """The three routes. ``checks``: each raises a ``Problem`` when its part cannot serve."""
    health = Blueprint(name, __name__)
    health.add_url_rule("/livez", "livez", livez)
    health.add_url_rule("/readyz", "readyz", lambda: readyz(checks))
    health.add_url_rule("/metrics", "metrics", metrics)
    return health


def count_request(service: str, operation: str, response: Response, began: float) -> None:
    """Count an answer and write its one line of log. ``began``: the ``time.perf_counter`` at which it came."""
    seconds = time.perf_counter() - began
    REQUESTS.labels(service, operation, response.status_code).inc()
    SECONDS.labels(service, operation).observe(seconds)
    line = {"operation": operation, "method": request.method, "status": response.status_code}
    log.info("request answered", extra=line | {"duration_ms": round(seconds * 1000, 1)})


def livez() -> Response:
    return jsonify(alive=True)


def readyz(checks: Mapping[str, Check]) -> Response:
    """``{"ready": bool, "checks": {name: {"ok": bool, "detail"?, "help"?}}}``"""
    answers = {name: _ask(check) for name, check in checks.items()}
    ready = all(answer["ok"] for answer in answers.values())
    response = jsonify(ready=ready, checks=answers)
    if not ready:
        response.status_code = 503
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def metrics() -> Response:
    """The figures of this process, or of all workers where gunicorn has several."""
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _ask(check: Check) -> dict[str, object]:
    try:
        check()
    except Unavailable as away:
        answer: dict[str, object] = {"ok": False, "detail": away.detail}
        return answer | ({"help": away.help} if away.help else {})
    except Problem as problem:  # a key that is missing, say: its name is for the log
        log.error("a readiness check failed", exc_info=problem)
        return {"ok": False, "detail": problem.title, "help": "Ask which: amanah doctor. The log says it too."}
    except Exception as error:
        log.error("a readiness check failed", exc_info=error)
        return {"ok": False, "detail": "The check itself failed", "help": "Look in the log for 'readiness'."}
    return {"ok": True}
