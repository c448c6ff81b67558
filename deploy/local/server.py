"""One server in one folder: started, asked, stopped, killed, frozen, and started again on the same data and port.

A server is ready when it gave a real answer (a query, metadata, a call with a token), never because a port is open or
a file is there. While waiting its process is watched, so that one that ended is said at once, with its last words.
"""

from __future__ import annotations

import atexit
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Self

from deploy.local.parts import Found, Name, Part, last_lines
from deploy.local.processes import POLL_SECONDS, command_line, family, running, signal_all, wait_gone


class StartFailed(Exception):
    """A server that is there but did not come up. The text carries the last lines of its log."""


class AlreadyRunning(StartFailed):
    """The folder belongs to a server that still runs."""


class NotOurs(Exception):
    """Asked to stop, kill or freeze a server that was given by address and not started here."""


class NotYet(Exception):
    """The server does not answer yet. It is asked again until the deadline."""


class Server(ABC):
    """A real part. Promises:

    - after `start` or `restart` returned, the server MUST have answered a real question;
    - `stop` asks politely and waits; `kill` sends SIGKILL to every process of the server and waits until none runs;
    - `restart` MUST use the data and the port of before;
    - a server given by address is never stopped, killed or frozen: `NotOurs`.

    Calls for one server are not meant to be made from two threads at once.
    """

    name: ClassVar[Name]
    ready_seconds: ClassVar[float] = 60.0
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    stop_seconds: ClassVar[float] = 20.0

    def __init__(self, folder: Path, found: Found, address: str) -> None:
        self.folder = folder
        self.address = address
        self.started_in = 0.0  # seconds from the start to the first real answer
        self._found: Found = found
        self._process: subprocess.Popen[bytes] | None = None
        self._version = ""

    @abstractmethod
    def prepare(self) -> None:
        """Make what the server needs in its folder. Nothing that is there is changed, so it runs before every start."""

    @abstractmethod
    def _command(self) -> tuple[list[str], dict[str, Any]]:
        """The program with its arguments, and more for `Popen` (environment, user)."""

    @abstractmethod
    def answer(self) -> str:
        """Ask the server a real question; return its version. Raises `NotYet` while it does not answer."""

    @property
    def part(self) -> Part:
        return Part(self.name, self._version, self._found, self.address)

    @property
    def log(self) -> Path:
        """Where the server's own output goes."""
        return self.folder / "server.log"

    @property
    def ours(self) -> bool:
        """Whether the server was started here, and so may be stopped here."""
        return self._found != "address in the environment"

    @property
    def pid(self) -> int:
        """The process id of the server; `NotOurs` for one given by address."""
        self._must_be_ours()
        if self._process is None:
            raise StartFailed(f"{self.name} was not started. Call start() or restart() first.")
        return self._process.pid

    def start(self) -> Self:
        """Start the server, or only greet it where it was given by address, and wait until it answers."""
        began = time.monotonic()
        if self.ours:
            self._refuse_a_second_one()
            self.prepare()
            command, more = self._command()
            with self.log.open("ab") as output:
                self._process = subprocess.Popen(
                    command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True, **more
                )
            self._pid_file.write_text(str(self._process.pid))
            atexit.register(self._stop_at_exit)
        try:
            self._wait_until_it_answers(began + self.ready_seconds)
        except BaseException:  # Ctrl-C too: nothing is left running that no handle knows
            self.stop()
            raise
        self.started_in = time.monotonic() - began
        return self

    def stop(self) -> None:
        """Ask the server to end and wait for it; kill it if it does not. Twice is no error."""
        if not self.ours or self._process is None:
            return
        pids = family(self._process.pid)
        signal_all(pids, signal.SIGCONT)
        signal_all(pids[:1], self.stop_signal)
        try:
            self._process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        wait_gone(pids, self.stop_seconds)
        self._forget()

    def kill(self) -> None:
        """SIGKILL to every process of the server, the first one first, so that it cannot start others."""
        pids = family(self.pid)
        signal_all(pids, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(self.stop_seconds)
        if not wait_gone(pids, self.stop_seconds):
            raise StartFailed(f"{self.name} still runs after SIGKILL (processes {pids}). Look for a hanging disk.")
        self._forget()

    def restart(self) -> Self:
        """Stop the server if it runs, then start it on the same data and port."""
        self._must_be_ours()
        self.stop()
        return self.start()

    def pause(self) -> None:
        """Freeze every process of the server: connections stay open, nothing answers."""
        signal_all(family(self.pid), signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        signal_all(family(self.pid), signal.SIGCONT)

    def alive(self) -> bool:
        """Whether the server's process runs; for one given by address, whether it answers."""
        if self.ours:
            return self._process is not None and self._process.poll() is None
        try:
            self.answer()
        except NotYet:
            return False
        return True

    @property
    def _pid_file(self) -> Path:
        return self.folder / "server.pid"

    def _must_be_ours(self) -> None:
        if not self.ours:
            raise NotOurs(f"{self.name} at {self.address} was given by address, so it is not stopped from here.")

    def _refuse_a_second_one(self) -> None:
        if self.alive():
            raise AlreadyRunning(f"{self.name} already runs here as process {self.pid}.")
        if not self._pid_file.exists():
            return
        other = int(self._pid_file.read_text() or 0)
        if other and running(other) and str(self.folder) in command_line(other):
            raise AlreadyRunning(
                f"{self.name} already runs in {self.folder} as process {other}. "
                f"Stop what started it (Ctrl-C there), or end it with: kill {other}"
            )

    def _wait_until_it_answers(self, deadline: float) -> None:
        while True:
            try:
                self._version = self.answer()
            except NotYet as not_yet:
                ended = self.ours and not self.alive()
                if ended or time.monotonic() > deadline:
                    self._give_up(
                        "ended at its start" if ended else f"gave no answer in {self.ready_seconds:.0f} s", not_yet
                    )
                time.sleep(POLL_SECONDS)
            else:
                return

    def _give_up(self, what: str, cause: NotYet) -> None:
        words = "\n  ".join(last_lines(self.log)) if self.ours else ""
        raise StartFailed(f"{self.name} at {self.address} {what} ({cause}). Its last words:\n  {words}") from cause

    def _stop_at_exit(self) -> None:
        """The interpreter ends while the server runs: nobody is left to stop it."""
        if self.alive():
            self.kill()

    def _forget(self) -> None:
        if self._process is not None:
            self._process.poll()
        self._process = None
        self._pid_file.unlink(missing_ok=True)
        atexit.unregister(self._stop_at_exit)
