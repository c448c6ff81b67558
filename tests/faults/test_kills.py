"""Web, worker, broker and database are killed while commands stream in: each is counted once, everywhere.

Every command is sent again until it is answered; then it stands once in the store, has had its effect once at each
consumer, and is one leaf of the log. Stores verify, and read models rebuild without a difference.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from deploy.local.house import Process, RealHouse
from deploy.local.server import Server
from tests.faults.counting import count_types, notice_faults, repair_faults, rows, settled
from tests.faults.scene import Scene, wait_until
from tests.faults.stream import BOOKED, CANCELLED, Hand, Tally

pytestmark = [
    pytest.mark.usefixtures("broker_restarts"),
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),  # see there
]
HANDS = 4
KINDS = ("web", "worker", "broker", "database")
OF_SESSION = "select convert_from(body, 'UTF8')::jsonb #>> '{data,session}' from events where type = %s"


def test_every_command_is_counted_once_whatever_is_killed(
    house: RealHouse, scene: Scene, seed: int, long: bool, tell: Callable[[str], None]
) -> None:
    commands, kinds = (2000, KINDS * 3) if long else (200, KINDS)
    chance, tally, began = random.Random(seed), Tally(), time.monotonic()
    hands = make_hands(scene, tally, seed)
    before = count_types(house, "sessions")
    threads = [threading.Thread(target=hand.send, args=(commands // HANDS,)) for hand in hands]
    streaming = time.monotonic()
    for thread in threads:
        thread.start()
    killed = kill(house, tally, chance, commands, chance.sample(kinds, len(kinds)))
    wait_until("the last answer", lambda: supervised(house) and not any(thread.is_alive() for thread in threads), 300)
    streamed = time.monotonic() - streaming
    assert tally.wrong == []
    books, took = settled(house, 300 if long else 120)
    tell(
        f"{tally.answered} commands answered in {streamed:.1f} s, {tally.sent_again} times sent again, the longest "
        f"took {tally.longest:.1f} s; killed: {', '.join(killed)}; {len(books.stored)} events of all services, "
        f"{len(books.leaves)} leaves, everything arrived {took:.1f} s after the last answer"
    )
    made = count_types(house, "sessions") - before
    assert {kind: made[kind] for kind in tally.done} == dict(tally.done)
    for kind in (BOOKED, CANCELLED):
        times = Counter(session for (session,) in rows(house, "sessions", OF_SESSION, kind))
        assert {session: times[session] for session in tally.sessions} == dict.fromkeys(tally.sessions, 1)
    assert books.faults() == []
    assert notice_faults(house) == []
    assert repair_faults(house) == []
    tell(f"{time.monotonic() - began:.1f} s with everything")


def make_hands(scene: Scene, tally: Tally, seed: int) -> list[Hand]:
    """Hands with a client each, and times that none of the others books."""
    visitors = scene.enrol(HANDS)
    session = scene.begin_session(visitors[0])
    times = scene.times(visitors[0], timedelta(days=1))
    return [
        Hand(visitor, scene.counselor_again(), session, times[n::HANDS], tally, random.Random(seed * 10 + n))
        for n, visitor in enumerate(visitors)
    ]


def kill(house: RealHouse, tally: Tally, chance: random.Random, commands: int, kinds: list[str]) -> list[str]:
    """One kill after the other, spread over the stream; gives what was killed."""
    killed = []
    for turn, kind in enumerate(kinds, 1):
        goal = commands * turn // (len(kinds) + 1)
        wait_until(f"{goal} answers", partial(come_so_far, house, tally, goal), 300)
        if tally.wrong:
            break
        time.sleep(chance.uniform(0.0, 0.3))
        victim = choose(house, kind, chance)
        victim.kill()
        time.sleep(chance.uniform(0.0, 1.0))
        victim.start()
        killed.append(victim.name)
    return killed


def come_so_far(house: RealHouse, tally: Tally, goal: int) -> bool:
    return supervised(house) and (tally.answered >= goal or bool(tally.wrong))


def supervised(house: RealHouse) -> bool:
    """What has ended by itself is started again, as in any installation: a process that finds no database at its start
    says so and ends."""
    for process in house.processes.values():
        if process.ended:
            process.start()
    return True


def choose(house: RealHouse, kind: str, chance: random.Random) -> Process | Server:
    """What is killed. Of the web processes it is the one that the commands go to."""
    if kind == "web":
        return house.processes["sessions-web"]
    if kind == "worker":
        return house.processes[chance.choice([name for name in house.processes if name.endswith("-worker")])]
    return house.cluster.kafka() if kind == "broker" else house.cluster.postgres()
