"""What the edge of a service writes and reads of people who are refused, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import MetaData, insert

from services.contracts.common import Refusal
from services.kernel.codec import decode
from services.kernel.events import Entry, event
from services.kernel.fields import Code, Hash, PersonId
from services.kernel.http.app import make_app
from services.kernel.http.rules import Caller, Target
from services.kernel.http.serving import KeptRevocations, record_refusals, revocations_table
from services.kernel.http.tokens import Claims, Membership
from services.kernel.projections import Rows
from services.kernel.service import Service
from services.kernel.store.tables import parked
from services.kernel.store.write import Write
from services.kernel.time import plus
from tests.library import BOOKS, KEY, NOW, OPERATIONS, Shelf, books, token
from tests.shop import NOON, notes

KNOWN = "c9"  # a clinic of which the service holds a row


@event("shop.operation-refused")
class ShopOperationRefused:
    refusal: Refusal


@pytest.fixture
def app(shop: Service) -> Flask:
    rows = Rows(shop.backend.engine.dialect.name)
    rows.put(notes, person=KNOWN, count=1)
    shop.backend.commit(Write(rows=rows.statements))
    on_refused = record_refusals(shop, _made, notes.c.person)
    public = {1: KEY.public_key().public_bytes_raw()}.__getitem__
    options: dict[str, Any] = {"operations": OPERATIONS, "public_key": public, "clock": lambda: NOW}
    return make_app("library", [books], Shelf(), on_refused=on_refused, **options)


def test_every_refusal_of_many_at_once_is_answered_and_recorded(app: Flask, shop: Service) -> None:
    def ask(_: int) -> int:
        return app.test_client().get(BOOKS, headers=token("reader", clinic="c2")).status_code

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(24))) == [403] * 24
    assert len(refused(shop)) == 24


def test_what_somebody_typed_does_not_stand_in_the_log(app: Flask, shop: Service) -> None:
    reader = token("reader")
    for typed in ("dewi@example.org", KNOWN):
        assert app.test_client().get(f"/library/v1/clinics/{typed}/books", headers=reader).status_code == 403
    assert app.test_client().get(BOOKS, headers=token("keeper")).status_code == 403  # a clinic that the token names
    assert [entry.clinic for entry in refused(shop)] == [None, KNOWN, "c1"]
    assert not any(b"dewi" in each.body for lane in range(4) for each in shop.backend.after(lane, 0, 100))


def test_the_object_is_told_by_a_hash_that_nobody_else_can_make(app: Flask, shop: Service) -> None:
    record = _recorder(app)
    stranger = _caller(Membership(KNOWN, None, ("counselor",)))
    for client in ("client-1", "client-1", "client-2"):
        record(stranger, Target(clinic=KNOWN, client=client))
    first, again, other = (entry.data.refusal.about for entry in refused(shop))
    assert first == again != other
    assert first == shop.keys.mac("index", b"refusal/" + b"\0\0\0\2c9\0\0\0\10client-1\0\0\0\0").hex()
    record(stranger, Target())
    assert refused(shop)[-1].data.refusal.about is None


def test_a_client_who_is_refused_what_is_their_own_is_named_without_their_account(app: Flask, shop: Service) -> None:
    _recorder(app)(_caller(Membership(KNOWN, "client-1", ("client",))), Target(clinic=KNOWN, client="client-1"))
    (entry,) = refused(shop)
    assert (entry.actor, entry.data.refusal.account, entry.data.refusal.about) == ("client-1", "client-1", None)
    assert not any(b'"a1"' in each.body for lane in range(4) for each in shop.backend.after(lane, 0, 100))


def test_a_refusal_is_recorded_also_where_the_keys_are_away(app: Flask, shop: Service, tmp_path: Path) -> None:
    (tmp_path / "keys" / "keyring.json").unlink()
    assert app.test_client().get(BOOKS, headers=token("keeper")).status_code == 403
    assert [entry.data.refusal.about for entry in refused(shop)] == [None]


def test_a_missing_key_is_a_fault_that_names_neither_key_nor_file(app: Flask, shop: Service, tmp_path: Path) -> None:
    (tmp_path / "keys" / "keyring.json").write_text('{"format": "amanah-keyring/1", "keys": {}}')
    answer = app.test_client().get(BOOKS, headers=token("keeper"))
    assert (answer.status_code, answer.json["type"]) == (500, "urn:amanah:problem:internal")  # type: ignore[index]
    assert "index" not in answer.text
    assert str(tmp_path) not in answer.text


@pytest.mark.parametrize(
    ("stream", "revoked"),
    [("identity/account/a1", True), ("identity/sign-in/s1", True), ("identity/account/a2", False)],
)
def test_a_parked_revocation_counts_as_one(shop: Service, stream: str, revoked: bool) -> None:
    table = revocations_table(MetaData())
    with closing(shop.backend.engine.connect()) as connection:
        table.create(connection)
    kept, claims = KeptRevocations(shop, table), _caller().required()
    assert not kept.is_revoked(claims)
    row = {"service": "identity", "lane": 0, "sequence": 7, "stream": stream, "reason": "x", "body": b"", "time": NOON}
    shop.backend.commit(Write(rows=[insert(parked).values(**row)]))
    assert kept.is_revoked(claims) is revoked


@pytest.mark.parametrize(("name", "seconds", "revoked"), [("a1", 0, True), ("s1", 1, True), ("a1", -1, False)])
def test_a_revocation_ends_what_was_issued_before_it(shop: Service, name: str, seconds: int, revoked: bool) -> None:
    table = revocations_table(MetaData())
    with closing(shop.backend.engine.connect()) as connection:
        table.create(connection)
    shop.backend.commit(Write(rows=[insert(table).values(name=name, at=plus(NOW, seconds=seconds))]))
    assert KeptRevocations(shop, table).is_revoked(_caller().required()) is revoked


def refused(shop: Service) -> list[Entry[ShopOperationRefused]]:
    """Every refusal, by time of their ids."""
    bodies = (each.body for lane in range(4) for each in shop.backend.after(lane, 0, 100))
    return sorted(map(decode, bodies), key=lambda entry: entry.id)


def _made(account: str, operation: str, reason: str, about: Hash | None) -> ShopOperationRefused:
    return ShopOperationRefused(refusal=Refusal(PersonId(account), Code(operation), Code(reason), about))


def _caller(*memberships: Membership) -> Caller:
    who = {"account": "a1", "sid": "s1", "memberships": memberships, "network_roles": (), "locale": "en", "zone": "UTC"}
    return Caller(Claims(**who, acr="aal1", auth_time=NOW, issued=NOW, expires=NOW, audience=("library",)))  # type: ignore[arg-type]


def _recorder(app: Flask) -> Callable[[Caller, Target], None]:
    """The hook of the app, called as within a request of this caller."""
    on_refused = app.extensions["amanah.policy"].on_refused

    def record(who: Caller, target: Target) -> None:
        with app.test_request_context():
            g.caller, g.request_id = who, "0190a1b2-0000-7000-8000-00000000000c"
            on_refused(who, "read-book", "not-own", target)

    return record
