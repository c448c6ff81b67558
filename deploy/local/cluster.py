"""All real parts of one installation in one folder, made ready for the four services.

`settings(service, process)` answers what a process must be told: exactly the environment variables that choose and
address the real side of each port. Parts start side by side, because each waits mostly for itself. Secrets lie in
`secrets/`, mode 0600; `parts.json` names addresses and versions, no secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local import bao, kafka, postgres
from deploy.local.bao import Bao
from deploy.local.bao_bootstrap import Credentials, bootstrap, process_name
from deploy.local.bao_policies import PROCESSES, SERVICES
from deploy.local.kafka import Kafka
from deploy.local.parts import NAMES, Name, write_private
from deploy.local.postgres import Postgres
from deploy.local.server import Server

LANES = 4


class Cluster:
    """A context manager: parts run and are made ready inside, and are stopped on the way out, data kept.

    Single parts may be had without entering: each starts, and is made ready, when it is first asked for.
    """

    def __init__(self, folder: Path, parts: Sequence[Name] = NAMES, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.parts = tuple(parts)
        self.durable = durable
        self.credentials: dict[str, Credentials] = {}
        self._running: dict[Name, Server] = {}

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start the parts that do not run yet, side by side, with their databases and keys. Again is harmless."""
        starts: dict[Name, Callable[[], Server]] = {"postgres": self.postgres, "kafka": self.kafka, "bao": self.bao}
        with ThreadPoolExecutor(len(NAMES)) as threads:
            for one in [threads.submit(starts[name]) for name in self.parts]:
                one.result()
        write_private(self.folder / "parts.json", json.dumps(self.describe(), indent=1) + "\n")

    def stop(self) -> None:
        """Stop what was started, side by side. What is given by address stays as it is."""
        with ThreadPoolExecutor(len(NAMES)) as threads:
            for one in [threads.submit(server.stop) for server in self._running.values()]:
                one.result()
        self._running.clear()

    def postgres(self) -> Postgres:
        """The PostgreSQL server with the four databases and their roles."""
        if "postgres" not in self._running:
            started = postgres.start(self.folder / "postgres", durable=self.durable, secure=True)
            self._running["postgres"] = started
            for service in SERVICES:
                started.create_service(service)
        server = self._running["postgres"]
        assert isinstance(server, Postgres)
        return server

    def kafka(self) -> Kafka:
        """The Kafka broker. Its topics are made by the services' own job."""
        if "kafka" not in self._running:
            self._running["kafka"] = kafka.start(self.folder / "kafka")
        server = self._running["kafka"]
        assert isinstance(server, Kafka)
        return server

    def bao(self) -> Bao:
        """The OpenBao server with all keys and roles."""
        if "bao" not in self._running:
            started = bao.start(self.folder / "bao", persistent=self.durable)
            self._running["bao"] = started
            self.credentials = self._make_keys(started)
        server = self._running["bao"]
        assert isinstance(server, Bao)
        return server

    def settings(self, service: str, process: str, *, files: bool = False) -> dict[str, str]:
        """The environment of one process (`web` or `worker`) of a service.

        With `files` the secret comes as the name of its file (`AMANAH_VAULT_SECRET_ID_FILE`), as in production.
        """
        told: dict[str, str] = {}
        if "postgres" in self._running:
            server, word = self.postgres(), f"AMANAH_{service.upper()}"
            told["AMANAH_DATABASE"] = "postgresql"
            told[f"{word}_DATABASE_URL"] = server.url(f"amanah_{service}", f"{service}_app")
            for role in ("owner", "eraser"):
                told[f"{word}_{role.upper()}_DATABASE_URL"] = server.url(f"amanah_{service}", f"{service}_{role}")
        if "kafka" in self._running:
            told |= {"AMANAH_LOG": "kafka", "AMANAH_KAFKA_BOOTSTRAP": self.kafka().address, "AMANAH_LANES": str(LANES)}
        if "bao" in self._running:
            name = process_name(service, process)
            known = self.credentials[name]
            told |= {"AMANAH_KEYS": "vault", "AMANAH_VAULT_ADDR": self.bao().address}
            told["AMANAH_VAULT_ROLE_ID"] = known.role_id
            secret = {"AMANAH_VAULT_SECRET_ID": known.secret_id}
            told |= {"AMANAH_VAULT_SECRET_ID_FILE": str(self._secret_file(name))} if files else secret
        return told

    def describe(self) -> dict[str, dict[str, str]]:
        """Name, version, address and origin of each part that runs."""
        return {name: asdict(server.part) for name, server in sorted(self._running.items())}

    def _make_keys(self, server: Bao) -> dict[str, Credentials]:
        names = [process_name(service, process) for service in SERVICES for process in PROCESSES]
        known = {}
        for name in names:
            if self._secret_file(name).exists():
                role_id = self._secret_file(name).with_suffix(".role-id").read_text()
                known[name] = Credentials(role_id, self._secret_file(name).read_text())
        operator = server.operator()
        with closing(operator.adapter):
            made = bootstrap(operator, known)
        for name, credentials in made.items():
            write_private(self._secret_file(name).with_suffix(".role-id"), credentials.role_id)
            write_private(self._secret_file(name), credentials.secret_id)
        return made

    def _secret_file(self, name: str) -> Path:
        return self.folder / "secrets" / f"{name}.secret-id"
