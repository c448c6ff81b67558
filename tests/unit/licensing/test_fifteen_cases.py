"""Fifteen cases from real rules: the input, the verdict, and the reasons that must be told.

The rules are written here as the research found them; what it left unclear is a version whose content is unknown.
"""

from dataclasses import replace
from datetime import date

from services.contracts.practice import Decision, judge
from services.kernel.fields import PersonId
from services.kernel.time import Instant
from tests.unit.licensing.law_samples import (
    adults_only,
    ask,
    attests,
    clearance,
    codes,
    contact,
    credential,
    facts,
    gave,
    holder,
    licensed,
    local,
    online_from,
    place_rules,
    rule,
)

OHIO, FLORIDA, ARIZONA = "America/New_York", "America/New_York", "America/Phoenix"
LONDON, TORONTO, PACIFIC = "Europe/London", "America/Toronto", "America/Los_Angeles"


def verdict_and_codes(decision: Decision) -> tuple[str, set[str]]:
    return decision.verdict, codes(decision)


def ohio():
    return [
        licensed("US-OH", provided={"consents": ["telehealth_signed"]}, obligations=["identity_check_first_meeting"]),
        rule(
            "US-OH",
            "compact_privilege",
            {
                "from": date(2026, 1, 5),
                "requires": [
                    {"credential": "privilege", "issuer": "US-OH"},
                    {"credential": "licence", "issuer": "home"},
                    {"home_in": ["US-AZ", "US-MN", "US-OH"]},
                ],
                "provided": {"consents": ["telehealth_signed"]},
                "obligations": ["telehealth_consent_signed", "identity_check_first_meeting"],
            },
            name="compact",
        ),
        rule(
            "US-OH",
            "temporary_practice",
            {
                "requires": [
                    {"credential": "permission", "issuer": "US-OH", "lasts_months": 6},
                    {"credential": "licence", "issuer": "elsewhere"},
                ],
                "provided": {
                    "existing_client": True,
                    "consents": ["acknowledgement_signed"],
                    "quotas": [{"at_most": 1, "unit": "clients", "per": "lifetime"}],
                },
                "obligations": ["no_new_clients"],
            },
            name="conditional-permission",
        ),
        adults_only("US-OH"),
    ]


def test_01_an_arizona_licence_for_a_client_in_arizona():
    rules = [licensed("US-AZ", obligations=["note_mode", "note_verified_place"]), adults_only("US-AZ")]
    decision = ask(holder(credential("licence", "US-AZ")), rules, "US-AZ", local("2026-11-24 10:00", ARIZONA))
    assert verdict_and_codes(decision) == ("permitted", {"by_own_licence"})
    assert decision.obligations == ("note_mode", "note_verified_place")


def test_02_a_compact_privilege_counts_from_its_first_day():
    who = holder(credential("licence", "US-AZ"), credential("privilege", "US-OH", "2026-01-10"))
    signed = gave("telehealth_signed")
    before = ask(who, ohio(), "US-OH", local("2026-01-09 23:59", OHIO), consents=signed)
    assert before.verdict == "prohibited"
    assert {"not_yet_valid", "no_credential", "licence_required"} <= codes(before)
    assert before.next_change_at == local("2026-01-10 00:00", OHIO)
    after = ask(who, ohio(), "US-OH", local("2026-01-10 00:00", OHIO), consents=signed)
    assert verdict_and_codes(after) == ("permitted", {"by_compact_privilege"})
    assert after.obligations == ("telehealth_consent_signed", "identity_check_first_meeting")


def test_03_a_boards_permission_lasts_six_months_and_for_one_client():
    who = holder(credential("licence", "US-NY"), credential("permission", "US-OH", "2026-03-01"), home="US-NY")
    known = {"consents": gave("acknowledgement_signed", "telehealth_signed")}
    last_day = ask(who, ohio(), "US-OH", local("2026-08-31 18:00", OHIO), **known)
    assert verdict_and_codes(last_day) == ("permitted", {"by_temporary_practice"})
    assert last_day.next_change_at == local("2026-09-01 00:00", OHIO)
    over = ask(who, ohio(), "US-OH", local("2026-09-01 10:00", OHIO), **known)
    assert over.verdict == "prohibited"
    assert "expired" in codes(over)
    others = (contact(local("2026-03-20 10:00", OHIO), PersonId("another client")),)
    second = ask(who, ohio(), "US-OH", local("2026-04-01 10:00", OHIO), contacts=others, **known)
    assert second.verdict == "prohibited"
    assert "quota_used_up" in codes(second)


