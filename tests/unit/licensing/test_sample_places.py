"""The main job on the rules that are shipped: who may serve whom, in the six places of the sample network."""

import pytest

from services.contracts.practice import judge
from services.contracts.vocabulary import Profession
from services.kernel.fields import Id, Place
from services.kernel.time import Instant
from services.licensing.domain.adoption import Adoptions
from services.licensing.domain.clearance import AsOf, Subject, cleared_places, derive
from services.licensing.domain.coverage import coverage
from services.licensing.domain.place_rules import derive_place_rules
from services.licensing.rules import load_rules
from tests.unit.licensing.law_samples import LATER, adopt, attests, codes, credential, facts, holder

NOON = Instant("2026-11-24T18:00:00.000000Z")
RULES = load_rules()
NO_STANDARD = tuple(rule for rule in RULES if not rule.id.startswith("id.network-standard"))
MIRA = holder(
    credential("registration", "CA-ON", "2024-04-01", "2027-03-31", profession="psychotherapist"),
    credential("licence", "US-AZ", "2025-02-01", "2027-01-31"),
    home="CA-ON",
    professions=("counselor", "psychotherapist"),
)
PROFESSIONS: tuple[Profession, ...] = ("counselor", "psychotherapist")


def decide(place: str, adoptions: Adoptions, **known):
    as_of = AsOf(LATER, LATER)
    mine = [derive(Subject(Id(f"{p}-{place}"), p, Place(place)), MIRA, RULES, adoptions, as_of) for p in PROFESSIONS]
    return judge(mine, derive_place_rules(Place(place), RULES, adoptions, as_of), facts(place, **known), NOON)


def test_a_client_in_ontario_is_served_under_the_ontario_registration():
    decision = decide("CA-ON", adopt(RULES))
    assert decision.verdict == "permitted"
    assert codes(decision) == {"by_own_licence"}
    assert decision.next_change_at == "2027-04-01T04:00:00.000000Z"  # the registration's last day ends in Toronto


def test_a_client_in_arizona_is_served_under_the_arizona_licence_with_what_the_note_must_hold():
    decision = decide("US-AZ", adopt(RULES))
    assert decision.verdict == "permitted"
    assert {"note_mode", "note_verified_place", "note_local_emergency_contacts"} <= set(decision.obligations)
    assert decision.ref().clearance == "counselor-US-AZ"
    assert decision.next_change_at == "2027-02-01T07:00:00.000000Z"


def test_the_same_client_in_california_may_not_be_served_and_it_is_said_why():
    decision = decide("US-CA", adopt(RULES))
    assert decision.verdict == "prohibited"
    assert codes(decision) == {"no_credential", "licence_required"}
    assert {r.mender for r in decision.reasons} == {"counselor"}


def test_a_client_in_great_britain_is_served_because_no_statute_protects_the_title_and_that_is_told():
    decision = decide("GB-ENG", adopt(RULES))
    assert decision.verdict == "permitted"
    assert codes(decision) == {"by_unregulated_title"}
    assert "tell_no_statute" in decision.obligations


def test_a_client_in_indonesia_is_not_known_yet_until_the_network_adopts_a_standard_of_its_own():
    before = decide("ID", adopt(NO_STANDARD))
    assert before.verdict == "undetermined"
    assert codes(before) == {"no_rule_known"}
    assert {r.mender for r in before.reasons} == {"operator"}
    after = decide("ID", adopt(RULES))
    assert after.verdict == "permitted"
    assert {(r.code, r.rule.rule) for r in after.reasons} == {("by_network_standard", "id.network-standard")}
    assert "tell_network_standard" in after.obligations


def test_nothing_counts_before_it_is_adopted():
    for place in cleared_places(RULES):
        assert decide(place, ()).verdict == "undetermined"


