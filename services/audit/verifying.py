"""Verification in rounds: the whole log is read from its first leaf to its last, and hashed again.

A round goes on ``STEP`` seconds at a time, so that a large log costs little at once and is still examined wholly, again
and again; while a fault stands, or where the last whole round is ``LATE`` hours old, it goes on without a rest. Each
leaf is held to its bytes, to the tree's kept hashes and to the index; once the leaves under the newest checkpoint are
examined, they are held to it. What is found wrong stands, and stops all signing and handing out, until a later round
has passed the place and found nothing.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from sqlalchemy import Connection

from services.audit.commands import raise_alarm
from services.audit.domain.alarm import Alarm
from services.audit.domain.tree import check_extends, grow
from services.audit.merkle import (
    Damaged,
    Published,
    StillDamaged,
    kept_hashes,
    log_keys,
    newest_checkpoint,
    nodes,
    runs,
    size_of,
)
from services.audit.rounds import Found, found, go_on_from, stop_at
from services.audit.search import check_index
from services.audit.verifier.checkpoint import Checkpoint
from services.audit.verifier.note import Key, open_note
from services.audit.verifier.strict import VerificationError
from services.audit.verifier.tree import CompactRange
from services.kernel.service import Service
from services.kernel.store.write import NameTaken
from services.kernel.time import plus
from services.kernel.work import Who

STEP = 2.0  # seconds
LATE = 6  # hours

_log = logging.getLogger(__name__)


def go_on(service: Service, origin: str) -> Found:
    """Examine the next leaves; at the last one the round ends. Raises ``Damaged`` after keeping the fault."""
    with watched(service), service.backend.reading() as connection:
        before, published = found(connection), newest_checkpoint(connection)
        size = max(size_of(connection), published.size if published else 0)
        start = before.reached if before.reached.size < size else CompactRange()
        reached = _examine(connection, start, size)
        if published and reached.size >= published.size:
            # The keys are asked for behind the checkpoint: so they hold the one that signed it, whenever it is rotated.
            _check_signed(connection, published, log_keys(service.keys, origin), reached)
    now = replace(before, reached=reached)
    if reached.size >= before.until:
        now = replace(now, fault=None, until=0)
    if reached.size == size > 0:
        now = replace(now, reached=CompactRange(), verified_size=size, verified_at=service.clock())
    go_on_from(service, before, now)
    return now


def hurry(service: Service, origin: str) -> None:
    """Go on with a round that is under way, where somebody waits for it or it is late. Raises as ``go_on``."""
    with service.backend.reading() as connection:
        now = found(connection)
    late = now.verified_at is None or plus(now.verified_at, hours=LATE) <= service.clock()
    if now.reached.size and (now.fault or late):
        go_on(service, origin)


@contextmanager
def watched(service: Service) -> Iterator[None]:
    """Keep what is found damaged within, and raise the alarm. The next round begins at the first leaf."""
    try:
        yield
    except StillDamaged:
        raise
    except Damaged as damaged:
        _log.error("the audit log is damaged at a leaf", extra={"leaf": damaged.index})
        stop_at(service, damaged)
        with suppress(NameTaken):
            service.do(Who("service/audit"), raise_alarm, Alarm("log_diverged", "audit", 0, damaged.index))
        raise


def _examine(connection: Connection, reached: CompactRange, end: int) -> CompactRange:
    """Hold the leaves from where the round is to before ``end``, as far as the time goes, to their bytes, the tree and
    the index."""
    read, deadline = kept_hashes(connection), time.monotonic() + STEP
    for rows in runs(connection, range(reached.size, end)):
        growth = grow(reached, (row.hash for row in rows))
        for kept in growth.kept:
            if kept.level and list(read(kept.level, kept.index, 1)) != [kept.hash]:
                raise Damaged(rows[-1].index, "a kept hash of the tree does not follow from the leaves up to it")
        check_index(connection, rows)
        reached = growth.range
        if time.monotonic() >= deadline:
            break
    return reached


def _check_signed(connection: Connection, published: Published, keys: list[Key], reached: CompactRange) -> None:
    """Hold the newest checkpoint to the leaves that were examined, all that it speaks of."""
    signed = published.checkpoint()
    try:
        open_note(published.note, keys)
        check_extends(nodes(connection), signed, Checkpoint(signed.origin, reached.size, reached.root()))
        if published.range().root() != signed.root:
            raise VerificationError("the range kept with it leads to another root")
    except VerificationError as error:
        raise Damaged(published.size - 1, f"the checkpoint that ends here does not hold: {error}") from None
