"""Somebody who uses the house: their address, their sign-in, and the requests they make."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from services.mainjob.driver import Driver, Reply, Unexpected, settle

PASSWORD = "a quiet river under seven bridges"


@dataclass(slots=True)
class Actor:
    """A person at a browser or a program. ``token`` is there once they have signed in."""

    driver: Driver
    email: str
    name: str
    password: str = PASSWORD
    token: str | None = field(default=None, repr=False)
    account: str = ""
    clients: dict[str, str] = field(default_factory=dict)  # clinic id: client id

    def get(self, path: str, *, expect: int = 200) -> Any:
        return self.ask("GET", path, expect=expect).json

    def post(self, path: str, body: Any = None, *, expect: int = 201) -> Reply:
        """A POST that creates, with an Idempotency-Key of its own."""
        headers = {"Idempotency-Key": secrets.token_urlsafe(16)}
        return self.ask("POST", path, body or {}, headers=headers, expect=expect)

    def change(self, method: str, path: str, body: Any, version: str, *, expect: int = 200) -> Reply:
        """A change of the version named by an ETag."""
        headers = {"If-Match": version, "Idempotency-Key": secrets.token_urlsafe(16)}
        return self.ask(method, path, body, headers=headers, expect=expect)

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, expect: int = 200
    ) -> Reply:
        """Any request; raises ``Unexpected`` with what came when the status is another."""
        reply = self.driver.call(method, path, token=self.token, json=body, headers=headers)
        if reply.status != expect:
            said = reply.json if reply.json is not None else reply.body[:300].decode(errors="replace")
            raise Unexpected(f"{self.name}: {method} {path} gave {reply.status}, not {expect}: {said}")
        return reply

    def sign_in(self) -> None:
        """Sign in, and learn who one is here."""
        self.token = None
        reply = self.ask("POST", "/identity/v1/sign-ins", {"email": self.email, "password": self.password}, expect=201)
        self.token = reply.json["token"]
        self.account = reply.json["account"]
        self.clients = {m["clinic"]: m["client"] for m in reply.json["memberships"] if m.get("client")}

    def mail_token(self, *, word: str = "Token: ") -> str:
        """The token of the newest mail that carries one."""

        def look() -> str | None:
            mails = [text for text in self.driver.mails_to(self.email) if word in text]
            found = re.findall(re.escape(word) + r"(\S+)", mails[-1]) if mails else []
            return found[-1] if found else None

        return settle(self.driver, f"a mail to {self.email}", look)


def made_id(reply: Reply) -> str:
    """The id at the end of where a new thing is."""
    location: str = reply.headers["location"]
    return location.rsplit("/", 1)[1]
