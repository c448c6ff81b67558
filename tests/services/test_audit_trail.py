"""The officer's trail over HTTP: what is found, what is recorded of the look, and what nobody else sees."""

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from services.audit.domain.question import sought
from services.audit.examples import CLIENT, COUNSELOR, JAKARTA, PHOENIX, REFERENCE, SESSION, SESSION_FILTER
from services.audit.verifier.checkpoint import parse_checkpoint
from services.audit.verifier.note import parse_note
from services.audit.verifier.proof import parse_proof
from services.audit.verifier.tree import verify_inclusion
from services.contracts.identity import SignInsRevoked
from services.kernel.fields import PersonId
from services.kernel.http.paging import encode_cursor
from services.kernel.time import Instant
from tests.audit_house import OFFICER, AuditHouse, a_day_of_two_clinics, ended, joined

WHOLE = ["identity.client-joined", "sessions.session-booked", "sessions.session-ended", "sessions.note-signed"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[AuditHouse]:
    made = AuditHouse(tmp_path)
    a_day_of_two_clinics(made)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, WHOLE),
        ({"reference": REFERENCE}, WHOLE[1:]),
        ({"session": SESSION}, WHOLE[1:]),
        ({"reference": "k-91XF"}, WHOLE),
        ({"client": CLIENT}, WHOLE),
        ({"counselor": COUNSELOR}, WHOLE),
        ({"session": SESSION, "type": "sessions.note-signed"}, WHOLE[3:]),
        ({"actor": OFFICER}, []),
        ({"reference": "S-0000"}, []),
        ({"reference": "k-22AB"}, []),  # of the other clinic
        ({"from": "2026-11-24", "to": "2026-11-24"}, WHOLE),
        ({"from": "2026-11-25"}, []),
        ({"to": "2026-11-23"}, []),
        ({"from": "2026-11-24T19:00:00+07:00"}, WHOLE),
        ({"to": "2026-11-24T19:00:00+07:00"}, []),
    ],
)
def test_an_officer_finds_what_happened_in_their_clinic(
    house: AuditHouse, asked: dict[str, str], found: list[str]
) -> None:
    assert house.types(house.officer(PHOENIX), clinic=PHOENIX, **asked) == found


def test_an_entry_says_who_what_when_and_everything_that_it_names(house: AuditHouse) -> None:
    reply = house.officer(PHOENIX).get("/audit/v1/trail", clinic=PHOENIX, type="sessions.session-booked").get_json()
    entry = reply["items"][0]
    assert (entry["actor"], entry["clinic"], entry["time"]) == (COUNSELOR, PHOENIX, house.clock())
    named = {(each["kind"], each["value"]) for each in entry["references"]}
    assert {("session", SESSION), ("reference", REFERENCE), ("client", CLIENT), ("counselor", COUNSELOR)} <= named
    assert reply["size"] == 7


def test_a_look_is_recorded_with_what_was_asked_and_how_much_was_shown(house: AuditHouse) -> None:
    officer = house.officer(PHOENIX)
    house.types(officer, clinic=PHOENIX, reference=REFERENCE, purpose="complaint")
    house.turn()
    look = officer.get("/audit/v1/trail", clinic=PHOENIX, type="audit.trail-read").get_json()["items"][0]
    event = officer.get(f"/audit/v1/entries/{look['index']}").get_json()["event"]
    assert (event["actor"], event["data"]["reader"], event["clinic"]) == (OFFICER, OFFICER, PHOENIX)
    assert event["data"] == {
        "reader": OFFICER,
        "clinic": PHOENIX,
        "looked_for": [SESSION],
        "reference": REFERENCE,
        "filter_hash": sought(SESSION_FILTER).hash,
        "purpose": "complaint",
        "count": 3,
        "size": 7,
    }


