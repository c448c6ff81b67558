"""What the rounds of verification have found (``verifying``): one row, changed by the worker, asked by all."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from services.audit.merkle import pack_range, unpack_range
from services.audit.readmodels import rounds
from services.audit.verifier.tree import CompactRange
from services.kernel.projections import Rows
from services.kernel.service import Service
from services.kernel.store.write import Write
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class Found:
    """How far the present round is, what the last whole one verified and when, and what is wrong (or nothing)."""

    reached: CompactRange = CompactRange()
    verified_size: int = 0
    verified_at: Instant | None = None
    fault: str = ""


def found(connection: Connection) -> Found:
    """What the rounds have found until now."""
    row = connection.execute(select(rounds)).mappings().first()
    if row is None:
        return Found()
    return Found(unpack_range(row["reached"], row["range"]), row["verified_size"], row["verified_at"], row["fault"])


def keep(service: Service, now: Found) -> None:
    """Put this in place of what was found before."""
    rows = Rows(service.backend.engine.dialect.name)
    rows.put(
        rounds,
        name="log",
        reached=now.reached.size,
        range=pack_range(now.reached),
        verified_size=now.verified_size,
        verified_at=now.verified_at,
        fault=now.fault,
    )
    service.backend.commit(Write(rows=rows.statements))
