"""Bundles over HTTP: exported by an officer, verified offline by somebody who has only the file and the log's key."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.audit.api.bundles import one_at_a_time
from services.audit.examples import CLIENT, JAKARTA, PHOENIX, REFERENCE, SESSION
from services.audit.merkle import Damaged
from services.audit.verifier.archive import unpack
from services.audit.verifier.note import Key
from services.audit.verifier.report import Outcome
from services.audit.verifier.verify import verify_bundle
from services.audit.verifying import go_on
from services.kernel.keys.local import LocalKeys
from services.repair import rebuild_service
from tests.audit_house import AuditHouse, a_day_of_two_clinics, ended


@pytest.fixture
def house(tmp_path: Path) -> Iterator[AuditHouse]:
    made = AuditHouse(tmp_path)
    a_day_of_two_clinics(made)
    yield made
    made.close()


def test_a_bundle_is_proven_offline_with_the_logs_key(house: AuditHouse, tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(house.export(house.officer(PHOENIX), clinic=PHOENIX, reference=REFERENCE))
    report = verify_bundle(path, house.key())
    assert report.outcome is Outcome.PROVEN
    assert "Events in this bundle: 3" in report.text()
    assert verify_bundle(path).outcome is Outcome.SIGNER_UNKNOWN
    stranger = Key("amanah.local/log", Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    assert verify_bundle(path, stranger.text()).failed == "checkpoint-signature"


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_one_changed_byte_is_found(house: AuditHouse, place: float) -> None:
    data = bytearray(house.export(house.officer(PHOENIX), clinic=PHOENIX, reference=REFERENCE))
    data[int(len(data) * place)] ^= 1
    assert verify_bundle(bytes(data), house.key()).outcome is Outcome.FAILED


def test_the_export_is_recorded_with_the_hash_of_the_very_file(house: AuditHouse) -> None:
    officer = house.officer(PHOENIX)
    data = house.export(officer, clinic=PHOENIX, reference=REFERENCE)
    house.turn()
    entry = officer.get("/audit/v1/trail", clinic=PHOENIX, type="audit.bundle-exported").get_json()["items"][0]
    event = officer.get(f"/audit/v1/entries/{entry['index']}").get_json()["event"]["data"]
    assert event["bundle_hash"] == sha256(data).hexdigest()
    assert (event["count"], event["size"], event["purpose"]) == (3, 7, "complaint")
    assert (event["looked_for"], event["reference"]) == ([SESSION], REFERENCE)
    assert "audit.bundle-exported" in house.types(officer, clinic=PHOENIX, session=SESSION)


def test_the_file_is_the_same_each_time_though_the_log_has_grown(house: AuditHouse) -> None:
    officer = house.officer(PHOENIX)
    made = officer.post("/audit/v1/bundles", {"clinic": PHOENIX, "purpose": "review"})
    first = officer.get(made.headers["Location"]).data
    house.turn(4)
    assert officer.get(made.headers["Location"]).data == first


def test_a_request_sent_twice_exports_once(house: AuditHouse) -> None:
    officer, order = house.officer(PHOENIX), {"clinic": PHOENIX, "purpose": "review"}
    first = officer.post("/audit/v1/bundles", order, key="the-same-key")
    again = officer.post("/audit/v1/bundles", order, key="the-same-key")
    assert (again.headers["Location"], again.headers["Idempotency-Replayed"]) == (first.headers["Location"], "true")
    house.turn()
    assert house.types(officer, clinic=PHOENIX).count("audit.bundle-exported") == 1


def test_one_export_at_a_time_and_the_next_is_told_when_to_come_back(house: AuditHouse) -> None:
    officer, order = house.officer(PHOENIX), {"clinic": PHOENIX, "purpose": "review"}
    with one_at_a_time():
        reply = officer.post("/audit/v1/bundles", order, key="the-same-key")
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "15")
    assert "Nothing was exported" in reply.get_json()["help"]
    assert officer.post("/audit/v1/bundles", order, key="the-same-key").status_code == 201


def test_an_export_that_was_refused_makes_room_for_the_next(house: AuditHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    order = {"clinic": PHOENIX, "purpose": "review"}
    monkeypatch.setattr("services.audit.commands.bundles.MOST", 0)
    assert house.officer(PHOENIX).post("/audit/v1/bundles", order).status_code == 422
    monkeypatch.undo()
    assert house.officer(PHOENIX).post("/audit/v1/bundles", order).status_code == 201


def test_a_bundle_holds_nothing_of_another_clinic(house: AuditHouse) -> None:
    files = unpack(house.export(house.officer(PHOENIX), clinic=PHOENIX))
    events = [data for name, data in files.items() if name.startswith("events/")]
    assert len(events) == 4
    assert not any(JAKARTA.encode() in data for data in files.values())


def test_only_who_exported_it_may_have_it_and_for_an_hour(house: AuditHouse) -> None:
    officer = house.officer(PHOENIX)
    where = officer.post("/audit/v1/bundles", {"clinic": PHOENIX, "purpose": "review"}).headers["Location"]
    colleague = house.officer(PHOENIX, account="0190a1b2-0000-7000-8000-0000000000f2")
    assert colleague.get(where).status_code == 403
    assert house.officer(JAKARTA).get(where).status_code == 403
    assert house.stranger().get(where).status_code == 401
    house.clock.advance(minutes=60)
    assert house.officer(PHOENIX).get(where).status_code == 404


@pytest.mark.parametrize("role", ["operator", "counselor", "verifier", "client"])
def test_other_roles_export_nothing(house: AuditHouse, role: str) -> None:
    order = {"clinic": PHOENIX, "purpose": "review"}
    assert house.officer(PHOENIX, role=role).post("/audit/v1/bundles", order).status_code == 403
    assert house.officer(JAKARTA).post("/audit/v1/bundles", order).status_code == 403


def test_the_purpose_must_be_said(house: AuditHouse) -> None:
    reply = house.officer(PHOENIX).post("/audit/v1/bundles", {"clinic": PHOENIX})
    assert reply.status_code == 422
    assert "purpose" in reply.text


def test_what_does_not_verify_is_not_handed_out(house: AuditHouse) -> None:
    house.tamper("update leaves set body = cast(replace(cast(body as text), 'success', 'failure') as blob)")
    reply = house.officer(PHOENIX).post("/audit/v1/bundles", {"clinic": PHOENIX, "purpose": "review"})
    assert reply.status_code == 503
    assert reply.get_json()["type"] == "urn:amanah:problem:log-damaged"


HIDDEN = [
    ("delete from trail where leaf_index = 3",),
    ("delete from mentions where leaf_index = 3",),
    ("delete from mentions where leaf_index = 2", "delete from trail where leaf_index = 4"),
    ("update trail set clinic = 'elsewhere' where leaf_index = 3",),
    ("update trail set time = '2027' where leaf_index = 3",),
]


@pytest.mark.parametrize("statements", HIDDEN)
def test_an_event_hidden_from_the_index_is_missed_by_the_export_until_the_index_is_rebuilt(
    house: AuditHouse, statements: tuple[str, ...]
) -> None:
    house.tamper(*statements)
    officer, order = house.officer(PHOENIX), {"clinic": PHOENIX, "purpose": "review", "client": CLIENT}
    assert officer.get("/audit/v1/trail", clinic=PHOENIX).status_code == 200  # a screen cannot know what is not listed
    reply = officer.post("/audit/v1/bundles", order | {"to": "2026-11-24"})
    assert (reply.status_code, reply.get_json()["type"]) == (503, "urn:amanah:problem:log-damaged")
    assert "amanah rebuild audit" in reply.get_json()["help"]
    assert "estore the audit database" not in reply.get_json()["help"]
    assert house.alarms() == ["log_diverged"]
    assert officer.get("/audit/v1/trail", clinic=PHOENIX).status_code == 503  # now it does
    rebuild_service(house.settings, "audit", switch=True)
    go_on(house.built.service, house.settings.log_origin)
    house.turn()
    assert len(house.types(officer, clinic=PHOENIX, client=CLIENT, to="2026-11-24", type="sessions.note-signed")) == 1
    assert verify_bundle(house.export(officer, **order), house.key()).outcome is Outcome.PROVEN


@pytest.mark.parametrize("statements", HIDDEN)
def test_an_event_hidden_from_the_index_is_missed_by_a_round(house: AuditHouse, statements: tuple[str, ...]) -> None:
    house.tamper(*statements)
    with pytest.raises(Damaged, match="index"):
        go_on(house.built.service, house.settings.log_origin)
    assert house.officer(PHOENIX).get("/audit/v1/trail", clinic=PHOENIX).status_code == 503


def test_a_bundle_is_proven_by_the_keys_of_the_log_when_its_key_was_replaced(house: AuditHouse) -> None:
    officer, first = house.officer(PHOENIX), house.key()
    old = house.export(officer, clinic=PHOENIX)
    keys = house.built.service.keys
    assert isinstance(keys, LocalKeys)
    keys.rotate("checkpoint")
    house.publish(ended(), clinic=PHOENIX)
    house.turn()
    new, both = house.export(officer, clinic=PHOENIX), house.key()
    assert both.endswith(first)
    assert [verify_bundle(data, both).outcome for data in (old, new)] == [Outcome.PROVEN] * 2
    assert "get all of its keys again" in verify_bundle(new, first).reason


def test_before_the_first_checkpoint_there_is_nothing_to_export(tmp_path: Path) -> None:
    house = AuditHouse(tmp_path)
    reply = house.officer(PHOENIX).post("/audit/v1/bundles", {"clinic": PHOENIX, "purpose": "review"})
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")
    assert house.stranger().get("/audit/v1/checkpoint").status_code == 404
    house.close()


@pytest.mark.parametrize(
    ("limit", "value"), [("services.audit.commands.bundles.MOST", 3), ("services.audit.bundling.MAX_BYTES", 900)]
)
def test_an_answer_too_large_for_one_file_is_refused_with_what_to_do(
    house: AuditHouse, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(limit, value)
    reply = house.officer(PHOENIX).post("/audit/v1/bundles", {"clinic": PHOENIX, "purpose": "review"})
    assert reply.status_code == 422
    assert "Narrow the question" in reply.get_json()["help"]
