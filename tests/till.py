"""Another tiny service, the till, to whose events the shop of `tests/shop.py` listens.

The shop learns every sale (a row), and reacts to it by keeping a note about the person; both leave a trace each time
they happen, so that what happened twice can be seen. ``BROKEN`` names persons whose sales cannot be applied.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text, select

from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.codec import decode, dumps, encode
from services.kernel.events import Entry, event
from services.kernel.fields import Client, Code, Id, PersonId
from services.kernel.listening import Listener, Reactions
from services.kernel.log.consumer import Consumer, Handler
from services.kernel.log.port import Log, Message
from services.kernel.projections import Projections, Rows
from services.kernel.service import Service
from services.kernel.store.backend import Backend
from services.kernel.work import Work
from tests.shop import NOON, keep_note

TILL = MetaData()
sales = Table("till_sales", TILL, Column("event", Text, nullable=False), Column("person", Text, nullable=False))

BROKEN: set[str] = set()


@event("till.sale-made", public=True)
class SaleMade:
    client: Client
    goods: Code


@event("till.drawer-opened")
class DrawerOpened:
    goods: Code


PROJECTIONS = Projections()
REACTIONS = Reactions()


@PROJECTIONS.on(SaleMade)
def _sale_learned(entry: Entry[SaleMade], rows: Rows) -> None:
    rows.insert(sales, event=entry.id, person=entry.data.client)


@REACTIONS.on(SaleMade)
def _sale_noted(work: Work, entry: Entry[SaleMade]) -> None:
    if entry.data.client in BROKEN:
        raise ValueError("the sale of this person cannot be noted")
    keep_note(work, entry.data.client, f"bought {entry.data.goods}")


def make_tables(backend: Backend) -> None:
    with backend.engine.connect() as connection:
        TILL.create_all(connection)


def listening(shop: Service) -> Service:
    """The shop as one that learns from the till."""
    return replace(shop, projections=PROJECTIONS)


def sale(number: int, person: str = "p1") -> bytes:
    """The bytes of a sale; each person has a stream."""
    data = SaleMade(client=PersonId(person), goods=Code(f"g{number}"))
    entry = Entry(Id(f"e{number}"), "till.sale-made", 1, f"till/person/{person}", number, NOON, "ana", data)
    return encode(entry)


def drawer(number: int) -> bytes:
    """The bytes of an event that does not concern the shop."""
    data = DrawerOpened(goods=Code(f"g{number}"))
    return encode(Entry(Id(f"e{number}"), "till.drawer-opened", 1, "till/drawer/1", number, NOON, "ana", data))


def changed(body: bytes, **more: Any) -> bytes:
    """An event's bytes with some attributes set otherwise."""
    return dumps(json.loads(body) | more)


def messages(bodies: Iterable[bytes], lane: int = 0) -> list[Message]:
    """Events as they come from the till's first lane, numbered and chained."""
    made, previous, head = [], ORIGIN, chain_head("till", "1")
    for sequence, body in enumerate(bodies, 1):
        previous = chain(head, lane, sequence, previous, body)
        made.append(Message("till", lane, sequence, previous, "1", body, sequence - 1))
    return made


def consumer(log: Log, listener: Listener, handler: Handler | None = None) -> Consumer:
    """Reads the till's lane 0. Its clock jumps, so that no wait takes time."""
    clock: Callable[[], float] = count(0.0, 60.0).__next__
    return Consumer(log, [("till", 0)], listener, handler or listener, clock=clock)


def drain(reader: Consumer) -> None:
    """Read on until nothing more comes and nothing waits; fails where it never gets quiet."""
    quiet = 0
    for _ in range(2000):
        moved = reader.step(0.0)
        quiet = 0 if moved or reader.waiting else quiet + 1
        if quiet == 5:
            return
    raise AssertionError(f"never quiet; waiting: {reader.waiting}, stopped: {reader.stopped}")


def learned(shop: Service) -> list[str]:
    """The events that were learned, one line each time."""
    return sorted(row["event"] for row in shop.query(select(sales)))


def noted(shop: Service, person: str) -> list[str | None]:
    """The events that caused the notes of a person, in order."""
    return [decode(row.body).causationid for row in shop.backend.history(f"shop/person/{person}")]
