"""What the fault tests share: databases on a PostgreSQL whose commits reach the disk, one house of real parts with a
founded network for all of them, and the seed of a run."""

import gc
import os
import secrets
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.local.cluster import Cluster
from deploy.local.house import RealHouse
from deploy.local.postgres import Postgres
from tests.faults.scene import Scene, set_scene
from tests.real import obtain


@pytest.fixture
def durable_url(durable_postgres: Postgres) -> Iterator[str]:
    """The address of an empty database of this test's own, on a server that loses nothing it has answered."""
    name = f"fault_{secrets.token_hex(6)}"
    yield durable_postgres.create_database(name)
    durable_postgres.drop_database(name)


@contextmanager
def forgotten_sockets() -> Iterator[None]:
    """kafka-python leaves the socket of an attempt that met no broker to the collector: collected here, and unsaid."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "unclosed <socket", ResourceWarning)
        yield
        gc.collect()


@pytest.fixture
def broker_restarts() -> Iterator[None]:
    """For a test in which the broker goes away and comes back."""
    with forgotten_sockets():
        yield


@pytest.fixture(scope="package")
def house(real_folder: Path, pytestconfig: pytest.Config) -> Iterator[RealHouse]:
    """A house that may be broken: parts of its own, nine processes. Whoever stops something starts it again."""
    cluster = Cluster(real_folder / "faults")
    cluster.folder.mkdir()
    try:
        with forgotten_sockets():
            for part in (cluster.postgres, cluster.kafka, cluster.bao):
                if not obtain(pytestconfig, part).ours:
                    pytest.skip("a part that was given by address is not broken from here")
        with RealHouse(cluster, real_folder / "faults-house") as running:
            yield running
    finally:
        cluster.stop()


@pytest.fixture(scope="package")
def scene(house: RealHouse) -> Scene:
    """The network of that house."""
    link = house.amanah("identity", "founding-link").stdout.strip()
    return set_scene(house.url, house.mail_folder, link.rpartition("token=")[2])


@pytest.fixture
def long() -> bool:
    """Whether there is time for the long form of the faults."""
    return os.environ.get("AMANAH_LONG") == "1"


@pytest.fixture
def seed(tell: Callable[[str], None]) -> int:
    """What decides when a fault strikes. It is printed; AMANAH_SEED repeats a run."""
    chosen = int(os.environ.get("AMANAH_SEED") or secrets.randbelow(2**31))
    tell(f"AMANAH_SEED={chosen}")
    return chosen


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints a line about this test, also where pytest keeps what tests print."""

    def say(text: str) -> None:
        with capsys.disabled():
            print(f"\n{request.node.name}: {text}", flush=True)

    return say
