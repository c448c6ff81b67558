"""Deriving what is due: right after a change, in the same request; and by the worker, for whatever was left."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from services.kernel.errors import Unavailable
from services.kernel.service import Service
from services.kernel.work import Who
from services.licensing.commands.clearances import derive_clearances
from services.licensing.commands.due import DERIVED
from services.licensing.commands.rules import publish_ruleset
from services.licensing.context import Context
from services.licensing.domain.rule import Rule
from services.licensing.readmodels import due

ACTOR = "service/licensing"
AT_MOST = 200  # counselors at a time

_DUE = select(due).where(due.c.mark != DERIVED)

_log = logging.getLogger(__name__)


def derive_due(context: Context, who: Who | None = None) -> int:
    """Derive for whom it is due, the longest waiting first; how many clearances were published.

    One counselor who cannot be derived does not hold up the others; they stay due, and the first error is raised.
    """
    rows = context.service.query(_DUE.order_by(due.c.at, due.c.counselor).limit(AT_MOST))
    return _derive(context, rows, who or Who(ACTOR))


def derive_now(context: Context, counselor: str | None, correlation: str | None) -> None:
    """After a change that is already written: derive for this counselor, or (None) for all that are due.

    What cannot be derived now is left to the worker, for the change itself stands.
    """
    who = Who(ACTOR, correlation=correlation)
    try:
        if counselor is None:
            derive_due(context, who)
        else:
            _derive(context, context.service.query(_DUE.where(due.c.counselor == counselor)), who)
    except Exception as error:
        _log.warning("clearances are left to the worker", extra={"reason": type(error).__name__})


@dataclass(slots=True)
class Release:
    """Publishes the rules of this release, once a process: so two releases that run side by side do not take turns."""

    service: Service
    catalogue: tuple[Rule, ...]
    done: bool = False

    def publish(self) -> bool:
        """Whether anything was published now."""
        if self.done:
            return False
        published = self.service.do(Who(ACTOR), publish_ruleset, self.catalogue)
        self.done = True
        return published


def _derive(context: Context, rows: Sequence[RowMapping], who: Who) -> int:
    """Whatever is wrong with one counselor, the others are derived; only a part that is away stops it for all."""
    published, failed = 0, None
    for row in rows:
        try:
            published += context.service.do(who, derive_clearances, row["counselor"], context.catalogue)
        except Unavailable:
            raise
        except Exception as error:
            _log.warning("clearances of one counselor cannot be derived and stay as they are", exc_info=error)
            failed = failed or error
    if failed is not None:
        raise failed
    return published
