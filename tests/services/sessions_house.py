"""Sessions put together for tests: two clinics, a counselor, clients, what licensing has told, and a clock to turn."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.contracts.identity import (
    ClientJoined,
    ClinicFounded,
    ErasureOrdered,
    MembershipEnded,
    MembershipGranted,
)
from services.contracts.licensing import ClearancePublished, PlaceRulesPublished, ProfileRecorded
from services.contracts.practice import Clearance, PlaceRules
from services.kernel.built import Built
from services.kernel.codec import decode
from services.kernel.events import Entry
from services.kernel.fields import ClinicId, Id, Name, PersonId, Place, Reference
from services.kernel.http.app import context_of
from services.kernel.http.tokens import Membership
from services.kernel.ids import new_id
from services.kernel.listening import Listener
from services.kernel.settings import Databases, Settings
from services.kernel.store.opening import migrate
from services.kernel.time import Instant, Zone, plus
from services.sessions import due, examples
from services.sessions.app import build
from services.sessions.context import Context
from tests.world import NOON, ApiClient, Clockwork, client_of, deliver, service_settings, token_for

V1 = "/sessions/v1"


class House:
    """The service, and the hands that a test needs."""

    def __init__(self, folder: Path, postgres: str | None = None) -> None:
        self.clock = Clockwork()
        self.settings = service_settings(folder, "sessions") if postgres is None else _on_postgres(folder, postgres)
        self.built: Built = build(self.settings, self.clock, fresh_enough=lambda source, now: True)
        assert self.built.listener is not None
        self.listener: Listener = self.built.listener
        self.heard: list[Entry[Any]] = []
        self.phoenix, self.jakarta = new_id(), new_id()
        self.counselor = new_id()
        self.hear(self._clinic(self.phoenix, "US-AZ", "America/Phoenix", 0))
        self.hear(self._clinic(self.jakarta, "ID", "Asia/Jakarta", 5))
        self.membership = self.join(self.counselor, self.phoenix, "Ana Putri")
        self.profile(self.counselor)

    def hear(self, *events: Any) -> list[Entry[Any]]:
        """What other services published, at this moment."""
        told = deliver(self.listener, *events, at=self.clock.now)
        self.heard += told
        return told

    def join(self, account: str, clinic: str, name: str) -> str:
        """A counselor joins a clinic; the membership's id."""
        membership = Id(new_id())
        granted = MembershipGranted(
            membership=membership,
            account=PersonId(account),
            clinic=ClinicId(clinic),
            role="counselor",
            since=NOON,
            until=None,
            name=Name(name),
            granted_by=PersonId(new_id()),
        )
        self.hear(granted)
        return membership

    def leave(self) -> None:
        """The counselor's membership ends."""
        self.hear(
            MembershipEnded(
                membership=Id(self.membership),
                account=PersonId(self.counselor),
                clinic=ClinicId(self.phoenix),
                role="counselor",
                at=self.clock.now,
                ended_by=PersonId(new_id()),
            )
        )

    def erase(self, order: ErasureOrdered) -> None:
        """Identity orders an erasure, and the worker comes to it."""
        self.hear(order)
        self.turn()

    @property
    def context(self) -> Context:
        """What the views and the worker work with."""
        with self.built.app.app_context():
            return context_of(Context)

    def turn(self) -> None:
        """What the worker does by the clock."""
        due.carry_out_erasures(self.context)
        due.judge_lately_booked(self.built.service)

    def profile(self, account: str, home: str = "CA-ON") -> None:
        self.hear(
            ProfileRecorded(counselor=PersonId(account), professions=("counselor",), languages=(), home=Place(home))
        )

    def law(self, *told: Clearance | PlaceRules) -> None:
        """What licensing publishes."""
        for each in told:
            if isinstance(each, Clearance):
                self.hear(ClearancePublished(counselor=each.counselor, clearance=each))
            else:
                self.hear(PlaceRulesPublished(revision=1, rules=each, ruleset_hash=each.ruleset_hash))

    def permit(self, place: str = "US-AZ", **over: Any) -> None:
        """The counselor may serve clients in this place, and adults may consent there."""
        self.law(examples.place_rules(place), examples.clearance(self.counselor, place, **over))

    def client(self, clinic: str | None = None) -> "Person":
        """A person whom identity made a client, signed in."""
        client, account, where = new_id(), new_id(), clinic or self.phoenix
        self.hear(ClientJoined(client=PersonId(client), clinic=ClinicId(where), reference=Reference("k-91XF")))
        return Person(self, account, (Membership(where, client, ("client",)),), client)

    def staff(self, *roles: str, account: str | None = None, clinic: str | None = None) -> "Person":
        """Somebody who works in a clinic, signed in."""
        return Person(self, account or new_id(), (Membership(clinic or self.phoenix, None, roles),))

    def as_counselor(self) -> "Person":
        return self.staff("counselor", account=self.counselor)

    def set_hours(self, **over: Any) -> None:
        answer = self.as_counselor().put("/availability", examples.hours(**over), version=0)
        assert answer.status_code == 204, answer.json

    def events(self, kind: str | None = None) -> list[Entry[Any]]:
        """Everything that this service recorded, in order; or of one type."""
        found = [decode(bytes(row.body)) for row in self.built.service.backend.after(0, 0, 10_000)]
        return [entry for entry in found if kind is None or entry.type == f"sessions.{kind}"]

    def bytes_kept(self) -> bytes:
        """Every byte of the database."""
        folder = self.settings.data
        return b"".join(file.read_bytes() for file in sorted(folder.glob("sessions.sqlite3*")))

    @staticmethod
    def _clinic(clinic: str, jurisdiction: str, zone: str, floor: int) -> ClinicFounded:
        return ClinicFounded(
            clinic=ClinicId(clinic),
            name=Name(f"Clinic of {jurisdiction}"),
            jurisdiction=Place(jurisdiction),
            zone=Zone(zone),
            languages=(),
            erasure_wait_days=0,
            retention_floor_years=floor,
        )