def test_who_looked_at_a_client_is_found_by_that_client(house: AuditHouse) -> None:
    officer = house.officer(PHOENIX)
    house.types(officer, clinic=PHOENIX, client=CLIENT)
    assert officer.get("/audit/v1/entries/3").status_code == 200
    house.turn()
    event = officer.get("/audit/v1/entries/3").get_json()["event"]
    looks = officer.get("/audit/v1/trail", clinic=PHOENIX, client=CLIENT, type="audit.trail-read").get_json()["items"]
    assert [{"kind": "looked_for", "value": CLIENT} in look["references"] for look in looks] == [True]
    told = officer.get("/audit/v1/trail", clinic=PHOENIX, type="audit.trail-read").get_json()["items"]
    assert {"kind": "looked_for", "value": event["id"]} in told[1]["references"]


@pytest.mark.parametrize(
    "change",
    [
        "update leaves set body = cast(replace(cast(body as text), 'success', 'failure') as blob)",
        "update leaves set leaf = cast(replace(cast(leaf as text), ':1}', ': 1}') as blob)",
        "update leaves set lane = 3",
        "delete from leaves where leaf_index = 4",
        "delete from hashes where level = 0 and place = 4",
        "update hashes set hash = zeroblob(32) where level = 0 and place = 4",
    ],
)
def test_what_was_altered_is_not_shown_and_raises_the_alarm(house: AuditHouse, change: str) -> None:
    house.tamper(change)
    officer = house.officer(PHOENIX)
    for path, asked in (("trail", {"clinic": PHOENIX}), ("entries/4", {}), ("tile/entries/000.p/7", {})):
        reply = officer.get(f"/audit/v1/{path}", **asked)
        assert (reply.status_code, reply.get_json()["type"]) == (503, "urn:amanah:problem:log-damaged")
        assert "Restore the audit database" in reply.get_json()["help"]
    assert house.alarms() == ["log_diverged"]


def test_while_a_fault_stands_nothing_is_shown(house: AuditHouse) -> None:
    house.tamper("update leaves set body = cast(replace(cast(body as text), 'success', 'failure') as blob)")
    assert house.officer(PHOENIX).get("/audit/v1/entries/4").status_code == 503
    reply = house.officer(PHOENIX).get("/audit/v1/entries/3")  # which was not altered
    assert (reply.status_code, reply.get_json()["type"]) == (503, "urn:amanah:problem:log-damaged")
    assert house.stranger().get("/audit/v1/checkpoint").status_code == 200


