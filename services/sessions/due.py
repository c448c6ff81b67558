"""What the worker does by the clock: it carries out erasures, also when what had to be kept may go, and judges once
more what was booked lately.

Nothing is erased by old news: a hold, or a rule that keeps the words for longer, may stand in what did not arrive.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy import select

from services.kernel.fields import ClinicId, Id, PersonId
from services.kernel.service import Service
from services.kernel.time import Instant
from services.kernel.work import Who
from services.sessions.commands.erasing import Order, answer_erasure, cancel_coming
from services.sessions.commands.judging_again import judge_again
from services.sessions.context import Context
from services.sessions.queries.coming import lately_booked
from services.sessions.readmodels.tables import erasures_due

T = TypeVar("T")

SELF = Who("service/sessions")

ERASE_EVERY = 2.0  # seconds
JUDGE_EVERY = 300.0  # seconds
LATELY_MINUTES = 15  # three rounds: one that fails, or a worker that is away for two of them, misses nothing

_HOLDS, _RULES = "identity", "licensing"  # who tells of them


def carry_out_erasures(context: Context) -> None:
    """Carry out every erasure that is due, if both holds and rules were heard of lately."""
    service = context.service
    now = service.clock()
    if all(context.fresh_enough(source, now) for source in (_HOLDS, _RULES)):
        _each(_orders(service, now), lambda order: _carry_out(service, order))


def judge_lately_booked(service: Service) -> None:
    """A booking, and a change of what it rests on, may pass each other unseen: the booking was decided by what held
    before, and was not there yet when the change looked for coming sessions. Soon after, both are there."""
    booked = lately_booked(service.work(SELF), LATELY_MINUTES)
    _each(booked, lambda session: service.do(SELF, judge_again, [session]))


def _carry_out(service: Service, order: Order) -> None:
    service.do(SELF, cancel_coming, order.client)
    service.do(SELF, answer_erasure, order)


def _each(items: Iterable[T], act: Callable[[T], None]) -> None:
    """One that fails keeps no other waiting: its error is raised at the end, and the next time it is tried again."""
    failed: Exception | None = None
    for item in items:
        try:
            act(item)
        except Exception as error:
            failed = error
    if failed is not None:
        raise failed


def _orders(service: Service, now: Instant) -> list[Order]:
    rows = service.query(select(erasures_due).where(erasures_due.c.at <= now).order_by(erasures_due.c.at))
    return [Order(Id(row["erasure"]), PersonId(row["client"]), ClinicId(row["clinic"])) for row in rows]
