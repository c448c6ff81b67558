"""A very small service, to prove the HTTP ground on: five operations on the books of a clinic."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, Response
from flask.testing import FlaskClient
from flask.views import MethodView
from marshmallow import fields

from services.kernel.errors import Conflict, NotFound, Unavailable
from services.kernel.http.app import context_of, make_app
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.etag import VERSIONED, etag, if_match
from services.kernel.http.idempotency import KEYED, CreatedSchema, Kept, answer, idempotency_key
from services.kernel.http.paging import Page, PageQuery, PageRequest, encode_cursor, paged
from services.kernel.http.policy import Caller, Rule, Target, anyone, authorise, operation, role_in_clinic
from services.kernel.http.schemas import BaseSchema, NameField
from services.kernel.http.tokens import Claims, DenySet, Membership, encode
from services.kernel.time import Instant

KEY = Ed25519PrivateKey.generate()
NOW = Instant("2026-11-24T07:00:00.000000Z")
SECRET = "the inner text"


class Shelf:
    """What the tiny service knows."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.ready = True

    def check(self) -> None:
        if not self.ready:
            raise Unavailable("The shelf is away", help="Wait for the shelf.")


class BookSchema(BaseSchema):
    title = NameField(required=True)


class BooksSchema(BaseSchema):
    items = fields.List(fields.String())
    next_cursor = fields.String(allow_none=True)


books = Blueprint("books", __name__, url_prefix="/clinics/<string:clinic>/books", description="Books of a clinic")


@books.route("")
class Books(MethodView):
    @operation("list-books")
    @books.arguments(PageQuery, location="query")
    @books.response(200, BooksSchema)
    def get(self, page: PageRequest, clinic: str) -> Any:
        authorise(Target(clinic=clinic))
        titles = context_of(Shelf).titles
        start = (page.after(n=int) or {"n": 0})["n"]
        items = tuple(titles[start : start + page.limit])
        more = start + page.limit < len(titles)
        body, headers = paged(Page(items, encode_cursor(n=start + page.limit) if more else None))
        return body, headers

    @operation("add-book")
    @books.doc(**KEYED)
    @books.arguments(BookSchema)
    @books.response(201, CreatedSchema)
    def post(self, book: dict[str, str], clinic: str) -> Response:
        authorise(Target(clinic=clinic))
        key = idempotency_key()
        if book["title"] == "twice":
            raise Conflict("There is one already")
        context_of(Shelf).titles.append(book["title"])
        return answer(Kept(201, f"/library/v1/clinics/{clinic}/books/{key.fingerprint[:8]}", etag(1)))


@books.route("/<string:title>")
class Book(MethodView):
    @operation("change-book")
    @books.doc(**VERSIONED)
    @books.response(204)
    def put(self, clinic: str, title: str) -> Any:
        if title == "unknown":
            raise NotFound("There is no such book")
        if title == "early":
            raise Conflict(SECRET)
        if title == "broken":
            raise RuntimeError(SECRET)
        authorise(Target(clinic=clinic))
        return "", {"ETag": etag(if_match() + 1)}

    @operation("read-book")
    @books.response(200)
    def get(self, clinic: str, title: str) -> Any:
        return {"title": SECRET}  # forgets to authorise


@books.route("/about")
@operation("read-about")
@books.response(200)
def about(clinic: str) -> Any:
    return {"about": "Books"}


OPERATIONS: dict[str, Rule] = {
    "list-books": role_in_clinic("reader"),
    "add-book": role_in_clinic("keeper"),
    "change-book": role_in_clinic("keeper"),
    "read-book": role_in_clinic("reader"),
    "read-about": anyone(),
}


class House:
    """The tiny service, and what a test may look at."""

    def __init__(self, operations: dict[str, Rule] = OPERATIONS) -> None:
        self.shelf = Shelf()
        self.refused: list[tuple[str, str, str, str | None]] = []
        self.revoked = DenySet()
        self.app: Flask = make_app(
            "library",
            [books],
            self.shelf,
            operations=operations,
            public_key={1: KEY.public_key().public_bytes_raw()}.__getitem__,
            revocations=self.revoked,
            checks={"shelf": self.shelf.check},
            on_refused=self._refuse,
            clock=lambda: NOW,
            standalone=True,
            body_limit=2000,
        )
        self.client: FlaskClient = self.app.test_client()

    def _refuse(self, caller: Caller, operation: str, reason: str, target: Target) -> None:
        self.refused.append((caller.account, operation, reason, target.clinic))


def token(*roles: str, clinic: str = "c1", audience: str = "library", network: tuple[str, ...] = ()) -> dict[str, str]:
    claims = Claims(
        account="a1",
        sid="s1",
        memberships=(Membership(clinic, None, roles),),
        network_roles=network,
        locale="en",
        zone="Asia/Jakarta",
        acr="password",
        auth_time=NOW,
        issued=NOW,
        expires=Instant("2026-11-24T07:10:00.000000Z"),
        audience=(audience,),
    )
    return {"Authorization": f"Bearer {encode(claims, lambda data: (1, KEY.sign(data)))}"}


def problem(response: Any, status: int) -> dict[str, Any]:
    """The problem in an answer, which must be one in every way."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = response.get_json(force=True)
    assert body["status"] == status
    assert body["type"].startswith("urn:amanah:problem:")
    assert body["title"]
    assert body["detail"]
    assert body["instance"] == f"urn:uuid:{response.headers['X-Request-Id']}"
    assert response.headers["Cache-Control"] == "no-store"
    assert SECRET not in response.text
    return body


BOOKS = "/library/v1/clinics/c1/books"
ONCE = {"Idempotency-Key": "0123456789"}
