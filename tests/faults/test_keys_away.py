"""The keys' server is sealed, frozen, or cannot write its own log: what needs keys is refused at once and whole, what
needs none goes on, and everything heals by itself.
"""

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
import requests

from deploy.local.bao import Bao
from deploy.local.bao_policies import SERVICES
from deploy.local.house import RealHouse
from services.mainjob.actor import made_id
from services.mainjob.driver import Reply
from tests.faults.counting import rows, settled
from tests.faults.scene import Scene, Visitor, in_threads, wait_until

AT_MOST = 4.0  # seconds until a refusal
# How the server goes away and comes back, by the reason that is then told.
AWAY: dict[str, tuple[Callable[[Bao], object], Callable[[Bao], object]]] = {
    "sealed": (Bao.seal, Bao.restart),
    "timeout": (Bao.pause, Bao.resume),
    "internal-error": (Bao.fill_audit_disk, Bao.free_audit_disk),
}


@dataclass(slots=True)
class Case:
    """Whom one way of going away is tried on: a client with a booked session, and one who told nothing yet."""

    known: Visitor
    session: str
    newcomer: Visitor


@dataclass(slots=True)
class Away:
    """The keys' server, away for this reason."""

    reason: str
    come: Callable[[], object]
    back: bool = False

    def come_back(self) -> None:
        if not self.back:
            self.back = True
            self.come()


@pytest.fixture(scope="module")
def cases(house: RealHouse, scene: Scene) -> dict[str, Case]:
    """One case a reason. Sessions starts anew, so that no key is in its memory."""
    known, newcomers = scene.enrol(len(AWAY)), scene.arrive(len(AWAY))
    start = scene.times(known[0], timedelta(days=3))
    made = {}
    for reason, visitor, newcomer, time_ in zip(AWAY, known, newcomers, start, strict=False):
        booked = visitor.actor.post("/sessions/v1/sessions", visitor.wish(scene.counselor.account, time_))
        made[reason] = Case(visitor, made_id(booked), newcomer)
    settled(house)  # so sessions knows the newcomers
    house.processes["sessions-web"].kill()
    house.start()
    scene.counselor.sign_in()
    return made


@pytest.fixture(params=AWAY)
def away(request: pytest.FixtureRequest, house: RealHouse, cases: dict[str, Case]) -> Iterator[Away]:
    """The keys' server is away until the test, or its end, brings it back."""
    reason: str = request.param
    cases[reason].known.actor.get(own_sessions(cases[reason]))  # the key by which tokens are checked is known
    go, come = AWAY[reason]
    server = Away(reason, partial(come, house.cluster.bao()))
    try:
        go(house.cluster.bao())
        yield server
    finally:
        server.come_back()


def own_sessions(case: Case) -> str:
    return f"/sessions/v1/sessions?client={case.known.client}"


def test_what_needs_keys_is_refused_whole_and_heals(
    away: Away, house: RealHouse, scene: Scene, cases: dict[str, Case], tell: Callable[[str], None]
) -> None:
    case, reason, key = cases[away.reason], away.reason, secrets.token_urlsafe(16)
    newcomer, known = case.newcomer, case.known
    signed_in = "select count(*) from events where type = 'identity.signed-in'"
    before = rows(house, "identity", signed_in)
    told = [
        refused(reason, lambda: newcomer.intake(key)),  # seals
        refused(reason, lambda: known.send("GET", f"/sessions/v1/clients/{known.client}/details")),  # opens
        refused(reason, lambda: known.send("POST", "/identity/v1/sign-ins", sign_in_of(known))),  # signs
    ]
    tell(f"refused after {', '.join(f'{took:.2f}' for took in told)} s")
    assert what_is_kept_of(house, newcomer.client) == []
    assert rows(house, "identity", signed_in) == before
    what_needs_no_key_goes_on(scene, case)
    for answer in in_threads(lambda service: requests.get(f"{scene.url}/{service}/readyz", timeout=30), SERVICES):
        tells_what_is_wrong(answer)

    away.come_back()
    healed = wait_until("the intake to be taken", lambda: newcomer.intake(key).status == 201, 30)
    assert newcomer.intake(key).headers["idempotency-replayed"] == "true"
    known.actor.sign_in()
    assert known.actor.get(f"/sessions/v1/clients/{known.client}/details")["name"] == "Ana"
    for service in SERVICES:
        wait_until(f"{service} to be ready", lambda at=service: known.send("GET", f"/{at}/readyz").status == 200, 30)  # type: ignore[misc]
    books, _ = settled(house)
    assert books.faults() == []
    signed = wait_until("a checkpoint over all leaves", lambda: checkpoint_of(known) >= len(books.leaves), 60)
    tell(f"the first command was taken after {healed:.1f} s, a checkpoint signed {signed:.1f} s behind the last event")


