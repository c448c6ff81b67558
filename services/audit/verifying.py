"""Verification in rounds: the whole log is read from its first leaf to the newest checkpoint, and hashed again.

A round goes on ``MOST`` leaves at a time, so that a large log costs little at once and is still examined wholly, again
and again. What a round finds wrong stands, and stops all signing, until a whole later round finds nothing.
"""

import logging
from contextlib import suppress
from dataclasses import replace

from sqlalchemy import Connection

from services.audit.commands import raise_alarm
from services.audit.domain.alarm import Alarm
from services.audit.domain.tree import tree_root
from services.audit.merkle import Damaged, Published, between, log_keys, newest_checkpoint, nodes
from services.audit.rounds import Found, found, keep
from services.audit.verifier.note import open_note
from services.audit.verifier.strict import VerificationError
from services.audit.verifier.tree import CompactRange
from services.kernel.service import Service
from services.kernel.store.write import NameTaken
from services.kernel.work import Who

MOST = 50_000

_log = logging.getLogger(__name__)


def go_on(service: Service, origin: str) -> Found:
    """Examine the next leaves; at the newest checkpoint the round ends. Raises ``Damaged`` after keeping the fault."""
    keys = log_keys(service.keys, origin)
    try:
        with service.backend.reading() as connection:
            now = found(connection)
            published = newest_checkpoint(connection)
            if published is None:
                return now
            try:
                open_note(published.note, keys)
                reached = _examine(connection, now.reached, published)
            except VerificationError as error:
                raise Damaged(published.size, f"the checkpoint does not hold: {error}") from None
    except Damaged as damaged:
        keep_fault(service, damaged)
        raise
    now = replace(now, reached=reached)
    if reached.size == published.size:
        now = Found(CompactRange(), published.size, service.clock())
    keep(service, now)
    return now


def keep_fault(service: Service, damaged: Damaged) -> None:
    """Keep what is wrong, so that nothing is signed, and raise the alarm. The next round begins at the first leaf."""
    with service.backend.reading() as connection:
        before = found(connection)
    _log.error("the audit log is damaged at leaf %d", damaged.index)
    keep(service, replace(before, reached=CompactRange(), fault=damaged.detail))
    with suppress(NameTaken):
        service.do(Who("service/audit"), raise_alarm, Alarm("log_diverged", "audit", 0, damaged.index))


def _examine(connection: Connection, reached: CompactRange, published: Published) -> CompactRange:
    if reached.size >= published.size:
        reached = CompactRange()
    end = min(reached.size + MOST, published.size)
    reached = reached.extended(kept.leaf().hash() for kept in between(connection, reached.size, end))
    if end == published.size:
        signed = published.checkpoint().root
        if reached.root() != signed:
            raise Damaged(end, "the leaves before it do not lead to the signed root")
        if tree_root(nodes(connection), end) != signed:
            raise Damaged(end, "the kept hashes before it do not lead to the signed root")
    return reached