class Person:
    """Somebody at the service's door. Tokens are renewed with the clock; addresses are below ``/sessions/v1``."""

    def __init__(self, house: House, account: str, memberships: tuple[Membership, ...], client: str = "") -> None:
        self.house, self.account, self.memberships, self.id = house, account, memberships, client

    @property
    def api(self) -> ApiClient:
        at = self.house.clock.now
        token = token_for(self.house.settings, self.account, self.memberships, at=at)
        return client_of(self.house.built.app, token)

    def get(self, path: str, **query: Any) -> Any:
        return self.api.get(V1 + path, **query)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        return self.api.post(V1 + path, body, **more)

    def put(self, path: str, body: Any, *, version: int | str | None = None) -> Any:
        return self.api.put(V1 + path, body, version=version)

    def delete(self, path: str) -> Any:
        return self.api.delete(V1 + path)

    def enrol(self, place: str = "US-AZ", **over: Any) -> "Person":
        """Intake, every required consent, and the fallback."""
        self.intake(place, **over)
        self.consent()
        assert self.put(f"/clients/{self.id}/fallback", examples.fallback()).status_code == 204
        return self

    def intake(self, place: str = "US-AZ", **over: Any) -> None:
        answer = self.post(f"/clients/{self.id}/intake", examples.intake(place, **over))
        assert answer.status_code == 201, answer.json

    def consent(self) -> None:
        for item in self.get("/consent-items").json["items"]:
            if item["required"]:
                said = {"item": item["code"], "version": item["version"], "locale": "en"}
                assert self.post(f"/clients/{self.id}/consents", said).status_code == 201

    def offers(self, modality: str = "video", **query: Any) -> Any:
        answer = self.get(f"/clients/{self.id}/offers", modality=modality, **query)
        assert answer.status_code == 200, answer.json
        return answer.json

    def first_time(self, modality: str = "video") -> str:
        time: str = self.offers(modality)["offered"][0]["next_times"][0]
        return time

    def try_to_book(self, start: str, modality: str = "video", counselor: str | None = None, **more: Any) -> Any:
        wish = {
            "client": self.id,
            "counselor": counselor or self.house.counselor,
            "start": start,
            "modality": modality,
        }
        return self.post("/sessions", wish, **more)

    def book(self, start: str | None = None, modality: str = "video") -> str:
        """A booked session's id."""
        answer = self.try_to_book(start or self.first_time(modality), modality)
        assert answer.status_code == 201, answer.json
        location: str = answer.headers["Location"]
        return location.rsplit("/", 1)[1]

    def prepare(self, session: str, place: str = "US-AZ", phrase: str = examples.PHRASE) -> None:
        """Turn the clock to the session, and do what a client does before it."""
        self.house.clock.set(plus(Instant(self.get(f"/sessions/{session}").json["start"]), minutes=-5))
        for step, body in (
            ("place", {"jurisdiction": place, "city": "Flagstaff"}),
            ("identity", {"phrase": phrase}),
            ("readiness", examples.ready("client")),
        ):
            answer = self.post(f"/sessions/{session}/{step}", body)
            assert answer.status_code == 200, answer.json


def _on_postgres(folder: Path, url: str) -> Settings:
    """The settings of a service on an empty database, migrated."""
    databases = {"sessions": Databases(app=url, owner=url, eraser=url)}
    settings = replace(service_settings(folder, "sessions"), database="postgresql", databases=databases)
    migrate(settings, "sessions")
    return settings


def meet(house: House, client: Person, modality: str = "video", place: str = "US-AZ") -> str:
    """A session that has started; its id."""
    session = client.book(modality=modality)
    client.prepare(session, place)
    counselor = house.as_counselor()
    assert counselor.post(f"/sessions/{session}/readiness", examples.ready("counselor")).status_code == 200
    way = {"phone_last_digits": examples.PHONE[-4:]} if modality == "phone" else {"link": examples.ROOM}
    answer = counselor.post(f"/sessions/{session}/start", {"way": way})
    assert answer.status_code == 200, answer.json
    return session


def together(count: int, act: Callable[[int], Any]) -> list[Any]:
    """What ``act`` answers to so many callers who are released at one moment, each with a number of its own."""
    ready = threading.Barrier(count)

    def wait_and_act(number: int) -> Any:
        ready.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_act, range(count)))