def test_04_fewer_than_ten_encounters_a_year():
    who = holder(credential("licence", "US-TX", profession="clinical_social_worker"), home="US-TX")
    elsewhere = [{"credential": "licence", "issuer": "elsewhere"}]
    nine = {"quotas": [{"at_most": 9, "unit": "sessions", "per": "calendar_year"}]}
    rules = [
        licensed("US-AZ"),
        rule("US-AZ", "temporary_practice", {"requires": elsewhere, "provided": nine}, name="few-encounters"),
        rule("US-AZ", "temporary_practice", {"requires": elsewhere, "content": "unknown"}, name="ninety-days"),
        adults_only("US-AZ"),
    ]
    nine_before = tuple(contact(local(f"2026-{month:02}-03 10:00", ARIZONA)) for month in range(1, 10))
    at = local("2026-12-30 10:00", ARIZONA)
    tenth = ask(who, rules, "US-AZ", at, "clinical_social_worker", contacts=nine_before)
    assert tenth.verdict == "undetermined"
    assert {"quota_used_up", "rule_content_unknown", "no_credential"} <= codes(tenth)
    assert tenth.next_change_at == local("2027-01-01 00:00", ARIZONA)
    january = local("2027-01-04 10:00", ARIZONA)
    first = ask(who, rules, "US-AZ", january, "clinical_social_worker", contacts=nine_before)
    assert verdict_and_codes(first) == ("permitted", {"by_temporary_practice"})


def florida():
    registered = [{"credential": "registration", "issuer": "US-FL"}, {"credential": "licence", "issuer": "US-*"}]
    return [
        licensed("US-FL"),
        rule(
            "US-FL",
            "registration_route",
            {
                "from": date(2019, 7, 1),
                "to": date(2023, 7, 1),
                "requires": registered,
                "provided": {"modality": ["video"]},
            },
            {"from": date(2023, 7, 1), "requires": registered, "provided": {"modality": ["video", "phone", "audio"]}},
            name="telehealth-registration",
        ),
        adults_only("US-FL"),
    ]


def test_05_audio_only_was_not_telehealth_for_registrants_until_july_2023():
    eve, day = local("2023-06-30 23:59", FLORIDA), local("2023-07-01 00:00", FLORIDA)
    own = holder(credential("licence", "US-FL"), home="US-FL")
    assert ask(own, florida(), "US-FL", eve, modality="phone").verdict == "permitted"
    registrant = holder(credential("licence", "US-OH"), credential("registration", "US-FL"), home="US-OH")
    refused = ask(registrant, florida(), "US-FL", eve, modality="phone")
    assert refused.verdict == "prohibited"
    assert "modality_not_allowed" in codes(refused)
    assert refused.next_change_at == day
    assert ask(registrant, florida(), "US-FL", day, modality="phone").verdict == "permitted"


def test_06_a_permit_without_statute_counts_only_under_the_networks_standard():
    who = holder(credential("permit", "ID", profession="psychologist"), home="ID", professions=("psychologist",))
    silp = rule("ID", "licence_required", {"content": "unknown"}, name="silp")
    needs = {"requires": [{"credential": ["registration", "permit"], "issuer": "ID"}]}
    standard = rule("ID", "voluntary_register", needs, name="interim-standard", network=True)
    at = local("2026-11-24 10:00", "Asia/Jakarta")
    before = ask(who, [silp, adults_only("ID")], "ID", at, "psychologist")
    assert before.verdict == "undetermined"
    assert "rule_content_unknown" in codes(before)
    after = ask(who, [silp, standard, adults_only("ID")], "ID", at, "psychologist")
    assert verdict_and_codes(after) == ("permitted", {"by_network_standard"})
    assert after.reasons[0].rule.rule == "id.interim-standard"
    assert after.obligations == ("tell_network_standard",)


