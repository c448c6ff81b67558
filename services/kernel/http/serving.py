"""Where a service and its app meet: who acts, what was revoked, and that a refusal is recorded.

A person who works here acts as their account, a client as the client id that their token carries for this clinic.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flask import Flask, g
from sqlalchemy import Column, MetaData, Table, Text, exists, or_, select

from services.kernel.chain import frame
from services.kernel.errors import Forbidden, Unavailable
from services.kernel.fields import Hash
from services.kernel.http.app import make_app
from services.kernel.http.blueprint import Blueprint
from services.kernel.http.idempotency import idempotency_key
from services.kernel.http.policy import OnRefused, caller, operation_in_hand
from services.kernel.http.rules import NOTHING, Caller, Rule, Target
from services.kernel.http.tokens import Claims
from services.kernel.ids import new_id
from services.kernel.keys.port import KeysUnavailable
from services.kernel.keys.signing import PublicKeys
from services.kernel.projections import Rows
from services.kernel.service import Answer, Once, Service
from services.kernel.store.tables import parked, stores
from services.kernel.time import Instant
from services.kernel.work import Who

MakeRefusal = Callable[[str, str, str, Hash | None], Any]


def acting(client: str | None = None) -> Who:
    """Who acts in the request in hand: the account, or this client of theirs."""
    return Who(client or caller().account, correlation=g.request_id)


def revocations_table(tables: MetaData) -> Table:
    """The table of revoked sign-ins, among a service's read models. ``name`` is an account or a sign-in."""
    return Table("revocations", tables, Column("name", Text, primary_key=True), Column("at", Text, nullable=False))


def revoke(rows: Rows, table: Table, name: str, at: Instant) -> None:
    """Learn that everything signed in under this name before ``at`` is over."""
    rows.put(table, name=name, at=at)


class KeptRevocations:
    """Revocations as this service has learned them. Something of an account or a sign-in that is parked may be one, so
    until it is replayed it counts as one."""

    def __init__(self, service: Service, table: Table) -> None:
        self._service = service
        self._table = table

    def is_revoked(self, claims: Claims) -> bool:
        names = self._table.c.name.in_((claims.account, claims.sid))
        streams = (f"identity/account/{claims.account}", f"identity/sign-in/{claims.sid}")
        known = exists().where(names, self._table.c.at >= claims.issued)
        waiting = exists().where(parked.c.service == "identity", parked.c.stream.in_(streams))
        return bool(self._service.query(select(or_(known, waiting).label("revoked")))[0]["revoked"])


def record_refusals(
    service: Service, make: MakeRefusal, clinics: Column[Any], *, index: str | None = "index"
) -> OnRefused:
    """A hook for ``make_app``: a known person who is refused is recorded, each time on a stream of its own.

    What it was about is told by a keyed hash under ``index``, the key of the service's blind indexes; a service without
    one does not tell. A client who is refused what is their own is named by that client id, and the account is not:
    no event ties the two. The clinic is named where the token or a row of ours does (``clinics``: the column), since
    what somebody typed would stand there for ever.
    """

    def record(who: Caller, operation: str, reason: str, target: Target) -> None:
        own = target.client if who.is_client(target.client) else None
        about = None if own or index is None else _about(service, index, target)
        clinic = target.clinic if _is_known(service, clinics, who, target.clinic) else None
        refusal = make(own or who.account, operation, reason, about)
        service.note(acting(own), f"{service.name}/refusal/{new_id()}", refusal, clinic)

    return record


def service_app(
    service: Service,
    blueprints: Iterable[Blueprint],
    context: object,
    operations: Mapping[str, Rule],
    revocations: Table,
    on_refused: OnRefused,
) -> Flask:
    """The app of a service: tokens checked by identity's public keys, revocations by what the service has learned,
    readiness by its database and its keys."""
    public_keys = PublicKeys(service.keys, time.monotonic)
    return make_app(
        service.name,
        blueprints,
        context,
        operations=operations,
        public_key=lambda version: public_keys.get("identity", "token", version),
        revocations=KeptRevocations(service, revocations),
        checks={"database": lambda: _answers(service), "keys": service.keys.probe},
        on_refused=on_refused,
        clock=service.clock,
    )


def created(service: str, place: str) -> Callable[[Any, Instant], Answer]:
    """The answer of a POST that creates: 201 with the address of the new thing, by its id."""
    return lambda made, _: Answer(201, f"/{service}/v1/{place}/{made}")


def keyed_once(service: Service, actor: str | None = None) -> Once:
    """The Idempotency-Key of a request that holds words, a number or a password.

    The fingerprint is keyed, because a bare hash of a request is a test for what stands in it. ``actor``: the client,
    where a client acts; so no row ties an account to what its client asked.
    """
    once = idempotency_key()
    fingerprint = service.keys.mac("index", b"request/" + once.fingerprint.encode()).hex()
    return replace(once, fingerprint=fingerprint, actor=actor or once.actor)


@contextmanager
def recorded(on_refused: OnRefused, target: Target, reason: str = "refused") -> Iterator[None]:
    """A known person whom the domain refuses is recorded, as by the policy."""
    try:
        yield
    except Forbidden as problem:
        on_refused(caller(), operation_in_hand() or "", str(problem.extra.get("reason", reason)), target)
        raise


def _about(service: Service, index: str, target: Target) -> Hash | None:
    """A keyed hash of the object's address: a bare one could be found again among all ids. None where the keys do not
    answer: the refusal is recorded all the same."""
    if target == NOTHING:
        return None
    address = frame(*((part or "").encode() for part in (target.clinic, target.client, target.account)))
    try:
        return Hash(service.keys.mac(index, b"refusal/" + address).hex())
    except KeysUnavailable:
        return None


def _is_known(service: Service, clinics: Column[Any], who: Caller, clinic: str | None) -> bool:
    if clinic is None or any(mine.clinic == clinic for mine in who.required().memberships):
        return True
    return bool(service.query(select(clinics).where(clinics == clinic).limit(1)))


def _answers(service: Service) -> None:
    """Raises ``Unavailable`` when the database does not."""
    try:
        service.query(select(stores.c.service))
    except Unavailable:
        raise
    except Exception as error:
        raise Unavailable("The database does not answer.", help="Start it, then try again.", retry_after=2) from error
