"""Counting the house's events: each once in its store, once at each consumer, once in the log of audit.

All of it is read from the databases of the four services, beside the services themselves.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, LiteralString

import psycopg

from deploy.local.bao_policies import SERVICES
from deploy.local.house import RealHouse
from tests.faults.scene import in_threads, wait_until

FOLLOWS = {
    "identity": ("licensing", "sessions", "audit"),
    "licensing": ("identity",),
    "sessions": ("identity", "licensing"),
    "audit": SERVICES,
}
Place = tuple[str, str, int, int]  # service, incarnation, lane, sequence


@dataclass(slots=True)
class Books:
    """What stands in the four databases. Bodies by their SHA-256."""

    stored: dict[Place, bytes] = field(default_factory=dict)
    leaves: list[tuple[int, Place, bytes]] = field(default_factory=list)
    ends: dict[str, dict[int, tuple[int, bytes]]] = field(default_factory=dict)  # service: lane: last and its chain
    relayed: dict[str, dict[int, int]] = field(default_factory=dict)
    positions: dict[str, dict[tuple[str, int], tuple[int, bytes]]] = field(default_factory=dict)
    parked: dict[str, int] = field(default_factory=dict)

    def behind(self) -> list[str]:
        """What has not arrived yet: at the event log, at a consumer, in the log of audit."""
        late = [
            f"{service} lane {lane}: {end[0]} written, {self.relayed[service].get(lane, 0)} relayed"
            for service, lanes in self.ends.items()
            for lane, end in lanes.items()
            if self.relayed[service].get(lane, 0) != end[0]
        ]
        for reader, sources in FOLLOWS.items():
            for source in sources:
                for lane, (end, _) in self.ends[source].items():
                    reached = self.positions[reader].get((source, lane), (0, b""))[0]
                    if reached != end:
                        late.append(f"{reader} has {source} lane {lane} up to {reached} of {end}")
        return late

    def faults(self) -> list[str]:
        """What is wrong once nothing is behind; empty when every event was counted once everywhere."""
        found = self.behind()
        places = Counter(place for _, place, _ in self.leaves)
        found += [f"{place} has {times} leaves" for place, times in places.items() if times != 1]
        found += [f"{place} has no leaf" for place in self.stored.keys() - places.keys()]
        found += [f"the leaf of {place} is of no event" for place in places.keys() - self.stored.keys()]
        found += [f"the leaf of {at} is of other bytes" for _, at, body in self.leaves if self.stored.get(at) != body]
        if [index for index, _, _ in self.leaves] != list(range(len(self.leaves))):
            found.append("the leaves are not numbered without a hole")
        for reader, positions in self.positions.items():
            for (source, lane), (_, chain) in positions.items():
                if chain != self.ends[source][lane][1]:
                    found.append(f"{reader} ends {source} lane {lane} with another chain")
        found += [f"{service} has parked {count}" for service, count in self.parked.items() if count]
        return found


def read_books(house: RealHouse) -> Books:
    """The books as they are now."""
    books = Books()
    for service in SERVICES:
        with database(house, service) as db:
            [(incarnation,)] = db.execute("select incarnation from stores").fetchall()
            ends: dict[int, tuple[int, bytes]] = {}
            for lane, sequence, chain, body in db.execute(
                "select lane, sequence, chain, body from events order by 1, 2"
            ):
                books.stored[service, incarnation, lane, sequence] = sha256(body).digest()
                ends[lane] = sequence, bytes(chain)
            books.ends[service] = ends
            books.relayed[service] = dict(db.execute("select lane, sequence from relayed").fetchall())
            reached = db.execute("select service, lane, sequence, chain from positions").fetchall()
            books.positions[service] = {(of, lane): (sequence, bytes(chain)) for of, lane, sequence, chain in reached}
            books.parked[service] = db.execute("select count(*) from parked").fetchall()[0][0]
    with database(house, "audit") as db:
        found = db.execute("select leaf_index, service, incarnation, lane, sequence, body from leaves order by 1")
        books.leaves = [
            (index, (of, life, lane, number), sha256(body).digest()) for index, of, life, lane, number, body in found
        ]
    return books


def settled(house: RealHouse, seconds: float = 120.0) -> tuple[Books, float]:
    """The books once every event has arrived everywhere, and how long that took."""
    last: list[Books] = []

    def all_arrived() -> bool:
        last[:] = [read_books(house)]
        return not last[0].behind()

    try:
        took = wait_until("every event to arrive", all_arrived, seconds)
    except TimeoutError:
        raise TimeoutError("these did not arrive: " + "; ".join(last[0].behind()[:10])) from None
    return last[0], took


def repair_faults(house: RealHouse) -> list[str]:
    """What ``amanah store verify`` and ``amanah rebuild --verify`` find wrong, over all services."""

    def ask(words: tuple[str, ...]) -> str:
        done = house.amanah(words[-1] if words[0] == "store" else words[1], *words)
        return "" if done.returncode == 0 else f"amanah {' '.join(words)}: {done.stdout}{done.stderr}"

    orders = [("store", "verify", service) for service in SERVICES]
    orders += [("rebuild", service, "--verify") for service in SERVICES]
    return [said for said in in_threads(ask, orders, at_once=2) if said]


def count_types(house: RealHouse, service: str) -> Counter[str]:
    """How often each type of event stands in a store."""
    with database(house, service) as db:
        return Counter(dict(db.execute("select type, count(*) from events group by 1").fetchall()))


def notice_faults(house: RealHouse) -> list[str]:
    """What is wrong between the notices that sessions asked for and what identity made of them: of each exactly one
    letter, which waits or was told to be sent or to have failed."""
    of_events = "select convert_from(body, 'UTF8')::jsonb #>> '{data,notice}' from events where type = any(%s)"
    asked = {notice for (notice,) in rows(house, "sessions", of_events, ["sessions.notice-due"])}
    told = rows(house, "identity", of_events, ["identity.notice-sent", "identity.notice-failed"])
    told += rows(house, "identity", "select notice from letters")
    times = Counter(notice for (notice,) in told)
    return [f"the notice {notice} led to {times[notice]} letters" for notice in asked if times[notice] != 1]


def rows(
    house: RealHouse, service: str, statement: LiteralString, *values: object, **named: object
) -> list[tuple[Any, ...]]:
    """The rows of any question to a service's database."""
    with database(house, service) as db:
        return db.execute(statement, named or values).fetchall()


def database(house: RealHouse, service: str) -> psycopg.Connection[tuple[Any, ...]]:
    return house.cluster.postgres().connect(f"amanah_{service}")
