"""Who is offered to a client, at which times, and why the others are not."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from services.contracts.practice import Decision
from services.contracts.vocabulary import CoarseReason, Modality
from services.kernel.fields import Code
from services.kernel.time import Instant, plus
from services.kernel.work import Work
from services.sessions.domain.booking import LAW_NOT_HEARD
from services.sessions.domain.client import Client
from services.sessions.domain.hours import horizon
from services.sessions.domain.offer import Offer, offer
from services.sessions.queries.counselors import Counselor, counselors_of
from services.sessions.queries.judging import case_of
from services.sessions.queries.states import load_hours
from services.sessions.queries.times import free_for

DAYS = 14  # asked about when no end is named


@dataclass(frozen=True, slots=True)
class Offers:
    """Each counselor of the clinic, either way. Why not: one of the coarse reasons, or ``LAW_NOT_HEARD``."""

    offered: tuple[tuple[Counselor, Offer], ...]
    not_offered: tuple[tuple[Counselor, CoarseReason | Code], ...]


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who looks for a session: the client, their birth date where it is known; ``fresh``: whether the law was heard of
    lately; and ``also``: the client ids that the same human has in other clinics."""

    client: Client
    birth_date: str | None
    fresh: bool
    also: Collection[str] = ()

    @property
    def client_ids(self) -> tuple[str, ...]:
        return (self.client.client, *self.also)


def offers_for(work: Work, seeker: Seeker, modality: Modality, since: Instant | None, until: Instant | None) -> Offers:
    """The offers for this client, for sessions by this way that begin in ``[since, until)``. While news of the law is
    old nobody is offered, because nobody could be booked."""
    begin = max(since or work.now, work.now)
    end = until or plus(min(begin, horizon(work.now)), days=DAYS)
    offered: list[tuple[Counselor, Offer]] = []
    not_offered: list[tuple[Counselor, CoarseReason | Code]] = []
    for counselor in counselors_of(work, seeker.client.clinic):
        found = _one(work, seeker, modality, counselor, begin, end)
        if not isinstance(found, Offer):
            not_offered.append((counselor, found))
        elif seeker.fresh:
            offered.append((counselor, found))
        else:
            not_offered.append((counselor, LAW_NOT_HEARD))
    return Offers(tuple(offered), tuple(not_offered))


def _one(
    work: Work, seeker: Seeker, modality: Modality, counselor: Counselor, begin: Instant, end: Instant
) -> Offer | CoarseReason:
    client, hours = seeker.client, load_hours(work, counselor.account)
    free = free_for(work, hours, seeker.client_ids, begin, end) if hours else iter(())
    case = case_of(work, client, counselor.account, client.place, modality, "booking", birth_date=seeker.birth_date)
    ask: Callable[[Instant], Decision] = case.assuming_consents().at
    return offer(hours, modality, free, ask, begin)
