"""``amanah run`` as a person starts it: a process of its own in a folder, with a port, ended by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests
from click.testing import CliRunner, Result

from deploy.local.parts import free_ports
from deploy.local.processes import family, signal_all, wait_gone
from services.cli import main

PATIENCE = 120.0  # seconds; a first start makes the sample network, and the machine may be busy
ROOT = Path(__file__).parents[2]


class Amanah:
    """An embedded installation in a folder, and the command that works on it."""

    def __init__(self, folder: Path, *, sample: bool = False, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_ports(1)[0]
        self.sample = sample
        self.log = folder / "house.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def keyring(self) -> Path:
        return self.folder / "keys" / "keyring.json"

    @property
    def said(self) -> str:
        """Everything that it has printed, over all its starts."""
        return self.log.read_text(encoding="utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the person's own settings."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AMANAH_")}
        own = {
            "AMANAH_DATA": str(self.data),
            "AMANAH_KEYRING": str(self.keyring),
            "AMANAH_PORT": str(self.port),
            "AMANAH_URL": self.url,
            "AMANAH_SAMPLE": "yes" if self.sample else "no",
            "PYTHONPATH": str(ROOT),
        }
        return plain | own | more

    def command(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Any ``amanah`` command on this installation."""
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *words],
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def here(self, *words: str, **more: str) -> Result:
        """The same in this process, which is quicker; not for a command that serves. Its trace would be raised."""
        mine = self.environment(**more)
        others: dict[str, str | None] = {name: None for name in os.environ if name.startswith("AMANAH_")}
        done = CliRunner().invoke(main, words, env=others | mine)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def start(self, recipe: str = f"exec {sys.executable} -m services.cli run") -> float:
        """Start serving, in the folder, by a line for the shell; the seconds until it was ready."""
        began = time.monotonic()
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                ["sh", "-c", recipe],
                cwd=self.folder,
                stdout=output,
                stderr=output,
                env=self.environment(),
                start_new_session=True,
            )
        while time.monotonic() - began < PATIENCE:
            assert self._process.poll() is None, self.said
            try:
                if requests.get(f"{self.url}/readyz", timeout=5).status_code == 200:
                    return time.monotonic() - began
            except requests.ConnectionError:
                time.sleep(0.05)
        raise AssertionError(f"not ready in {PATIENCE} s:\n{self.said}")

    def hear(self, words: str) -> None:
        """Wait until it has printed this."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.said:
            assert time.monotonic() < deadline, f"never said {words!r}:\n{self.said}"
            time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C: a terminal signals every process of the group. The exit code; nothing may be left running."""
        assert self._process is not None
        pids = family(self._process.pid)
        os.killpg(self._process.pid, signal.SIGINT)
        code = self._process.wait(30)
        assert wait_gone(pids, 5), "a process was left behind"
        self._process = None
        return code

    def kill(self) -> None:
        """End it in any case, for the end of a test."""
        if self._process is not None:
            signal_all(family(self._process.pid), signal.SIGKILL)
            self._process.wait()
            self._process = None

    def memory(self) -> float:
        """Megabytes of resident memory, of all its processes together; 0 where the system does not tell."""
        assert self._process is not None
        total = 0
        for pid in family(self._process.pid):
            status = Path(f"/proc/{pid}/status")
            lines = status.read_text().splitlines() if status.exists() else []
            total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
        return total / 1024
