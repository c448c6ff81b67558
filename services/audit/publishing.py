"""Publishing checkpoints: the log's head, signed, at a fixed interval while entries arrive.

Before a signature the new leaves are read again from their rows and hashed, the tree from the kept hashes must agree,
and the head must continue the newest published checkpoint. A log that was changed, cut or set back signs nothing.

The tiles are the kept hashes: they were committed with their leaves, so they are durable before the checkpoint is.
"""

from sqlalchemy import Connection

from services.audit.domain.checkpoint import Signer, sign_checkpoint
from services.audit.domain.tree import check_extends, tree_root
from services.audit.merkle import Damaged, Published, between, log_keys, newest_checkpoint, nodes, pack_range, size_of
from services.audit.readmodels import checkpoints
from services.audit.rounds import refuse_faulty
from services.audit.verifier.checkpoint import Checkpoint
from services.audit.verifier.note import Key, open_note
from services.audit.verifier.strict import VerificationError
from services.audit.verifier.tree import CompactRange
from services.audit.verifying import watched
from services.kernel.projections import Rows
from services.kernel.service import Service
from services.kernel.store.write import Write


def publish(service: Service, origin: str) -> Published | None:
    """Sign and publish the present head; ``None`` where there is nothing new.

    Raises ``Damaged`` where the log does not fit its own proofs (the alarm is raised), or an error of the keys port.
    """
    with service.backend.reading() as connection:
        newest, size = newest_checkpoint(connection), size_of(connection)
        if size == (newest.size if newest else 0):
            return None
        refuse_faulty(connection)
    keys = log_keys(service.keys, origin)
    with watched(service), service.backend.reading() as connection:
        head, grown = _head(connection, newest, keys, origin, size)
    note = sign_checkpoint(head, [Signer(keys[0], lambda text: service.keys.sign("checkpoint", text).raw)])
    published = Published(size, pack_range(grown), note, service.clock())
    rows = Rows(service.backend.engine.dialect.name)
    rows.add(checkpoints, size=size, range=published.packed, note=note, time=published.time)
    service.backend.commit(Write(rows=rows.statements))
    return published


def _head(
    connection: Connection, newest: Published | None, keys: list[Key], origin: str, size: int
) -> tuple[Checkpoint, CompactRange]:
    """The head to be signed, every new leaf of it checked against its bytes. Raises ``Damaged``."""
    before = newest.range() if newest else CompactRange()
    grown = before.extended(kept.hash for kept in between(connection, before.size, size))
    tree, head = nodes(connection), Checkpoint(origin, size, grown.root())
    try:
        if tree_root(tree, size) != head.root:
            raise VerificationError("the kept hashes lead to another root than the leaves")
        if newest:
            open_note(newest.note, keys)
            check_extends(tree, newest.checkpoint(), head)
    except VerificationError as error:
        last = max(size, before.size) - 1  # where leaves are lost, the last that was signed
        raise Damaged(last, f"the log up to it does not continue the newest checkpoint: {error}") from None
    return head, grown