def test_07_thirty_consecutive_days_once_a_year_with_the_boards_approval():
    temporary = {
        "from": date(2026, 1, 1),
        "requires": [
            {"credential": "permission", "issuer": "US-CA"},
            {"credential": ["licence", "registration"], "issuer": ["US-*", "CA-*"]},
        ],
        "provided": {
            "existing_client": True,
            "quotas": [{"at_most": 30, "unit": "consecutive_days", "per": "calendar_year"}],
        },
        "obligations": ["tell_limits_of_practice", "tell_no_local_licence", "tell_licence_and_board"],
    }
    rules = [licensed("US-CA"), rule("US-CA", "temporary_practice", temporary, name="temporary"), adults_only("US-CA")]
    doctor = credential("registration", "CA-ON", profession="psychologist")
    approval = credential("permission", "US-CA", "2026-03-28", profession="psychologist")
    who = holder(doctor, approval, home="CA-ON", professions=("psychologist",))
    begun = (contact(local("2026-04-01 10:00", PACIFIC)),)

    def on(day: str, contacts, counselor=who) -> Decision:
        return ask(counselor, rules, "US-CA", local(f"{day} 10:00", PACIFIC), "psychologist", contacts=contacts)

    first = on("2026-04-01", ())
    assert verdict_and_codes(first) == ("permitted", {"by_temporary_practice"})
    assert len(first.obligations) == 3
    day_30 = on("2026-04-30", begun)
    assert day_30.verdict == "permitted"
    assert day_30.next_change_at == local("2026-05-01 00:00", PACIFIC)
    assert verdict_and_codes(on("2026-05-01", begun))[0] == "prohibited"
    assert verdict_and_codes(on("2026-10-05", begun))[0] == "prohibited"
    unapproved = on("2026-04-01", (), holder(doctor, home="CA-ON", professions=("psychologist",)))
    assert unapproved.verdict == "prohibited"
    assert on("2027-01-01", begun).verdict == "permitted"


def test_08_the_colleges_position_on_outsiders_does_not_reach_the_controlled_act():
    outside = {
        "requires": [{"credential": ["licence", "registration"], "issuer": "elsewhere"}],
        "provided": {"act": ["counselling"], "attests": ["no_advertising_there", "small_share_there"]},
    }
    exception = {"content": "unknown", "provided": {"act": ["controlled_act"]}}
    rules = [
        licensed("CA-ON", applies_to={"act": ["controlled_act"]}),
        rule("CA-ON", "temporary_practice", outside, name="outside"),
        rule("CA-ON", "temporary_practice", exception, name="exception"),
        adults_only("CA-ON"),
    ]
    who, at = holder(credential("registration", "CA-NS"), home="CA-NS"), local("2026-11-24 10:00", TORONTO)
    stated = attests("no_advertising_there", "small_share_there")
    adjusting = ask(who, rules, "CA-ON", at, attestations=stated)
    assert verdict_and_codes(adjusting) == ("permitted", {"by_temporary_practice"})
    serious = ask(who, rules, "CA-ON", at, attestations=stated, act="controlled_act")
    assert serious.verdict == "undetermined"
    assert {"act_not_covered", "rule_content_unknown", "licence_required"} <= codes(serious)
    silent = ask(who, rules, "CA-ON", at)
    assert silent.verdict == "undetermined"
    assert "attestation_missing" in codes(silent)


def test_09_a_time_limited_certificate_is_over_when_its_last_day_is():
    needs = {"requires": [{"credential": "certificate", "issuer": "CA-ON", "lasts_months": 12}]}
    rules = [licensed("CA-ON"), rule("CA-ON", "temporary_practice", needs, name="limited"), adults_only("CA-ON")]
    home = credential("licence", "CA-BC", profession="psychologist")
    certificate = credential("certificate", "CA-ON", "2026-02-01", profession="psychologist")
    who = holder(home, certificate, home="CA-BC", professions=("psychologist",))
    last, over = local("2027-01-31 23:59", TORONTO), local("2027-02-01 00:00", TORONTO)
    assert ask(holder(home, home="CA-BC"), rules, "CA-ON", last, "psychologist").verdict == "prohibited"
    assert ask(who, rules, "CA-ON", last, "psychologist").verdict == "permitted"
    assert ask(who, rules, "CA-ON", over, "psychologist").verdict == "prohibited"


