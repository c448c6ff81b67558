"""What identity's views share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from flask import g, request

from services.identity.address import source_name
from services.identity.context import Context
from services.kernel.errors import Forbidden
from services.kernel.http.app import context_of
from services.kernel.http.idempotency import NOBODY, idempotency_key
from services.kernel.http.policy import Target, caller, operation_in_hand
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
    return lambda made, _: Answer(201, f"/identity/v1/{place}/{made}")


def accepted(_: Any, __: Instant) -> Answer:
    """202: the same for everybody; what comes of it is told by mail."""
    return Answer(202)


def keyed_once(actor: str | None = None) -> Once:
    """The Idempotency-Key of a request that holds a password or a client's id.

    The fingerprint is keyed, because a bare hash of a request is a test for the password in it. ``actor``: the client,
    where a client acts; so no row of ours ties an account to what its client asked.
    """
    once = idempotency_key()
    fingerprint = here().service.keys.mac("index", b"request/" + once.fingerprint.encode()).hex()
    return replace(once, fingerprint=fingerprint, actor=actor or once.actor)


def remote() -> str:
    """Where the request comes from, as far as the server knows."""
    return request.remote_addr or "unknown"


def source() -> str:
    """The name under which tries from there are counted."""
    return source_name(here().service.keys, remote())


def decided_again(run: Callable[[], T]) -> T:
    """Run a use case; where somebody took a name at the same moment, run it once more, so that it can be decided with
    what is there now and refused in words that fit."""
    try:
        return run()
    except NameTaken:
        return run()


@contextmanager
def recorded(target: Target) -> Iterator[None]:
    """A known person whom the domain refuses is recorded, as by the policy."""
    try:
        yield
    except Forbidden as problem:
        reason = str(problem.extra.get("reason", "refused"))
        here().on_refused(caller(), operation_in_hand() or "", reason, target)
        raise
