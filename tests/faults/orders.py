"""Writers that do not give up: each order carries an id of its own and is sent again until it is answered.

The id is claimed as a name in the order's transaction, so an order whose answer was lost is found to be done.
"""

import random
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select

from services.kernel.errors import Unavailable
from services.kernel.fields import PersonId, seal
from services.kernel.ids import new_id
from services.kernel.service import Service
from services.kernel.store.tables import events, names
from services.kernel.store.verify import verify_store
from services.kernel.store.write import NameTaken
from services.kernel.work import Who, Work
from tests.shop import INCARNATION, NoteKept

WRITERS = 8
ANA = Who("ana")


@dataclass(slots=True)
class Book:
    """What the writers were told. ``found_done`` are orders whose first answer was lost."""

    acknowledged: list[str] = field(default_factory=list)
    found_done: int = 0
    sent_again: int = 0
    faults: list[str] = field(default_factory=list)


def order(work: Work, key: str, writer: int) -> None:
    """Two notes on two streams under one claimed id: all of it, or nothing."""
    work.claim_name("order", key, key)
    person = PersonId(f"p{writer}")
    for part in ("a", "b"):
        work.append(f"shop/order/{key}/{part}", NoteKept(client=person, number=1, text=seal(f"{part} {key}")))


def send_orders(shop: Service, writer: int, book: Book, stop: threading.Event, seed: int) -> None:
    """Send orders one by one until told to stop; each is sent again until it is answered."""
    chance = random.Random(seed * 100 + writer)
    while not stop.is_set():
        key = new_id()
        deadline = time.monotonic() + 60
        while True:
            try:
                shop.do(ANA, order, key, writer)
            except Unavailable as away:
                book.sent_again += 1
                if time.monotonic() > deadline:
                    book.faults.append(f"writer {writer}: no answer within a minute: {away}")
                    return
                stop.wait(chance.uniform(0.01, 0.05))
                continue
            except NameTaken:
                book.found_done += 1
            except Exception as error:
                book.faults.append(f"writer {writer}: {error!r}")
                return
            book.acknowledged.append(key)
            break


def faults_of(shop: Service, acknowledged: Iterable[str], lanes: int) -> list[str]:
    """What is wrong with a store after the writers were answered for these orders; empty when nothing is."""
    verified = verify_store(shop.backend, "shop", INCARNATION, lanes)
    done = {row["name"] for row in shop.query(select(names.c.name).where(names.c.scope == "order"))}
    parts = select(events.c.stream, func.count().label("times")).group_by(events.c.stream)
    stored = {row["stream"]: row["times"] for row in shop.query(parts)}
    whole = {f"shop/order/{key}/{part}" for key in done for part in ("a", "b")}
    return [
        *verified.faults,
        *(f"order {key} was answered and is not there" for key in acknowledged if key not in done),
        *(f"{stream} is half of an order" for stream in whole ^ set(stored)),
        *(f"{stream} was written {times} times" for stream, times in stored.items() if times != 1),
    ]


def count_orders(shop: Service) -> int:
    return int(shop.query(select(func.count().label("n")).select_from(names))[0]["n"])
