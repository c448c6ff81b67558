"""The HTTP ground, proven on a very small service: books in a clinic."""

import json
from functools import partial
from typing import Any

import pytest
from flask import Flask

from services.kernel.http.app import make_app
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.mount import mount
from services.kernel.http.policy import PolicyError, anyone, network_role, operation
from services.kernel.keys.port import KeyMissing
from tests.library import BOOKS, NOW, ONCE, OPERATIONS, SECRET, BookSchema, House, books, problem, token


def no_keys(version: int) -> bytes:
    raise LookupError(version)


@pytest.fixture
def house() -> House:
    return House()


def test_who_has_the_role_in_this_clinic_may(house: House) -> None:
    made = house.client.post(BOOKS, json={"title": "  Emma "}, headers=token("keeper") | ONCE)
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    assert made.get_json() == {"location": made.headers["Location"]}
    assert house.client.get(BOOKS, headers=token("reader")).get_json()["items"] == ["Emma"]


def test_who_has_it_elsewhere_may_not_and_the_refusal_is_reported(house: House) -> None:
    answered = problem(house.client.get(BOOKS, headers=token("reader", clinic="c2")), 403)
    assert answered["reason"] == "role-missing"
    assert "reader of this clinic" in answered["detail"]
    assert house.refused == [("a1", "list-books", "role-missing", "c1")]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer x.y.z"}, token("reader", audience="other")],
    ids=["none", "another scheme", "not a token", "another audience"],
)
def test_without_a_good_token_it_is_401_and_nothing_of_the_body_is_read(house: House, headers: dict[str, str]) -> None:
    response = house.client.post(BOOKS, data="{", content_type="application/json", headers=headers)
    assert "sign-in-needed" in problem(response, 401)["type"]
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert house.refused == []


def test_a_revoked_sign_in_is_refused_before_its_token_ends(house: House) -> None:
    house.revoked.revoke("s1", NOW)
    problem(house.client.get(BOOKS, headers=token("reader")), 401)


def test_a_view_that_forgets_to_authorise_answers_500_and_nothing_leaves(house: House) -> None:
    problem(house.client.get(f"{BOOKS}/emma", headers=token("reader")), 500)
    head = house.client.head(f"{BOOKS}/emma", headers=token("reader"))
    assert head.status_code == 500


def test_what_is_raised_before_authorising_may_not_tell_the_state_of_a_thing(house: House) -> None:
    problem(house.client.put(f"{BOOKS}/early", headers=token("keeper")), 500)
    problem(house.client.put(f"{BOOKS}/unknown", headers=token("keeper")), 404)


def test_a_fault_shows_nothing_of_the_inside_but_the_id_of_the_request(house: House) -> None:
    given = "01938c2f-6c1e-7000-8000-0123456789ab"
    response = house.client.put(f"{BOOKS}/broken", headers=token("keeper") | {"X-Request-Id": given})
    assert problem(response, 500)["request"] == given


def test_an_id_that_is_not_a_uuid_is_replaced(house: House) -> None:
    response = house.client.get("/livez", headers={"X-Request-Id": "dewi@example.org"})
    assert len(response.headers["X-Request-Id"]) == 36


@pytest.mark.parametrize(
    ("body", "pointer"),
    [({}, "/title"), ({"title": 3}, "/title"), ({"title": "a\x01b"}, "/title"), ({"title": "x", "a/b": 1}, "/a~1b")],
)
def test_a_wrong_field_is_named_by_its_pointer(house: House, body: dict[str, Any], pointer: str) -> None:
    answered = problem(house.client.post(BOOKS, json=body, headers=token("keeper") | ONCE), 422)
    assert [error["pointer"] for error in answered["errors"]] == [pointer]
    assert answered["errors"][0]["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"title": NaN}',
        b'{"title": "a", "title": "b"}',
        b'{"title": "\\ud800"}',
        b'{"title": ["a", {"b": "\\u0000"}]}',
    ],
)
def test_a_body_that_is_not_json_is_400(house: House, body: bytes) -> None:
    response = house.client.post(BOOKS, data=body, content_type="application/json", headers=token("keeper") | ONCE)
    assert problem(response, 400)["help"]


def test_a_body_nested_too_deeply_is_400(house: House) -> None:
    house.app.config["MAX_CONTENT_LENGTH"] = 10**6
    data = b"[" * 200_000
    response = house.client.post(BOOKS, data=data, content_type="application/json", headers=token("keeper") | ONCE)
    problem(response, 400)


