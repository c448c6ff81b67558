"""How long somebody must wait after failed tries: a pure function of counters and time.

The first tries are free, then each further failure doubles the wait, up to a longest; after ``hard_cap`` failures in a
row the way is closed until it is opened by other proof (a new password by mail). A try that is made to wait is not
counted, so the wait cannot be prolonged from outside. NIST SP 800-63B-4, 3.2.2 (at most 100 failures in a row).
"""

from dataclasses import dataclass
from math import ceil

from services.kernel.time import Instant, moment, plus


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


# Of one address, known or not: so few tries that guessing is hopeless, and open again soon for its owner.
OF_ADDRESS = Limit(free=4, first=5, longest=900, forget=None, hard_cap=80)
# Of one place on the network, where many people may sit behind one address.
OF_SOURCE = Limit(free=30, first=5, longest=300, forget=3600, hard_cap=None)
# Mails to one address that anybody can cause: nobody's letter box is to be filled by a third person.
OF_MAIL = Limit(free=4, first=600, longest=86_400, forget=86_400, hard_cap=None)

CLOSED = 86_400  # seconds told to somebody whose way is closed


def wait(limit: Limit, counter: Counter | None, now: Instant) -> int:
    """Whole seconds to wait before the next try; 0 is none."""
    failures = failures_now(limit, counter, now)
    if counter is None or failures < limit.free:
        return 0
    if limit.hard_cap is not None and failures >= limit.hard_cap:
        return CLOSED
    pause = min(limit.first * 2 ** min(failures - limit.free, 30), limit.longest)
    return _seconds_until(plus(counter.last, seconds=pause), now)


def failures_now(limit: Limit, counter: Counter | None, now: Instant) -> int:
    """Failures that still count."""
    if counter is None or (limit.forget is not None and plus(counter.last, seconds=limit.forget) <= now):
        return 0
    return counter.failures


def _seconds_until(end: Instant, now: Instant) -> int:
    return max(0, ceil((moment(end) - moment(now)).total_seconds()))
