"""The real parts for tests: started when first asked for, once a session, in a folder that goes away with it.

A part that cannot be had here skips its tests and says why; if AMANAH_REQUIRE names it (a comma-separated list of
postgres, kafka, bao, browser), they fail instead. The last lines of the report say which real parts ran, in which
version (asked from the server), and which did not run and why.
"""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NoReturn, TypeVar

import hvac
import pytest

from deploy.local import postgres
from deploy.local.bao import Bao
from deploy.local.cluster import Cluster
from deploy.local.kafka import Kafka
from deploy.local.parts import NAMES, Missing
from deploy.local.postgres import Postgres
from deploy.local.server import Server

KNOWN = (*NAMES, "browser")
SignIn = Callable[[str], hvac.Client]
AnyServer = TypeVar("AnyServer", bound=Server)


class Report:
    """Which real parts ran in this session, and which could not be had."""

    def __init__(self) -> None:
        self._lines: dict[str, str] = {}

    def ran(self, name: str, version: str, found: str, seconds: float | None = None) -> None:
        """Note a part that ran: the version that it answered itself, how it was found, its first start."""
        if name in self._lines:
            return
        took = f", ready in {seconds:.1f} s" if seconds is not None else ""
        self._lines[name] = f"ran: {name} {version} ({found}{took})"

    def missed(self, name: str, reason: str) -> None:
        """Note a part that could not be had."""
        self._lines[name] = f"did not run: {reason}"

    def lines(self) -> list[str]:
        """One line a part, in a fixed order."""
        return [self._lines.get(name, f"not asked for: {name}") for name in KNOWN]


REPORT = pytest.StashKey[Report]()


def required() -> frozenset[str]:
    """The parts that must be had, from AMANAH_REQUIRE."""
    words = frozenset(filter(None, map(str.strip, os.environ.get("AMANAH_REQUIRE", "").split(","))))
    if unknown := words - set(KNOWN):
        raise pytest.UsageError(f"AMANAH_REQUIRE names {', '.join(sorted(unknown))}; known are {', '.join(KNOWN)}")
    return words


def unavailable(config: pytest.Config, name: str, reason: str) -> NoReturn:
    """End the test because a part could not be had: a visible skip, or a failure where it is required."""
    config.stash[REPORT].missed(name, reason)
    if name in required():
        pytest.fail(f"AMANAH_REQUIRE names {name}, but {reason}", pytrace=False)
    pytest.skip(reason)


def obtain(config: pytest.Config, start: Callable[[], AnyServer]) -> AnyServer:
    """Start a part, or only greet one that runs, and note it in the report."""
    lacking: Missing | None = None
    try:
        server = start()
    except Missing as missing:
        lacking = missing
    if lacking is not None:
        unavailable(config, lacking.name, str(lacking))
    config.stash[REPORT].ran(server.name, server.part.version, server.part.found, server.started_in)
    return server


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REPORT] = Report()
    required()
    # who gives up on a run sends SIGTERM: end as after Ctrl-C, so that no server stays behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> Generator[None, object, object]:
    others = yield
    terminalreporter.section("real parts")
    for line in config.stash[REPORT].lines():
        terminalreporter.line(line)
    return others


@pytest.fixture(scope="session")
def real_folder() -> Iterator[Path]:
    """Where the parts of this session live. Others may pass through it: root's PostgreSQL runs as another user."""
    with tempfile.TemporaryDirectory(prefix="amanah-test-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name).resolve()


@pytest.fixture(scope="session")
def postgres_server(real_folder: Path, pytestconfig: pytest.Config) -> Iterator[Postgres]:
    """A fast PostgreSQL for tests that only need one: any role is believed, nothing waits for the disk."""
    server = obtain(pytestconfig, lambda: postgres.start(real_folder / "fast-postgres", durable=False))
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """The SQLAlchemy address of an empty database of this test's own."""
    name = f"test_{secrets.token_hex(6)}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture(scope="session")
def session_cluster(real_folder: Path) -> Iterator[Cluster]:
    """The session's cluster, nothing of it started yet. Tests ask for `cluster` or for a single server."""
    cluster = Cluster(real_folder / "cluster")
    cluster.folder.mkdir(exist_ok=True)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def durable_postgres(session_cluster: Cluster, pytestconfig: pytest.Config) -> Postgres:
    """The session's PostgreSQL as an installation has it: commits reach the disk, each service has its roles."""
    return obtain(pytestconfig, session_cluster.postgres)


@pytest.fixture(scope="session")
def kafka_server(session_cluster: Cluster, pytestconfig: pytest.Config) -> Kafka:
    """The session's Kafka broker. A test that stops or kills it starts it again."""
    return obtain(pytestconfig, session_cluster.kafka)


@pytest.fixture(scope="session")
def bao_server(session_cluster: Cluster, pytestconfig: pytest.Config) -> Bao:
    """The session's OpenBao, on disk, with all keys and roles. A test that seals, stops or kills it starts it again."""
    return obtain(pytestconfig, session_cluster.bao)


@pytest.fixture
def sign_in(bao_server: Bao, session_cluster: Cluster) -> Iterator[SignIn]:
    """Signs a process in as it does itself, with its own role; `operator` is the one who set up the house."""
    with ExitStack() as opened:

        def client(process: str) -> hvac.Client:
            one = bao_server.operator() if process == "operator" else bao_server.client()
            opened.enter_context(closing(one.adapter))
            if process != "operator":
                known = session_cluster.credentials[process]
                one.auth.approle.login(known.role_id, known.secret_id)
            return one

        yield client


@pytest.fixture(scope="session")
def cluster(session_cluster: Cluster, pytestconfig: pytest.Config) -> Cluster:
    """All three parts as an installation has them, and the settings of each process."""
    for start in (session_cluster.postgres, session_cluster.kafka, session_cluster.bao):
        obtain(pytestconfig, start)
    session_cluster.start()
    return session_cluster
