"""What must hold for every rule, every credential and every instant."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.practice.clearance import covers
from services.contracts.practice.days import begins
from services.kernel.fields import Place
from services.kernel.time import Instant, Zone, instant, moment
from services.licensing.domain.jurisdiction import zone_of
from tests.unit.licensing.law_samples import (
    LATER,
    LONG_AGO,
    SOURCE,
    adults_only,
    ask,
    clearance,
    credential,
    holder,
    licensed,
    rule,
)

ENOUGH = settings(max_examples=80, deadline=None)
PLACES = ["US-AZ", "US-HI", "US-NY"]
DAYS = st.dates(date(2027, 12, 20), date(2028, 3, 10))
FIRST_DAYS = st.just(date(2027, 12, 1)) | DAYS
INSTANTS = st.integers(0, 24 * 90).map(
    lambda h: instant(moment(Instant("2027-12-15T00:00:00.000000Z")) + timedelta(hours=h))
)


@cache
@st.composite
def credentials(draw):
    first, last = sorted((draw(FIRST_DAYS), draw(DAYS)))
    return credential(
        draw(st.sampled_from(["licence", "registration", "privilege"])),
        draw(st.sampled_from(PLACES)),
        first.isoformat(),
        draw(st.sampled_from([None, last.isoformat()])),
        verdict=draw(st.sampled_from(["confirmed"] * 6 + [None, "refused", "unclear"])),
        valid_until=draw(st.just(LATER) | INSTANTS),
        id=f"c{draw(st.integers(0, 99))}",
    )


@cache
@st.composite
def rules(draw):
    def version(first, last, issuer):
        kinds = draw(st.sampled_from(["licence", ["licence", "registration"], "privilege"]))
        review = draw(st.sampled_from([date(2028, 2, 29), date(2030, 1, 1)]))
        return {
            "from": first,
            "to": last,
            "content": draw(st.sampled_from(["known"] * 5 + ["unknown"])),
            "requires": [{"credential": kinds, "issuer": issuer}],
            "source": SOURCE | {"review_by": review},
        }

    cut = draw(DAYS)
    issuers = st.sampled_from(["US-NY", "home", "elsewhere", "US-*"])
    early, late = version(date(2027, 12, 16), cut, draw(issuers)), version(cut, "open", draw(issuers))
    kinds = st.sampled_from(["licence_required", "registration_route", "compact_privilege", "temporary_practice"])
    return [rule("US-NY", draw(kinds), early, late, name=f"rule-{n}") for n in range(draw(st.integers(1, 3)))]


HELD = st.lists(credentials(), min_size=1, max_size=4, unique_by=lambda c: c.id)


@given(rules(), HELD, INSTANTS)
@ENOUGH
def test_a_stretch_says_at_each_instant_what_the_rules_say_then(law, held, at):
    """The whole clearance, read at `at`, equals one made for `at` alone: facts and rules held still at that instant."""
    whole = clearance(holder(*held), law, "US-NY")
    still = clearance(holder(*held), law, "US-NY", facts_at=at, rules_at=at)

    def now(parts):
        found = [replace(p, since=LONG_AGO, until=None) for p in parts if covers(p.since, p.until, at)]
        return sorted(map(repr, found))

    assert now(whole.routes) == now(still.routes)
    assert now(whole.blocked) == now(still.blocked)
    assert now(whole.grounds) == now(still.grounds)


@given(rules(), HELD, INSTANTS, st.integers(0, 2))
@ENOUGH
def test_to_lose_a_credential_never_permits_anything(law, held, at, lost):
    fewer = [c for n, c in enumerate(held) if n != lost]
    with_it = ask(holder(*held), [*law, adults_only("US-NY")], "US-NY", at).verdict
    without = ask(holder(*fewer), [*law, adults_only("US-NY")], "US-NY", at).verdict
    assert with_it == "permitted" or without != "permitted"


@given(rules(), HELD, INSTANTS)
@ENOUGH
def test_what_nobody_verified_permits_nothing(law, held, at):
    unverified = [replace(c, verifications=()) for c in held]
    assert ask(holder(*unverified), [*law, adults_only("US-NY")], "US-NY", at).verdict != "permitted"


@given(rules(), HELD, INSTANTS)
@ENOUGH
def test_next_change_is_the_next_edge(law, held, at):
    mine = clearance(holder(*held), law, "US-NY", known_at=at)
    later = [edge for edge in mine.edges() if edge > at]
    assert mine.next_change == (min(later) if later else None)


@given(st.sampled_from(PLACES), DAYS)
@ENOUGH
def test_a_licence_and_a_rule_begin_and_end_at_midnight_of_their_own_place(place, day):
    """[from, to) in the jurisdiction's own zone: open at the first instant of `from`, shut at that of `to`."""
    zone = Zone(zone_of(Place(place)))
    first, after = begins(day, zone), begins(day + timedelta(days=3), zone)
    last_day = (day + timedelta(days=2)).isoformat()
    short = credential("licence", place, day.isoformat(), last_day)
    assert ask_around(place, short, licensed(place), first, after) == [
        "prohibited",
        "permitted",
        "permitted",
        "prohibited",
    ]
    dated = rule(place, "title_only", {"from": day, "to": day + timedelta(days=3), "protected": False}, zone=zone)
    by_rule = ask_around(place, short, dated, first, after)
    assert by_rule == ["undetermined", "permitted", "permitted", "undetermined"]


def ask_around(place, held, law, first, after):
    """The verdicts one microsecond before, at, one microsecond before the end, and at the end."""
    step = timedelta(microseconds=1)
    times = [instant(moment(first) - step), first, instant(moment(after) - step), after]
    return [ask(holder(held, home=place), [law, adults_only(place)], place, at).verdict for at in times]
