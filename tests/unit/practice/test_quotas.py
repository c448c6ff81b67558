"""Quotas are counted in days of the client's place, and it is known beforehand on which days the answer may change."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.practice import Contact, Quota
from services.contracts.practice.days import begins
from services.contracts.practice.quotas import quota_days, quota_holds
from services.kernel.time import Zone
from tests.unit.licensing.law_samples import DEWI, MIRA, facts
from tests.unit.practice.clearance_strategies import quotas

JAKARTA = Zone("Asia/Jakarta")
FIRST = date(2027, 12, 20)
DAYS = st.lists(st.integers(0, 25), min_size=1, max_size=5)


@given(quotas(), DAYS)
@settings(max_examples=300, deadline=None)
def test_the_answer_changes_only_on_the_days_foretold(quota, days):
    contacts = tuple(Contact(begins(FIRST + timedelta(days=n), JAKARTA), MIRA, DEWI) for n in days)
    known, foretold = facts("ID"), set(quota_days(quota, facts("ID"), contacts, JAKARTA))
    answers = {
        day: quota_holds(quota, known, contacts, JAKARTA, begins(day, JAKARTA))
        for day in (FIRST + timedelta(days=n) for n in range(-15, 45))
    }
    changed = {
        day
        for day in answers
        if day - timedelta(days=1) in answers and answers[day] != answers[day - timedelta(days=1)]
    }
    assert changed <= foretold


def test_an_earlier_day_counts_against_a_window_that_is_already_booked():
    """Thirty days in a row: a contact before the first one booked lengthens the stretch too."""
    quota = Quota(30, "consecutive_days", "lifetime")
    booked = (
        Contact(begins(date(2027, 3, 1), JAKARTA), MIRA, DEWI),
        Contact(begins(date(2027, 3, 28), JAKARTA), MIRA, DEWI),
    )
    for day, holds in (
        (date(2027, 2, 26), False),
        (date(2027, 2, 27), True),
        (date(2027, 3, 30), True),
        (date(2027, 3, 31), False),
    ):
        assert quota_holds(quota, facts("ID"), booked, JAKARTA, begins(day, JAKARTA)) is holds