def test_another_type_is_415_a_large_body_413_another_method_405_another_address_404(house: House) -> None:
    keeper = token("keeper") | ONCE
    problem(house.client.post(BOOKS, data="title=a", content_type="text/plain", headers=keeper), 415)
    problem(house.client.post(BOOKS, json={"title": "x" * 3000}, headers=keeper), 413)
    response = house.client.delete(BOOKS, headers=keeper)
    problem(response, 405)
    assert "POST" in response.headers["Allow"]
    problem(house.client.get("/library/v1/nowhere"), 404)


def test_the_key_is_needed_and_has_a_form(house: House) -> None:
    assert (
        "Idempotency-Key"
        in problem(house.client.post(BOOKS, json={"title": "a"}, headers=token("keeper")), 400)["help"]
    )
    short = token("keeper") | {"Idempotency-Key": "short"}
    problem(house.client.post(BOOKS, json={"title": "a"}, headers=short), 400)
    assert house.shelf.titles == []


@pytest.mark.parametrize(("sent", "status"), [(None, 428), ("*", 400), ('W/"3"', 400), ("3", 400), ('"3", "4"', 400)])
def test_a_change_must_name_its_version(house: House, sent: str | None, status: int) -> None:
    headers = token("keeper") | ({} if sent is None else {"If-Match": sent})
    assert "If-Match" in problem(house.client.put(f"{BOOKS}/emma", headers=headers), status)["help"]


def test_a_change_that_names_its_version_is_made(house: House) -> None:
    response = house.client.put(f"{BOOKS}/emma", headers=token("keeper") | {"If-Match": '"3"'})
    assert (response.status_code, response.headers["ETag"]) == (204, '"4"')


def test_pages_lead_to_each_other_and_lose_nothing(house: House) -> None:
    house.shelf.titles = [f"t{n}" for n in range(7)]
    seen: list[str] = []
    address = f"{BOOKS}?limit=3"
    while address:
        response = house.client.get(address, headers=token("reader"))
        seen += response.get_json()["items"]
        link = response.headers.get("Link", "")
        address = link.partition("<")[2].partition(">")[0]
    assert seen == house.shelf.titles


@pytest.mark.parametrize(
    ("query", "pointer"), [("limit=0", "?limit"), ("limit=x", "?limit"), ("colour=red", "?colour")]
)
def test_a_wrong_parameter_is_named(house: House, query: str, pointer: str) -> None:
    answered = problem(house.client.get(f"{BOOKS}?{query}", headers=token("reader")), 422)
    assert [error["pointer"] for error in answered["errors"]] == [pointer]


@pytest.mark.parametrize("step", ["%00", "c1%00", "%07"])
def test_nothing_lies_at_an_address_with_a_control_character(house: House, step: str) -> None:
    problem(house.client.get(f"/library/v1/clinics/{step}/books", headers=token("reader")), 404)


def test_a_nul_in_the_query_is_400_and_an_escaped_backslash_is_none(house: House) -> None:
    problem(house.client.get(f"{BOOKS}?cursor=%00", headers=token("reader")), 400)
    body = b'{"title": "a \\\\u0000 b"}'
    made = house.client.post(BOOKS, data=body, content_type="application/json", headers=token("keeper") | ONCE)
    assert (made.status_code, house.shelf.titles) == (201, ["a \\u0000 b"])


def test_a_nul_in_a_form_is_400() -> None:
    forms = Blueprint("forms", __name__)

    @forms.route("/forms", methods=["POST"])
    @operation("send-form")
    @forms.arguments(BookSchema, location="form")
    @forms.response(200)
    def view(book: dict[str, str]) -> Any:
        return book

    app = make_app("library", [forms], None, operations={"send-form": anyone()}, public_key=no_keys)
    send = partial(app.test_client().post, "/library/v1/forms", headers={"Sec-Fetch-Site": "same-origin"})
    assert send(data={"title": "Emma"}).get_json() == {"title": "Emma"}
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        problem(send(data={"title": "Em\0ma"}, content_type=content_type), 400)
    problem(send(data="title=Emma", content_type="text/plain"), 415)


def test_a_token_of_other_letters_than_ascii_is_401(house: House) -> None:
    genuine = token("reader")["Authorization"].split(".")
    headers = {"Authorization": f"{genuine[0]}.\xe9.{genuine[2]}"}
    problem(house.client.get(BOOKS, headers=headers), 401)


def test_a_foreign_cursor_is_400(house: House) -> None:
    problem(house.client.get(f"{BOOKS}?cursor=abc", headers=token("reader")), 400)


