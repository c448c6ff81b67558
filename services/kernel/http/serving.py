"""Where a service and its app meet: who acts, what was revoked, and that a refusal is recorded.

A person who works here acts as their account, a client as the client id that their token carries for this clinic.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from flask import g
from sqlalchemy import Column, MetaData, Table, Text, select

from services.kernel.fields import Hash
from services.kernel.http.policy import caller
from services.kernel.http.rules import Caller, Target
from services.kernel.http.tokens import Claims
from services.kernel.projections import Rows
from services.kernel.service import Service
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
    """Revocations as this service has learned them."""

    def __init__(self, service: Service, table: Table) -> None:
        self._service = service
        self._table = table

    def is_revoked(self, claims: Claims) -> bool:
        names = self._table.c.name.in_((claims.account, claims.sid))
        return bool(self._service.query(select(self._table.c.at).where(names, self._table.c.at >= claims.issued)))


def record_refusals(service: Service, make: MakeRefusal) -> Callable[[Caller, str, str, Target], None]:
    """A hook for ``make_app``: a known person who is refused is recorded, with a hash of what it was about."""

    def record(who: Caller, operation: str, reason: str, target: Target) -> None:
        address = "/".join(part for part in (target.clinic, target.client, target.account) if part)
        about = Hash(sha256(address.encode()).hexdigest()) if address else None
        stream = f"{service.name}/refusals/{who.account}"
        service.note(acting(), stream, make(who.account, operation, reason, about), target.clinic)

    return record
