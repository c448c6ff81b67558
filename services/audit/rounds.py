"""What the rounds of verification have found (``verifying``): one row, changed by the worker, asked by all."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select

from services.audit.merkle import Damaged, StillDamaged, pack_range, unpack_range
from services.audit.readmodels import rounds
from services.audit.verifier.strict import VerificationError, canonical
from services.audit.verifier.tree import CompactRange
from services.kernel.projections import Rows
from services.kernel.service import Service
from services.kernel.store.write import Write
from services.kernel.time import Instant

_NAME = "log"


@dataclass(frozen=True, slots=True)
class Found:
    """How far the present round is, what the last whole one verified and when, and what is wrong (or nothing).

    A fault is lifted by a round that began after it was found, once it has examined ``until`` leaves. ``row`` is the
    row as it was read.
    """

    reached: CompactRange = CompactRange()
    verified_size: int = 0
    verified_at: Instant | None = None
    fault: Damaged | None = None
    until: int = 0
    row: dict[str, Any] = field(default_factory=dict, compare=False)


def found(connection: Connection) -> Found:
    """What the rounds have found until now. Where a round got to cannot be read, it begins again."""
    row = connection.execute(select(rounds)).mappings().first()
    if row is None:
        return Found(row=_columns(Found()))
    try:
        reached = unpack_range(row["reached"], row["range"])
    except VerificationError:
        reached = CompactRange()
    fault, until = _unpack_fault(row["fault"])
    return Found(reached, row["verified_size"], row["verified_at"], fault, until, dict(row))


@contextmanager
def sound(service: Service) -> Iterator[Connection]:
    """A snapshot of the log, for whoever hands something of it out. Raises ``StillDamaged`` while a fault stands."""
    with service.backend.reading() as connection:
        refuse_faulty(connection)
        yield connection


def refuse_faulty(connection: Connection) -> None:
    """Raise ``StillDamaged`` while a fault stands."""
    fault = found(connection).fault
    if fault:
        raise StillDamaged(fault)


def go_on_from(service: Service, before: Found, now: Found) -> None:
    """Put this in place of what was found before; nothing is written where somebody else has found more meanwhile."""
    rows = Rows(service.backend.engine.dialect.name)
    rows.add(rounds, name=_NAME, **_columns(Found()))
    unmoved = {"name": _NAME, "reached": before.row["reached"], "fault": before.row["fault"]}
    rows.update(rounds, unmoved, **_columns(now))
    service.backend.commit(Write(rows=rows.statements))


def stop_at(service: Service, fault: Damaged) -> None:
    """Keep what is wrong, whatever others have found meanwhile; the round begins again at the first leaf."""
    with service.backend.reading() as connection:
        before = found(connection)
    until = max(before.until, fault.index + 1)
    rows = Rows(service.backend.engine.dialect.name)
    rows.put(rounds, name=_NAME, **_columns(replace(before, reached=CompactRange(), fault=fault, until=until)))
    service.backend.commit(Write(rows=rows.statements))


def _columns(found: Found) -> dict[str, Any]:
    return {
        "reached": found.reached.size,
        "range": pack_range(found.reached),
        "verified_size": found.verified_size,
        "verified_at": found.verified_at,
        "fault": _pack_fault(found.fault, found.until) if found.fault else "",
    }


def _pack_fault(fault: Damaged, until: int) -> str:
    """A fault as one column; the empty text is none."""
    return canonical({"index": fault.index, "what": fault.what, "help": fault.help, "until": until}).decode()


def _unpack_fault(text: str) -> tuple[Damaged | None, int]:
    if not text:
        return None, 0
    try:
        parts = json.loads(text)
        return Damaged(parts["index"], parts["what"], help=parts["help"]), int(parts["until"])
    except (ValueError, TypeError, KeyError):
        return Damaged(0, "what was found wrong with the log cannot be read"), 1
