"""Sixty-four clients want one time of one counselor at the same moment: one has it, the others are told the next ones.

Every client is made over the API, as a person would come: registration, letter, sign-in, intake, consents.
"""

import re
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.house import RealHouse
from services.mainjob.driver import Reply
from tests.faults.counting import count_types, rows
from tests.faults.scene import Scene, Visitor, in_threads, set_scene
from tests.system.running import Amanah

CLIENTS = 64


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Scene]:
    """The house that one command starts, with its network founded by the link that it printed."""
    house = Amanah(tmp_path)
    try:
        house.start()
        token = re.findall(r"token=(\S+)", house.said)[-1]
        yield set_scene(house.url, house.data / "mail", token)
    finally:
        house.kill()


def test_on_real_parts(house: RealHouse, scene: Scene, tell: Callable[[str], None]) -> None:
    deadlocks = "select deadlocks::int from pg_stat_database where datname = 'amanah_sessions'"
    began = time.monotonic()
    visitors = scene.enrol(CLIENTS)
    tell(f"{CLIENTS} clients came in {time.monotonic() - began:.1f} s")
    before, waits = count_types(house, "sessions"), rows(house, "sessions", deadlocks)
    race(scene, visitors, tell)
    made = count_types(house, "sessions") - before
    assert made["sessions.session-booked"] == 1
    assert made["sessions.booking-refused"] == CLIENTS - 1
    assert rows(house, "sessions", deadlocks) == waits


def test_embedded(embedded: Scene, tell: Callable[[str], None]) -> None:
    began = time.monotonic()
    visitors = embedded.enrol(CLIENTS)
    tell(f"{CLIENTS} clients came in {time.monotonic() - began:.1f} s")
    race(embedded, visitors, tell)


def race(scene: Scene, visitors: list[Visitor], tell: Callable[[str], None]) -> None:
    """Release all of them at once on one time; look at what each was answered."""
    start = scene.times(visitors[0], timedelta(days=2))[0]
    in_threads(lambda visitor: visitor.actor.get("/identity/v1/me"), visitors)  # everybody's connection is open
    released = threading.Barrier(len(visitors))

    def book(visitor: Visitor) -> tuple[Reply, float]:
        wish, key = visitor.wish(scene.counselor.account, start), secrets.token_urlsafe(16)
        released.wait(60)
        began = time.monotonic()
        return visitor.send("POST", "/sessions/v1/sessions", wish, key), time.monotonic() - began

    answers = in_threads(book, visitors, at_once=len(visitors))
    replies = [reply for reply, _ in answers]
    tell(f"{len(visitors)} bookings of one time, answered within {max(took for _, took in answers):.2f} s")
    assert Counter(reply.status for reply in replies) == {201: 1, 409: len(visitors) - 1}
    for reply in replies:
        if reply.status == 409:
            assert reply.json["type"] == "urn:amanah:problem:time-taken"
            assert reply.json["next_free"]
            assert start not in reply.json["next_free"]
