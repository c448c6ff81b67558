"""What must hold for every clearance, every fact and every instant."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.practice import Decision, judge
from services.kernel.codec import dumps, from_plain, to_plain
from tests.unit.practice.clearance_strategies import clearances, facts, instants, place_rules

ENOUGH = settings(max_examples=100, deadline=None)
SEVERAL = st.lists(clearances(), max_size=2)
UNKNOWN = {
    "client_place": None,
    "counselor_place": None,
    "modality": None,
    "act": None,
    "client_birth_date": None,
    "guardian": None,
    "existing_client": None,
    "contacts": None,
    "consents": (),
    "attestations": (),
}


@given(SEVERAL, place_rules(), facts(), instants(), st.sampled_from(sorted(UNKNOWN)))
@ENOUGH
def test_to_forget_a_fact_never_makes_a_yes_nor_a_no(mine, rules, known, at, fact):
    whole = judge(mine, rules, known, at).verdict
    less = judge(mine, rules, replace(known, **{fact: UNKNOWN[fact]}), at).verdict
    assert less in (whole, "undetermined")


@given(SEVERAL, place_rules(), facts(), instants(), st.data())
@ENOUGH
def test_the_verdict_stands_until_next_change_and_differs_then(mine, rules, known, at, data):
    decision = judge(mine, rules, known, at)
    until = decision.next_change_at
    if until is not None:
        assert until > at
        assert judge(mine, rules, known, until).verdict != decision.verdict
    for between in data.draw(st.lists(instants(), min_size=3, max_size=8)):
        if at <= between and (until is None or between < until):
            assert judge(mine, rules, known, between).verdict == decision.verdict


@given(SEVERAL, place_rules(), facts(), instants(), st.randoms(use_true_random=False))
@ENOUGH
def test_the_order_in_which_anything_is_given_does_not_matter(mine, rules, known, at, random):
    def shuffled(parts):
        return tuple(random.sample(parts, len(parts)))

    other = [
        replace(c, routes=shuffled(c.routes), grounds=shuffled(c.grounds), prohibitions=shuffled(c.prohibitions))
        for c in shuffled(mine)
    ]
    mixed = known if known.contacts is None else replace(known, contacts=shuffled(known.contacts))
    turned = replace(rules, consent_ages=shuffled(rules.consent_ages))
    assert judge(other, turned, mixed, at) == judge(mine, rules, known, at)


@given(SEVERAL, place_rules(), facts(), instants())
@ENOUGH
def test_a_route_in_doubt_permits_nothing(mine, rules, known, at):
    doubtful = [replace(c, routes=tuple(r for r in c.routes if r.doubts)) for c in mine]
    assert judge(doubtful, rules, known, at).verdict != "permitted"


@given(SEVERAL, place_rules(), facts(), instants())
@ENOUGH
def test_every_answer_gives_a_reason_and_only_a_permission_rests_on_a_route(mine, rules, known, at):
    decision = judge(mine, rules, known, at)
    assert decision.reasons
    basis = {reason.code for reason in decision.reasons if reason.code.startswith("by_")}
    assert bool(basis) == (decision.verdict == "permitted")


@given(SEVERAL, place_rules(), facts(), instants())
@ENOUGH
def test_all_of_it_travels_as_json_and_comes_back_the_same(mine, rules, known, at):
    decision = judge(mine, rules, known, at)
    for part in (*mine, rules, known, decision, decision.ref()):
        assert from_plain(to_plain(part), type(part)) == part
    again = judge([from_plain(to_plain(c), type(c)) for c in mine], rules, known, at)
    assert dumps(to_plain(again)) == dumps(to_plain(decision))


@given(SEVERAL, place_rules(), facts(), instants())
@ENOUGH
def test_the_hash_of_the_inputs_changes_with_each_of_them(mine, rules, known, at):
    one: Decision = judge(mine, rules, known, at)
    assert len(one.inputs_hash) == 64
    assert judge(mine, None, known, at).inputs_hash != one.inputs_hash
    assert judge(mine, rules, replace(known, salt="01"), at).inputs_hash != one.inputs_hash