def test_pages_follow_one_another_without_gap_or_double(house: AuditHouse) -> None:
    officer, cursor, seen = house.officer(PHOENIX), None, []
    for _ in WHOLE:
        page = officer.get("/audit/v1/trail", clinic=PHOENIX, limit=1, cursor=cursor).get_json()
        seen += [item["type"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (seen, cursor) == (WHOLE, None)


def test_the_answer_says_up_to_when_each_service_is_known(house: AuditHouse) -> None:
    known = house.officer(PHOENIX).get("/audit/v1/trail", clinic=PHOENIX).get_json()["known_until"]
    assert known["audit"] == house.clock()  # its own relay has spoken
    assert known["sessions"] is None  # no relay of sessions runs here


@pytest.mark.parametrize("path", ["/audit/v1/trail", "/audit/v1/entries/3"])
def test_the_officer_of_another_clinic_sees_nothing_and_the_try_is_recorded(house: AuditHouse, path: str) -> None:
    stranger = house.officer(JAKARTA)
    assert stranger.get(path, **({"clinic": PHOENIX} if "trail" in path else {})).status_code == 403
    house.turn()
    assert house.types(house.officer(PHOENIX), clinic=PHOENIX)[-1] == "audit.operation-refused"
    assert "audit.operation-refused" not in house.types(stranger, clinic=JAKARTA)


@pytest.mark.parametrize("role", ["operator", "counselor", "verifier", "client"])
def test_other_roles_of_the_clinic_see_nothing(house: AuditHouse, role: str) -> None:
    other = house.officer(PHOENIX, role=role)
    assert other.get("/audit/v1/trail", clinic=PHOENIX).status_code == 403
    assert other.get("/audit/v1/entries/3").status_code == 403
    assert other.get("/audit/v1/tile/0/000.p/7").status_code == 403


def test_nobody_known_is_asked_to_sign_in(house: AuditHouse) -> None:
    assert house.stranger().get("/audit/v1/trail", clinic=PHOENIX).status_code == 401


def test_the_networks_officer_sees_what_belongs_to_no_clinic_and_nothing_else(house: AuditHouse) -> None:
    officer = house.network_officer()
    assert house.types(officer) == ["identity.network-founded"]
    assert officer.get("/audit/v1/trail", clinic=PHOENIX).status_code == 403
    assert officer.get("/audit/v1/entries/3").status_code == 403
    assert house.officer(PHOENIX).get("/audit/v1/trail").status_code == 403


def test_an_entry_carries_its_exact_bytes_and_a_proof_that_anybody_can_check(house: AuditHouse) -> None:
    entry = house.officer(PHOENIX).get("/audit/v1/entries/3").get_json()
    proof = parse_proof(entry["inclusion"]["proof"].encode())
    head = parse_checkpoint(parse_note(proof.checkpoint).text)
    verify_inclusion(proof.index, head.size, b64decode(entry["leaf_hash"]), proof.hashes, head.root)
    assert entry["event"]["type"] == "sessions.session-booked"


def test_an_entry_that_no_checkpoint_holds_yet_says_so(house: AuditHouse) -> None:
    house.publish(ended(), clinic=PHOENIX)
    house.worker.consumer.step(0)
    entry = house.officer(PHOENIX).get("/audit/v1/entries/7").get_json()
    assert entry["inclusion"] is None
    assert entry["event"]["type"] == "sessions.session-ended"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"clinic={PHOENIX}&session={SESSION}&client={CLIENT}", 422),  # two things at once
        (f"clinic={PHOENIX}&purpose=curiosity", 422),
        (f"clinic={PHOENIX}&client=somebody@example.org", 422),  # what is asked for is recorded: only ids are
        (f"clinic={PHOENIX}&reference=Mrs-Smith", 422),
        (f"clinic={PHOENIX}&from=yesterday", 422),
        (f"clinic={PHOENIX}&to=9999-12-31", 422),
        (f"clinic={PHOENIX}&cursor=nonsense", 400),
        (f"clinic={PHOENIX}&sesion={SESSION}", 422),  # misspelt
    ],
)
def test_a_question_that_cannot_be_answered_says_what_to_do(house: AuditHouse, query: str, status: int) -> None:
    reply = house.officer(PHOENIX).get("/audit/v1/trail", **dict(parse_qsl(query)))
    assert reply.status_code == status
    assert reply.get_json()["help"]


@pytest.mark.parametrize("index", [7, 99, 10**30])
def test_there_is_no_entry_behind_the_end(house: AuditHouse, index: int) -> None:
    assert house.officer(PHOENIX).get(f"/audit/v1/entries/{index}").status_code == 404


@pytest.mark.parametrize("index", [99, 10**30])
def test_there_is_no_page_behind_the_end(house: AuditHouse, index: int) -> None:
    assert house.types(house.officer(PHOENIX), clinic=PHOENIX, cursor=encode_cursor(index=index)) == []


def test_a_reference_of_two_clinics_finds_only_ones_own(house: AuditHouse) -> None:
    house.publish(joined(JAKARTA, "0190a1b2-0000-7000-8000-00000000d009", "k-91XF"))
    house.turn()
    assert house.types(house.officer(JAKARTA), clinic=JAKARTA, reference="k-91XF") == ["identity.client-joined"]
    assert house.types(house.officer(PHOENIX), clinic=PHOENIX, reference="k-91XF")[:4] == WHOLE


def test_a_sign_in_that_was_revoked_opens_nothing_any_more(house: AuditHouse) -> None:
    officer = house.officer(PHOENIX)
    at = Instant("2026-11-24T12:00:01.000000Z")
    house.publish(SignInsRevoked(account=PersonId(OFFICER), sid=None, reason="role_ended", at=at))
    house.turn()
    assert officer.get("/audit/v1/trail", clinic=PHOENIX).status_code == 401
