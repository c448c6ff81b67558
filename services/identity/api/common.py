"""What identity's views share."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Any, TypeVar

from flask import g, request

from services.identity.address import source_name
from services.identity.commands.tries import Wait, count_request
from services.identity.context import Context
from services.identity.domain.throttle import OF_ADDRESS
from services.kernel.errors import TooMany
from services.kernel.http import serving
from services.kernel.http.app import context_of
from services.kernel.http.idempotency import NOBODY
from services.kernel.http.policy import Target
from services.kernel.service import Answer, Once
from services.kernel.store.write import NameTaken
from services.kernel.time import Instant
from services.kernel.work import Who

T = TypeVar("T")


def here() -> Context:
    return context_of(Context)


def nobody() -> Who:
    """Who acts where nobody is known yet; a command that learns who it is says so."""
    return Who(NOBODY, correlation=g.request_id)


def created(place: str) -> Callable[[Any, Instant], Answer]:
    """201 with the address of the new thing, by its id."""
    return serving.created("identity", place)


def accepted(_: Any, __: Instant) -> Answer:
    """202: the same for everybody; what comes of it is told by mail."""
    return Answer(202)


def keyed_once(actor: str | None = None) -> Once:
    """The Idempotency-Key of a request that holds a password or a client's id."""
    return serving.keyed_once(here().service, actor)


def remote() -> str:
    """Where the request comes from, as far as the server knows."""
    return request.remote_addr or "unknown"


def source() -> str:
    """The name under which tries from there are counted."""
    return source_name(here().service.keys, remote())


def counted() -> str:
    """Count a request of somebody unknown by its source, which is given back. Raises ``TooMany``."""
    place = source()
    here().service.do(nobody(), count_request, place)
    return place


def reserved(reserve: Callable[[], Wait | None]) -> None:
    """Reserve a try with a password. Raises ``TooMany`` when it must wait."""
    wait: Wait | None = Wait(1, closed=False)
    for _ in range(OF_ADDRESS.free + 1):  # each time somebody else is faster, one free try less is left
        with suppress(NameTaken):
            wait = reserve()
            break
    if wait is None:
        return
    if wait.closed:
        raise TooMany(
            "There were so many wrong passwords for this address that no password opens it now; waiting does not help.",
            help="Ask for a new password by mail: with it the way is open again.",
        )
    raise TooMany(
        "There were too many tries with this address or from this place.",
        help=f"Try again in {wait.seconds} seconds. If you forgot the password, set a new one by mail.",
        retry_after=wait.seconds,
    )


def decided_again(run: Callable[[], T]) -> T:
    """Run a use case; where somebody took a name at the same moment, run it once more, so that it can be decided with
    what is there now and refused in words that fit."""
    try:
        return run()
    except NameTaken:
        return run()


def recorded(target: Target) -> AbstractContextManager[None]:
    """A known person whom the domain refuses is recorded, as by the policy."""
    return serving.recorded(here().on_refused, target)
