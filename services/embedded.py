"""All four services in one process: the default, with nothing to install beside Python.

One process serves the front page and the four mounted apps, and runs one worker a service. Data lie in one folder, the
keyring in another. This gives no separation between the services: one process, one keyring. It says so at start.
"""

import fcntl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from services.kernel.built import Built
from services.kernel.errors import CannotStart
from services.kernel.http.mount import mount
from services.kernel.log.port import Log
from services.kernel.parts import found_keyring, make_topics, open_log
from services.kernel.settings import SERVICES, Settings
from services.kernel.store.opening import migrate
from services.kernel.time import Clock, system_clock
from services.kernel.web.front import make_front
from services.kernel.web.screen import look
from services.kernel.worker import Worker
from services.registry import build
from services.screen import help_book, screen_parts

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class AlreadyRunning(CannotStart):
    """Another process works on this data folder."""


def prepare(settings: Settings) -> None:
    """Make what a first start needs, and raise what an update needs: folders, keyring, tables, topics."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    found_keyring(settings)
    for name in SERVICES:
        migrate(settings, name)
    log = open_log(settings)
    try:
        make_topics(settings, log)
    finally:
        log.close()


def hold(settings: Settings) -> IO[str]:
    """Hold the data folder for this process, until the file is closed. Raises ``AlreadyRunning``."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (settings.data / "running.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise AlreadyRunning(
            f"Amanah already runs on {settings.data}. Stop it first (Ctrl-C in its window), or give this one its own "
            "folder: AMANAH_DATA=./other AMANAH_KEYRING=./other-keys/keyring.json AMANAH_PORT=8001"
        ) from None
    return file


@dataclass(slots=True)
class House:
    """The four services in one process, and their one log."""

    settings: Settings
    clock: Clock = system_clock
    services: dict[str, Built] = field(init=False)
    log: Log = field(init=False)
    workers: list[Worker] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = open_log(self.settings)
        self.services = {name: build(name, self.settings, self.clock) for name in SERVICES}

    def app(self) -> "WSGIApplication":
        """The WSGI app: the front, and each service below its name."""
        apps = {name: built.app for name, built in self.services.items()}
        parts = screen_parts(lambda path: apps[path.split("/")[1]].test_client().get(path).get_json())
        checks = {name: built.service.keys.probe for name, built in self.services.items()}
        front = make_front(lambda: look(parts), help_book=help_book, checks=checks, clock=self.clock)
        return mount(front, apps)

    def hire(self) -> list[Worker]:
        """The workers, not started: whoever has a time of their own turns them by hand."""
        self.workers = [built.make_worker(self.log) for built in self.services.values()]
        return self.workers

    def start(self) -> None:
        """Start the workers."""
        self.hire()
        for worker in self.workers:
            worker.start()

    def close(self) -> None:
        """End the workers after their step, and let go of the files."""
        for worker in self.workers:
            worker.stopped.set()
        for worker in self.workers:
            worker.stop()
        for built in self.services.values():
            built.close()
        with suppress(Exception):
            self.log.close()