def test_an_operation_without_a_row_refuses_to_start() -> None:
    with pytest.raises(PolicyError, match="'add-book' has no row"):
        House({name: rule for name, rule in OPERATIONS.items() if name != "add-book"})


def test_a_row_without_an_operation_refuses_to_start() -> None:
    with pytest.raises(PolicyError, match="'burn-book' belongs to no view"):
        House(OPERATIONS | {"burn-book": network_role("operator")})


def test_a_view_without_an_operation_refuses_to_start() -> None:
    bare = Blueprint("bare", __name__)

    @bare.route("/bare")
    @bare.response(200)
    @operation("bare")
    def view() -> Any:
        return {}

    with pytest.raises(PolicyError, match="above every other decorator"):
        make_app("library", [bare], None, operations={"bare": anyone()}, public_key=no_keys)


def test_every_answer_carries_the_headers(house: House) -> None:
    for path in ("/livez", "/library/livez", "/library/v1/openapi.json", f"{BOOKS}/about", "/nowhere"):
        headers = house.client.get(path).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "X-Request-Id" in headers


def test_readiness_gives_the_reason_of_each_part(house: House) -> None:
    assert house.client.get("/readyz").get_json() == {"ready": True, "checks": {"shelf": {"ok": True}}}
    house.shelf.ready = False
    response = house.client.get("/library/readyz")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert response.get_json()["checks"]["shelf"] == {
        "ok": False,
        "detail": "The shelf is away",
        "help": "Wait for the shelf.",
    }


def test_readiness_names_no_key_and_the_log_does(caplog: pytest.LogCaptureFixture) -> None:
    def missing() -> None:
        raise KeyMissing("library", "clinic-c1")

    app = make_app("library", [books], None, operations=OPERATIONS, public_key=no_keys, checks={"keys": missing})
    response = app.test_client().get("/library/readyz")
    assert (response.status_code, response.get_json()["checks"]["keys"]["detail"]) == (503, KeyMissing.title)
    assert "clinic-c1" not in response.text
    assert any(record.exc_info and isinstance(record.exc_info[1], KeyMissing) for record in caplog.records)


def test_a_check_that_breaks_makes_the_service_unready_and_tells_nothing(house: House) -> None:
    def broken() -> None:
        raise RuntimeError(SECRET)

    house.shelf.check = broken  # type: ignore[method-assign]
    app = make_app("library", [books], house.shelf, operations=OPERATIONS, public_key=no_keys, checks={"shelf": broken})
    response = app.test_client().get("/library/readyz")
    assert response.status_code == 503
    assert SECRET not in response.text


def test_head_and_options_need_what_get_needs(house: House) -> None:
    assert house.client.head(BOOKS).status_code == 401
    assert house.client.head(BOOKS, headers=token("reader")).status_code == 200
    options = house.client.options(BOOKS)
    assert options.status_code == 200
    assert options.data == b""
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


def test_figures_count_by_operation_and_never_by_address(house: House) -> None:
    house.client.get(f"{BOOKS}/about")
    text = house.client.get("/metrics").text
    assert 'amanah_http_requests_total{operation="read-about",service="library",status="200"}' in text
    assert BOOKS not in text
    assert '"c1"' not in text


def test_the_description_names_operations_problems_and_who_may(house: House) -> None:
    document = json.loads(house.client.get("/library/v1/openapi.json").text)
    assert document["openapi"] == "3.1.0"
    post = document["paths"]["/library/v1/clinics/{clinic}/books"]["post"]
    assert post["operationId"] == "add-book"
    assert post["x-allowed"] == "keeper of this clinic"
    assert post["security"] == [{"token": []}]
    assert document["paths"]["/library/v1/clinics/{clinic}/books/about"]["get"]["security"] == []
    assert post["parameters"][0]["name"] == "Idempotency-Key"
    put = document["paths"]["/library/v1/clinics/{clinic}/books/{title}"]["put"]
    assert put["parameters"][0]["name"] == "If-Match"
    assert "application/problem+json" in document["components"]["responses"]["DEFAULT_ERROR"]["content"]


def test_mounted_apps_keep_their_paths(house: House) -> None:
    front = Flask("front")
    front.add_url_rule("/", "first", lambda: "first screen")
    front.wsgi_app = mount(front.wsgi_app, {"library": house.app})  # type: ignore[method-assign, assignment]
    client = front.test_client()
    assert client.get("/library/livez").get_json() == {"alive": True}
    assert client.get("/").text == "first screen"
    assert client.get("/library-of-others").status_code == 404