def refused(reason: str, send: Callable[[], Reply]) -> float:
    """It is refused with this reason, soon, with what to do next; gives the seconds that it took."""
    began = time.monotonic()
    reply = send()
    took = time.monotonic() - began
    assert reply.status == 503, reply.json
    assert reply.json["reason"] == reason
    assert int(reply.headers["retry-after"]) > 0
    assert reply.json["detail"]
    assert reply.json["help"]
    assert took < AT_MOST
    return took


def tells_what_is_wrong(ready: requests.Response) -> None:
    """Readiness names the keys, and what to do about them; the database is well."""
    assert ready.status_code == 503
    assert int(ready.headers["Retry-After"]) > 0
    assert ready.json()["checks"]["database"]["ok"]
    keys = ready.json()["checks"]["keys"]
    assert not keys["ok"]
    assert keys["detail"]
    assert keys["help"]


def what_is_kept_of(house: RealHouse, client: str) -> list[str]:
    """The tables of sessions in which something of a client's intake stands."""
    found = rows(
        house,
        "sessions",
        "select 'events' from events where stream = %(stream)s "
        "union all select 'data_keys' from data_keys where keyholder = %(client)s "
        "union all select 'answers' from answers where actor = %(client)s "
        "union all select 'names' from names where owner = %(client)s",
        client=client,
        stream=f"sessions/client/{client}",
    )
    return [table for (table,) in found]


def what_needs_no_key_goes_on(scene: Scene, case: Case) -> None:
    """Reading what is not sealed; withdrawing; cancelling without words."""
    known = case.known
    path = f"/sessions/v1/sessions/{case.session}"
    assert known.actor.get(own_sessions(case))["items"]
    assert scene.counselor.get("/licensing/v1/coverage")["items"]
    version = known.actor.ask("GET", path).headers["etag"]
    cancelled = known.send("POST", f"{path}/cancellation", {"reason": "other_plans"}, **{"If-Match": version})
    assert cancelled.status == 200
    assert cancelled.json["stage"] == "cancelled"
    consents = f"/sessions/v1/clients/{known.client}/consents"
    item = known.actor.get(consents)["items"][0]["item"]
    known.actor.ask("DELETE", f"{consents}/{item}", expect=204)


def sign_in_of(visitor: Visitor) -> dict[str, str]:
    return {"email": visitor.actor.email, "password": visitor.actor.password}


def checkpoint_of(visitor: Visitor) -> int:
    """How many leaves the newest checkpoint covers."""
    return int(visitor.actor.ask("GET", "/audit/v1/checkpoint").body.split(b"\n")[1])


def test_a_frozen_server_does_not_hold_up_who_needs_no_keys(
    house: RealHouse, scene: Scene, cases: dict[str, Case], tell: Callable[[str], None]
) -> None:
    visitors = [case.known for case in cases.values()]
    bao, waits = house.cluster.bao(), threading.Event()

    def knock(visitor: Visitor) -> list[int]:
        """Ask for what needs keys, again and again."""
        order, said = {"email": visitor.actor.email, "password": visitor.actor.password}, []
        with closing(requests.Session()) as session:
            while not waits.wait(0.02):
                said.append(session.post(f"{scene.url}/identity/v1/sign-ins", json=order, timeout=30).status_code)
        return said

    bao.pause()
    try:
        refused("timeout", lambda: visitors[0].send("POST", "/identity/v1/sign-ins", sign_in_of(visitors[0])))
        with ThreadPoolExecutor(12) as threads:
            knocking = [threads.submit(knock, visitor) for visitor in visitors * 4]
            took = []
            for _ in range(20):
                began = time.monotonic()
                scene.cast.driver.call("GET", "/identity/v1/clinics", token=None)
                took.append(time.monotonic() - began)
            waits.set()
            answers = Counter(status for each in knocking for status in each.result())
    finally:
        waits.set()
        bao.resume()
    tell(f"{answers.total()} sign-ins refused meanwhile; the slowest answer without keys took {max(took):.2f} s")
    assert set(answers) == {503}
    assert max(took) < 1
    again = sign_in_of(visitors[0])
    wait_until("a sign-in", lambda: visitors[0].send("POST", "/identity/v1/sign-ins", again).status == 201, 30)
