"""What the script needs of the world: requests, mail, the time, and waiting for something to become true."""

import email
import email.policy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

import requests

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, its JSON (or ``None``), its headers (names in lower case), its bytes."""

    status: int
    json: Any
    headers: Mapping[str, str]
    body: bytes


class Unexpected(Exception):
    """An answer, or the state of the house, is not what the main job needs. The text says which and what came."""


class Driver(Protocol):
    """A way to reach the house."""

    def call(
        self, method: str, path: str, *, token: str | None, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply: ...

    def mails_to(self, address: str) -> list[str]:
        """The texts of the mails to an address, oldest first."""
        ...

    def now(self) -> datetime: ...

    def wait(self) -> None:
        """Give the house a moment to pass its events on."""
        ...


def settle(driver: Driver, what: str, look: Callable[[], T | None], tries: int = 200) -> T:
    """Look until there is something, waiting in between. Raises ``Unexpected`` naming ``what`` was awaited."""
    for _ in range(tries):
        found = look()
        if found is not None and found is not False:
            return found
        driver.wait()
    raise Unexpected(f"waited in vain for {what}")


def read_mails(folder: Path, address: str) -> list[str]:
    """The texts of the mails to an address in a folder of .eml files, oldest first."""
    texts: list[tuple[float, str]] = []
    for path in folder.glob("*.eml"):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if address.lower() in str(message["To"]).lower():
            part = message.get_body(("plain",))
            texts.append((path.stat().st_mtime_ns, part.get_content() if part else ""))
    return [text for _, text in sorted(texts)]


@dataclass(slots=True)
class HttpDriver:
    """Drives a running installation. ``mail_folder`` is where its mails arrive."""

    url: str
    mail_folder: Path
    pause: float = 0.1
    _session: requests.Session = field(default_factory=requests.Session)

    def call(
        self, method: str, path: str, *, token: str | None, json: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        try:
            answer = self._session.request(method, self.url + path, json=json, headers=sent, timeout=30)
        except requests.RequestException as error:
            raise Unexpected(f"{self.url} does not answer ({type(error).__name__}): is it running?") from None
        kind = answer.headers.get("Content-Type", "")
        content = answer.json() if "json" in kind and answer.content else None
        return Reply(answer.status_code, content, {k.lower(): v for k, v in answer.headers.items()}, answer.content)

    def mails_to(self, address: str) -> list[str]:
        return read_mails(self.mail_folder, address)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self) -> None:
        time.sleep(self.pause)
