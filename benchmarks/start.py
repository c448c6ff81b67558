"""Starting again: from the command to the first ready answer, and the memory of everything it started.

The folder holds the sample network from a first start, which is not counted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

from benchmarks.ground import Report, Skipped, folder, machine
from deploy.local.parts import HOST, free_ports, last_lines
from deploy.local.processes import family

FIRST_START = 240.0  # seconds; it makes the sample network
AGAIN = 30.0
TIMES = 3
MEGABYTE = 1 << 20


def run() -> list[Report]:
    report = Report("start: `amanah run` on the sample network", [machine()])
    with folder() as place:
        house = House(place)
        first = house.start(FIRST_START)
        house.stop()
        seconds, memory, shared = [], [], []
        for _ in range(TIMES):
            seconds.append(house.start(AGAIN))
            house.ask("/")
            memory.append(house.memory("VmRSS"))
            shared.append(house.memory("Pss"))
            house.stop()
    report.figures("first start, which makes the sample network", [first], "s")
    again = report.figures("started again, until /readyz answers 200", seconds, "s")
    resident = report.figures("resident memory of all its processes (RSS)", memory, "MB")
    report.figures("the same, shared pages counted once (PSS)", shared, "MB")
    report.ratio("start again, seconds", again, at_most=5.0)
    report.ratio("memory (RSS), MB", resident, at_most=300.0)
    return [report]


class House:
    """`amanah run` in a folder."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._port = free_ports(1)[0]
        self._log = place / "house.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, patience: float) -> float:
        """Start it; the seconds until it is ready. Raises ``Skipped`` when it ends or is not ready in time."""
        began = time.monotonic()
        with self._log.open("ab") as output:
            command = [sys.executable, "-m", "services.cli", "run"]
            self._process = subprocess.Popen(command, stdout=output, stderr=output, env=self._environment())
        while time.monotonic() - began < patience:
            if self.ask("/readyz"):
                return time.monotonic() - began
            if self._process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        words = " | ".join(last_lines(self._log, 2))
        raise Skipped(f"the house does not start yet. Its last words: {words}")

    def ask(self, path: str) -> bool:
        """Whether a page answers 200."""
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(self._url + path, timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        self._process = None

    def memory(self, what: str) -> float:
        """Megabytes of the process and all it started: ``VmRSS``, or ``Pss``. 0 where the system does not tell."""
        assert self._process is not None
        file = "status" if what == "VmRSS" else "smaps_rollup"
        total = 0
        for pid in family(self._process.pid):
            with suppress(OSError):
                lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
                total += sum(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{what}:"))
        return total / MEGABYTE

    @property
    def _url(self) -> str:
        return f"http://{HOST}:{self._port}"

    def _environment(self) -> dict[str, str]:
        """Nothing of the person's own settings."""
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AMANAH_")}
        return plain | {
            "AMANAH_PORT": str(self._port),
            "AMANAH_URL": self._url,
            "AMANAH_DATA": str(self._place / "data"),
            "AMANAH_KEYRING": str(self._place / "keys" / "keyring.json"),
            "AMANAH_SAMPLE": "yes",
        }
