"""Who plays in the main job, and what each step checks: the entry in the trail, and what others may not see."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.mainjob.actor import PASSWORD, Actor
from services.mainjob.driver import Driver, Unexpected, settle
from services.mainjob.lexicon import Lexicon

Say = Callable[[str], None]


@dataclass(slots=True)
class Cast:
    """The people and places of one run. ``run`` makes addresses unique, so that it can be played again."""

    driver: Driver
    run: str
    say: Say
    people: dict[str, Actor] = field(default_factory=dict)
    clinics: dict[str, str] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)
    standards: list[str] = field(default_factory=list)  # the network's own rules for Indonesia, not adopted at first
    lexicon: Lexicon = field(default_factory=Lexicon)

    def person(self, part: str, name: str) -> Actor:
        """Make somebody with an address of their own."""
        email = self.word(part, "email", f"{part}.{self.run}@example.org")
        actor = Actor(self.driver, email, name, self.word(part, "password", PASSWORD))
        self.people[part] = actor
        return actor

    def __getitem__(self, part: str) -> Actor:
        return self.people[part]

    def word(self, part: str, field: str, usual: str) -> str:
        """What somebody says; see ``Lexicon``."""
        return self.lexicon.word(part, field, usual)

    def client_of(self, part: str, clinic: str) -> str:
        """The client id of a person in a clinic."""
        return self.people[part].clients[self.clinics[clinic]]

    def recorded(self, type_name: str, clinic: str, **filters: str) -> dict[str, Any]:
        """The newest entry of this type that the clinic's officer finds in the trail. Waits until it is there."""
        officer = self.people[f"officer_{clinic}"]
        asked = {"clinic": self.clinics[clinic], "type": type_name, "purpose": "review", **filters}
        query = "&".join(f"{name}={value}" for name, value in asked.items())

        def look() -> dict[str, Any] | None:
            items: list[dict[str, Any]] = officer.get(f"/audit/v1/trail?{query}")["items"]
            return items[-1] if items else None

        return settle(self.driver, f"{type_name} in the trail of {clinic}", look)

    def forbidden(self, part: str, method: str, path: str, body: Any = None) -> None:
        """Somebody who is signed in, of another role or of another clinic, asks for it and is refused."""
        actor = self.people[part]
        reply = self.driver.call(method, path, token=actor.token, json=body, headers={"Idempotency-Key": "x" * 16})
        if reply.status != 403:
            raise Unexpected(f"{actor.name} must not {method} {path}, but it gave {reply.status}, not 403")


def check(holds: object, what: str) -> None:
    """Raises ``Unexpected`` saying what should be and is not."""
    if not holds:
        raise Unexpected(f"it should be, but is not, that {what}")
