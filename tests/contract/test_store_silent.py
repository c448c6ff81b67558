"""A PostgreSQL that says nothing any more, or takes too long: nobody waits for ever."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from deploy.local.postgres import Postgres
from services.kernel.errors import Unavailable
from services.kernel.store.pool import ANSWER, STATEMENT, Pool
from services.kernel.store.tables import stores
from services.kernel.work import Who
from tests.shop import keep_note, open_shop, postgres_shop

ANA = Who("ana")


def test_a_frozen_database_is_given_up_and_the_service_heals(
    postgres_server: Postgres, postgres_url: str, tmp_path: Path
) -> None:
    """Its connections stay open and are acknowledged by the system; only it does not answer."""
    if not postgres_server.ours:
        pytest.skip("PostgreSQL was given by address, so it is not frozen from here")
    backend = postgres_shop(postgres_url)
    shop = open_shop(backend, tmp_path, lanes=4)
    asks: list[Callable[[], object]] = [
        lambda: shop.do(ANA, keep_note, "p1", "words"),
        lambda: shop.query(select(stores)),
        lambda: backend.history("shop/person/p1"),
        lambda: backend.reading().__enter__(),
        lambda: backend.lead(0).__enter__(),
        lambda: backend.erase("p9", "e1", "2026-11-24T12:00:00.000000Z"),
    ]
    asks[0]()

    def given_up(ask: Callable[[], object]) -> float:
        began = time.monotonic()
        with pytest.raises(Unavailable) as told:
            ask()
        assert told.value.retry_after
        return time.monotonic() - began

    with ThreadPoolExecutor(len(asks)) as threads:
        postgres_server.pause()
        try:
            took = list(threads.map(given_up, asks))
        finally:
            postgres_server.resume()
    assert max(took) < ANSWER + 3
    kept = shop.do(ANA, keep_note, "p1", "words")
    assert backend.history("shop/person/p1")[-1].body.count(kept.encode()) == 1
    backend.dispose()


def test_a_statement_that_takes_too_long_is_ended_by_the_server_and_the_connection_goes_on(postgres_url: str) -> None:
    pool = Pool(postgres_url, size=1)
    with pool.driver() as (_, raw):
        assert raw.execute("show statement_timeout").fetchone() == (f"{STATEMENT}s",)
        before = raw.info.backend_pid

    def sleep() -> None:
        with pool.driver() as (_, raw):
            raw.execute("begin")
            raw.execute("set local statement_timeout = 20")
            raw.execute("select pg_sleep(5)")

    with pytest.raises(Unavailable, match="too long"):
        sleep()
    with pool.driver() as (_, raw):
        assert raw.info.backend_pid == before
    pool.dispose()
