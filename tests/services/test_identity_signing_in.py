"""Signing in and out, wrong passwords, throttling, new passwords; over HTTP."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from time import perf_counter

import pytest
from sqlalchemy import select

from services.identity.address import address_of, source_name
from services.identity.commands.tries import of_address
from services.identity.domain.throttle import OF_ADDRESS, OF_REQUESTS, OF_SOURCE
from services.identity.examples import DEWI, NADIA, SARI
from services.identity.forgetting import sweep
from services.identity.passwords import Passwords
from services.identity.readmodels import throttles
from services.kernel.errors import Unavailable
from services.kernel.http.tokens import decode
from services.kernel.settings import SERVICES
from services.kernel.store.tables import names
from services.kernel.time import moment
from services.kernel.work import Who
from tests.identity_house import V1, House, acceptance, at_once, who
from tests.world import client_of, keys_of

WRONG = "this is not the password"


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.found()
    return made


def test_a_token_is_for_all_services_and_holds_as_long_as_the_setting_says(house: House) -> None:
    answer = house.sign_in(SARI)
    keys = keys_of(house.settings, "identity")
    claims = decode(
        answer.json["token"], lambda v: keys.public_keys("identity", "token")[v], house.clock.now, "sessions"
    )
    assert claims.audience == SERVICES
    assert (claims.account, claims.sid) == (answer.json["account"], answer.json["sid"])
    assert claims.network_roles == ("operator",)
    assert (moment(claims.expires) - moment(claims.issued)).total_seconds() == house.settings.token_minutes * 60
    house.clock.advance(minutes=11)
    assert (
        house.built.app.test_client()
        .get(f"{V1}/me", headers={"Authorization": f"Bearer {answer.json['token']}"})
        .status_code
        == 401
    )


def test_a_person_is_found_however_they_write_their_address(house: House) -> None:
    body = {"email": SARI.email.upper(), "password": SARI.password}
    assert house.anyone().post(f"{V1}/sign-ins", body).status_code == 201


def test_wrong_and_unknown_are_told_alike_and_only_the_known_is_recorded(house: House) -> None:
    wrong, unknown = house.sign_in(SARI, WRONG), house.sign_in(NADIA, WRONG)
    assert wrong.status_code == unknown.status_code == 401
    told = [{k: v for k, v in answer.json.items() if k != "instance"} for answer in (wrong, unknown)]
    assert told[0] == told[1]
    (refused,) = house.events("sign-in-refused")
    assert refused.data.reason == "unknown_or_wrong"


def test_an_unknown_address_costs_as_much_work_as_a_wrong_password(house: House) -> None:
    """Without the work for nobody, an unknown address would be told by a quick answer. The quickest of several counts,
    because a busy machine only slows things down."""
    passwords = house.context.passwords
    kept = passwords.hash("what somebody once chose")

    def quickest(act: Callable[[], object]) -> float:
        times = []
        for _ in range(4):
            began = perf_counter()
            act()
            times.append(perf_counter() - began)
        return min(times)

    assert quickest(lambda: house.sign_in(NADIA, WRONG)) > 0.8 * quickest(lambda: passwords.fits(kept, WRONG))


def test_signing_out_ends_the_token_and_is_told_to_all_services(house: House) -> None:
    opened = house.sign_in(SARI).json
    sari = house.signed_in(SARI)
    house.clock.advance(seconds=1)
    stranger = house.bearer()
    assert stranger.delete(f"{V1}/sign-ins/{opened['sid']}").status_code == 403
    assert sari.delete(f"{V1}/sign-ins/{opened['sid']}").status_code == 204
    assert sari.delete(f"{V1}/sign-ins/{opened['sid']}").status_code == 204
    first = house.anyone()
    first.token = opened["token"]
    assert first.get(f"{V1}/me").status_code == 401
    assert sari.get(f"{V1}/me").status_code == 200
    (revoked,) = house.events("sign-ins-revoked")
    assert (revoked.data.sid, revoked.data.reason) == (opened["sid"], "signed_out")


def test_waiting_grows_with_wrong_passwords_and_ends(house: House) -> None:
    for _ in range(4):
        assert house.sign_in(SARI, WRONG).status_code == 401
    waits = house.sign_in(SARI)  # even with the right password
    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "5")
    house.sign_in(SARI)
    assert [e.data.reason for e in house.events("sign-in-refused")][-1] == "too_many_tries"
    assert len(house.events("sign-in-refused")) == 5  # the tries that had to wait are told once
    house.clock.advance(seconds=5)
    assert house.sign_in(SARI, WRONG).status_code == 401
    assert house.sign_in(SARI).headers["Retry-After"] == "10"
    house.clock.advance(seconds=10)
    assert house.sign_in(SARI).status_code == 201
    assert house.sign_in(SARI, WRONG).status_code == 401  # forgotten: the first tries are free again


def test_tries_that_must_wait_do_not_prolong_the_wait(house: House) -> None:
    for _ in range(4):
        house.sign_in(SARI, WRONG)
    for _ in range(4):
        house.clock.advance(seconds=1)
        house.sign_in(SARI, WRONG)
    house.clock.advance(seconds=1)
    assert house.sign_in(SARI).status_code == 201


def test_of_tries_at_the_same_moment_no_more_are_looked_at_than_may_be_tried(house: House) -> None:
    statuses = at_once(16, lambda: house.sign_in(SARI, WRONG).status_code)
    assert Counter(statuses) == {401: OF_ADDRESS.free, 429: 16 - OF_ADDRESS.free}
    assert house.sign_in(SARI).headers["Retry-After"] == "5"  # what had to wait prolonged nothing


def test_who_signed_in_from_a_place_before_is_not_locked_out_by_others_in_the_same_place(house: House) -> None:
    clinic = house.clinic()
    house.join(DEWI, clinic)  # she has an account, and never signed in
    fill(house, source_name(house.built.service.keys, "127.0.0.1"), OF_SOURCE.free - 1)
    assert house.sign_in(NADIA, WRONG).status_code == 401
    assert house.sign_in(DEWI).status_code == 429
    assert house.sign_in(SARI).status_code == 201
    house.clock.advance(seconds=OF_SOURCE.first)
    assert house.sign_in(DEWI).status_code == 201


def fill(house: House, name: str, failures: int) -> None:
    """As if so much had been counted just now."""
    values = {"name": name, "failures": failures, "last": house.clock.now, "told": False}
    house.built.service.do(Who("test"), lambda work: work.rows.put(throttles, **values))


def test_a_closed_way_stays_closed_for_an_account_until_a_new_password_and_says_so(house: House) -> None:
    assert OF_ADDRESS.hard_cap is not None
    service = house.built.service
    for person in (SARI, NADIA):
        fill(house, of_address(address_of(service.keys, person.email)), OF_ADDRESS.hard_cap)
    told = house.sign_in(SARI)
    assert (told.status_code, "Retry-After" in told.headers) == (429, False)
    assert "new password" in told.json["help"]
    assert house.events("sign-in-refused")[-1].data.reason == "closed"
    house.clock.advance(days=120)
    sweep(service)
    assert house.sign_in(SARI).status_code == 429
    assert house.sign_in(NADIA).status_code == 401  # nobody's way: forgotten
    house.anyone().post(f"{V1}/password-resets", {"email": SARI.email})
    body = {"token": house.mailed_token(), "password": "another morning in the garden"}
    assert house.anyone().post(f"{V1}/password-resets/completions", body).status_code == 204
    assert house.sign_in(SARI, "another morning in the garden").status_code == 201


def test_counters_that_nobody_touched_are_forgotten_and_trying_goes_on(house: House) -> None:
    for _ in range(4):
        house.sign_in(NADIA, WRONG)
    house.clock.advance(days=91)
    sweep(house.built.service)
    assert house.built.service.query(select(names).where(names.c.scope == "try")) == []
    assert [house.sign_in(NADIA, WRONG).status_code for _ in range(5)] == [401] * 4 + [429]


OPEN = {
    "registrations": {"clinic": "c", "email": DEWI.email, "password": DEWI.password},
    "email-confirmations": {"token": "t"},
    "password-resets": {"email": DEWI.email},
    "password-resets/completions": {"token": "t", "password": DEWI.password},
    "invitations/acceptances": acceptance(NADIA, "t"),
    "founding": who(NADIA) | {"token": "t", "name": "N", "languages": ["en"]},
}


@pytest.mark.parametrize("path", OPEN)
def test_what_anybody_may_send_is_counted_by_source_and_signing_in_never_depends_on_it(house: House, path: str) -> None:
    name = f"requests/{source_name(house.built.service.keys, '127.0.0.1')}"
    fill(house, name, OF_REQUESTS.most - 1)
    assert house.anyone().post(f"{V1}/{path}", OPEN[path]).status_code != 429
    told = house.anyone().post(f"{V1}/{path}", OPEN[path])
    assert (told.status_code, told.headers["Retry-After"]) == (429, "3600")
    assert "60 minutes" in told.json["help"]
    assert house.sign_in(SARI).status_code == 201
    house.clock.advance(hours=1)
    assert house.anyone().post(f"{V1}/{path}", OPEN[path]).status_code != 429


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("unknown", "unknown", True),
    ],
)
def test_a_subscriber_of_ipv6_is_one_source(house: House, one: str, other: str, same: bool) -> None:
    keys = house.built.service.keys
    assert (source_name(keys, one) == source_name(keys, other)) is same


def test_in_a_crowd_newcomers_are_asked_to_come_again_and_a_sign_in_is_not() -> None:
    passwords, told = Passwords(patience=0.0), []
    together = Barrier(8)

    def come() -> None:
        together.wait()
        try:
            passwords.hash(DEWI.password)
        except Unavailable as refused:
            told.append(refused.retry_after)
        else:
            passwords.fits(None, WRONG)

    newcomers = [Thread(target=come) for _ in range(8)]
    for newcomer in newcomers:
        newcomer.start()
    for newcomer in newcomers:
        newcomer.join()
    assert 0 < len(told) < 8
    assert all(told)


def test_who_signs_in_does_not_queue_behind_newcomers(house: House) -> None:
    passwords, done = house.context.passwords, []
    newcomers = [Thread(target=lambda: done.append(passwords.hash(DEWI.password))) for _ in range(10)]
    for newcomer in newcomers:
        newcomer.start()
    passwords.fits(None, WRONG)
    first = len(done)
    for newcomer in newcomers:
        newcomer.join()
    assert (first < 6, len(done)) == (True, 10)


def test_an_unknown_address_is_throttled_like_a_known_one(house: House) -> None:
    for _ in range(4):
        house.sign_in(NADIA, WRONG)
    assert house.sign_in(NADIA).status_code == 429


def test_a_new_password_by_mail_ends_every_sign_in_and_opens_a_closed_way(house: House) -> None:
    before = house.signed_in(SARI)
    for _ in range(4):
        house.sign_in(SARI, WRONG)
    assert house.anyone().post(f"{V1}/password-resets", {"email": SARI.email}).status_code == 202
    token = house.mailed_token()
    house.clock.advance(seconds=1)
    body = {"token": token, "password": "another morning in the garden"}
    assert house.anyone().post(f"{V1}/password-resets/completions", body).status_code == 204
    assert house.anyone().post(f"{V1}/password-resets/completions", body).status_code == 422
    assert before.get(f"{V1}/me").status_code == 401
    house.clock.advance(seconds=1)
    assert house.sign_in(SARI).status_code == 401
    assert house.sign_in(SARI, "another morning in the garden").status_code == 201
    assert [e.data.reason for e in house.events("sign-ins-revoked")] == ["password_changed"]


def test_a_token_opened_with_the_old_password_ends_also_when_the_new_one_was_set_meanwhile(house: House) -> None:
    house.anyone().post(f"{V1}/password-resets", {"email": SARI.email})
    body = {"token": house.mailed_token(), "password": "another morning in the garden"}
    opened = house.sign_in(SARI)  # at the very moment at which the new password is set
    assert house.anyone().post(f"{V1}/password-resets/completions", body).status_code == 204
    assert client_of(house.built.app, opened.json["token"]).get(f"{V1}/me").status_code == 401


def test_a_reset_is_answered_alike_for_an_unknown_address_and_sends_nothing(house: House) -> None:
    known = house.anyone().post(f"{V1}/password-resets", {"email": SARI.email})
    unknown = house.anyone().post(f"{V1}/password-resets", {"email": DEWI.email})
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    assert house.events("password-reset-asked") == []  # of neither in the request: it would be told by the time taken
    assert [letter["To"] for letter in house.post_letters()] == [SARI.email]
    assert len(house.events("password-reset-asked")) == 1


def test_a_reset_link_holds_for_an_hour(house: House) -> None:
    house.anyone().post(f"{V1}/password-resets", {"email": SARI.email})
    token = house.mailed_token()
    house.clock.advance(hours=1)
    body = {"token": token, "password": "another morning in the garden"}
    assert house.anyone().post(f"{V1}/password-resets/completions", body).status_code == 422


def test_nobodys_letter_box_is_filled_by_a_third_person(house: House) -> None:
    for _ in range(20):
        house.anyone().post(f"{V1}/password-resets", {"email": SARI.email})
    assert len(house.post_letters()) == 4


def test_neither_password_nor_address_nor_secret_lies_in_the_database(house: House) -> None:
    house.sign_in(SARI, WRONG)
    house.anyone().post(f"{V1}/password-resets", {"email": SARI.email})
    secret = house.mailed_token()
    path = house.settings.data / "identity.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("pragma wal_checkpoint(TRUNCATE)")
    raw = path.read_bytes()
    for word in (SARI.email, SARI.email.casefold(), SARI.password, WRONG, secret):
        assert word.encode() not in raw
