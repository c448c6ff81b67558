"""The scene of the faults: a house with a founded network, one counselor who may serve Arizona, and many clients of one
clinic, all made over the API, in threads where they are many. Each visitor has a connection of their own.
"""

import email
import email.policy
import re
import secrets
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from services.mainjob.actor import Actor, made_id
from services.mainjob.booking import PHRASE
from services.mainjob.cast import Cast
from services.mainjob.driver import HttpDriver, Reply, Unexpected, settle
from services.mainjob.joining import found_and_join

AT_ONCE = 8  # visitors who come at one time
PAUSE = 0.2  # seconds between two looks at what is awaited
LINK = "https://meet.example.org/a-room"
T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class Visitor:
    """One client of the clinic, signed in. ``client`` is their id there."""

    actor: Actor
    client: str

    def wish(self, counselor: str, start: str) -> dict[str, str]:
        return {"client": self.client, "counselor": counselor, "start": start, "modality": "video"}

    def intake(self, key: str) -> Reply:
        """Send the intake, whatever comes of it."""
        return self.send("POST", f"/sessions/v1/clients/{self.client}/intake", INTAKE, key)

    def send(self, method: str, path: str, body: Any = None, key: str | None = None, **headers: str) -> Reply:
        """Any request, whatever comes of it. Raises ``Unexpected`` where nothing answers."""
        keyed = {"Idempotency-Key": key} if key else {}
        return self.actor.driver.call(method, path, token=self.actor.token, json=body, headers=keyed | headers)


INTAKE = {
    "name": "Ana",
    "birth_date": "1991-04-17",
    "jurisdiction": "US-AZ",
    "city": "Tempe",
    "zone": "America/Phoenix",
    "language": "en",
    "phone": "+15550100123",
    "emergency_contact": "a sister, +1 555 010 0456",
    "phrase": PHRASE,
}


