"""Answers that must never change: dated law, compacts, look-backs, and what was known when."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.contracts.practice import judge
from services.contracts.practice.days import begins
from services.kernel.codec import dumps, to_plain
from services.kernel.fields import Hash, PersonId, Place
from services.kernel.time import Instant, LocalDate, Zone, instant, moment
from services.licensing.domain.adoption import Adoption
from services.licensing.domain.clearance import says_the_same
from services.licensing.domain.credential import Standing
from services.licensing.domain.profile import Home
from tests.unit.licensing.law_samples import (
    LONG_AGO,
    MIRA,
    SOURCE,
    adults_only,
    ask,
    clearance,
    codes,
    contact,
    credential,
    facts,
    holder,
    licensed,
    local,
    online_from,
    place_rules,
    rule,
)

NEW_YORK = "America/New_York"


def just_before(at: Instant) -> Instant:
    return instant(moment(at) - timedelta(microseconds=1))


def test_a_georgia_privilege_works_only_once_georgia_issues():
    compact = {
        "from": date(2025, 1, 1),
        "operational_from": date(2026, 6, 2),
        "requires": [{"credential": "privilege", "issuer": "US-GA"}, {"credential": "licence", "issuer": "home"}],
    }
    rules = [licensed("US-GA"), rule("US-GA", "compact_privilege", compact, name="compact"), adults_only("US-GA")]
    who = holder(credential("licence", "US-AZ"), credential("privilege", "US-GA", "2026-01-01"))
    day = local("2026-06-02 00:00", NEW_YORK)
    before = ask(who, rules, "US-GA", just_before(day))
    assert before.verdict == "prohibited"
    assert "not_in_operation" in codes(before)
    assert before.next_change_at == day
    assert ask(who, rules, "US-GA", day).verdict == "permitted"


def test_a_privilege_ends_with_the_home_licence_and_with_a_move():
    compact = {
        "requires": [{"credential": "privilege", "issuer": "US-OH"}, {"credential": "licence", "issuer": "home"}]
    }
    rules = [licensed("US-OH"), rule("US-OH", "compact_privilege", compact, name="compact"), adults_only("US-OH")]
    who = holder(credential("licence", "US-AZ", until="2026-06-30"), credential("privilege", "US-OH"))
    end = local("2026-07-01 00:00", "America/Phoenix")
    assert ask(who, rules, "US-OH", just_before(end)).verdict == "permitted"
    assert codes(ask(who, rules, "US-OH", end)) >= {"expired"}
    moved = Home(Place("US-TX"), local("2026-03-01 00:00", NEW_YORK), LONG_AGO)
    elsewhere = replace(who, profile=replace(who.profile, homes=(*who.profile.homes, moved)))
    assert ask(elsewhere, rules, "US-OH", local("2026-02-28 12:00", NEW_YORK)).verdict == "permitted"
    assert ask(elsewhere, rules, "US-OH", local("2026-03-01 12:00", NEW_YORK)).verdict == "prohibited"


def test_thirteen_in_colorado_before_and_after_the_law_of_2019():
    minors = rule(
        "US-CO",
        "minor_consent",
        {"to": date(2019, 5, 16), "alone": [{"from_age": 15}]},
        {"from": date(2019, 5, 16), "alone": [{"from_age": 12}]},
        name="minors",
    )
    rules = [licensed("US-CO"), minors, online_from("US")]
    who = holder(credential("licence", "US-CO", "2010-01-01"), home="US-CO")
    day = local("2019-05-16 00:00", "America/Denver")
    before = ask(who, rules, "US-CO", just_before(day), client_birth_date="2006-01-10")
    assert (before.verdict, before.next_change_at) == ("prohibited", day)
    assert ask(who, rules, "US-CO", day, client_birth_date="2006-01-10").verdict == "permitted"


def test_the_ninth_session_at_fifteen_in_illinois_needs_a_guardian():
    eight = {"quotas": [{"at_most": 8, "unit": "sessions", "per": "lifetime", "of": "client"}]}
    minors = rule(
        "US-IL", "minor_consent", {"alone": [{"from_age": 17}, {"from_age": 12, "provided": eight}]}, name="minors"
    )
    rules, who = [licensed("US-IL"), minors, online_from("US")], holder(credential("licence", "US-IL"), home="US-IL")
    held = tuple(contact(local(f"2026-03-{day:02} 10:00", "America/Chicago")) for day in range(1, 9))
    known = {"at": local("2026-04-01 10:00", "America/Chicago"), "client_birth_date": "2011-01-01"}
    assert ask(who, rules, "US-IL", contacts=held[:7], **known).verdict == "permitted"
    ninth = ask(who, rules, "US-IL", contacts=held, **known)
    assert ninth.verdict == "prohibited"
    assert {"quota_used_up", "needs_guardian"} <= codes(ninth)
    assert ask(who, rules, "US-IL", contacts=held, guardian=True, **known).verdict == "permitted"


def test_a_malaysian_certificate_is_deemed_held_while_its_renewal_is_open():
    needs = {"requires": [{"credential": "certificate", "issuer": "MY", "renewal_deems": True}]}
    rules = [rule("MY", "licence_required", needs), adults_only("MY")]
    at = local("2026-11-24 10:00", "Asia/Kuala_Lumpur")
    applied = Standing("renewal_applied", LocalDate("2026-09-01"), None, LONG_AGO)
    lapsed = credential("certificate", "MY", until="2026-10-31")
    assert ask(holder(lapsed, home="MY"), rules, "MY", at).verdict == "prohibited"
    assert ask(holder(replace(lapsed, standings=(applied,)), home="MY"), rules, "MY", at).verdict == "permitted"


def test_a_compact_that_asks_for_the_home_state_does_not_travel():
    psypact = {
        "requires": [{"credential": "privilege", "issuer": "US-*"}],
        "provided": {"counselor_place": ["home"], "modality": ["video"]},
    }
    rules = [licensed("US-OH"), rule("US-OH", "compact_privilege", psypact, name="psypact"), adults_only("US-OH")]
    who, at = holder(credential("privilege", "US-AZ")), local("2026-11-24 10:00", NEW_YORK)
    assert ask(who, rules, "US-OH", at, counselor_place="US-AZ").verdict == "permitted"
    away = ask(who, rules, "US-OH", at, counselor_place="US-NV")
    assert away.verdict == "prohibited"
    assert "counselor_elsewhere" in codes(away)
    assert ask(who, rules, "US-OH", at, counselor_place=None).verdict == "undetermined"


def test_a_hawaiian_licence_that_expires_today_lasts_until_midnight_in_hawaii():
    rules = [licensed("US-HI"), adults_only("US-HI")]
    who = holder(credential("licence", "US-HI", until="2026-11-24"), home="US-NY")
    midnight = local("2026-11-25 00:00", "Pacific/Honolulu")
    assert local("2026-11-25 04:59", NEW_YORK) < midnight  # it is tomorrow in New York for hours already
    last = ask(who, rules, "US-HI", just_before(midnight), counselor_place="US-NY")
    assert (last.verdict, last.next_change_at) == ("permitted", midnight)
    assert ask(who, rules, "US-HI", midnight, counselor_place="US-NY").verdict == "prohibited"


def test_a_look_back_from_29_february_ends_on_1_march():
    clean = {"requires": [{"credential": "licence", "issuer": "US-FL"}, {"no_discipline_months": 60}]}
    rules = [rule("US-FL", "licence_required", clean), adults_only("US-FL")]
    disciplined = Standing("disciplined", LocalDate("2024-02-29"), LocalDate("2024-02-29"), LONG_AGO)
    who = holder(
        credential("licence", "US-FL", standings=(disciplined,), valid_until=local("2031-01-01 00:00", NEW_YORK))
    )
    free = local("2029-03-01 00:00", NEW_YORK)
    before = ask(who, rules, "US-FL", just_before(free))
    assert before.verdict == "prohibited"
    assert "disciplined" in codes(before)
    assert ask(who, rules, "US-FL", free).verdict == "permitted"


def test_an_encumbrance_recorded_late_leaves_the_old_answer_as_it_was_known():
    """Effective day D, recorded D+5, session D+1: permitted as known on D+1, prohibited as known now."""
    day, session = "2026-06-01", local("2026-06-02 10:00", "America/Phoenix")
    known_then, recorded = session, local("2026-06-06 10:00", "America/Phoenix")
    encumbered = Standing("encumbered", LocalDate(day), None, recorded)
    who = holder(credential("licence", "US-AZ", standings=(encumbered,)))
    rules = [licensed("US-AZ"), adults_only("US-AZ")]

    def as_known(known_at: Instant) -> bytes:
        mine = clearance(who, rules, "US-AZ", known_at=known_at)
        decision = judge([mine], place_rules(rules, "US-AZ"), facts("US-AZ"), session)
        verdicts.append(decision.verdict)
        return dumps(to_plain(decision))

    verdicts: list[str] = []
    then, now = as_known(known_then), as_known(recorded)
    assert verdicts == ["permitted", "prohibited"]
    assert (as_known(known_then), as_known(recorded)) == (then, now)  # both replay byte for byte


def test_a_rule_past_its_review_permits_nothing_and_still_forbids():
    old = SOURCE | {"review_by": date(2026, 6, 30), "checked_on": date(2026, 1, 1)}
    rules = [licensed("US-AZ", source=old), adults_only("US-AZ")]
    stale = local("2026-07-01 00:00", "America/Phoenix")
    fresh = ask(holder(credential("licence", "US-AZ")), rules, "US-AZ", just_before(stale))
    assert (fresh.verdict, fresh.next_change_at) == ("permitted", stale)
    after = ask(holder(credential("licence", "US-AZ")), rules, "US-AZ", stale)
    assert (after.verdict, codes(after)) == ("undetermined", {"rule_stale", "licence_required"})
    assert ask(holder(), rules, "US-AZ", stale).verdict == "prohibited"


def test_a_law_passed_but_not_begun_leaves_the_profession_free_and_says_so():
    rules = [
        rule("CA-AB", "title_only", {"protected": False}, name="counsellor"),
        licensed("CA-AB", **{"from": date(2018, 12, 11), "operational_from": "not_begun"}),
        adults_only("CA-AB"),
    ]
    decision = ask(holder(), rules, "CA-AB", local("2026-11-24 10:00", "America/Edmonton"))
    assert decision.verdict == "permitted"
    assert codes(decision) == {"by_unregulated_title"}
    shut = {f.reason.code for route in decision.routes if route.truth == "no" for f in route.findings}
    assert shut == {"not_in_operation"}


def test_a_version_with_an_unknown_end_is_certain_only_until_it_was_checked():
    rules = [licensed("US-AZ", to="unknown"), adults_only("US-AZ")]
    who, doubtful = holder(credential("licence", "US-AZ")), local("2026-11-25 00:00", "America/Phoenix")
    assert ask(who, rules, "US-AZ", just_before(doubtful)).verdict == "permitted"
    assert "rule_end_unknown" in codes(ask(who, rules, "US-AZ", doubtful))


def test_what_a_ground_rule_forbids_overrides_every_route():
    rules = [licensed("US-AZ", forbids={"modality": ["chat"]}), adults_only("US-AZ")]
    who, at = holder(credential("licence", "US-AZ")), local("2026-11-24 10:00", "America/Phoenix")
    refused = ask(who, rules, "US-AZ", at, modality="chat")
    assert (refused.verdict, codes(refused)) == ("prohibited", {"forbidden_here"})
    assert ask(who, rules, "US-AZ", at, modality=None).verdict == "undetermined"
    assert ask(who, rules, "US-AZ", at, modality="video").verdict == "permitted"


@pytest.mark.parametrize(
    ("verdict", "expected", "code"),
    [
        (None, "undetermined", "not_verified"),
        ("unclear", "undetermined", "not_verified"),
        ("refused", "prohibited", "verification_refused"),
    ],
)
def test_a_credential_counts_only_when_somebody_found_it_at_its_source(verdict, expected, code):
    rules = [licensed("US-AZ"), adults_only("US-AZ")]
    who = holder(credential("licence", "US-AZ", verdict=verdict))
    decision = ask(who, rules, "US-AZ", local("2026-11-24 10:00", "America/Phoenix"))
    assert decision.verdict == expected
    assert code in codes(decision)


def test_a_rule_that_was_adopted_later_was_not_known_before():
    rules = (licensed("US-AZ"), adults_only("US-AZ"))
    adopted_at = Instant("2026-06-01T00:00:00.000000Z")
    adoptions = tuple(Adoption(r.id, 1, PersonId("operator"), Hash("read"), adopted_at) for r in rules)
    who, session = holder(credential("licence", "US-AZ")), Instant("2026-05-01T18:00:00.000000Z")
    verdicts = []
    for known_at in (just_before(adopted_at), adopted_at):
        mine = clearance(who, rules, "US-AZ", known_at=known_at, adoptions=adoptions)
        verdicts.append(judge([mine], place_rules(rules, "US-AZ"), facts("US-AZ"), session).verdict)
    assert verdicts == ["undetermined", "permitted"]


def test_an_old_case_can_be_asked_under_the_rules_of_another_day():
    free = {"to": date(2020, 1, 1), "protected": False}
    rules = [
        rule("CA-ON", "title_only", free, name="free"),
        licensed("CA-ON", **{"from": date(2020, 1, 1)}),
        adults_only("CA-ON"),
    ]
    old, new = local("2019-06-01 10:00", "America/Toronto"), local("2026-06-01 10:00", "America/Toronto")
    as_it_was = clearance(holder(), rules, "CA-ON")
    under_todays = clearance(holder(), rules, "CA-ON", rules_at=new)
    known = facts("CA-ON")
    assert judge([as_it_was], place_rules(rules, "CA-ON"), known, old).verdict == "permitted"
    assert judge([under_todays], place_rules(rules, "CA-ON"), known, old).verdict == "prohibited"


def test_a_revision_that_says_the_same_need_not_be_published():
    rules = [licensed("US-AZ")]
    one = clearance(
        holder(credential("licence", "US-AZ")), rules, "US-AZ", known_at=Instant("2026-01-01T00:00:00.000000Z")
    )
    other = replace(one, revision=7, next_change=None)
    assert says_the_same(one, other)
    assert not says_the_same(one, clearance(holder(), rules, "US-AZ"))


def test_a_day_begins_where_the_place_is():
    assert begins(date(2026, 3, 8), Zone(NEW_YORK)) == "2026-03-08T05:00:00.000000Z"
    assert begins(date(2026, 3, 9), Zone(NEW_YORK)) == "2026-03-09T04:00:00.000000Z"
    assert begins(date(2026, 3, 8), Zone("Pacific/Honolulu")) == "2026-03-08T10:00:00.000000Z"
    assert clearance(holder(), [], "US-HI").zone == "Pacific/Honolulu"
    assert clearance(holder(), [], "US-HI").counselor == MIRA
