"""A timeline: what changes only at known moments, cut into half-open stretches on which it stays the same."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from services.contracts.practice.days import BEGINNING
from services.kernel.time import Instant

_V = TypeVar("_V")


def stretches(
    moments: Iterable[Instant], value_at: Callable[[Instant], _V]
) -> list[tuple[Instant, Instant | None, _V]]:
    """(since, until, value) from the beginning of time to its end; neighbours with equal values are one stretch.

    `value_at` must be constant between two neighbouring moments.
    """
    found: list[tuple[Instant, Instant | None, _V]] = []
    starts = sorted({BEGINNING, *moments})
    for since, until in zip(starts, [*starts[1:], None], strict=True):
        value = value_at(since)
        if found and found[-1][2] == value:
            found[-1] = (found[-1][0], until, value)
        else:
            found.append((since, until, value))
    return found
