"""What licensing's views share."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from flask import g

from services.kernel.http import serving
from services.kernel.http.app import context_of
from services.kernel.http.policy import Target, authorise, caller
from services.kernel.http.serving import acting
from services.kernel.service import Answer, Once
from services.kernel.time import Instant
from services.kernel.work import Work
from services.licensing.context import Context
from services.licensing.deriving import derive_now
from services.licensing.lookups import clinics_of


def here() -> Context:
    return context_of(Context)


def asking() -> Work:
    """For a question over the streams, in the name of the caller."""
    return here().service.work(acting())


def created(place: str) -> Callable[[Any, Instant], Answer]:
    """201 with the address of the new thing, by its id."""
    return serving.created("licensing", place)


def keyed_once() -> Once:
    """The Idempotency-Key of a request that holds a number, a file or a remark."""
    return serving.keyed_once(here().service)


def authorise_own_role(*roles: str) -> None:
    """The caller holds one of these roles in some clinic, or what else the row of the operation allows."""
    clinics = caller().clinics_with(*roles)
    authorise(Target(clinic=clinics[0] if clinics else None))


def about_counselor(counselor: str, *roles: str) -> Target:
    """The target of an operation about a counselor: the clinic where they counsel and the caller has such a role."""
    theirs = clinics_of(here().service, counselor, here().service.clock())
    shared = [clinic for clinic in theirs if caller().has_role(clinic, *roles)]
    return Target(clinic=next(iter(shared or theirs), None), account=counselor)


def derive(counselor: str | None = None) -> None:
    """After a change: derive the clearances of this counselor, or (None) of all for whom it is due."""
    derive_now(here(), counselor, g.request_id)


def recorded(target: Target) -> AbstractContextManager[None]:
    """A known person whom the domain refuses is recorded, as by the policy."""
    return serving.recorded(here().on_refused, target, "own-credential")