def test_an_indonesian_psychologist_with_the_associations_permit_waits_for_the_interim_standard():
    ayu = holder(credential("permit", "ID", profession="psychologist"), home="ID", professions=("psychologist",))
    as_of, verdicts = AsOf(LATER, LATER), []
    for adoptions in (adopt(NO_STANDARD), adopt(RULES)):
        mine = derive(Subject(Id("ayu"), "psychologist", Place("ID")), ayu, RULES, adoptions, as_of)
        rules = derive_place_rules(Place("ID"), RULES, adoptions, as_of)
        verdicts.append(judge([mine], rules, facts("ID"), NOON))
    before, after = verdicts
    assert (before.verdict, codes(before)) == ("undetermined", {"rule_content_unknown"})
    assert (after.verdict, codes(after)) == ("permitted", {"by_network_standard"})


def test_a_malaysian_counsellor_online_is_undetermined_and_without_certificate_prohibited():
    papers = [credential("registration", "MY"), credential("certificate", "MY", "2025-12-01", "2027-11-30")]
    rules = derive_place_rules(Place("MY"), RULES, adopt(RULES), AsOf(LATER, LATER))
    for held, verdict in ((papers, "undetermined"), (papers[:1], "prohibited")):
        subject = Subject(Id("my"), "counselor", Place("MY"))
        mine = derive(subject, holder(*held, home="MY"), RULES, adopt(RULES), AsOf(LATER, LATER))
        assert judge([mine], rules, facts("MY", counselor_place="MY"), NOON).verdict == verdict


def test_a_fifteen_year_old_in_arizona_needs_a_guardian_and_with_one_is_served():
    alone = decide("US-AZ", adopt(RULES), client_birth_date="2011-08-01")
    assert alone.verdict == "prohibited"
    assert codes(alone) == {"needs_guardian", "client_too_young"}
    assert alone.next_change_at is None  # by the 18th birthday the licence is over
    assert decide("US-AZ", adopt(RULES), client_birth_date="2011-08-01", guardian=True).verdict == "permitted"


def test_a_capable_minor_in_ontario_may_consent_to_the_treatment_but_of_the_online_service_no_rule_is_known():
    capable = {"client_birth_date": "2011-08-01", "attestations": attests("capable")}
    alone = decide("CA-ON", adopt(RULES), **capable)
    assert (alone.verdict, codes(alone)) == (
        "undetermined",
        {"needs_guardian", "client_too_young", "consent_age_unknown"},
    )
    assert decide("CA-ON", adopt(RULES), guardian=True, **capable).verdict == "permitted"
    assert decide("GB-ENG", adopt(RULES), client_birth_date="2010-08-01").verdict == "permitted"


