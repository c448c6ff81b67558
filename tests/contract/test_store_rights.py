"""PostgreSQL alone: what each role of a service may do, and what happens when there are no connections left."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from deploy.local.postgres import Postgres
from services.kernel.errors import Unavailable
from services.kernel.service import Service
from services.kernel.store.pool import Pool, postgres_engine
from services.kernel.store.postgres import PostgresBackend
from services.kernel.store.schema import create_kernel, grant_rights
from services.kernel.store.tables import data_keys
from services.kernel.work import Who
from tests.shop import INCARNATION, NOON, TABLES, keep_note, open_shop

ANA = Who("ana")


@pytest.fixture
def database(postgres_server: Postgres) -> Iterator[str]:
    name = postgres_server.create_service("shop")
    engine = postgres_engine(postgres_server.url(name, "shop_owner"))
    with engine.connect() as connection:
        create_kernel(connection, "shop", INCARNATION, 1)
        TABLES.create_all(connection)
        grant_rights(connection, "shop")
    engine.dispose()
    yield name
    postgres_server.drop_database(name)


@pytest.fixture
def shop(postgres_server: Postgres, database: str, tmp_path: Path) -> Iterator[Service]:
    """The shop as an installation runs it: it writes as the app, and only the eraser erases."""
    app, eraser = (postgres_server.url(database, f"shop_{role}") for role in ("app", "eraser"))
    backend = PostgresBackend(app, "shop", INCARNATION, eraser_url=eraser)
    yield open_shop(backend, tmp_path)
    backend.dispose()


def test_the_app_writes_and_only_the_eraser_erases(shop: Service) -> None:
    shop.do(ANA, keep_note, "p1", "words")
    assert shop.backend.erase("p1", "e1", NOON) == 1
    assert shop.query(select(data_keys)) == []


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("app", "delete from data_keys"),
        ("app", "delete from sealed_values"),
        ("app", "delete from fences"),
        ("app", "update events set type = 'x'"),
        ("app", "update stores set incarnation = 'x'"),
        ("eraser", "select body from events"),
        ("eraser", "insert into events (lane) values (0)"),
        ("eraser", "update data_keys set wrapped = 'x'"),
        ("reader", "insert into names values ('a', 'b', 'c')"),
        ("reader", "delete from data_keys"),
    ],
)
def test_what_a_role_is_not_for_it_may_not_do(
    shop: Service, postgres_server: Postgres, database: str, role: str, statement: str
) -> None:
    shop.do(ANA, keep_note, "p1", "words")
    url = postgres_server.url(database, f"shop_{role}", driver="postgresql")
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_who_finds_no_free_connection_is_told_to_try_again(postgres_url: str) -> None:
    pool = Pool(postgres_url, size=1, wait=0.05)
    with ExitStack() as taken:
        for _ in range(9):  # one that is kept, and eight more at the most
            taken.enter_context(pool.connection())
        with pytest.raises(Unavailable, match="Too many requests") as told:
            taken.enter_context(pool.connection())
        assert told.value.retry_after
    with pool.connection() as (_, raw):
        assert raw.execute("select 1").fetchone() == (1,)
    pool.dispose()


def test_a_block_that_fails_in_the_middle_leaves_its_connection_clean(postgres_url: str) -> None:
    pool = Pool(postgres_url, size=1)

    def fail() -> None:
        with pool.connection() as (_, raw):
            raw.execute("begin")
            raw.execute("create table left_behind (n int)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with pool.connection() as (_, again):
        assert again.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert again.execute("select to_regclass('left_behind')").fetchone() == (None,)
    pool.dispose()
