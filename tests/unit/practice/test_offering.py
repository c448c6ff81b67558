"""What a client is told before they have chosen anybody: one of four coarse reasons, and never more."""

import pytest

from services.contracts.practice import Consent, assuming_consents, coarse_reason, judge
from services.kernel.fields import PersonId
from tests.unit.licensing.law_samples import (
    adults_only,
    clearance,
    credential,
    facts,
    gave,
    holder,
    licensed,
    local,
    place_rules,
)

AT = local("2026-11-24 10:00", "America/Phoenix")
ARIZONAN = holder(credential("licence", "US-AZ"))
UNVERIFIED = holder(credential("licence", "US-AZ", verdict=None))
LAW = [licensed("US-AZ", provided={"modality": ["video"], "consents": ["telehealth"]}), adults_only("US-AZ")]


@pytest.mark.parametrize(
    ("who", "known", "reason"),
    [
        (ARIZONAN, {}, None),
        (ARIZONAN, {"modality": "phone"}, "not_this_way_or_time"),
        (ARIZONAN, {"client_birth_date": "2012-01-01"}, "guardian_needed"),
        (ARIZONAN, {"client_birth_date": "2012-01-01", "guardian": None}, "guardian_needed"),
        (ARIZONAN, {"client_birth_date": "2012-01-01", "guardian": True}, None),
        (holder(), {}, "not_licensed_there"),
        (UNVERIFIED, {}, "not_known_yet"),
    ],
)
def test_each_refusal_has_the_reason_that_helps_to_choose(who, known, reason):
    asked = assuming_consents(facts("US-AZ", **known))
    decision = judge([clearance(who, LAW, "US-AZ")], place_rules(LAW, "US-AZ"), asked, AT)
    assert coarse_reason(decision) == reason


def test_without_any_clearance_or_place_it_is_not_known_yet_and_somebody_can_be_asked():
    nobody = judge([], place_rules(LAW, "US-AZ"), facts("US-AZ"), AT)
    assert (nobody.verdict, coarse_reason(nobody)) == ("undetermined", "not_known_yet")
    assert [(r.code, r.fact, r.mender) for r in nobody.reasons] == [("no_clearance", "US-AZ", "operator")]
    assert (nobody.clearance, nobody.revision) == ("", 0)
    nowhere = judge([clearance(ARIZONAN, LAW, "US-AZ")], place_rules(LAW, "US-AZ"), facts(None), AT)
    assert nowhere.verdict == "undetermined"
    assert ("place_unknown", "client") in [(r.code, r.mender) for r in nowhere.reasons]


def test_offering_assumes_consents_that_were_not_asked_but_none_that_was_refused():
    mine, rules = clearance(ARIZONAN, LAW, "US-AZ"), place_rules(LAW, "US-AZ")
    assert judge([mine], rules, facts("US-AZ"), AT).verdict == "undetermined"  # booking asks for the consent itself
    assert judge([mine], rules, facts("US-AZ", consents=gave("telehealth")), AT).verdict == "permitted"
    refused = facts("US-AZ", consents=(Consent("telehealth", False),))
    assert judge([mine], rules, assuming_consents(refused), AT).verdict == "prohibited"


def test_another_counselors_clearance_is_of_no_use():
    mine = clearance(ARIZONAN, LAW, "US-AZ")
    other = facts("US-AZ", counselor=PersonId("another"), consents=gave("telehealth"))
    assert judge([mine], place_rules(LAW, "US-AZ"), other, AT).verdict == "undetermined"


def test_place_rules_of_another_place_do_not_speak_for_the_clients():
    decision = judge([clearance(ARIZONAN, LAW, "US-AZ")], place_rules([adults_only("GB")], "GB"), facts("US-AZ"), AT)
    assert decision.verdict == "undetermined"
    assert "consent_age_unknown" in {reason.code for reason in decision.reasons}


def test_an_instant_that_is_not_written_as_promised_is_refused():
    with pytest.raises(ValueError, match="not an instant"):
        judge([], None, facts("US-AZ"), "2026-11-24T10:00:00Z")
