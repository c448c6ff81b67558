"""Waiting after failed tries: properties over all counters and times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.throttle import (
    CLOSED,
    OF_ADDRESS,
    OF_MAIL,
    OF_REQUESTS,
    OF_SOURCE,
    Counter,
    Limit,
    is_closed,
    wait,
    wait_for_quota,
)
from services.kernel.time import Instant, moment, plus

LAST = Instant("2026-11-24T12:00:00.000000Z")
LIMITS = st.sampled_from([OF_ADDRESS, OF_SOURCE, OF_MAIL])
FAILURES = st.integers(0, 10_000)
SECONDS = st.integers(0, 10**6)


def test_the_first_tries_are_free_and_then_each_wait_is_twice_the_one_before() -> None:
    waits = [wait(OF_ADDRESS, Counter(n, LAST), LAST) for n in range(1, 14)]
    assert waits == [0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900]


def test_nobody_ever_tried() -> None:
    assert wait(OF_ADDRESS, None, LAST) == 0


@given(LIMITS, FAILURES, st.integers(0, 10**6))
def test_time_only_shortens_the_wait(limit: Limit, failures: int, seconds: int) -> None:
    counter = Counter(failures, LAST)
    assert wait(limit, counter, plus(LAST, seconds=seconds + 1)) <= wait(limit, counter, plus(LAST, seconds=seconds))


@given(LIMITS, FAILURES)
def test_more_failures_never_wait_shorter(limit: Limit, failures: int) -> None:
    assert wait(limit, Counter(failures, LAST), LAST) <= wait(limit, Counter(failures + 1, LAST), LAST)


@given(LIMITS, FAILURES)
def test_after_the_wait_that_was_told_it_is_over(limit: Limit, failures: int) -> None:
    counter = Counter(failures, LAST)
    told = wait(limit, counter, LAST)
    closed = limit.hard_cap is not None and failures >= limit.hard_cap
    after = wait(limit, counter, plus(LAST, seconds=told))
    assert after == (CLOSED if closed else 0)


@given(st.integers(0, 10**7))
def test_after_too_many_failures_in_a_row_time_alone_opens_nothing(seconds: int) -> None:
    assert OF_ADDRESS.hard_cap is not None
    assert OF_ADDRESS.hard_cap <= 100  # NIST SP 800-63B-4
    assert wait(OF_ADDRESS, Counter(OF_ADDRESS.hard_cap, LAST), plus(LAST, seconds=seconds)) == CLOSED


@pytest.mark.parametrize("limit", [OF_SOURCE, OF_MAIL])
def test_a_quiet_time_is_forgotten(limit: Limit) -> None:
    assert limit.forget is not None
    assert wait(limit, Counter(10_000, LAST), plus(LAST, seconds=limit.forget)) == 0


@given(FAILURES, FAILURES)
def test_what_is_closed_is_told_apart_from_what_only_waits(few: int, many: int) -> None:
    assert OF_ADDRESS.hard_cap is not None
    assert is_closed(OF_ADDRESS, Counter(few, LAST)) == (few >= OF_ADDRESS.hard_cap)
    assert not is_closed(OF_SOURCE, Counter(many, LAST))
    assert not is_closed(OF_ADDRESS, None)


@given(FAILURES, SECONDS, SECONDS)
def test_a_quota_is_full_again_with_each_hour_and_never_waits_longer(sent: int, at: int, later: int) -> None:
    counter, now = Counter(sent, plus(LAST, seconds=at)), plus(LAST, seconds=at + later)
    told = wait_for_quota(OF_REQUESTS, counter, now)
    assert 0 <= told <= OF_REQUESTS.seconds
    same_hour = moment(counter.last).timestamp() // 3600 == moment(now).timestamp() // 3600
    assert (told > 0) == (sent >= OF_REQUESTS.most and same_hour)
    assert wait_for_quota(OF_REQUESTS, counter, plus(now, seconds=told)) == 0
    assert wait_for_quota(OF_REQUESTS, None, now) == 0