def test_10_the_controlled_act_was_free_in_the_transition_and_is_reserved_since_2020():
    reserved = {
        "from": date(2017, 12, 30),
        "operational_from": date(2020, 1, 1),
        "requires": [{"credential": "registration", "issuer": "CA-ON"}],
    }
    free = {"from": date(2017, 12, 30), "to": date(2020, 1, 1), "protected": False}
    rules = [
        rule("CA-ON", "licence_required", reserved, name="act"),
        rule("CA-ON", "title_only", free, name="transition"),
        adults_only("CA-ON"),
    ]
    eve, day = local("2019-12-31 23:59", TORONTO), local("2020-01-01 00:00", TORONTO)
    assert ask(holder(), rules, "CA-ON", eve, act="controlled_act").verdict == "permitted"
    assert ask(holder(), rules, "CA-ON", eve, act="controlled_act").next_change_at == day
    assert ask(holder(), rules, "CA-ON", day, act="controlled_act").verdict == "prohibited"


def test_11_an_accredited_register_in_a_place_without_statute():
    listed = holder(credential("register_entry", "GB"), home="GB")
    needs = {"requires": [{"credential": "register_entry", "issuer": "GB"}]}
    register = rule("GB", "voluntary_register", needs, name="accredited-register", network=True)
    hcpc = rule(
        "GB",
        "title_only",
        {"requires": [{"credential": "registration", "issuer": "GB"}]},
        name="psychologist",
        professions=["psychologist"],
    )
    at = local("2026-11-24 10:00", LONDON)
    adopted = ask(listed, [register, adults_only("GB")], "GB-ENG", at)
    assert verdict_and_codes(adopted) == ("permitted", {"by_network_standard"})
    nothing = ask(listed, [adults_only("GB")], "GB-ENG", at)
    assert verdict_and_codes(nothing) == ("undetermined", {"no_rule_known"})
    titled = ask(listed, [hcpc, adults_only("GB")], "GB-ENG", at, "psychologist")
    assert verdict_and_codes(titled) == ("prohibited", {"no_credential", "title_protected"})


def test_12_in_scotland_the_sixteenth_birthday_ends_the_doubt():
    ages = {"alone": [{"from_age": 16}, {"from_age": 0, "content": "unknown"}]}
    rules = [rule("GB", "title_only", {"protected": False}), rule("GB-SCT", "minor_consent", ages, name="minors")]
    rules.append(online_from("GB"))
    born = "2010-12-05"
    birthday = local("2026-12-05 00:00", LONDON)
    before = ask(holder(), rules, "GB-SCT", local("2026-11-24 10:00", LONDON), client_birth_date=born)
    assert before.verdict == "undetermined"
    assert {"needs_guardian", "rule_content_unknown"} <= codes(before)
    assert before.next_change_at == birthday
    assert ask(holder(), rules, "GB-SCT", birthday, client_birth_date=born).verdict == "permitted"


