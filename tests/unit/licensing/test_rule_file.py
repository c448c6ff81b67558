"""A rule file is read strictly, and an error says where it is and what to do."""

from datetime import date

import pytest
import yaml

from services.contracts.practice import Condition, Quota
from services.contracts.practice.reading import DataFileError
from services.kernel.fields import Code
from services.licensing.domain.rule import ruleset_hash, source_hash
from services.licensing.domain.rule_file import parse_rule
from services.licensing.rules import load_rules
from tests.unit.licensing.law_samples import SOURCE, licensed, rule, rule_dict

WRONG = {
    "a word that no rule has": ({"requries": []}, "versions[0].requries", "use one of"),
    "no source": ({"source": None}, "versions[0].source", "say where this version comes from"),
    "an end before its start": ({"to": date(1999, 1, 1)}, "versions[0].to", "ends after it begins"),
    "a date in quotes": ({"from": "2020-01-01"}, "versions[0].from", "without quotes"),
    "an unknown credential": (
        {"requires": [{"credential": "badge", "issuer": "US-AZ"}]},
        "requires[0].credential",
        "licence",
    ),
    "an unknown modality": ({"provided": {"modality": ["fax"]}}, "versions[0].provided.modality", "video"),
    "a quota of nothing": (
        {"provided": {"quotas": [{"at_most": 0, "unit": "sessions", "per": "week"}]}},
        "provided.quotas[0].at_most",
        "correct the number",
    ),
    "a duty in a rule on routes": ({"recording": "one_party"}, "versions[0].recording", "choose another kind"),
    "unclear content told as known": (
        {"source": SOURCE | {"confidence": "U"}},
        "versions[0].source.confidence",
        "content: unknown",
    ),
    "a review before the check": (
        {"source": SOURCE | {"review_by": date(2020, 1, 1)}},
        "versions[0].source.review_by",
        "must be read again",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_version_is_refused_with_its_place_and_the_next_step(name):
    version, path, help = WRONG[name]
    with pytest.raises(DataFileError) as caught:
        rule("US-AZ", "licence_required", version)
    assert caught.value.file == "US-AZ/rule.yaml"
    assert path in caught.value.path
    assert help in str(caught.value)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"jurisdiction": "Arizona"}, "jurisdiction"),
        ({"zone": "Arizona/Phoenix"}, "zone"),
        ({"id": "us-fl.rule"}, "id"),
        ({"kind": "magic"}, "kind"),
        ({"edition": 0}, "edition"),
        ({"versions": []}, "versions"),
    ],
)
def test_a_wrong_head_is_refused(change, path):
    with pytest.raises(DataFileError) as caught:
        parse_rule(rule_dict("US-AZ", "licence_required") | change, "file.yaml")
    assert caught.value.path == path


def test_versions_may_not_overlap_and_only_the_last_may_be_open():
    two = ({"from": date(2020, 1, 1), "to": "open"}, {"from": date(2021, 1, 1)})
    with pytest.raises(DataFileError, match=r"reaches into the version from 2021-01-01.*to: 2021-01-01"):
        rule("US-AZ", "licence_required", *two)


def test_a_duty_is_told_or_said_to_be_unknown():
    with pytest.raises(DataFileError, match="content: unknown"):
        rule("US-AZ", "minor_consent", {})
    assert not rule("US-AZ", "minor_consent", {"content": "unknown"}).versions[0].known


def test_conditions_are_read_as_the_contract_has_them():
    quota = {"at_most": 9, "unit": "sessions", "per": "calendar_year"}
    parsed = rule("US-AZ", "licence_required", {"provided": {"modality": "video", "quotas": [quota]}})
    assert parsed.versions[0].conditions == (
        Condition("modality", one_of=(Code("video"),)),
        Condition("quota", quota=Quota(9, "sessions", "calendar_year", "counselor")),
    )


def test_the_hash_of_a_ruleset_is_that_of_its_content_in_any_order():
    rules = load_rules()
    assert ruleset_hash(rules) == ruleset_hash(tuple(reversed(rules)))
    assert ruleset_hash(rules) != ruleset_hash(rules[1:])
    assert source_hash(licensed("US-AZ")) != source_hash(licensed("US-AZ", source=SOURCE | {"cite": "another"}))


def test_a_file_must_lie_where_its_id_says(tmp_path):
    (tmp_path / "US-AZ").mkdir()
    shape = yaml.safe_dump(rule_dict("US-AZ", "licence_required"))
    (tmp_path / "US-AZ" / "other-name.yaml").write_text(shape, encoding="utf-8")
    with pytest.raises(DataFileError, match=r"us-az\.other-name"):
        load_rules(tmp_path)
    (tmp_path / "US-AZ" / "other-name.yaml").write_text("id: [", encoding="utf-8")
    with pytest.raises(DataFileError, match="not YAML"):
        load_rules(tmp_path)
