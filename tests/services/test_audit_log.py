"""The log itself: what is published, and that a changed past stops all signing and raises an alarm."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from services.audit.domain.tiles import encode_entries
from services.audit.domain.tree import range_of
from services.audit.examples import PHOENIX
from services.audit.merkle import Damaged, between, log_keys, nodes, pack_range, runs
from services.audit.publishing import publish
from services.audit.readmodels import FINAL, TABLES, checkpoints, leaves, trail
from services.audit.rounds import Found, found, go_on_from, stop_at
from services.audit.verifier.checkpoint import Checkpoint, parse_checkpoint
from services.audit.verifier.note import open_note, parse_key
from services.audit.verifier.report import Outcome
from services.audit.verifier.tree import leaf_hash, root
from services.audit.verifier.verify import verify_bundle
from services.audit.verifying import go_on, hurry
from services.kernel.codec import encode
from services.kernel.keys.local import LocalKeys
from services.repair import rebuild_service
from tests.audit_house import AuditHouse, a_day_of_two_clinics, ended, joined, lane_of
from tests.world import NOON, entry_of


@pytest.fixture
def house(tmp_path: Path) -> Iterator[AuditHouse]:
    made = AuditHouse(tmp_path)
    a_day_of_two_clinics(made)
    yield made
    made.close()


def head(house: AuditHouse) -> Checkpoint:
    note = house.stranger().get("/audit/v1/checkpoint").data
    return parse_checkpoint(open_note(note, [parse_key(house.key())]).text)


def test_checkpoint_key_and_tiles_fit_together(house: AuditHouse) -> None:
    officer, signed = house.officer(PHOENIX), head(house)
    assert (signed.origin, signed.size) == ("amanah.local/log", 7)
    data = officer.get("/audit/v1/tile/0/000.p/7").data
    hashes = [data[at : at + 32] for at in range(0, len(data), 32)]
    assert root(hashes) == signed.root
    kept = [bytes(row["leaf"]) for row in house.rows(select(leaves.c.leaf).order_by(leaves.c.leaf_index))]
    assert officer.get("/audit/v1/tile/entries/000.p/7").data == encode_entries(kept)
    assert [leaf_hash(leaf) for leaf in kept] == hashes


@pytest.mark.parametrize("path", ["0/000", "0/000.p/8", "1/000.p/1", "entries/001", "0/0", "0/000.p/256", "x"])
def test_a_tile_that_no_checkpoint_holds_is_not_there(house: AuditHouse, path: str) -> None:
    assert house.officer(PHOENIX).get(f"/audit/v1/tile/{path}").status_code == 404


def test_the_status_says_how_much_is_signed_and_when_all_was_verified(house: AuditHouse) -> None:
    house.publish(ended(), clinic=PHOENIX)
    house.worker.consumer.step(0)
    house.clock.advance(minutes=1)
    status = house.stranger().get("/audit/v1/status").get_json()
    assert (status["size"], status["checkpoint_size"], status["verified_size"]) == (8, 7, 7)
    assert (status["checkpoint_at"], status["sound"]) == ("2026-11-24T12:00:00.000000Z", True)
    house.turn()
    status = house.stranger().get("/audit/v1/status").get_json()
    assert (status["checkpoint_size"], status["verified_size"], status["verified_at"]) == (8, 8, house.clock())


def test_nothing_new_makes_no_checkpoint(house: AuditHouse) -> None:
    assert publish(house.built.service, house.settings.log_origin) is None
    assert len(house.rows(select(checkpoints))) == 1


@pytest.mark.parametrize("table", FINAL)
@pytest.mark.parametrize("change", ["delete from {0}", "update {0} set {1} = {1}"])
def test_the_log_can_only_be_added_to(house: AuditHouse, table: str, change: str) -> None:
    column = {"leaves": "body", "hashes": "hash", "checkpoints": "note"}[table]
    with house.built.service.backend.engine.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(change.format(table, column)))


CHANGED = "update leaves set body = cast(replace(cast(body as text), 'minutes', 'minuten') as blob) where leaf_index ="
MENDED = "update leaves set body = cast(replace(cast(body as text), 'minuten', 'minutes') as blob) where leaf_index ="
RESPELT = "update leaves set leaf = cast(replace(cast(leaf as text), ':1}', ': 1}') as blob) where leaf_index ="
ENDED = 4  # the index of a leaf that is signed; 7 is the one that is not yet


@pytest.mark.parametrize(
    "change",
    [
        f"{CHANGED} {ENDED}",
        f"{CHANGED} 7",
        f"{RESPELT} {ENDED}",
        f"{RESPELT} 7",
        "delete from leaves where leaf_index = 3",
        "delete from leaves where leaf_index >= 5",  # the tail, the signed part too
        "update leaves set sequence = 77 where leaf_index = 2",
        "update hashes set hash = zeroblob(32) where level = 0 and place = 2",
        "update hashes set hash = zeroblob(32) where level = 0 and place = 7",
        "update checkpoints set note = cast(replace(cast(note as text), char(10) || '7', char(10) || '6') as blob)",
        "update checkpoints set range = zeroblob(96)",
    ],
)
def test_a_changed_past_stops_all_signing_and_raises_one_alarm(house: AuditHouse, change: str) -> None:
    service, origin = house.built.service, house.settings.log_origin
    house.publish(ended(), clinic=PHOENIX)
    house.worker.consumer.step(0)  # one leaf that is not signed yet
    house.tamper(change)
    for step in (go_on, publish, go_on, publish):
        try:
            step(service, origin)
        except Damaged:
            continue
    assert len(house.rows(select(checkpoints))) == 1
    assert house.stranger().get("/audit/v1/status").get_json()["sound"] is False
    assert set(house.alarms()) == {"log_diverged"}
    with pytest.raises(Damaged, match=r"Leaf \d+: "):
        publish(service, origin)


def test_a_mended_log_is_signed_again_after_a_whole_round(house: AuditHouse) -> None:
    service, origin = house.built.service, house.settings.log_origin
    house.tamper(f"{CHANGED} {ENDED}")
    with pytest.raises(Damaged, match="Leaf 4: the event's bytes"):
        go_on(service, origin)
    house.publish(ended(), clinic=PHOENIX)
    house.worker.consumer.step(0)
    with pytest.raises(Damaged, match="nothing is signed"):
        publish(service, origin)
    house.tamper(f"{MENDED} {ENDED}")
    go_on(service, origin)
    assert publish(service, origin) is not None
    assert head(house).size == 8


def take_in_one(house: AuditHouse) -> None:
    """One leaf more, which no checkpoint holds yet."""
    house.publish(ended(), clinic=PHOENIX)
    house.worker.consumer.step(0)


def small_steps(monkeypatch: pytest.MonkeyPatch, leaves: int) -> None:
    """Let a round go on so many leaves at a time."""
    monkeypatch.setattr("services.audit.merkle.BATCH", leaves)
    monkeypatch.setattr("services.audit.verifying.STEP", 0.0)


def is_sound(house: AuditHouse) -> bool:
    return bool(house.stranger().get("/audit/v1/status").get_json()["sound"])


def test_a_fault_in_a_leaf_that_is_not_signed_yet_stands_until_a_round_has_passed_it(house: AuditHouse) -> None:
    service, origin = house.built.service, house.settings.log_origin
    take_in_one(house)
    house.tamper(f"{CHANGED} 7")
    with pytest.raises(Damaged, match="Leaf 7"):
        publish(service, origin)
    for step in (go_on, publish, go_on):
        with pytest.raises(Damaged, match="Leaf 7"):
            step(service, origin)
    house.tamper("delete from leaves where leaf_index = 7", "delete from hashes where place = 7 and level = 0")
    go_on(service, origin)  # whoever takes the leaf away has not mended it
    assert not is_sound(house)


def test_a_fault_is_lifted_as_soon_as_a_round_from_the_first_leaf_has_passed_it(
    house: AuditHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, origin = house.built.service, house.settings.log_origin
    small_steps(monkeypatch, 3)
    assert go_on(service, origin).reached.size == 3
    stop_at(service, Damaged(ENDED, "somebody found this behind the place where the round is"))
    sound = []
    for _ in range(3):
        go_on(service, origin)
        sound.append(is_sound(house))
    assert sound == [False, True, True]
    status = house.stranger().get("/audit/v1/status").get_json()
    assert status["verified_size"] == 7
    stop_at(service, Damaged(2, "and then this"))
    take_in_one(house)
    go_on(service, origin)
    assert publish(service, origin) is not None  # though the round goes on


def test_a_fault_of_the_checkpoint_stands_until_the_checkpoint_is_examined_again(
    house: AuditHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, origin = house.built.service, house.settings.log_origin
    house.tamper("update checkpoints set range = zeroblob(96)")
    with pytest.raises(Damaged, match="Leaf 6"):
        go_on(service, origin)
    for _ in range(3):
        take_in_one(house)
    small_steps(monkeypatch, 8)  # all that is signed, and one more: the round is not at its end
    for _ in range(2):
        with pytest.raises(Damaged, match="Leaf 6"):
            go_on(service, origin)
        assert not is_sound(house)


def test_a_round_under_way_hurries_while_a_fault_stands_or_where_it_is_late(
    house: AuditHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, origin = house.built.service, house.settings.log_origin

    def reached() -> int:
        hurry(service, origin)
        with service.backend.reading() as connection:
            return found(connection).reached.size

    small_steps(monkeypatch, 2)
    assert reached() == 0  # it begins no round
    go_on(service, origin)
    assert reached() == 2  # nobody waits for it
    stop_at(service, Damaged(5, "this"))
    go_on(service, origin)
    assert [reached() for _ in range(3)] == [4, 6, 6]  # it hurries to what was found, and takes its time behind it
    house.clock.advance(minutes=6 * 60)
    assert [reached() for _ in range(2)] == [0, 0]


def test_a_key_replaced_while_a_round_goes_on_is_no_damage(house: AuditHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    service, origin = house.built.service, house.settings.log_origin
    keys, reading = service.keys, service.backend.reading
    assert isinstance(keys, LocalKeys)
    take_in_one(house)

    def rotated_first() -> AbstractContextManager[Connection]:
        monkeypatch.undo()
        keys.rotate("checkpoint")
        assert publish(service, origin) is not None
        return reading()

    monkeypatch.setattr(service.backend, "reading", rotated_first)
    assert go_on(service, origin).verified_size == 8


def test_few_large_events_are_read_at_once(house: AuditHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    with house.built.service.backend.reading() as connection:
        lengths = [len(kept.body) for kept in between(connection, 0, 7)]
        monkeypatch.setattr("services.audit.merkle.MOST_BYTES", sum(lengths[:3]))
        found = [[kept.index for kept in rows] for rows in runs(connection, range(7))]
        monkeypatch.setattr("services.audit.merkle.MOST_BYTES", 1)
        alone = [[kept.index for kept in rows] for rows in runs(connection, [1, 2, 6])]
    assert found[0] == [0, 1, 2]
    assert [index for rows in found for index in rows] == list(range(7))
    assert all(sum(lengths[index] for index in rows) <= sum(lengths[:3]) for rows in found)
    assert alone == [[1], [2], [6]]


def test_a_fault_before_the_first_checkpoint_is_lifted_when_it_is_mended(tmp_path: Path) -> None:
    house = AuditHouse(tmp_path)
    service, origin = house.built.service, house.settings.log_origin
    take_in_one(house)
    house.tamper(f"{CHANGED} 0")
    for step in (publish, go_on):
        with pytest.raises(Damaged, match="Leaf 0"):
            step(service, origin)
    house.tamper(f"{MENDED} 0")
    go_on(service, origin)
    assert is_sound(house)
    assert publish(service, origin) is not None
    house.close()


def test_a_round_that_began_before_a_fault_was_found_does_not_lift_it(house: AuditHouse) -> None:
    service = house.built.service
    with service.backend.reading() as connection:
        before = found(connection)
    stop_at(service, Damaged(4, "another worker found this"))
    go_on_from(service, before, Found(verified_size=7, verified_at=house.clock()))
    assert not is_sound(house)
    stop_at(service, Damaged(2, "and then this"))
    with service.backend.reading() as connection:
        kept = found(connection)
    assert (kept.fault and kept.fault.index, kept.until) == (2, 5)


@pytest.mark.parametrize("damage", ["x'00'", "zeroblob(95)", "zeroblob(96)"])
def test_a_damaged_range_of_a_checkpoint_is_an_alarm_and_not_silence(house: AuditHouse, damage: str) -> None:
    house.tamper(f"update checkpoints set range = {damage}")
    assert house.stranger().get("/audit/v1/status").status_code == 200
    with pytest.raises(Damaged, match="Leaf 6"):
        go_on(house.built.service, house.settings.log_origin)
    assert not is_sound(house)
    assert house.alarms() == ["log_diverged"]


def test_a_round_whose_place_cannot_be_read_begins_again(house: AuditHouse) -> None:
    house.tamper("update rounds set reached = 5, range = x'00'")
    now = go_on(house.built.service, house.settings.log_origin)
    assert (now.verified_size, now.reached.size) == (7, 0)


def test_a_round_that_takes_several_steps_examines_what_came_meanwhile(
    house: AuditHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_steps(monkeypatch, 5)
    service, origin = house.built.service, house.settings.log_origin
    reached = [go_on(service, origin).reached.size]
    for _ in range(3):
        take_in_one(house)
        publish(service, origin)
        reached.append(go_on(service, origin).reached.size)
    assert reached == [5, 0, 5, 0]
    house.tamper(f"{CHANGED} 9")
    go_on(service, origin)
    with pytest.raises(Damaged, match="Leaf 9"):
        go_on(service, origin)


def test_a_log_of_more_than_one_tile_is_proven_and_its_upper_hashes_are_held_to_the_leaves(tmp_path: Path) -> None:
    house = AuditHouse(tmp_path)
    service, origin = house.built.service, house.settings.log_origin
    bodies = [encode(entry_of(ended(), clinic=PHOENIX, at=NOON, stream=f"sessions/{n}")) for n in range(300)]
    house.log.publish("sessions", 0, lane_of("sessions", 0, bodies))
    house.worker.consumer.step(0)
    publish(service, origin)
    assert verify_bundle(house.export(house.officer(PHOENIX), clinic=PHOENIX), house.key()).outcome is Outcome.PROVEN
    assert go_on(service, origin).verified_size == 300
    house.tamper("update hashes set hash = zeroblob(32) where level = 1 and place = 0")
    with pytest.raises(Damaged, match="Leaf 255: a kept hash"):
        go_on(service, origin)
    house.close()


def test_a_log_set_back_to_an_old_copy_signs_no_second_history(house: AuditHouse) -> None:
    """The leaves are lost; taken in again, the events come to stand in another order than the signed one."""
    house.publish(joined(client="0190a1b2-0000-7000-8000-00000000d003"))
    house.tamper(*(f"delete from {table}" for table in ("leaves", "hashes", "positions", *TABLES.tables)))
    house.close()
    house.open()
    house.worker.consumer.step(0)
    with pytest.raises(Damaged, match="does not continue"):
        publish(house.built.service, house.settings.log_origin)
    house.tamper(f"update checkpoints set range = x'{present_range(house, 7)}'", "update rounds set fault = ''")
    with pytest.raises(Damaged, match="does not continue"):  # who bends that too is caught by what was signed
        publish(house.built.service, house.settings.log_origin)
    assert head(house).size == 7


def present_range(house: AuditHouse, size: int) -> str:
    """The range of the tree as it lies there now, in hex."""
    with house.built.service.backend.reading() as connection:
        return pack_range(range_of(nodes(connection), size)).hex()


def test_the_index_is_rebuilt_from_the_logs_own_rows(house: AuditHouse) -> None:
    rebuilt = rebuild_service(house.settings, "audit", switch=False)
    assert (rebuilt.events, rebuilt.differences) == (7, {})
    house.tamper("delete from trail where leaf_index < 3", "update mentions set value = 'x' where leaf_index = 4")
    assert {"trail", "mentions"} == set(rebuild_service(house.settings, "audit", switch=True).differences)
    assert rebuild_service(house.settings, "audit", switch=False).differences == {}
    assert len(house.rows(select(trail))) == 7


def test_the_key_is_named_after_the_log(house: AuditHouse) -> None:
    assert [key.text() for key in log_keys(house.built.service.keys, "amanah.local/log")] == [house.key()]


def test_a_log_that_is_lost_is_filled_again_to_the_same_root(house: AuditHouse) -> None:
    signed = head(house)
    house.tamper(*(f"delete from {table}" for table in ("leaves", "hashes", "positions", *TABLES.tables)))
    house.close()
    house.open()
    house.turn()
    assert house.stranger().get("/audit/v1/status").get_json()["sound"] is True
    assert head(house) == signed