def test_13_two_visits_a_week_for_a_minor_in_crisis_until_the_law_is_in_doubt():
    crisis = {
        "from_age": 13,
        "provided": {
            "attests": ["crisis"],
            "quotas": [{"at_most": 2, "unit": "sessions", "per": "week", "of": "client"}],
        },
    }
    minors = rule(
        "US-FL",
        "minor_consent",
        {"to": date(2026, 7, 1), "alone": [{"from_age": 18}, crisis]},
        {"from": date(2026, 7, 1), "alone": [{"from_age": 18}, {"from_age": 13, "content": "unknown"}]},
        name="minors",
    )
    rules, who = [licensed("US-FL"), minors, online_from("US")], holder(credential("licence", "US-FL"), home="US-FL")
    known = {"attestations": attests("crisis"), "client_birth_date": "2011-06-01"}
    two = (contact(local("2025-05-05 10:00", FLORIDA)), contact(local("2025-05-07 10:00", FLORIDA)))
    third = ask(who, rules, "US-FL", local("2025-05-09 10:00", FLORIDA), contacts=two, **known)
    assert third.verdict == "prohibited"
    assert "quota_used_up" in codes(third)
    assert third.next_change_at == local("2025-05-12 00:00", FLORIDA)
    assert (
        ask(who, rules, "US-FL", local("2025-05-07 15:00", FLORIDA), contacts=two[:1], **known).verdict == "permitted"
    )
    assert ask(who, rules, "US-FL", local("2026-07-01 10:00", FLORIDA), **known).verdict == "undetermined"


def test_14_six_sessions_or_thirty_days_whichever_comes_first():
    own_request = {
        "from_age": 14,
        "provided": {
            "quotas": [
                {"at_most": 6, "unit": "sessions", "per": "lifetime", "of": "client"},
                {"at_most": 30, "unit": "consecutive_days", "per": "lifetime", "of": "client"},
            ]
        },
    }
    minors = rule("US-OH", "minor_consent", {"alone": [{"from_age": 18}, own_request]}, name="minors")
    rules, who = [licensed("US-OH"), minors, online_from("US")], holder(credential("licence", "US-OH"), home="US-OH")
    days = ("2025-05-01", "2025-05-08", "2025-05-15", "2025-05-20", "2025-05-25", "2025-05-29")
    held = tuple(contact(local(f"{day} 10:00", OHIO)) for day in days)

    def on(day: str, count: int) -> Decision:
        at = local(f"{day} 10:00", OHIO)
        return ask(who, rules, "US-OH", at, contacts=held[:count], client_birth_date="2011-01-15")

    assert on("2025-05-29", 5).verdict == "permitted"
    assert on("2025-05-30", 6).verdict == "prohibited"
    assert on("2025-05-31", 2).verdict == "prohibited"
    assert on("2025-05-30", 2).verdict == "permitted"
    assert on("2025-05-30", 2).next_change_at == local("2025-05-31 00:00", OHIO)


def test_15_a_certificate_that_names_places_says_nothing_on_online_work():
    needs = [
        {"credential": "registration", "issuer": "MY"},
        {"credential": "certificate", "issuer": "MY", "renewal_deems": True},
    ]
    named = {"requires": needs, "provided": {"counselor_place": ["MY-14"], "modality": ["in_person"]}}
    rules = [
        rule("MY", "licence_required", named, name="act-580"),
        rule("MY", "licence_required", {"requires": needs, "content": "unknown"}, name="online"),
        adults_only("MY"),
    ]
    who = holder(credential("registration", "MY"), credential("certificate", "MY"), home="MY")
    decision = ask(who, rules, "MY", local("2026-11-24 10:00", "Asia/Kuala_Lumpur"), counselor_place="MY-07")
    assert decision.verdict == "undetermined"
    told = {(r.code, r.fact, r.rule.rule if r.rule else "") for r in decision.reasons}
    assert ("counselor_elsewhere", "MY-07", "my.act-580") in told
    assert ("rule_content_unknown", "", "my.online") in told


def test_a_decision_over_two_professions_takes_the_one_that_may():
    rules = [licensed("US-AZ"), adults_only("US-AZ")]
    who = holder(credential("licence", "US-AZ", profession="psychologist"))
    both = [clearance(who, rules, "US-AZ", profession) for profession in ("counselor", "psychologist")]
    at = Instant("2026-11-24T18:00:00.000000Z")
    decision = judge(both, place_rules(rules, "US-AZ"), facts("US-AZ"), at)
    assert decision.verdict == "permitted"
    assert decision.clearance == "clearance-psychologist-US-AZ"
    other = replace(both[1], counselor=PersonId("somebody else"))
    assert judge([both[0], other], place_rules(rules, "US-AZ"), facts("US-AZ"), at).verdict == "prohibited"