def test_where_may_i_practise_answers_for_every_place_at_once():
    as_of, adoptions = AsOf(NOON, NOON), adopt(RULES)
    mine = [
        derive(Subject(Id(f"{p}-{place}"), p, place), MIRA, RULES, adoptions, as_of)
        for place in cleared_places(RULES)
        for p in PROFESSIONS
    ]
    answers = {(c.place, c.profession): c for c in coverage(mine, [Place("US-TX")], NOON)}
    best = {place: {c.verdict for (p, _), c in answers.items() if p == place} for place, _ in answers}
    assert "permitted" in best["CA-ON"] & best["US-AZ"] & best["GB"] & best["ID"]
    assert best["US-CA"] == {"prohibited"}
    assert answers[Place("US-AZ"), "counselor"].until == "2027-02-01T07:00:00.000000Z"
    assert [r.code for r in answers[Place("US-TX"), None].reasons] == ["no_clearance"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_shipped_version_names_its_source_and_a_day_to_read_it_again(rule):
    for version in rule.versions:
        assert version.source.cite
        assert version.source.checked_on <= version.source.review_by
        assert version.known or version.source.confidence == "U"


def of_ontario(profession: Profession, *held, home: str):
    who = holder(*held, home=home, professions=(profession,))
    mine = derive(Subject(Id("on"), profession, Place("CA-ON")), who, RULES, adopt(RULES), AsOf(LATER, LATER))
    rules = derive_place_rules(Place("CA-ON"), RULES, adopt(RULES), AsOf(LATER, LATER))
    return lambda at: judge([mine], rules, facts("CA-ON", counselor_place=home), at)


def test_a_psychologist_from_british_columbia_needs_the_ontario_college_also_online():
    home = credential("registration", "CA-BC", profession="psychologist")
    limited = credential("certificate", "CA-ON", "2026-02-01", profession="psychologist")
    refused = of_ontario("psychologist", home, home="CA-BC")(NOON)
    assert (refused.verdict, "no_rule_known" in codes(refused)) == ("prohibited", False)
    assert ("licence_required", "ca-on.psychologists") in {(r.code, r.rule.rule) for r in refused.reasons}
    asked = of_ontario("psychologist", home, limited, home="CA-BC")
    assert asked(Instant("2027-02-01T04:59:59.999999Z")).verdict == "permitted"
    assert asked(Instant("2027-02-01T05:00:00.000000Z")).verdict == "prohibited"


@pytest.mark.parametrize("profession", ["psychologist", "social_worker", "clinical_social_worker"])
def test_who_is_registered_with_an_ontario_college_bears_its_title_and_others_do_not(profession):
    registered = credential("registration", "CA-ON", profession=profession)
    assert of_ontario(profession, registered, home="CA-ON")(NOON).verdict == "permitted"
    titled = of_ontario(profession, home="CA-ON")(NOON)
    assert titled.verdict == "prohibited"
    assert "title_protected" in codes(titled)


def in_malaysia(*held, client: str, home: str):
    who = holder(*held, home=home)
    mine = derive(Subject(Id("my"), "counselor", Place(client)), who, RULES, adopt(RULES), AsOf(LATER, LATER))
    rules = derive_place_rules(Place(client), RULES, adopt(RULES), AsOf(LATER, LATER))
    found = coverage([mine], (), NOON, Place(home))[0].verdict
    return judge([mine], rules, facts(client, counselor_place=home), NOON), found


PERMIT = credential("permit", "ID")


def test_who_lives_in_malaysia_is_asked_for_its_papers_wherever_the_client_is_and_never_given_a_yes():
    papers = (credential("registration", "MY"), credential("certificate", "MY"))
    without, covered = in_malaysia(PERMIT, client="ID", home="MY-14")
    assert (without.verdict, covered) == ("undetermined", "undetermined")
    told = {(r.code, r.rule.rule) for r in without.reasons}
    assert {("home_rule_not_settled", "my.act-580"), ("no_credential", "my.act-580")} <= told
    with_papers, _ = in_malaysia(PERMIT, *papers, client="ID", home="MY-14")
    assert (with_papers.verdict, codes(with_papers)) == (
        "undetermined",
        {"home_rule_not_settled", "rule_content_unknown"},
    )
    assert in_malaysia(PERMIT, client="ID", home="ID")[0].verdict == "permitted"


def test_a_rule_on_who_practises_in_malaysia_says_nothing_of_who_serves_its_people_from_indonesia():
    abroad, covered = in_malaysia(PERMIT, client="MY", home="ID")
    assert (abroad.verdict, covered) == ("undetermined", "undetermined")
    assert "licence_required" not in codes(abroad)
    at_home, covered = in_malaysia(credential("registration", "MY"), client="MY", home="MY-14")
    assert (at_home.verdict, covered) == ("prohibited", "prohibited")
    assert "licence_required" in codes(at_home)


def test_no_profession_has_more_than_four_rules_on_routes_in_a_place():
    from collections import Counter

    assert max(Counter((rule.jurisdiction, each) for rule in RULES for each in rule.professions).values()) <= 4


def test_a_certificate_alone_is_no_statutory_licence_for_the_networks_standard():
    who = holder(credential("certificate", "GB"), home="GB")
    mine = derive(Subject(Id("id"), "counselor", Place("ID")), who, RULES, adopt(RULES), AsOf(LATER, LATER))
    assert mine.routes == ()
    assert [reason.fact for block in mine.blocked for reason in block.reasons] == ["licence/registration/permit"]
