"""Where may I practise: rules, adoption, credentials and their verification, over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.licensing.examples import NADIA_ARIZONA, NADIA_ONTARIO, NADIA_PROFILE
from tests.licensing_house import BUDI, JAKARTA, NADIA, OTTO, PHOENIX, SARI, V1, VERA, House
from tests.world import client_of

ROUTES = ("us-az.own-licence", "ca-on.registration", "us-ca.licence-required", "gb.counsellor-title")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as made:
        yield made


def verdicts(house: House) -> dict[str, str]:
    return {place: item["verdict"] for place, item in house.coverage().items()}


def test_where_may_i_practise_is_answered_at_once(house: House) -> None:
    house.settle_nadia()
    house.adopt(*ROUTES)
    found = house.coverage()
    assert {place: found[place]["verdict"] for place in ("US-AZ", "CA-ON", "US-CA", "GB", "ID")} == {
        "US-AZ": "permitted",
        "CA-ON": "permitted",
        "US-CA": "prohibited",
        "GB": "permitted",
        "ID": "undetermined",
    }
    arizona = found["US-AZ"]["routes"][0]
    assert (arizona["kind"], arizona["sources"][0]["cite"]) == (
        "own_licence",
        "A.A.C. R4-6-1106(A)(B), read to 2024-12-13",
    )
    britain = found["GB"]["routes"][0]
    assert britain["kind"] == "unregulated_title"
    assert britain["sentence"]["en"].startswith("No statute regulates this profession here")
    assert "tell_no_statute" in [owed["code"] for owed in britain["obligations"]]


def test_postgresql_answers_the_same(tmp_path: Path, postgres_url: str) -> None:
    with House(tmp_path, postgres_url=postgres_url) as house:
        house.settle_nadia()
        house.adopt(*ROUTES)
        assert {place: verdicts(house)[place] for place in ("US-AZ", "US-CA", "ID")} == {
            "US-AZ": "permitted",
            "US-CA": "prohibited",
            "ID": "undetermined",
        }
        told = [entry.data.clearance for entry in house.recorded("licensing.clearance-published")]
        assert [clearance.place for clearance in told] == ["US-AZ", "CA-ON", "US-CA", "GB"]
        assert house.as_(VERA).get(f"{V1}/verifications/due").json["items"] == []


def test_a_prohibition_names_every_reason_in_both_languages_and_who_can_mend_it(house: House) -> None:
    house.settle_nadia()
    house.adopt(*ROUTES)
    california = house.coverage()["US-CA"]
    assert california["routes"] == []
    assert {reason["code"] for reason in california["reasons"]} == {"no_credential", "licence_required"}
    lacking = california["blocked"][0]["reasons"][0]
    assert (lacking["code"], lacking["mender"], lacking["source"]["rule"]) == (
        "no_credential",
        "counselor",
        "us-ca.licence-required",
    )
    assert set(lacking["sentence"]) == {"en", "id"}
    assert california["ask"] is None


def test_what_is_not_known_says_whom_to_ask_until_the_network_adopts_its_own_standard(house: House) -> None:
    house.settle_nadia()
    before = house.coverage()["ID"]
    assert before["verdict"] == "undetermined"
    assert [reason["code"] for reason in before["reasons"]] == ["no_rule_known"]
    assert before["ask"]["people"] == ["Sari Wulandari"]
    assert [rule["rule"] for rule in before["ask"]["not_adopted"]] == ["id.network-standard"]
    house.adopt("id.network-standard")
    after = house.coverage()["ID"]
    assert after["verdict"] == "permitted"
    assert after["routes"][0]["kind"] == "network_standard"
    assert after["routes"][0]["sources"][0]["network"] is True
    assert "it is not law" in after["routes"][0]["sentence"]["en"]


def test_a_rule_that_nobody_adopted_does_not_count(house: House) -> None:
    house.settle_nadia()
    assert set(verdicts(house).values()) == {"undetermined"}


def test_a_credential_counts_only_once_it_is_verified(house: House) -> None:
    house.adopt("us-az.own-licence")
    house.as_(NADIA).put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
    credential = house.record(NADIA_ARIZONA)
    waiting = house.coverage()["US-AZ"]
    assert waiting["verdict"] == "undetermined"
    assert [(r["code"], r["mender"]) for r in waiting["in_doubt"][0]["doubts"]] == [("not_verified", "verifier")]
    assert house.verify(credential).status_code == 201
    assert verdicts(house)["US-AZ"] == "permitted"
    assert house.verify(credential, verdict="refused").status_code == 201
    assert verdicts(house)["US-AZ"] == "prohibited"


def test_an_expired_licence_flips_the_answer_at_the_instant_that_was_told(house: House) -> None:
    house.settle_nadia()
    house.adopt("us-az.own-licence")
    change = house.coverage()["US-AZ"]["next_change"]
    assert change == "2027-01-15T07:00:00.000000Z"  # midnight in Phoenix, after its last day
    house.clock.set("2027-01-15T06:59:59.999999Z")  # type: ignore[arg-type]
    assert verdicts(house)["US-AZ"] == "permitted"
    house.clock.set(change)
    expired = house.coverage()["US-AZ"]
    assert expired["verdict"] == "prohibited"
    assert "expired" in [reason["code"] for reason in expired["reasons"]]


def test_one_place_may_be_asked_for_also_one_without_any_rule(house: House) -> None:
    house.settle_nadia()
    house.adopt("gb.counsellor-title")
    assert {place: item["verdict"] for place, item in house.coverage(place="GB-SCT").items()} == {"GB-SCT": "permitted"}
    psychologist = dict(NADIA_PROFILE) | {"professions": ["psychologist"]}
    assert house.as_(NADIA).put(f"{V1}/profile", psychologist, version=1).status_code == 200
    waiting = house.coverage(place="GB-SCT")["GB-SCT"]["ask"]["not_adopted"]
    assert [rule["rule"] for rule in waiting] == ["gb.psychologist-title"]
    assert house.coverage(place="DE")["DE"]["verdict"] == "undetermined"
    refused = house.as_(NADIA).get(f"{V1}/coverage", place="ZZ")
    assert (refused.status_code, "known zone" in refused.json["detail"]) == (422, True)


def test_a_move_is_a_new_fact_and_needs_the_version_that_was_read(house: House) -> None:
    nadia = house.as_(NADIA)
    assert nadia.get(f"{V1}/profile").status_code == 404
    assert nadia.put(f"{V1}/profile", dict(NADIA_PROFILE)).status_code == 428
    first = nadia.put(f"{V1}/profile", dict(NADIA_PROFILE), version=0)
    assert (first.status_code, first.headers["ETag"], first.json["home"]) == (200, '"1"', "CA-ON")
    assert nadia.put(f"{V1}/profile", dict(NADIA_PROFILE) | {"home": "GB"}, version=0).status_code == 412
    moved = nadia.put(f"{V1}/profile", dict(NADIA_PROFILE) | {"home": "GB"}, version=first.headers["ETag"])
    assert (moved.json["home"], moved.headers["ETag"]) == ("GB", '"2"')
    nowhere = nadia.put(f"{V1}/profile", dict(NADIA_PROFILE) | {"home": "ZZ"}, version=2)
    assert (nowhere.status_code, nadia.get(f"{V1}/profile").json["home"]) == (422, "GB")


@pytest.mark.parametrize("who", [VERA, OTTO, SARI])
def test_who_works_beside_the_counselor_sees_the_same_answer(house: House, who: str) -> None:
    house.settle_nadia()
    house.adopt("us-az.own-licence")
    answer = house.as_(who).get(f"{V1}/counselors/{NADIA}/coverage", place="US-AZ")
    assert (answer.status_code, answer.json["items"][0]["verdict"]) == (200, "permitted")


def test_another_clinic_does_not_see_it_and_the_refusal_is_recorded(house: House) -> None:
    house.settle_nadia()
    refused = house.as_(BUDI, "operator", "officer").get(f"{V1}/counselors/{NADIA}/coverage")
    assert refused.status_code == 403
    told = house.recorded("licensing.operation-refused")[-1].data.refusal
    assert (told.account, told.operation) == (BUDI, "read-counselor-coverage")
    assert house.as_(NADIA, "client").get(f"{V1}/coverage").status_code == 403
    assert client_of(house.built.app).get(f"{V1}/coverage").status_code == 401


def test_rules_are_listed_with_their_sources_and_say_whether_they_count(house: House) -> None:
    house.adopt("us-az.own-licence")
    listed = house.as_(NADIA).get(f"{V1}/rules", place="US-AZ").json["items"]
    states = {rule["rule"]: rule["state"] for rule in listed}
    assert states["us-az.own-licence"] == "adopted"
    assert states["us-az.non-resident-90-days"] == "published"
    rule = house.as_(NADIA).get(f"{V1}/rules/us-az.own-licence").json
    assert rule["adopted"]["by"] == SARI
    assert rule["versions"][-1]["source"]["confidence"] == "V"
    pages: list[Any] = []
    cursor = None
    while True:
        page = house.as_(NADIA).get(f"{V1}/rules", limit=7, cursor=cursor).json
        pages += [each["rule"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == sorted(set(pages))
    assert len(pages) > 20


def test_only_what_was_read_as_it_stands_can_be_adopted_and_only_once_by_the_network(house: House) -> None:
    wrong = house.adopt_one("us-az.own-licence", source_read="0" * 64)
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/source_read")
    older = house.adopt_one("us-az.own-licence", edition=7)
    assert (older.status_code, older.json["errors"][0]["pointer"]) == (422, "/edition")
    assert house.recorded("licensing.rule-adopted") == []
    rule = house.as_(SARI).get(f"{V1}/rules/us-az.own-licence").json
    body = {"edition": rule["edition"], "source_read": rule["source_hash"]}
    local = house.as_(OTTO, "operator", clinic=PHOENIX).post(f"{V1}/rules/us-az.own-licence/adoptions", body)
    assert local.status_code == 403
    house.adopt("us-az.own-licence")
    assert house.adopt_one("us-az.own-licence").status_code == 409
    assert house.as_(SARI).get(f"{V1}/rules/us-az.nothing").status_code == 404


def test_a_number_is_recorded_by_one_person_however_it_is_written(house: House) -> None:
    house.record(NADIA_ONTARIO)
    spelled = dict(NADIA_ONTARIO) | {"number": "rp 00 47 11"}
    own = house.as_(NADIA).post(f"{V1}/credentials", spelled)
    assert (own.status_code, "You have recorded" in own.json["detail"]) == (409, True)
    other = house.as_("0190a1b2-0000-7000-8000-0000000000ff", "counselor", clinic=JAKARTA)
    taken = other.post(f"{V1}/credentials", spelled)
    assert (taken.status_code, "somebody else" in taken.json["detail"]) == (409, True)
    assert "verifier" in taken.json["help"]
    elsewhere = other.post(f"{V1}/credentials", spelled | {"issuer": "Another college"})
    assert elsewhere.status_code == 201


def test_a_renewed_licence_keeps_its_number_for_its_owner_alone(house: House) -> None:
    house.record(NADIA_ARIZONA)
    renewed = dict(NADIA_ARIZONA) | {"since": "2027-01-15", "until": "2029-01-14"}
    other = house.as_("0190a1b2-0000-7000-8000-0000000000ff", "counselor", clinic=JAKARTA)
    assert other.post(f"{V1}/credentials", renewed).status_code == 409
    house.record(renewed)
    again = house.as_(NADIA).post(f"{V1}/credentials", renewed)
    earlier = house.as_(NADIA).post(f"{V1}/credentials", dict(NADIA_ARIZONA))
    assert [(refused.status_code, "later" in refused.json["detail"]) for refused in (again, earlier)] == [
        (409, True)
    ] * 2
    assert other.post(f"{V1}/credentials", renewed).status_code == 409
    house.record(dict(renewed) | {"until": "2031-01-14"})  # printed with its first day of old


def test_of_two_who_record_one_number_at_one_moment_one_is_told_so(house: House) -> None:
    other = house.as_("0190a1b2-0000-7000-8000-0000000000ff", "counselor", clinic=JAKARTA)
    answers: list[Any] = []
    house.before_writing(
        "licensing/credential/", lambda: answers.append(other.post(f"{V1}/credentials", dict(NADIA_ONTARIO)))
    )
    refused = house.as_(NADIA).post(f"{V1}/credentials", dict(NADIA_ONTARIO))
    assert [answer.status_code for answer in answers] == [201]
    assert (refused.status_code, "somebody else" in refused.json["detail"]) == (409, True)
    assert len(house.recorded("licensing.credential-recorded")) == 1


def test_what_is_no_credential_is_refused_field_by_field(house: House) -> None:
    for field, wrong in (("number", "---"), ("kind", "diploma"), ("since", "2026-02-30"), ("issuer", " ")):
        refused = house.as_(NADIA).post(f"{V1}/credentials", dict(NADIA_ARIZONA) | {field: wrong})
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, f"/{field}")
    for day in ({"until": "9999-12-31"}, {"since": "0001-01-01"}, {"since": "1899-12-31"}):
        far = house.as_(NADIA).post(f"{V1}/credentials", dict(NADIA_ARIZONA) | day)
        assert (far.status_code, "1900-01-01" in far.json["detail"]) == (422, True)
    early = house.as_(NADIA).post(f"{V1}/credentials", dict(NADIA_ARIZONA) | {"until": "2020-01-01"})
    assert (early.status_code, "before" in early.json["detail"]) == (422, True)
    assert house.recorded() == []
