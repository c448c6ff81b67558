"""What the worker does by the clock: it carries out erasures, also when what had to be kept may go, and judges once
more what was booked lately."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from sqlalchemy import ColumnElement, select

from services.kernel.fields import ClinicId, Id, PersonId
from services.kernel.service import Service
from services.kernel.work import Who
from services.sessions.commands.erasing import Order, answer_erasure, cancel_coming
from services.sessions.commands.judging_again import judge_again
from services.sessions.queries.coming import lately_booked
from services.sessions.readmodels.tables import erasure_answers, erasure_orders

T = TypeVar("T")

SELF = Who("service/sessions")

ERASE_EVERY = 2.0  # seconds
KEPT_EVERY = 3600.0  # seconds
JUDGE_EVERY = 300.0  # seconds
LATELY_MINUTES = 15  # three times as long: a worker that was away for a while misses nothing


def carry_out_erasures(service: Service) -> None:
    """Carry out every erasure that is due and not answered."""
    due = (erasure_orders.c.not_before <= service.clock(), erasure_answers.c.erasure.is_(None))
    _each(_orders(service, *due), lambda order: _carry_out(service, order))


def look_again_at_kept(service: Service) -> None:
    """Carry out every erasure whose answer was "kept", once that time is over; where no end was known, look whether it
    is known now."""
    over = erasure_answers.c.until.is_(None) | (erasure_answers.c.until <= service.clock())
    _each(_orders(service, erasure_answers.c.kind == "kept", over), lambda order: _carry_out(service, order))


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


def _orders(service: Service, *which: ColumnElement[bool]) -> list[Order]:
    answered = erasure_orders.outerjoin(erasure_answers, erasure_answers.c.erasure == erasure_orders.c.erasure)
    wanted = select(erasure_orders).select_from(answered).where(*which).order_by(erasure_orders.c.not_before)
    rows = service.query(wanted)
    return [Order(Id(row["erasure"]), PersonId(row["client"]), ClinicId(row["clinic"])) for row in rows]
