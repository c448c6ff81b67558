"""Erasing while others write about the same person, on every database: what is left is nothing, and nobody hangs."""

import threading
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from services.kernel.errors import Erased
from services.kernel.fields import PersonId, seal
from services.kernel.service import Service
from services.kernel.store.backend import Backend
from services.kernel.store.tables import data_keys, fences, sealed_values
from services.kernel.work import Who, Work
from tests.shop import NOON, NoteKept

ANA = Who("ana")
WRITERS = 8


def keep_one_more(work: Work, person: str, writer: int) -> str:
    """A note on a stream of the writer's own, so that only the key is shared."""
    stream = f"shop/person/{person}/{writer}"
    number = len(work.entries(stream)) + 1
    work.append(stream, NoteKept(client=PersonId(person), number=number, text=seal(f"note {number}")))
    return work.drafts[-1].id


@dataclass(slots=True)
class Writers:
    """Eight threads that write about one person until they are told that the person was erased."""

    shop: Service
    person: str
    kept: list[str] = field(default_factory=list)
    told: list[Exception] = field(default_factory=list)
    some: threading.Event = field(default_factory=threading.Event)
    together: threading.Barrier = field(default_factory=lambda: threading.Barrier(WRITERS + 1))
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self.threads += [threading.Thread(target=self._write, args=(n,), daemon=True) for n in range(WRITERS)]
        for thread in self.threads:
            thread.start()
        self.together.wait(10)

    def join(self) -> None:
        for thread in self.threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self.threads), "a writer hangs"

    def _write(self, writer: int) -> None:
        self.together.wait(10)
        for _ in range(5000):
            try:
                self.kept.append(self.shop.do(ANA, keep_one_more, self.person, writer))
            except Exception as error:
                self.told.append(error)
                return
            if len(self.kept) > 30:
                self.some.set()


def held(shop: Service, person: str) -> tuple[int, int]:
    """How many keys a person has, and how many values are sealed under them."""
    mine = select(data_keys.c.key_id).where(data_keys.c.keyholder == person)
    values = select(func.count().label("n")).select_from(sealed_values).where(sealed_values.c.key_id.in_(mine))
    return len(shop.query(mine)), shop.query(values)[0]["n"]


def values_of(shop: Service, events: list[str]) -> int:
    counted = select(func.count().label("n")).select_from(sealed_values).where(sealed_values.c.event_id.in_(events))
    return int(shop.query(counted)[0]["n"])


def assert_nothing_is_left(shop: Service, writers: Writers, gone: int) -> None:
    assert [type(error) for error in writers.told] == [Erased] * WRITERS
    assert held(shop, writers.person) == (0, 0)
    assert values_of(shop, writers.kept) == 0
    with pytest.raises(Erased):
        shop.do(ANA, keep_one_more, writers.person, 99)
    fence = shop.query(select(fences.c.sealed_values).where(fences.c.keyholder == writers.person))
    assert fence[0]["sealed_values"] == gone == len(writers.kept)  # the receipt counts every value that went


def test_an_erasure_among_writers_leaves_nothing_and_counts_what_went(shop: Service, backend: Backend) -> None:
    other = shop.do(ANA, keep_one_more, "p2", 0)
    writers = Writers(shop, "p1")
    writers.start()
    assert writers.some.wait(30)
    gone = backend.erase("p1", "e1", NOON)
    writers.join()
    assert_nothing_is_left(shop, writers, gone)
    assert held(shop, "p2") == (1, 1)
    assert values_of(shop, [other]) == 1


def test_an_erasure_at_the_moment_of_the_first_word_leaves_no_key(shop: Service, backend: Backend) -> None:
    for n in range(8):
        writers = Writers(shop, f"p{n}")
        writers.start()
        gone = backend.erase(f"p{n}", "e1", NOON)
        writers.join()
        assert_nothing_is_left(shop, writers, gone)


def test_two_erasures_of_one_person_at_once_give_one_receipt(shop: Service, backend: Backend) -> None:
    writers = Writers(shop, "p1")
    writers.start()
    assert writers.some.wait(30)
    gone: list[int] = []
    erasers = [threading.Thread(target=lambda: gone.append(backend.erase("p1", "e1", NOON))) for _ in range(3)]
    for eraser in erasers:
        eraser.start()
    for eraser in erasers:
        eraser.join(30)
    writers.join()
    assert gone == [gone[0]] * 3
    assert_nothing_is_left(shop, writers, gone[0])
