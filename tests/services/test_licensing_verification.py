"""Evidence, looks by a second person, and what is recorded of them."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.kernel.time import plus
from services.licensing.domain.evidence import MAX_BYTES
from services.licensing.examples import NADIA_ARIZONA, NADIA_ONTARIO, NADIA_PROFILE, SCAN
from tests.licensing_house import BUDI, JAKARTA, NADIA, OTTO, PHOENIX, SARI, V1, VERA, House, made_id

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as made:
        yield made


@pytest.fixture
def credential(house: House) -> str:
    house.as_(NADIA).put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
    return house.record(NADIA_ARIZONA)


def attach(house: House, credential: str, content: bytes = SCAN, who: str = NADIA) -> object:
    body = {"file": base64.b64encode(content).decode()}
    return house.as_(who).post(f"{V1}/credentials/{credential}/evidence", body)


def test_nobody_verifies_their_own_credential_and_the_try_is_recorded(house: House, credential: str) -> None:
    both = house.as_(NADIA, "counselor", "verifier")
    body = {"verdict": "confirmed", "source": "my own drawer", "looked_at": house.clock()}
    body["valid_until"] = plus(house.clock(), days=30)
    refused = both.post(f"{V1}/credentials/{credential}/verifications", body)
    assert (refused.status_code, "your own" in refused.json["detail"]) == (403, True)
    told = house.recorded("licensing.operation-refused")[-1].data.refusal
    assert (told.account, told.operation, told.reason) == (NADIA, "record-verification", "own-credential")
    assert house.recorded("licensing.verification-recorded") == []


def test_a_verifier_of_another_clinic_is_refused_until_the_counselor_works_there(house: House, credential: str) -> None:
    assert house.verify(credential, BUDI).status_code == 403
    assert house.as_(BUDI).get(f"{V1}/credentials/{credential}").status_code == 403
    assert house.as_(BUDI).get(f"{V1}/verifications/due").json["items"] == []
    house.join(NADIA, "Nadia Okafor", JAKARTA, "counselor")
    assert house.verify(credential, BUDI).status_code == 201


def test_a_verifier_of_the_network_may_verify_anybody(house: House, credential: str) -> None:
    network = house.as_("0190a1b2-0000-7000-8000-0000000000fe", "verifier")
    assert [each["credential"] for each in network.get(f"{V1}/verifications/due").json["items"]] == [credential]
    assert network.get(f"{V1}/credentials/{credential}").json["number"] == NADIA_ARIZONA["number"]
    assert [look.clinic for look in house.recorded("licensing.evidence-read")] == [None]


def test_what_waits_is_listed_until_it_was_looked_up_and_again_before_the_look_ends(
    house: House, credential: str
) -> None:
    vera = house.as_(VERA)
    waiting = vera.get(f"{V1}/verifications/due").json["items"]
    assert [(each["credential"], each["name"], each["verdict"]) for each in waiting] == [
        (credential, "Nadia Okafor", None)
    ]
    house.verify(credential, valid_until=plus(house.clock(), days=100))
    assert house.as_(VERA).get(f"{V1}/verifications/due").json["items"] == []
    house.clock.advance(days=75)
    again = house.as_(VERA).get(f"{V1}/verifications/due").json["items"]
    assert [each["verdict"] for each in again] == ["confirmed"]
    assert house.as_(NADIA).get(f"{V1}/verifications/due").status_code == 403


def test_a_look_lies_in_the_past_and_ends(house: House, credential: str) -> None:
    assert house.verify(credential, looked_at=plus(house.clock(), minutes=1)).status_code == 422
    assert house.verify(credential, valid_until=house.clock()).status_code == 422
    assert house.verify(credential, verdict="perhaps").status_code == 422
    now = house.clock()
    too_old, too_long = plus(now, days=-90, seconds=-1), plus(now, days=1096, seconds=1)
    assert house.verify(credential, looked_at=too_old, valid_until=plus(now, days=30)).status_code == 422
    assert house.verify(credential, valid_until=too_long).status_code == 422
    assert house.recorded("licensing.verification-recorded") == []


def test_an_older_look_that_is_recorded_later_does_not_undo_a_refusal(house: House, credential: str) -> None:
    earlier = house.clock()
    house.clock.advance(days=5)
    assert house.verify(credential, verdict="refused").status_code == 201
    assert house.verify(credential, looked_at=earlier).status_code == 201
    shown = house.as_(NADIA).get(f"{V1}/credentials/{credential}").json
    assert (shown["state"]["status"], len(shown["verifications"])) == ("refused", 2)
    assert shown["state"]["mender"]["en"] == "The counselor can mend this"
    assert house.as_(VERA).get(f"{V1}/verifications/due").json["items"] == []  # the list knows it as refused too
    assert house.verify(credential).status_code == 201
    shown = house.as_(NADIA).get(f"{V1}/credentials/{credential}").json
    assert (shown["state"]["status"], shown["state"]["mender"]) == ("verified", None)


def test_a_verifier_who_reads_a_number_or_a_file_is_recorded_before_it_is_shown(house: House, credential: str) -> None:
    evidence = made_id(attach(house, credential))
    shown = house.as_(VERA).get(f"{V1}/credentials/{credential}")
    assert shown.json["number"] == NADIA_ARIZONA["number"]
    assert shown.json["evidence"][0]["media_type"] == "application/pdf"
    file = house.as_(VERA).get(f"{V1}/credentials/{credential}/evidence/{evidence}")
    assert (file.data, file.content_type) == (SCAN, "application/pdf")
    assert file.headers["Content-Disposition"].startswith("attachment")
    looks = house.recorded("licensing.evidence-read")
    assert [(look.data.reader, look.data.purpose, look.data.counselors) for look in looks] == [
        (VERA, "verification", (NADIA,))
    ] * 2
    assert [look.data.items for look in looks] == [(f"credential/{credential}",), (f"evidence/{evidence}",)]
    assert {look.clinic for look in looks} == {PHOENIX}


def test_ones_own_look_is_not_recorded(house: House, credential: str) -> None:
    evidence = made_id(attach(house, credential))
    nadia = house.as_(NADIA)
    assert nadia.get(f"{V1}/credentials/{credential}").json["number"] == NADIA_ARIZONA["number"]
    assert nadia.get(f"{V1}/credentials/{credential}/evidence/{evidence}").data == SCAN
    assert house.recorded("licensing.evidence-read") == []


@pytest.mark.parametrize("who", [BUDI, OTTO, SARI])
def test_evidence_is_for_owner_and_verifier_only(house: House, credential: str, who: str) -> None:
    evidence = made_id(attach(house, credential))
    for path in (f"{V1}/credentials/{credential}", f"{V1}/credentials/{credential}/evidence/{evidence}"):
        assert house.as_(who).get(path).status_code == 403
    assert attach(house, credential, who=who).status_code == 403  # type: ignore[attr-defined]
    assert house.recorded("licensing.evidence-read") == []
    refused = [entry.data.refusal.operation for entry in house.recorded("licensing.operation-refused")]
    assert refused == ["read-credential", "read-evidence", "attach-evidence"]


def test_a_file_is_known_by_its_bytes_and_has_a_size(house: House, credential: str) -> None:
    for content in (b"GIF89a", b"", b"%PDF-" + bytes(MAX_BYTES)):
        refused = attach(house, credential, content)
        assert refused.status_code == 422  # type: ignore[attr-defined]
    largest = PNG.ljust(MAX_BYTES, b"\0")
    evidence = made_id(attach(house, credential, largest))
    shown = house.as_(NADIA).get(f"{V1}/credentials/{credential}/evidence/{evidence}")
    assert (shown.data == largest, shown.content_type) == (True, "image/png")


def test_a_file_may_also_come_as_a_form_and_twice_sent_is_attached_once(house: House, credential: str) -> None:
    path = f"{V1}/credentials/{credential}/evidence"
    nadia = house.as_(NADIA)
    headers = {"Idempotency-Key": "one-scan-of-mine", "Authorization": f"Bearer {nadia.token}"}

    def send() -> str:
        data = {"file": (io.BytesIO(PNG), "licence.png")}
        answer = house.built.app.test_client().post(path, data=data, headers=headers)
        assert answer.status_code == 201, answer.json
        return made_id(answer)

    assert send() == send()
    assert len(house.recorded("licensing.evidence-attached")) == 1
    wrong = nadia.post(path, {"file": "not base64!"})
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/file")
    text = house.built.app.test_client().post(path, data="x", content_type="text/plain", headers=headers)
    assert text.status_code == 415


def test_a_verdict_with_its_remark_is_shown_to_the_counselor(house: House, credential: str) -> None:
    assert house.verify(credential, remark="The register shows a maiden name.").status_code == 201
    shown = house.as_(NADIA).get(f"{V1}/credentials/{credential}").json
    assert [(each["verdict"], each["remark"]) for each in shown["verifications"]] == [
        ("confirmed", "The register shows a maiden name.")
    ]
    assert shown["state"]["status"] == "verified"
    assert house.as_(NADIA).get(f"{V1}/credentials").json["items"][0]["state"]["counts"] == "yes"


def test_what_is_sealed_stands_in_no_event_and_in_no_file_of_the_database(house: House, credential: str) -> None:
    attach(house, credential)
    house.record(NADIA_ONTARIO)
    house.verify(credential, remark="A remark that is nobody else's business")
    house.as_(VERA).get(f"{V1}/credentials/{credential}")
    secrets = [NADIA_ARIZONA["number"].encode(), NADIA_ONTARIO["number"].encode(), SCAN, b"nobody else's business"]
    stored = [path.read_bytes() for path in house.settings.data.glob("licensing.sqlite3*")]
    for text in [*house.bodies(), *stored]:
        assert not any(secret in text for secret in secrets)


def test_statements_are_accepted_one_by_one_in_the_wording_that_is_shown(house: House) -> None:
    nadia = house.as_(NADIA)
    texts = nadia.get(f"{V1}/attestation-texts").json["items"]
    assert [text["text"] for text in texts] == ["no_statute_said", "restrictions_told", "true_and_complete"]
    for text in texts:
        body = {"text": text["text"], "version": text["version"], "locale": "id"}
        assert nadia.post(f"{V1}/attestations", body).status_code == 201
    accepted = house.recorded("licensing.attestation-accepted")
    assert [entry.data.text_hash for entry in accepted] == [text["hashes"]["id"] for text in texts]
    body = {"text": "true_and_complete", "version": 1, "locale": "en"}
    assert nadia.post(f"{V1}/attestations", body).status_code == 409
    assert nadia.post(f"{V1}/attestations", body | {"version": 2}).status_code == 422
    assert nadia.post(f"{V1}/attestations", body | {"locale": "fr"}).status_code == 422
    assert nadia.post(f"{V1}/attestations", body | {"text": "another"}).status_code == 404
    nadia.put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
    assert len(nadia.get(f"{V1}/profile").json["attestations"]) == 3
