"""How long somebody must wait after failed tries, or after many requests: a pure function of counters and time.

Of tries the first are free, then each further failure doubles the wait, up to a longest; after ``hard_cap`` failures in
a row the way is closed until it is opened by other proof (a new password by mail). A try that is made to wait is not
counted, so the wait cannot be prolonged from outside. NIST SP 800-63B-4, 3.2.2 (at most 100 failures in a row).

Requests of somebody unknown, other than signing in, are counted by the hour and by source. The number is generous:
many people may sit behind one address of the network, and signing in never depends on it.
"""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from services.kernel.time import Instant, instant, moment, plus


@dataclass(frozen=True, slots=True)
class Limit:
    """``free`` tries, then ``first`` seconds, doubled up to ``longest``; forgotten after ``forget`` quiet seconds
    (none: never). ``hard_cap`` is none where nothing is ever closed."""

    free: int
    first: int
    longest: int
    forget: int | None
    hard_cap: int | None


@dataclass(frozen=True, slots=True)
class Counter:
    """Failures in a row, and when the last one was."""

    failures: int
    last: Instant


@dataclass(frozen=True, slots=True)
class Quota:
    """``most`` requests in each span of ``seconds`` (a part of the day, counted from midnight UTC)."""

    most: int
    seconds: int

    def begun(self, now: Instant) -> Instant:
        """When the span began in which ``now`` lies."""
        at = moment(now)
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return instant(midnight + timedelta(seconds=(at - midnight).seconds // self.seconds * self.seconds))


# Of one address, known or not: so few tries that guessing is hopeless, and open again soon for its owner.
OF_ADDRESS = Limit(free=4, first=5, longest=900, forget=None, hard_cap=80)
# Of one place on the network, where many people may sit behind one address.
OF_SOURCE = Limit(free=30, first=5, longest=300, forget=3600, hard_cap=None)
# Mails to one address that anybody can cause: nobody's letter box is to be filled by a third person.
OF_MAIL = Limit(free=4, first=600, longest=86_400, forget=86_400, hard_cap=None)

# Registrations, proofs of an address, new passwords, acceptances and foundings from one place on the network.
OF_REQUESTS = Quota(most=600, seconds=3600)

CLOSED = 86_400  # seconds told to somebody whose way is closed


def wait(limit: Limit, counter: Counter | None, now: Instant) -> int:
    """Whole seconds to wait before the next try; 0 is none."""
    failures = failures_now(limit, counter, now)
    if counter is None or failures < limit.free:
        return 0
    if is_closed(limit, counter):
        return CLOSED
    pause = min(limit.first * 2 ** min(failures - limit.free, 30), limit.longest)
    return _seconds_until(plus(counter.last, seconds=pause), now)


def is_closed(limit: Limit, counter: Counter | None) -> bool:
    """Whether waiting does not help, but only other proof."""
    return counter is not None and limit.hard_cap is not None and counter.failures >= limit.hard_cap


def wait_for_quota(quota: Quota, counter: Counter | None, now: Instant) -> int:
    """Whole seconds to wait before the next request; 0 is none."""
    begun = quota.begun(now)
    if counter is None or counter.last < begun or counter.failures < quota.most:
        return 0
    return _seconds_until(plus(begun, seconds=quota.seconds), now)


def failures_now(limit: Limit, counter: Counter | None, now: Instant) -> int:
    """Failures that still count."""
    if counter is None or (limit.forget is not None and plus(counter.last, seconds=limit.forget) <= now):
        return 0
    return counter.failures


def _seconds_until(end: Instant, now: Instant) -> int:
    return max(0, ceil((moment(end) - moment(now)).total_seconds()))
