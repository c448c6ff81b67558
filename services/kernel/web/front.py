"""The front of the house: the first screen, ``/help``, the static files, and where each service is described.

``/help`` and the error pages need nothing but this process: no database, no event log, no keys. Whatever a part of the
house does, they answer.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from services.kernel.http.headers import secure
from services.kernel.http.health import Check, count_request, health_blueprint
from services.kernel.settings import SERVICES
from services.kernel.time import Clock, Instant, system_clock
from services.kernel.web.helplines import HelpBook, HelpPlace, likely_place, nearest_first
from services.kernel.web.languages import SOURCE, choose_language
from services.kernel.web.pages import Asset, Pages, View
from services.kernel.web.screen import FirstScreen

log = logging.getLogger(__name__)

FOR_EVER = "public, max-age=31536000, immutable"


def no_help(_: Instant) -> Sequence[HelpPlace]:
    """No numbers: the strip then leads to ``/help``, which says to call the number of the place where one is."""
    return ()


def first_screen(state: FirstScreen, *, pages: Pages | None = None, view: View | None = None) -> str:
    """The first screen as HTML; without a view, in English and at ``/``."""
    pages = pages or Pages()
    return pages.render("first.html", view or View(pages.languages[SOURCE]), {"state": state, "services": SERVICES})


def make_front(
    state_provider: Callable[[], FirstScreen],
    *,
    help_book: HelpBook = no_help,
    checks: Mapping[str, Check] | None = None,
    clock: Clock = system_clock,
) -> Flask:
    """The WSGI app of the front. ``checks``: readiness of the whole process, by name, for ``/readyz``."""
    app = Flask("front", static_folder=None, root_path=str(Path(__file__).parent))
    pages = Pages()
    by_address = {asset.address: asset for asset in pages.assets.values()}

    def view() -> View:
        language = choose_language(request.args.get("lang"), request.accept_languages, pages.languages)
        spoken = [request.args.get("lang") or "", *(tag for tag, _ in request.accept_languages)]
        place = request.args.get("place") or likely_place(spoken)
        numbers = nearest_first(_numbers(help_book, clock()), place)
        return View(language, request.path, request.args.get("lang") == language.code, numbers)

    def page(template: str, code: int = 200, **values: object) -> Response:
        seen = view()
        response = Response(pages.render(template, seen, values), code, content_type="text/html; charset=utf-8")
        response.headers["Content-Language"] = seen.language.code
        response.vary.add("Accept-Language")
        return response

    app.register_blueprint(health_blueprint("health", checks or {}))
    app.add_url_rule("/", "first", lambda: page("first.html", state=state_provider(), services=SERVICES))
    app.add_url_rule("/help", "help", lambda: page("help.html"))
    app.add_url_rule("/api", "api", api)
    app.add_url_rule("/static/<path:name>", "static", lambda name: static(by_address.get(f"/static/{name}"), page))
    _handle_errors(app, page)
    app.before_request(_begin)
    app.after_request(_end)
    return app


def api() -> Response:
    """Where each service is described, as JSON."""
    services = {
        name: {
            "api": f"/{name}/v1",
            "description": f"/{name}/v1/openapi.json",
            "live": f"/{name}/livez",
            "ready": f"/{name}/readyz",
        }
        for name in SERVICES
    }
    return jsonify(services=services, help="/help")


def static(asset: Asset | None, page: Callable[..., Response]) -> Response:
    """A static file: for ever, because its address changes with its content."""
    if asset is None:
        return page("problem.html", 404, status=404, request_id=g.request_id)
    response = Response(asset.content, content_type=asset.media_type)
    response.headers["Cache-Control"] = FOR_EVER
    response.set_etag(asset.etag)
    response.make_conditional(request)
    return response


def _handle_errors(app: Flask, page: Callable[..., Response]) -> None:
    @app.errorhandler(HTTPException)
    def expected(error: HTTPException) -> Response:
        status = error.code or 500
        if status < 400:
            redirect: Response = error.get_response()  # type: ignore[assignment]
            return redirect
        response = page("problem.html", status, status=status, request_id=g.request_id)
        if "Allow" in dict(error.get_headers()):
            response.headers["Allow"] = dict(error.get_headers())["Allow"]
        return response

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Response:
        log.error("an unforeseen error on the front page", exc_info=error)
        return page("problem.html", 500, status=500, request_id=g.request_id)


def _begin() -> None:
    g.request_id = str(uuid4())
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    count_request("front", (request.endpoint or "no such address").rpartition(".")[2], response, g.began)
    return secure(response)


def _numbers(help_book: HelpBook, now: Instant) -> Sequence[HelpPlace]:
    """The numbers; where they cannot be had, the page still answers and says whom to call."""
    try:
        return help_book(now)
    except Exception as error:
        log.error("the emergency numbers cannot be read", exc_info=error)
        return ()
