"""The policy of a service, and the guard that holds every answer to it.

A service says who may do what in one table, ``OPERATIONS: dict[str, Rule]``, in the language of ``rules``; tests walk
it. What this promises: an operation without a row, and a row without an operation, keep the service from starting
(``bind_policy``); a view whose answer was not authorised cannot answer (``nothing_unauthorised``), whatever it did.
"""

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from services.kernel.errors import Forbidden
from services.kernel.http.rules import (
    NOTHING,
    Caller,
    Rule,
    Target,
    anyone,
    check,
    either,
    network_role,
    own_account,
    own_client,
    role_in_clinic,
    sign_in_needed,
    signed_in,
)

__all__ = [
    "NOTHING",
    "Caller",
    "OnRefused",
    "Policy",
    "PolicyError",
    "Rule",
    "Target",
    "anyone",
    "authorise",
    "bind_policy",
    "caller",
    "check",
    "either",
    "network_role",
    "nothing_unauthorised",
    "operation",
    "operation_in_hand",
    "own_account",
    "own_client",
    "role_in_clinic",
    "signed_in",
]

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])

# What may be said before anything was authorised: none of these tells the state of a thing.
_SAFE = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 428, 429, 500, 503})


OnRefused = Callable[[Caller, str, str, Target], None]


@dataclass(frozen=True, slots=True)
class Policy:
    """A service's table, bound to its app, and what it does when a known person is refused."""

    operations: Mapping[str, Rule]
    on_refused: OnRefused | None = None

    def check(self, operation: str, caller: Caller, target: Target) -> None:
        rule = self.operations[operation]
        try:
            check(rule, caller, target)
        except Forbidden:
            if self.on_refused is not None:
                self.on_refused(caller, operation, rule.reason, target)
            raise


@dataclass(slots=True)
class _Guard:
    """What is known of the request in hand."""

    operation: str
    authorised: bool = field(default=False)


def operation(name: str) -> Callable[[View], View]:
    """Names a view's operation, its row in the policy table. It must stand above every other decorator of the view.

    The row is checked before anything of the request is read: entirely where it speaks of no object, else as far as
    that the caller must be signed in. The view then calls ``authorise(target)``.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            rule = _policy().operations[name]
            g.guard = _Guard(name)
            if not rule.needs_target:
                authorise()
            elif not caller().known and not rule.allows(Caller(), NOTHING):
                raise sign_in_needed()
            return view(*args, **kwargs)

        documented = guarded.__dict__.setdefault("_apidoc", {})
        guarded.__dict__["_apidoc"] = {
            **documented,
            "manual_doc": {**documented.get("manual_doc", {}), "operationId": name},
        }
        guarded.__dict__["operation"] = (name, guarded)
        return guarded  # type: ignore[return-value]

    return decorate


def authorise(target: Target = NOTHING) -> None:
    """Hold the operation in hand to its row, for this target. A view must do so before it answers."""
    guard: _Guard = g.guard
    _policy().check(guard.operation, caller(), target)
    guard.authorised = True


def caller() -> Caller:
    """Who sent the request in hand."""
    known: Caller = g.caller
    return known


def operation_in_hand() -> str | None:
    """The name of the operation that this request asks for, once its view was reached."""
    guard: _Guard | None = g.get("guard")
    return guard.operation if guard else None


def bind_policy(app: Flask, policy: Policy, open_endpoints: frozenset[str]) -> None:
    """Join an app and its table, and refuse with ``PolicyError`` where one knows what the other does not.

    ``open_endpoints`` are Flask's names of the few routes that are no operations: health and description.
    """
    named: list[str] = []
    mistakes: list[str] = []
    for endpoint, view in app.view_functions.items():
        if endpoint in open_endpoints:
            continue
        for method, function in _methods(view):
            name, outermost = getattr(function, "operation", ("", None))
            if outermost is not function:
                mistakes.append(f"{method} {endpoint}: put @operation(...) above every other decorator of the view")
            else:
                named.append(name)
    mistakes += [f"{name!r} is named by two views: give each its own name" for name in _twice(named)]
    mistakes += [f"{name!r} has no row in the policy table" for name in set(named) - set(policy.operations)]
    mistakes += [f"the row {name!r} belongs to no view" for name in set(policy.operations) - set(named)]
    if mistakes:
        raise PolicyError(sorted(mistakes))
    app.extensions["amanah.policy"] = policy
    app.extensions["amanah.open"] = open_endpoints


class PolicyError(Exception):
    """The policy table and the views do not fit, so the service must not start."""

    def __init__(self, mistakes: list[str]) -> None:
        self.mistakes = mistakes
        super().__init__("The policy does not fit the operations:\n" + "\n".join(f"  - {m}" for m in mistakes))


def nothing_unauthorised(response: Response) -> bool:
    """Whether this answer may leave: it was authorised, or it says nothing of the state of a thing.

    An answer that may not is a fault of ours: it is logged, and the caller gets a 500 in its place.
    """
    if request.url_rule is None or request.method == "OPTIONS" or response.status_code in _SAFE:
        return True
    guard: _Guard | None = g.get("guard")
    if request.endpoint in current_app.extensions["amanah.open"] or (guard is not None and guard.authorised):
        return True
    log.error("a view answered without authorising", extra={"operation": guard.operation if guard else None})
    return False


def _methods(view: Any) -> list[tuple[str, Any]]:
    """The functions behind a route, each with its method: several for a class of views, else one."""
    of_class = getattr(view, "view_class", None)
    if of_class is None:
        return [("any method", view)]
    return [(method, getattr(of_class, method.lower())) for method in sorted(of_class.methods or ())]


def _twice(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}


def _policy() -> Policy:
    policy: Policy = current_app.extensions["amanah.policy"]
    return policy
