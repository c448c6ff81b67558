"""Apache Kafka in one folder: one node that is broker and controller (KRaft), no ZooKeeper, no shell scripts.

Its jars come by Maven once and are kept in a cache. `acks=all` on one node means "in the page cache": what was
acknowledged survives SIGKILL, not a power cut. The two session lines of the settings let a killed broker come back in
seconds: without them the controller holds the dead one's place for nine.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from deploy.local.parts import HOST, Missing, Name, Program, free_ports, from_environment, program_on_path
from deploy.local.server import NotYet, Server, StartFailed
from services.kernel.log.kafka import connect

VERSION = "4.3.1"  # as in pom.xml
OLDEST_JAVA = 17
HERE = Path(__file__).resolve().parent
CURE = "Install Java 17 or newer and Maven, or set AMANAH_KAFKA_BOOTSTRAP to host:port of a broker"
SETTINGS = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{host}:{broker},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
log.retention.bytes=-1
log.cleaner.dedupe.buffer.size=2097152
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


def find() -> Program:
    """The folder of Kafka's jars: from the cache, or fetched into it by Maven."""
    java()
    kept = Path(from_environment("AMANAH_CACHE") or Path.home() / ".cache/amanah") / f"kafka-{VERSION}" / "libs"
    if not kept.exists():
        fetch(kept)
    return Program("kafka", "program", kept)


def java() -> Path:
    """The Java of JAVA_HOME or PATH; `Missing` where there is none, or too old a one."""
    home = from_environment("JAVA_HOME")
    program = Path(home) / "bin/java" if home else program_on_path("java")
    if program is None or not program.exists():
        raise Missing("kafka", "no Java was found", CURE)
    said = subprocess.run([program, "-version"], check=False, capture_output=True, text=True).stderr
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < OLDEST_JAVA:
        raise Missing("kafka", f"{program} is older than Java {OLDEST_JAVA}", CURE)
    return program


def fetch(libraries: Path) -> None:
    """Let Maven copy the jars beside their place, then rename: a cache is whole or not there."""
    maven = program_on_path("mvn")
    if maven is None:
        raise Missing("kafka", f"its jars are not in {libraries}, and there is no Maven to fetch them", CURE)
    libraries.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=libraries.parent) as beside:
        shutil.copy(HERE / "pom.xml", beside)
        copied = Path(beside) / "libs"
        command = [str(maven), "-B", "-ntp", "-q", "-f", f"{beside}/pom.xml", "dependency:copy-dependencies"]
        command += [f"-DoutputDirectory={copied}", "-DincludeScope=runtime"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode or not any(copied.glob("kafka_*.jar")):
            reason = (done.stdout + done.stderr).strip().splitlines() or ["Maven said nothing"]
            raise Missing("kafka", f"Maven could not fetch the jars ({reason[0]})", CURE)
        if not libraries.exists():  # another process may have been faster
            copied.rename(libraries)


def start(folder: Path, *, ports: tuple[int, int] | None = None) -> Kafka:
    """Start a broker in `folder` (made if absent, kept afterwards), or greet the one the environment names."""
    given = from_environment("AMANAH_KAFKA_BOOTSTRAP")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    server = Kafka(folder, given=given, ports=ports)
    return server.start()


class Kafka(Server):
    """One broker. `address` is its bootstrap address, host:port."""

    name: ClassVar[Name] = "kafka"

    def __init__(self, folder: Path, *, given: str | None, ports: tuple[int, int] | None) -> None:
        self._settings = folder / "broker.properties"
        if given is not None:
            super().__init__(folder, "address in the environment", given)
            return
        program = find()
        self._libraries = program.path
        self.port, self._controller = ports or self._kept_ports() or free_ports(2)
        super().__init__(folder, program.found, f"{HOST}:{self.port}")

    def prepare(self) -> None:
        data = self.folder / "data"
        text = SETTINGS.format(host=HOST, broker=self.port, controller=self._controller, data=data)
        self._settings.write_text(text, encoding="utf-8")
        if self._identity.exists():
            return
        shutil.rmtree(data, ignore_errors=True)
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_", 1)
        format_it = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(self._settings)]
        done = subprocess.run([*self._java("128m"), *format_it], check=False, capture_output=True, text=True)
        if done.returncode:
            raise StartFailed(f"Kafka could not format {data}: {(done.stdout + done.stderr).strip()}")

    def answer(self) -> str:
        host, _, port = self.address.partition(",")[0].rpartition(":")
        try:  # a closed port answers at once; the client would try it for its whole deadline, with a warning each time
            socket.create_connection((host, int(port)), timeout=2).close()
        except OSError as error:
            raise NotYet(str(error)) from error
        with _client(self.address) as admin:
            cluster = admin.describe_cluster()
            level = admin.describe_features().get("metadata.version", {}).get("finalized", ("unknown",))[-1]
        if self.ours and f"cluster.id={cluster['cluster_id']}" not in self._identity.read_text().splitlines():
            raise NotYet(f"another Kafka answers at {self.address}")
        if all(broker["is_fenced"] for broker in cluster["brokers"]):
            raise NotYet("no broker of it serves yet")
        return self._said_version() or f"4.x, metadata.version {level}"

    @property
    def _identity(self) -> Path:
        """Written last by the format: the data folder is whole."""
        return self.folder / "data/meta.properties"

    def _said_version(self) -> str | None:
        """The release as the running broker named it in its log; a broker tells its clients only feature levels."""
        if not self.ours:
            return None
        said = re.findall(r"Kafka version: (\S+)", self.log.read_text(encoding="utf-8", errors="replace"))
        return said[-1] if said else None

    def _command(self) -> tuple[list[str], dict[str, Any]]:
        return [*self._java("256m"), "kafka.Kafka", str(self._settings)], {"cwd": self.folder}

    def _java(self, memory: str) -> list[str]:
        logging_file = f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"
        return [str(java()), f"-Xmx{memory}", logging_file, "-cp", f"{self._libraries}{os.sep}*"]

    def _kept_ports(self) -> list[int] | None:
        """The ports of before, so that addresses noted elsewhere stay true."""
        if not self._settings.exists():
            return None
        known = re.search(r"^listeners=PLAINTEXT://.*:(\d+),CONTROLLER://.*:(\d+)$", self._settings.read_text(), re.M)
        return [int(known[1]), int(known[2])] if known else None


@contextmanager
def _client(address: str) -> Iterator[Any]:
    """A short-lived admin client that keeps quiet while the broker comes up; its failures are `NotYet`."""
    loud = logging.getLogger("kafka")
    level, client = loud.level, None
    loud.setLevel(logging.CRITICAL)
    try:
        _ensure_listening(address)
        settings = {"bootstrap_servers": address, "bootstrap_timeout_ms": 2000, "request_timeout_ms": 5000}
        client = connect(KafkaAdminClient, **settings)
        yield client
    except (KafkaError, OSError) as error:
        raise NotYet(f"{type(error).__name__}: {error}") from error
    finally:
        if client is not None:
            client.close()
        loud.setLevel(level)


def _ensure_listening(address: str) -> None:
    """Raises ``OSError`` while nothing listens: a client that cannot connect leaves its socket to the collector."""
    host, _, port = address.partition(",")[0].rpartition(":")
    socket.create_connection((host, int(port)), timeout=1).close()
