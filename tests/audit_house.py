"""Audit for tests: put together on an empty store, with the event log beside it and officers to ask."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, Select, select

from services.audit.app import build
from services.audit.examples import CLIENT, COUNSELOR, JAKARTA, PHOENIX, REFERENCE, SESSION
from services.audit.readmodels import FINAL
from services.contracts.identity import ClientJoined, NetworkFounded
from services.contracts.practice import DecisionRef
from services.contracts.sessions import NoteSigned, SessionBooked, SessionEnded
from services.kernel.built import Built
from services.kernel.chain import ORIGIN, chain, chain_head
from services.kernel.codec import decode, encode
from services.kernel.events import Entry
from services.kernel.fields import ClinicId, Code, Hash, Id, Name, PersonId, Place, Reference, seal
from services.kernel.http.tokens import Membership
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Message
from services.kernel.settings import SERVICES, Settings
from services.kernel.store.tables import events
from services.kernel.time import Instant, Zone
from services.kernel.worker import Worker
from tests.world import OUTSIDE, ApiClient, Clockwork, client_of, entry_of, service_settings, token_for

NETWORK = "0190a1b2-0000-7000-8000-00000000b001"
OTHER_CLIENT = "0190a1b2-0000-7000-8000-00000000d002"
DECISION = DecisionRef("permitted", Id("0190a1b2-0000-7000-8000-00000000cc01"), 1, (), Hash("0" * 64))
OFFICER = "0190a1b2-0000-7000-8000-0000000000f1"


@dataclass
class AuditHouse:
    """Audit and its worker; ``turn`` does one round of what the worker's threads do."""

    folder: Path
    clock: Clockwork = field(default_factory=Clockwork)
    settings: Settings = field(init=False)
    built: Built = field(init=False)
    log: EmbeddedLog = field(init=False)
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.settings = self.settled()
        self.open()

    def settled(self) -> Settings:
        return service_settings(self.folder, "audit")

    def open(self) -> None:
        """Put it together anew on the same data, as after a kill."""
        self.built = build(self.settings, self.clock)
        self.log = EmbeddedLog(self.settings.data / "log.sqlite3")
        self.log.make_topics(dict.fromkeys(SERVICES, self.settings.lanes))
        self.worker = self.built.make_worker(self.log)

    def close(self) -> None:
        self.worker.consumer.close()
        self.log.close()
        self.built.close()

    def turn(self, rounds: int = 2) -> None:
        """Let the worker do its rounds: what one appends, the next takes in."""
        for _ in range(rounds):
            self.worker.turn()

    def publish(self, event: Any, *, clinic: str | None = None, actor: str = COUNSELOR) -> Entry[Any]:
        """Put an event of another service into the event log, as its relay would."""
        entry = entry_of(event, clinic=clinic, actor=actor, at=self.clock())
        self.publish_bytes(entry.type.partition(".")[0], encode(entry))
        return entry

    def publish_bytes(self, service: str, body: bytes) -> Message:
        """Put any bytes at the end of a service's lane 0."""
        last = self.log.tail(service, 0) or Message(service, 0, 0, ORIGIN, OUTSIDE, b"")
        link = chain(chain_head(service, OUTSIDE), 0, last.sequence + 1, last.chain, body)
        message = Message(service, 0, last.sequence + 1, link, OUTSIDE, body)
        self.log.publish(service, 0, [message])
        return message

    def rows(self, statement: Select[Any]) -> list[RowMapping]:
        return self.built.service.query(statement)

    def alarms(self) -> list[str]:
        """The kinds of the alarms that were raised, in their order."""
        stored = self.rows(select(events.c.body).where(events.c.type == "audit.alarm-raised").order_by("sequence"))
        return [decode(bytes(row["body"])).data.kind for row in stored]

    def tamper(self, *statements: str) -> None:
        """Somebody with all rights takes the guards off and changes the past."""
        guards = [f"drop trigger if exists {table}_no_{what}" for table in FINAL for what in ("update", "delete")]
        with self.built.service.backend.engine.connect() as connection:
            for statement in (*guards, *statements):
                connection.exec_driver_sql(statement)

    def officer(self, *clinics: str, account: str = OFFICER, role: str = "officer") -> ApiClient:
        """Somebody with this role in these clinics."""
        memberships = [Membership(clinic, None, (role,)) for clinic in clinics]
        return client_of(self.built.app, token_for(self.settings, account, memberships, at=self.clock()))

    def network_officer(self) -> ApiClient:
        return client_of(self.built.app, token_for(self.settings, OFFICER, (), ("officer",), at=self.clock()))

    def stranger(self) -> ApiClient:
        return client_of(self.built.app)

    def types(self, who: ApiClient, **asked: Any) -> list[str]:
        """The types of the events that somebody finds in the trail."""
        reply = who.get("/audit/v1/trail", **asked)
        assert reply.status_code == 200, reply.json
        return [item["type"] for item in reply.get_json()["items"]]

    def key(self) -> str:
        return str(self.stranger().get("/audit/v1/log-key").text).strip()

    def export(self, who: ApiClient, **asked: Any) -> bytes:
        """Export a bundle and download it."""
        made = who.post("/audit/v1/bundles", {"purpose": "complaint", **asked})
        assert made.status_code == 201, made.json
        got = who.get(made.headers["Location"])
        assert (got.status_code, got.content_type) == (200, "application/zip")
        return bytes(got.data)


