"""Offer: which counselors a client may choose from, and when; and for the others one of four coarse reasons why not.

Nobody is offered whom the law does not permit at that very time. Consents that a rule asks for are assumed, because
they are asked for after the choice; booking judges them as they are. A client is told no more of a refusal than helps
them choose: not licensed there, not known yet, not by this way or at this time, a guardian is needed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from services.contracts.practice import Decision, coarse_reason
from services.contracts.vocabulary import CoarseReason, Modality
from services.kernel.time import Instant
from services.sessions.domain.hours import Hours

TIMES_SHOWN = 20
TIMES_TRIED = 400  # free times looked at for one counselor before giving up

Ask = Callable[[Instant], Decision]  # the decision for a contact with this counselor at this instant


@dataclass(frozen=True, slots=True)
class Offer:
    """A counselor who can be booked at ``times``; ``decision`` is the one for the first of them."""

    times: tuple[Instant, ...]
    decision: Decision


def offer(
    hours: Hours | None, modality: Modality, free: Iterable[Instant], ask: Ask, since: Instant
) -> Offer | CoarseReason:
    """What of one counselor is offered: times at which the law permits it, else the coarse reason.

    ``free`` are the free times in order. Where there are none in the days asked about, the reason is that of the
    law at ``since``, if it has one, else that it cannot be at this time.
    """
    decision: Decision | None = None
    permitted: list[tuple[Instant, Decision]] = []
    refused: Decision | None = None
    fits = hours is not None and modality in hours.modalities
    for tried, start in enumerate(free if fits else ()):
        if tried == TIMES_TRIED or len(permitted) == TIMES_SHOWN:
            break
        if decision is None or _may_differ(decision, start):
            decision = ask(start)
        if decision.verdict == "permitted":
            permitted.append((start, decision))
        else:
            refused = refused or decision
    if permitted:
        return Offer(tuple(start for start, _ in permitted), permitted[0][1])
    return coarse_reason(refused or ask(since)) or "not_this_way_or_time"


def _may_differ(decision: Decision, at: Instant) -> bool:
    """Whether the verdict at ``at`` may be another one than that of the earlier decision."""
    return decision.next_change_at is not None and at >= decision.next_change_at
