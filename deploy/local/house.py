"""The whole house on real parts, as separate processes: a web and a worker process for each service, and a gateway.

Every process is the same ``amanah`` command that a container runs, told its part by its environment. Tests kill and
restart single processes by name (``identity-web``, ``audit-worker``, ``gateway``).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import requests

from deploy.local.bao_policies import PROCESSES, SERVICES
from deploy.local.cluster import Cluster
from deploy.local.parts import free_ports, last_lines
from deploy.local.processes import family, signal_all, wait_gone
from deploy.local.server import StartFailed

READY_SECONDS = 90.0


@dataclass
class Process:
    """One process of the house. ``port`` is 0 where it answers no requests; ``alive``: where it says that it lives."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    port: int = 0
    alive: str = "/livez"
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and return at once; see ``ready``."""
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(
                self.command, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )

    def ready(self, deadline: float) -> None:
        """Wait until it answers. Raises ``StartFailed`` with the last lines of its log."""
        while self.port:
            if self._running is None or self._running.poll() is not None or time.monotonic() > deadline:
                raise StartFailed(f"{self.name} did not come up:\n{chr(10).join(last_lines(self.log))}")
            try:
                if requests.get(f"http://127.0.0.1:{self.port}{self.alive}", timeout=2).status_code == 200:
                    return
            except requests.RequestException:
                time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL, with all its children."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait."""
        self._signal(signal.SIGTERM)

    @property
    def pid(self) -> int:
        return self._running.pid if self._running else 0

    @property
    def ended(self) -> bool:
        """Whether it was started, and has ended by itself."""
        return self._running is not None and self._running.poll() is not None

    def _signal(self, number: signal.Signals) -> None:
        if self._running is None:
            return
        pids = family(self._running.pid)
        signal_all(pids if number == signal.SIGKILL else pids[:1], number)
        try:
            self._running.wait(15)
        except subprocess.TimeoutExpired:
            signal_all(pids, signal.SIGKILL)
            self._running.wait()
        wait_gone(pids, 5)
        self._running = None


@dataclass
class RealHouse:
    """A context manager: the house runs inside. ``url`` is its one address, ``mail_folder`` where its mails arrive."""

    cluster: Cluster
    folder: Path
    port: int = 0
    more: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    def __enter__(self) -> RealHouse:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_ports(1)[0]  # known first: it stands in every mail
        try:
            self._prepare()
            self._plan()
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def mail_folder(self) -> Path:
        return self.folder / "mail"

    def environment(self, service: str, process: str) -> dict[str, str]:
        """What a process of the house is told."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AMANAH_")}
        own = {
            "AMANAH_DATA": str(self.folder / "data"),
            "AMANAH_KEYRING": str(self.folder / "keys" / "keyring.json"),
            "AMANAH_MAIL_FOLDER": str(self.mail_folder),
            "AMANAH_URL": self.url,
            "AMANAH_PROCESSES": "1",
            "AMANAH_GATEWAYS": "1",
        }
        return inherited | own | self.cluster.settings(service, process) | self.more

    def start(self) -> None:
        """Start what does not run, and wait until all of it answers."""
        for process in self.processes.values():
            if process.ended or not process.pid:
                process.start()
        deadline = time.monotonic() + READY_SECONDS
        for process in self.processes.values():
            process.ready(deadline)

    def stop(self) -> None:
        """Stop every process; data stay."""
        with ThreadPoolExecutor(max(1, len(self.processes))) as threads:
            list(threads.map(lambda process: process.stop(), self.processes.values()))

    def amanah(self, service: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the ``amanah`` command as the worker of a service would."""
        return self._run(self.environment(service, "worker"), *words)

    @staticmethod
    def _run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "services.cli", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def _prepare(self) -> None:
        """Databases and topics, by two commands at one time."""
        every = {name: value for service in SERVICES for name, value in self.environment(service, "worker").items()}
        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(self._must, every, *words) for words in (("migrate",), ("topics",))]:
                done.result()

    def _must(self, environment: dict[str, str], *words: str) -> None:
        done = self._run(environment, *words)
        if done.returncode:
            raise StartFailed(f"amanah {' '.join(words)} failed:\n{done.stderr[-2000:]}")

    def _plan(self) -> None:
        ports = free_ports(len(SERVICES))
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)
        for service, port in zip(SERVICES, ports, strict=True):
            for process in PROCESSES:
                name = f"{service}-{process}"
                word = "web" if process == "web" else "work"
                environment = self.environment(service, process) | {"AMANAH_PORT": str(port)}
                command = [sys.executable, "-m", "services.cli", word, service]
                answers = port if process == "web" else 0
                log, alive = logs / f"{name}.log", f"/{service}/livez"
                self.processes[name] = Process(name, command, environment, log, answers, alive)
        routes = [f"{service}={port}" for service, port in zip(SERVICES, ports, strict=True)]
        command = [sys.executable, "-m", "deploy.local.gateway", str(self.port), *routes]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AMANAH_")}
        self.processes["gateway"] = Process("gateway", command, environment, logs / "gateway.log", self.port)