def joined(clinic: str = PHOENIX, client: str = CLIENT, reference: str = "k-91XF") -> ClientJoined:
    return ClientJoined(client=PersonId(client), clinic=ClinicId(clinic), reference=Reference(reference))


def booked(session: str = SESSION, client: str = CLIENT, reference: str = REFERENCE) -> SessionBooked:
    return SessionBooked(
        session=Id(session),
        reference=Reference(reference),
        clinic=ClinicId(PHOENIX),
        client=PersonId(client),
        counselor=PersonId(COUNSELOR),
        start=Instant("2026-11-25T09:00:00.000000Z"),
        minutes=50,
        governing_zone=Zone("America/Phoenix"),
        tzdata=Code("2026a"),
        modality="phone",
        jurisdiction=Place("US-AZ"),
        decision=DECISION,
        facts=seal("facts that nobody here can open"),
    )


def ended(session: str = SESSION, client: str = CLIENT) -> SessionEnded:
    return SessionEnded(
        session=Id(session),
        client=PersonId(client),
        outcome="success",
        minutes=50,
        reason=Code("not_stated"),
        summary=None,
    )


def signed(session: str = SESSION, client: str = CLIENT, author: str = COUNSELOR) -> NoteSigned:
    return NoteSigned(
        note=Id("0190a1b2-0000-7000-8000-00000000f001"),
        session=Id(session),
        client=PersonId(client),
        author=PersonId(author),
        length="up_to_256",
        text=seal("nobody but sessions can open this"),
    )


def a_day_of_two_clinics(house: AuditHouse) -> None:
    """Seven events: a session in Phoenix, another in Jakarta, and one event of no clinic."""
    house.publish(joined())
    house.publish(booked())
    house.publish(ended(), clinic=PHOENIX)
    house.publish(signed(), clinic=PHOENIX)
    house.publish(joined(JAKARTA, OTHER_CLIENT, "k-22AB"))
    house.publish(ended("0190a1b2-0000-7000-8000-00000000e002", OTHER_CLIENT), clinic=JAKARTA)
    house.publish(NetworkFounded(network=Id(NETWORK), name=Name("Amanah"), languages=(), founder=PersonId(OFFICER)))
    house.turn()


def lane_of(service: str, lane: int, bodies: Iterable[bytes], incarnation: str = OUTSIDE) -> list[Message]:
    """Messages of one lane with these bytes, numbered and chained."""
    made, previous, head = [], ORIGIN, chain_head(service, incarnation)
    for sequence, body in enumerate(bodies, 1):
        previous = chain(head, lane, sequence, previous, body)
        made.append(Message(service, lane, sequence, previous, incarnation, body))
    return made
