"""What the fault tests share: databases on a PostgreSQL whose commits reach the disk, and the seed of a run."""

import os
import secrets
from collections.abc import Iterator

import pytest

from deploy.local.postgres import Postgres


@pytest.fixture
def durable_url(durable_postgres: Postgres) -> Iterator[str]:
    """The address of an empty database of this test's own, on a server that loses nothing it has answered."""
    name = f"fault_{secrets.token_hex(6)}"
    yield durable_postgres.create_database(name)
    durable_postgres.drop_database(name)


@pytest.fixture
def long() -> bool:
    """Whether there is time for the long form of the faults."""
    return os.environ.get("AMANAH_LONG") == "1"


@pytest.fixture
def seed(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> int:
    """What decides when a fault strikes. It is printed; AMANAH_SEED repeats a run."""
    chosen = int(os.environ.get("AMANAH_SEED") or secrets.randbelow(2**31))
    with capsys.disabled():
        print(f"\n{request.node.name}: AMANAH_SEED={chosen}")
    return chosen
