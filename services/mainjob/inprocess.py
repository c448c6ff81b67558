"""A driver over test clients: the whole house in this process, with a clock that is turned by hand.

Nothing is left out: requests go through the same apps, events over the same log, mail into the same folder. Only the
threads of the workers are missing; ``wait`` lets each of them do one round.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from werkzeug.test import Client

from services.embedded import House
from services.kernel.settings import Settings
from services.kernel.time import Clock, Instant, moment, plus
from services.mainjob.driver import Reply, read_mails


@dataclass(slots=True)
class Turned:
    """A clock that stands until it is turned."""

    at: Instant

    def __call__(self) -> Instant:
        return self.at

    def on(self, **span: float) -> Instant:
        """Turn it on by a span of time."""
        self.at = plus(self.at, **span)
        return self.at


@dataclass(slots=True)
class InProcess:
    """Drives a house in this process. ``around``: what a web server would tell of each request (PEP 3333)."""

    settings: Settings
    clock: Clock
    make_house: Callable[[Settings, Clock], House] = House
    around: Mapping[str, str] = field(default_factory=dict)
    house: House = field(init=False)
    _client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.house = self.make_house(self.settings, self.clock)
        self._client = Client(self.house.app())
        self.house.hire()

    def call(
        self, method: str, path: str, *, token: str | None, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        answer = self._client.open(path, method=method, json=json, headers=sent, environ_overrides=self.around)
        content = answer.get_json(silent=True) if "json" in answer.content_type else None
        reply = Reply(answer.status_code, content, {k.lower(): v for k, v in answer.headers.items()}, answer.data)
        answer.close()
        return reply

    def mails_to(self, address: str) -> list[str]:
        return read_mails(self.settings.mail_folder, address)

    def now(self) -> datetime:
        return moment(self.clock())

    def wait(self) -> None:
        for worker in self.house.workers:
            worker.turn()

    def settle_down(self) -> None:
        """Let the workers go round until nothing is under way."""
        while sum(worker.turn() for worker in self.house.workers):
            pass

    def close(self) -> None:
        self.house.close()
