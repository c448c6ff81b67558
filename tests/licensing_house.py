"""Licensing for tests of its own: built in a folder, with people who work in two clinics, and shortcuts over HTTP."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select

from services.contracts.identity import MembershipGranted
from services.contracts.vocabulary import Role
from services.kernel.built import Built
from services.kernel.codec import decode
from services.kernel.events import Entry
from services.kernel.fields import ClinicId, Id, Name, PersonId
from services.kernel.http.tokens import Membership
from services.kernel.ids import new_id
from services.kernel.listening import Listener
from services.kernel.settings import Databases, Settings
from services.kernel.store.backend import Backend
from services.kernel.store.opening import migrate
from services.kernel.store.tables import events
from services.kernel.store.write import Write
from services.kernel.time import plus
from services.licensing.app import build
from services.licensing.examples import FOUND_AT_THE_BOARD, NADIA_ARIZONA, NADIA_ONTARIO, NADIA_PROFILE
from tests.world import NOON, ApiClient, Clockwork, client_of, deliver, service_settings, token_for

V1 = "/licensing/v1"
PHOENIX, JAKARTA = "clinic-phoenix", "clinic-jakarta"
NADIA, VERA, BUDI, OTTO, SARI = (f"0190a1b2-0000-7000-8000-00000000000{n}" for n in range(1, 6))

# account: (professional name, clinic or none, role)
PEOPLE: dict[str, tuple[str, str | None, Role]] = {
    NADIA: ("Nadia Okafor", PHOENIX, "counselor"),
    VERA: ("Vera Lindqvist", PHOENIX, "verifier"),
    OTTO: ("Otto Grant", PHOENIX, "officer"),
    BUDI: ("Budi Santoso", JAKARTA, "verifier"),
    SARI: ("Sari Wulandari", None, "operator"),
}


class Interrupted:
    """The store as another part meets it: before it writes to a stream of this kind, ``first`` happens, once."""

    def __init__(self, backend: Backend, stream: str, first: Callable[[], object]) -> None:
        self._backend, self._stream, self._first = backend, stream, first
        self.happened = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def commit(self, write: Write) -> Any:
        if not self.happened and any(event.stream.startswith(self._stream) for event in write.events):
            self.happened = True
            self._first()
        return self._backend.commit(write)


@dataclass
class House:
    """Licensing, its clock, and everybody of ``PEOPLE`` known to it."""

    folder: Path
    clock: Clockwork = field(default_factory=Clockwork)
    postgres_url: str | None = None
    built: Built = field(init=False)

    def __post_init__(self) -> None:
        self.settings = service_settings(self.folder, "licensing")
        if self.postgres_url is not None:
            self.settings = on_postgres(self.settings, self.postgres_url)
            migrate(self.settings, "licensing")
        self.built = build(self.settings, self.clock)
        for account in PEOPLE:
            self.join(account, *PEOPLE[account])

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        self.built.close()

    @property
    def listener(self) -> Listener:
        assert self.built.listener is not None
        return self.built.listener

    def join(self, account: str, name: str, clinic: str | None, role: Role) -> None:
        """Identity tells that somebody holds a role."""
        granted = MembershipGranted(
            membership=Id(new_id()),
            account=PersonId(account),
            clinic=None if clinic is None else ClinicId(clinic),
            role=role,
            since=plus(self.clock(), days=-1),
            until=None,
            name=Name(name),
            granted_by=PersonId(SARI),
        )
        deliver(self.listener, granted, at=NOON)

    def as_(self, account: str, *roles: str, clinic: str | None = None) -> ApiClient:
        """A client signed in as somebody of ``PEOPLE``, or with these roles."""
        _, home, role = PEOPLE.get(account, ("", clinic, "counselor"))
        place, held = clinic or home, roles or (role,)
        memberships = () if place is None else (Membership(place, None, held),)
        network = held if place is None else ()
        return client_of(self.built.app, token_for(self.settings, account, memberships, network, at=self.clock()))

    def adopt(self, *rules: str) -> None:
        """The network operator reads these rules and adopts them."""
        for rule in rules:
            answer = self.adopt_one(rule)
            assert answer.status_code == 201, answer.json

    def adopt_one(self, rule: str, **other: Any) -> Any:
        shown = self.as_(SARI).get(f"{V1}/rules/{rule}").json
        body = {"edition": shown["edition"], "source_read": shown["source_hash"]} | other
        return self.as_(SARI).post(f"{V1}/rules/{rule}/adoptions", body)

    def record(self, body: Any, who: str = NADIA) -> str:
        """Record a credential; its id."""
        answer = self.as_(who, "counselor").post(f"{V1}/credentials", dict(body))
        assert answer.status_code == 201, answer.json
        return made_id(answer)

    def verify(self, credential: str, verifier: str = VERA, **other: Any) -> Any:
        """The verifier looked just now; it may be relied on for two years."""
        body = {
            "verdict": "confirmed",
            "source": FOUND_AT_THE_BOARD,
            "looked_at": self.clock(),
            "valid_until": plus(self.clock(), days=730),
        }
        return self.as_(verifier).post(f"{V1}/credentials/{credential}/verifications", body | other)

    def settle_nadia(self) -> tuple[str, str]:
        """Nadia, counselor in Ontario, with her registration there and her licence of Arizona, both verified."""
        answer = self.as_(NADIA).put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
        assert answer.status_code == 200, answer.json
        ontario, arizona = self.record(NADIA_ONTARIO), self.record(NADIA_ARIZONA)
        for credential in (ontario, arizona):
            assert self.verify(credential).status_code == 201
        return ontario, arizona

    def before_writing(self, stream: str, first: Callable[[], object]) -> Interrupted:
        """Let something happen between a decision about such a stream and its writing."""
        interrupted = Interrupted(self.built.service.backend, stream, first)
        self.built.service.backend = cast(Backend, interrupted)
        return interrupted

    def coverage(self, who: str = NADIA, **query: Any) -> dict[str, Any]:
        """The coverage of somebody's first profession, by place."""
        answer = self.as_(who).get(f"{V1}/coverage", **query)
        assert answer.status_code == 200, answer.json
        return {item["place"]: item for item in answer.json["items"]}

    def recorded(self, kind: str = "") -> list[Entry[Any]]:
        """What licensing recorded, in order; of one type, or all."""
        return [entry for entry in map(decode, self.bodies()) if kind in ("", entry.type)]

    def bodies(self) -> list[bytes]:
        rows = self.built.service.query(select(events.c.body).order_by(events.c.lane, events.c.sequence))
        return [bytes(row["body"]) for row in rows]


def on_postgres(settings: Settings, url: str) -> Settings:
    """The same installation, with the store of licensing in an empty database."""
    databases = {**settings.databases, "licensing": Databases(app=url, owner=url, eraser=url)}
    return dataclasses.replace(settings, database="postgresql", databases=databases)


def made_id(answer: Any) -> str:
    """The id at the end of where a new thing is."""
    location: str = answer.headers["Location"]
    return location.rsplit("/", 1)[1]
