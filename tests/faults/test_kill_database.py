"""The database, or a process that writes to it, is killed: nothing answered is lost, nothing is there twice or by half,
and the service heals by itself."""

import gc
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from deploy.local.postgres import Postgres
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.kernel.service import Service
from services.kernel.store.sqlite import SqliteBackend
from tests.faults.orders import ANA, WRITERS, Book, count_orders, faults_of, order, send_orders
from tests.shop import INCARNATION, open_shop, postgres_shop, sqlite_shop

LANES = 4


@pytest.fixture
def shop(durable_url: str, tmp_path: Path) -> Iterator[Service]:
    backend = postgres_shop(durable_url, LANES)
    yield open_shop(backend, tmp_path, LANES)
    backend.dispose()
    gc.collect()  # a connection that was let go without being closed is told now, and fails the test


def test_a_killed_database_loses_nothing_that_was_answered(
    shop: Service, durable_postgres: Postgres, seed: int, long: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, book, stop = random.Random(seed), Book(), threading.Event()
    threads = [threading.Thread(target=send_orders, args=(shop, writer, book, stop, seed)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(6 if long else 2):
            _wait_for_more(book.acknowledged, book.faults)
            time.sleep(chance.uniform(0.0, 0.5))
            durable_postgres.kill()
            durable_postgres.start()
        _wait_for_more(book.acknowledged, book.faults)
    finally:
        if not durable_postgres.alive():
            durable_postgres.start()
        stop.set()
        for thread in threads:
            thread.join(90)
    with capsys.disabled():
        print(
            f"{len(book.acknowledged)} orders answered, {book.sent_again} times sent again, "
            f"{book.found_done} found done; {count_orders(shop)} stored"
        )
    assert book.faults == []
    assert book.sent_again > 0
    assert faults_of(shop, book.acknowledged, LANES) == []
    assert count_orders(shop) == len(book.acknowledged) == len(set(book.acknowledged))


def test_a_database_that_is_away_is_told_with_a_time_to_try_again_and_comes_back(
    shop: Service, durable_postgres: Postgres
) -> None:
    shop.do(ANA, order, new_id(), 0)
    durable_postgres.kill()
    try:
        for ask in (
            lambda: shop.do(ANA, order, new_id(), 0),
            lambda: count_orders(shop),
            lambda: shop.backend.after(0, 0, 1),
            lambda: shop.backend.history("shop/order/x"),
            lambda: shop.backend.erase("p9", "e1", "2026-11-24T12:00:00.000000Z"),
            lambda: shop.backend.lead(0).__enter__(),
        ):
            with pytest.raises(Unavailable) as told:
                ask()
            assert told.value.retry_after
    finally:
        durable_postgres.start()
    assert count_orders(shop) == 1
    shop.do(ANA, order, new_id(), 0)
    assert count_orders(shop) == 2


def test_a_lost_connection_ends_the_leadership_of_a_lane(shop: Service, durable_postgres: Postgres) -> None:
    with shop.backend.lead(0) as leader:
        assert leader is not None
        assert leader.still()
        durable_postgres.kill()
        durable_postgres.start()
        assert not leader.still()
        with shop.backend.lead(0) as other:
            assert other is not None
            assert other.still()


def _write_until_killed(folder: str, writer: int, seed: int) -> None:
    """Writes down each order behind its answer; a line is one write call, so it is there whole or not at all."""
    shop = open_shop(SqliteBackend(Path(folder) / "shop.sqlite3", "shop", INCARNATION), Path(folder), LANES)
    answered = os.open(Path(folder) / "answered", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    while True:
        key = new_id()
        shop.do(ANA, order, key, writer)
        os.write(answered, f"{key}\n".encode())


def test_killed_writers_of_a_file_leave_no_hole_no_half_and_no_lock(
    tmp_path: Path, seed: int, long: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    backend = sqlite_shop(tmp_path, LANES)
    shop = open_shop(backend, tmp_path, LANES)
    shop.do(ANA, order, new_id(), 0)  # and the keyring is made
    chance, context, killed = random.Random(seed), multiprocessing.get_context("spawn"), 0
    answered: list[str] = []
    for _ in range(8 if long else 2):
        writers = [context.Process(target=_write_until_killed, args=(str(tmp_path), n, seed)) for n in range(3)]
        goal = len(answered) + 10
        for writer in writers:
            writer.start()
        _wait_for(partial(_has_lines, tmp_path, goal))
        time.sleep(chance.uniform(0.0, 0.3))
        for writer in chance.sample(writers, len(writers)):
            assert writer.pid is not None
            os.kill(writer.pid, signal.SIGKILL)
            writer.join()
            killed += 1
        began = time.monotonic()
        shop.do(ANA, order, new_id(), 0)
        waited = time.monotonic() - began
        answered = _lines(tmp_path)
        assert faults_of(shop, answered, LANES) == []
        assert waited < 5
    mine = 1 + killed // 3
    with capsys.disabled():
        print(f"{len(answered)} orders answered to {killed} killed writers; {count_orders(shop)} stored, {mine} ours")
    assert len(answered) + mine <= count_orders(shop) <= len(answered) + mine + killed
    backend.dispose()


def _lines(folder: Path) -> list[str]:
    path = folder / "answered"
    return path.read_text().splitlines() if path.exists() else []


def _has_lines(folder: Path, goal: int) -> bool:
    return len(_lines(folder)) > goal


def _wait_for_more(answered: list[str], faults: list[str]) -> None:
    goal = len(answered) + 20
    _wait_for(lambda: len(answered) > goal or faults)


def _wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline, "it did not happen within a minute"
        time.sleep(0.01)