@dataclass(slots=True)
class Scene:
    """The founded network at ``url``."""

    url: str
    mail_folder: Path
    cast: Cast
    _letters: dict[str, str] = field(default_factory=dict)
    _read: set[Path] = field(default_factory=set)

    @property
    def clinic(self) -> str:
        return self.cast.clinics["phoenix"]

    @property
    def counselor(self) -> Actor:
        return self.cast["counselor"]

    def counselor_again(self) -> Visitor:
        """The counselor at another connection."""
        known = self.counselor
        actor = Actor(HttpDriver(self.url, self.mail_folder, PAUSE), known.email, known.name, known.password)
        actor.sign_in()
        return Visitor(actor, "")

    def arrive(self, count: int) -> list[Visitor]:
        """Clients who have registered, confirmed their address and signed in, and told the clinic nothing yet."""
        actors = [self._actor(f"visitor{n}.{secrets.token_hex(4)}@example.org") for n in range(count)]
        in_threads(self._register, actors)
        tokens = settle(self.cast.driver, "a letter to each visitor", lambda: self._tokens(actors), tries=600)
        in_threads(_confirm, list(zip(actors, tokens, strict=True)))
        return [Visitor(actor, actor.clients[self.clinic]) for actor in actors]

    def enrol(self, count: int) -> list[Visitor]:
        """Clients who may book."""
        visitors = self.arrive(count)
        items = self.cast.driver.call("GET", f"/sessions/v1/consent-items?clinic={self.clinic}", token=None).json
        required = [item for item in items["items"] if item["required"]]
        in_threads(lambda visitor: _enrol(visitor, required), visitors)
        return visitors

    def times(self, visitor: Visitor, after: timedelta = timedelta(0)) -> list[str]:
        """The times that the counselor offers this client, from so long after now."""
        since = datetime.now(UTC) + after
        query = f"modality=video&from={since:%Y-%m-%dT%H:%M:%SZ}&to={since + timedelta(days=13):%Y-%m-%dT%H:%M:%SZ}"

        def offered() -> list[str] | None:
            found = visitor.actor.get(f"/sessions/v1/clients/{visitor.client}/offers?{query}")["offered"]
            return next((each["next_times"] for each in found if each["counselor"] == self.counselor.account), None)

        return settle(visitor.actor.driver, "the counselor among the offers", offered, tries=600)

    def begin_session(self, visitor: Visitor) -> str:
        """Book the next time and start the session, so that notes may be signed; the session's id."""
        self.counselor.sign_in()
        session = made_id(visitor.actor.post("/sessions/v1/sessions", self._next(visitor)))
        path = f"/sessions/v1/sessions/{session}"
        visitor.actor.ask("POST", f"{path}/place", {"jurisdiction": "US-AZ", "city": "Tempe"})
        visitor.actor.ask("POST", f"{path}/identity", {"phrase": PHRASE})
        items = visitor.actor.get(f"{path}/gate")["readiness_items"]
        for who, role in ((visitor.actor, "client"), (self.counselor, "counselor")):
            who.ask("POST", f"{path}/readiness", {"items": items[role]})
        fallback = {"modality": "phone", "number": "+15550100123"}
        visitor.actor.ask("PUT", f"/sessions/v1/clients/{visitor.client}/fallback", fallback, expect=204)
        self.counselor.ask("POST", f"{path}/start", {"way": {"link": LINK}})
        return session

    def _next(self, visitor: Visitor) -> dict[str, str]:
        return visitor.wish(self.counselor.account, self.times(visitor)[0])

    def _actor(self, address: str) -> Actor:
        return Actor(HttpDriver(self.url, self.mail_folder, PAUSE), address, address.split(".")[0])

    def _register(self, actor: Actor) -> None:
        order = {"clinic": self.clinic, "email": actor.email, "password": actor.password}
        actor.post("/identity/v1/registrations", order, expect=202)

    def _tokens(self, actors: list[Actor]) -> list[str] | None:
        """The token of each one's letter. Every letter is read once, for all of them."""
        for path in set(self.mail_folder.glob("*.eml")) - self._read:
            letter = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            part = letter.get_body(("plain",))
            found = re.search(r"^Token: (\S+)", part.get_content() if part else "", re.M)
            if found:
                self._letters[str(letter["To"])] = found[1]
            self._read.add(path)
        tokens = [self._letters.get(actor.email) for actor in actors]
        return [token for token in tokens if token] if all(tokens) else None


def set_scene(url: str, mail_folder: Path, founding_token: str) -> Scene:
    """Found the network, as the main job does."""
    cast = Cast(HttpDriver(url, mail_folder, PAUSE), secrets.token_hex(3), lambda text: None)
    found_and_join(cast, founding_token, None)
    return Scene(url, mail_folder, cast)


def in_threads(do: Callable[[T], R], each: Iterable[T], at_once: int = AT_ONCE) -> list[R]:
    """Do it for each, several at a time; raises what the first one raised that could not."""
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(do, each))


def wait_until(what: str, happened: Callable[[], object], seconds: float = 60.0) -> float:
    """Wait until it happened, and give the seconds it took. While nothing answers, it did not happen."""
    began = time.monotonic()
    while True:
        with suppress(Unexpected):
            if happened():
                return time.monotonic() - began
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.1)


def _confirm(coming: tuple[Actor, str]) -> None:
    actor, token = coming
    actor.post("/identity/v1/email-confirmations", {"token": token})
    actor.sign_in()


def _enrol(visitor: Visitor, required: list[dict[str, Any]]) -> None:
    key = secrets.token_urlsafe(16)
    settle(visitor.actor.driver, "the intake", lambda: visitor.intake(key).status == 201, tries=600)
    for item in required:
        order = {"item": item["code"], "version": item["version"], "locale": "en"}
        visitor.actor.post(f"/sessions/v1/clients/{visitor.client}/consents", order)
