"""Taking events in: each event of each lane is exactly one leaf, whatever comes twice, late or in pieces."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import RowMapping, select

from services.audit.domain.tree import tree_root
from services.audit.examples import CLIENT, COUNSELOR, PHOENIX, REFERENCE
from services.audit.ingest import Ingest
from services.audit.merkle import between, nodes, size_of
from services.audit.publishing import publish
from services.audit.readmodels import leaves, mentions, referred, trail
from services.audit.verifier.chain import verify_lanes
from services.audit.verifier.leaf import parse_leaf
from services.audit.verifier.report import Outcome
from services.audit.verifier.tree import root
from services.audit.verifier.verify import verify_bundle
from services.audit.verifying import go_on
from services.contracts.identity import ErasureOrdered
from services.contracts.licensing import ProfileRecorded
from services.kernel.codec import NotEncodable, decode, encode
from services.kernel.errors import Unavailable
from services.kernel.fields import ClinicId, Id, PersonId, Place
from services.kernel.log.consumer import Consumer, Position, PositionMoved
from services.kernel.log.port import Message
from services.kernel.store.tables import events
from services.kernel.store.write import Write, Written
from services.kernel.time import Instant
from services.repair import rebuild_service
from tests.audit_house import AuditHouse, booked, ended, joined, lane_of
from tests.world import NOON, entry_of


@pytest.fixture
def house(tmp_path: Path) -> Iterator[AuditHouse]:
    made = AuditHouse(tmp_path)
    yield made
    made.close()


def log_rows(house: AuditHouse) -> list[RowMapping]:
    return house.rows(select(leaves).order_by(leaves.c.leaf_index))


def assert_whole(house: AuditHouse, bodies: dict[tuple[str, int], list[bytes]]) -> None:
    """Every event of every lane is one leaf, in its order; the indexes have no gap; tree and index fit the leaves."""
    rows = log_rows(house)
    assert [row["leaf_index"] for row in rows] == list(range(sum(map(len, bodies.values()))))
    for (service, lane), wanted in bodies.items():
        kept = [row for row in rows if (row["service"], row["lane"]) == (service, lane)]
        assert [bytes(row["body"]) for row in kept] == wanted
    verify_lanes([parse_leaf(bytes(row["leaf"])) for row in rows], whole=True)
    with house.built.service.backend.reading() as connection:
        size = size_of(connection)
        hashes = [kept.hash for kept in between(connection, 0, size)]
        assert tree_root(nodes(connection), size) == root(hashes)
    assert len(house.rows(select(trail))) == len(rows)


PROFILE = ProfileRecorded(counselor=PersonId(COUNSELOR), professions=(), languages=(), home=Place("ID"))


def bodies_of(service: str, lane: int, count: int) -> list[bytes]:
    event = {"identity": joined(), "sessions": ended(), "licensing": PROFILE}[service]
    return [encode(entry_of(event, stream=f"{service}/{lane}/{n}", at=NOON)) for n in range(count)]


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_order_of_lanes_and_doubles_gives_each_event_exactly_one_leaf(data: st.DataObject) -> None:
    lanes = {("identity", 0): 4, ("sessions", 0): 5, ("licensing", 0): 2}
    bodies = {(service, lane): bodies_of(service, lane, count) for (service, lane), count in lanes.items()}
    waiting = {key: lane_of(*key, found) for key, found in bodies.items()}
    sent: dict[tuple[str, int], list[Message]] = {key: [] for key in lanes}
    with TemporaryDirectory() as folder:
        house = AuditHouse(Path(folder))
        while any(waiting.values()):
            key = data.draw(st.sampled_from([key for key, rest in waiting.items() if rest]))
            count = data.draw(st.integers(1, len(waiting[key])))
            again = data.draw(st.integers(0, len(sent[key])))  # what a relay may send twice after a failure
            house.log.publish(*key, [*sent[key][len(sent[key]) - again :], *waiting[key][:count]])
            sent[key] += waiting[key][:count]
            waiting[key] = waiting[key][count:]
            move = data.draw(st.sampled_from(["step", "wait", "kill"]))
            if move == "kill":
                house.close()
                house.open()
            elif move == "step":
                house.worker.consumer.step(0)
        house.worker.consumer.step(0)
        assert_whole(house, bodies)
        house.close()


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_kill_at_the_commit_leaves_no_gap_and_no_double(
    house: AuditHouse, monkeypatch: pytest.MonkeyPatch, after_commit: bool
) -> None:
    bodies = {("sessions", 0): bodies_of("sessions", 0, 6)}
    messages = lane_of("sessions", 0, bodies["sessions", 0])
    house.log.publish("sessions", 0, messages[:3])
    house.worker.consumer.step(0)
    backend = house.built.service.backend
    commit = backend.commit

    def killed(write: Write) -> None:
        if after_commit:
            commit(write)
        raise KeyboardInterrupt

    monkeypatch.setattr(backend, "commit", killed)
    house.log.publish("sessions", 0, messages[3:])
    with pytest.raises(KeyboardInterrupt):
        house.worker.consumer.step(0)
    monkeypatch.undo()
    assert len(log_rows(house)) == (6 if after_commit else 3)
    house.close()
    house.open()
    house.worker.consumer.step(0)
    assert_whole(house, bodies)


def test_two_runners_on_one_log_make_each_event_one_leaf(house: AuditHouse) -> None:
    bodies = {(name, 0): bodies_of(name, 0, 8) for name in ("identity", "sessions")}
    runners = [Ingest(house.built.service) for _ in range(2)]
    one, other = (Consumer(house.log, [("identity", 0), ("sessions", 0)], each, each) for each in runners)
    lanes = {key: lane_of(*key, found) for key, found in bodies.items()}
    one.step(0)
    other.step(0)
    for place in range(0, 8, 2):
        for key, messages in lanes.items():
            house.log.publish(*key, messages[place : place + 2])
        one.step(0)
        other.step(0)
    assert_whole(house, bodies)
    one.close()
    other.close()


def test_runners_of_different_lanes_share_one_sequence(house: AuditHouse) -> None:
    bodies = {(name, 0): bodies_of(name, 0, 4) for name in ("identity", "sessions")}
    runners = {key: Ingest(house.built.service) for key in bodies}
    lanes = {key: lane_of(*key, found) for key, found in bodies.items()}
    for place in range(4):
        for key, ingest in runners.items():  # each meets a log that the other has made longer
            ingest.apply(lanes[key][place], ingest.get(*key))
    assert_whole(house, bodies)


def test_a_position_that_was_moved_meanwhile_writes_nothing(house: AuditHouse) -> None:
    first, second = lane_of("sessions", 0, bodies_of("sessions", 0, 2))
    ingest = Ingest(house.built.service)
    ingest.apply(first, None)
    with pytest.raises(PositionMoved):
        ingest.apply(first, None)
    with pytest.raises(PositionMoved):
        ingest.apply(second, Position(first.incarnation, 0, first.chain, 0))
    assert len(log_rows(house)) == 1


def test_a_poll_of_many_events_is_one_transaction(house: AuditHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    backend = house.built.service.backend
    commit = backend.commit

    def counted(write: Write) -> list[Written]:
        commits.append(len(write.rows))
        return commit(write)

    monkeypatch.setattr(backend, "commit", counted)
    bodies = {(name, 0): bodies_of(name, 0, 50) for name in ("identity", "sessions")}
    for key, found in bodies.items():
        house.log.publish(*key, lane_of(*key, found))
    assert house.worker.consumer.step(0) == 100
    assert len(commits) == 1
    assert_whole(house, bodies)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe no text",
        b"{}",
        b'{"specversion":"1.0","id":"1","source":"/amanah/sessions","type":"sessions.x","time":"now"}',
        b'{"specversion":"1.0","id":"1","source":"/amanah/sessions","type":"sessions.\\ud800",'
        b'"time":"2026-11-24T07:00:00.000000Z"}',
    ],
)
def test_bytes_that_are_no_event_become_a_leaf_and_an_alarm_and_the_lane_goes_on(
    house: AuditHouse, body: bytes
) -> None:
    house.publish(ended(), clinic=PHOENIX)
    house.publish_bytes("sessions", body)
    house.publish(ended(), clinic=PHOENIX)
    house.turn()
    kept = [row for row in log_rows(house) if row["service"] == "sessions"]
    assert [bytes(row["body"]) == body for row in kept] == [False, True, False]
    assert house.alarms() == ["unreadable"]
    assert house.stranger().get("/audit/v1/status").get_json()["sound"] is True
    house.turn()
    assert house.types(house.network_officer()) == ["audit.alarm-raised"]


def test_an_event_of_a_newer_release_is_found_by_the_ids_in_it(house: AuditHouse) -> None:
    body = encode(entry_of(ended(), clinic=PHOENIX, at=NOON)).replace(b'"typeversion":1', b'"typeversion":9')
    house.publish_bytes("sessions", body)
    house.turn()
    assert house.types(house.officer(PHOENIX), clinic=PHOENIX, client=CLIENT) == ["sessions.session-ended"]
    assert {row["kind"] for row in house.rows(select(mentions.c.kind))} >= {"text"}


def test_an_event_of_a_type_that_this_release_does_not_declare_is_found_by_the_ids_in_it(house: AuditHouse) -> None:
    body = encode(entry_of(ended(), clinic=PHOENIX, at=NOON)).replace(b"session-ended", b"session-pondered")
    house.publish_bytes("sessions", body)
    house.turn()
    assert house.types(house.officer(PHOENIX), clinic=PHOENIX, client=CLIENT) == ["sessions.session-pondered"]


def test_an_event_that_claims_another_service_is_a_leaf_an_alarm_and_nothing_else(house: AuditHouse) -> None:
    house.publish(ended(), clinic=PHOENIX)
    house.publish_bytes("licensing", encode(entry_of(ended(), clinic=PHOENIX, at=NOON)))
    house.turn(3)
    assert house.alarms() == ["unreadable"]
    officer = house.officer(PHOENIX)
    assert house.types(officer, clinic=PHOENIX, client=CLIENT) == ["sessions.session-ended"]
    data = house.export(officer, clinic=PHOENIX, client=CLIENT)
    assert verify_bundle(data, house.key()).outcome is Outcome.PROVEN
    assert house.stranger().get("/audit/v1/status").get_json()["sound"] is True


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("hole", lambda made: [made[0], made[2]]),
        ("fork", lambda made: [made[0], lane_of("sessions", 0, [b"other", b"bytes"])[1]]),
        ("equivocation", lambda made: [*made[:2], lane_of("sessions", 0, [b"other", b"bytes"])[1]]),
        ("unknown_incarnation", lambda made: [made[0], lane_of("sessions", 0, [b"1", b"2"], "0190-other")[1]]),
    ],
)
def test_a_lane_that_is_not_whole_raises_one_alarm_and_the_others_go_on(
    house: AuditHouse, kind: str, spoil: Callable[[list[Message]], list[Message]]
) -> None:
    house.log.publish("sessions", 0, spoil(lane_of("sessions", 0, bodies_of("sessions", 0, 3))))
    house.log.publish("identity", 0, lane_of("identity", 0, bodies_of("identity", 0, 2)))
    house.turn()
    house.close()
    house.open()
    house.turn()  # a new runner meets it again
    assert house.alarms() == [kind]
    assert sum(row["service"] == "identity" for row in log_rows(house)) == 2


def test_an_alarm_that_cannot_be_written_now_is_written_later(
    house: AuditHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = house.built.service.backend
    house.log.publish("sessions", 0, lane_of("sessions", 0, bodies_of("sessions", 0, 3))[1:])
    house.worker.consumer.step(0)
    house.worker.consumer.step(0)
    alarms = next(tick for tick in house.worker.ticks if tick.name == "alarms")

    def away(write: Write) -> None:
        raise Unavailable("The database is away.")

    monkeypatch.setattr(backend, "commit", away)
    with pytest.raises(Unavailable):
        alarms.step()
    monkeypatch.undo()
    alarms.step()
    assert house.alarms() == ["hole"]


def order() -> ErasureOrdered:
    return ErasureOrdered(
        erasure=Id("0190a1b2-0000-7000-8000-00000000aa01"),
        client=PersonId(CLIENT),
        clinic=ClinicId(PHOENIX),
        not_before=Instant(NOON),
        basis="client_request",
    )


def test_an_erasure_is_answered_once_that_nothing_is_held(house: AuditHouse) -> None:
    house.publish(order())
    house.publish(order())
    house.turn()
    stored = house.rows(select(events.c.body).where(events.c.type == "audit.erasure-answered"))
    answers = [decode(bytes(row["body"])).data.answer for row in stored]
    assert [(each.client, each.kind, each.basis, each.until) for each in answers] == [
        (CLIENT, "nothing_held", "ids_only", None)
    ]
    assert "audit.erasure-answered" in house.types(house.officer(PHOENIX), clinic=PHOENIX, client=CLIENT)


def test_audits_own_events_become_leaves_too(house: AuditHouse) -> None:
    house.types(house.officer(PHOENIX), clinic=PHOENIX)
    house.turn()
    assert [row["service"] for row in log_rows(house)] == ["audit"]


def test_what_cannot_be_applied_is_a_leaf_all_the_same_and_is_never_set_aside(house: AuditHouse) -> None:
    """Its answer would be larger than an event may be: so the reaction fails, however often it is tried."""
    poison = encode(entry_of(replace(order(), erasure=Id("x" * 899_000)), clinic=PHOENIX, at=NOON))
    ingest, [message] = Ingest(house.built.service), lane_of("identity", 0, [poison])
    with pytest.raises(NotEncodable):
        ingest.apply(message, None)
    ingest.park(message, "the reaction fails again and again")
    assert [bytes(row["body"]) for row in log_rows(house)] == [poison]
    assert house.alarms() == ["parked"]


def test_what_cannot_be_applied_is_found_by_its_bytes_and_leaves_the_log_sound(house: AuditHouse) -> None:
    service, origin = house.built.service, house.settings.log_origin
    [message] = lane_of("sessions", 0, [encode(entry_of(booked(), clinic=PHOENIX, at=NOON))])
    Ingest(service).park(message, "the projection fails again and again")
    assert house.rows(select(referred)) == []  # nothing is learned from it
    assert go_on(service, origin).verified_size == 1
    assert publish(service, origin) is not None
    officer = house.officer(PHOENIX)
    assert house.types(officer, clinic=PHOENIX, reference=REFERENCE) == ["sessions.session-booked"]
    assert verify_bundle(house.export(officer, clinic=PHOENIX, client=CLIENT), house.key()).outcome is Outcome.PROVEN
    rebuild_service(house.settings, "audit", switch=True)
    assert len(house.rows(select(referred))) == 1  # a release that can read it learns from it then
    assert go_on(service, origin).verified_size == 1
