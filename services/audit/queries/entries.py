"""One entry of the log: the exact bytes, the leaf, and the proof that it stands under the newest checkpoint."""

from dataclasses import dataclass

from services.audit.domain.tree import inclusion_proof
from services.audit.merkle import Damaged, Kept, at, newest_checkpoint, nodes, size_of
from services.audit.readmodels import read
from services.audit.verifier.leaf import Leaf
from services.audit.verifier.strict import VerificationError
from services.audit.verifier.tree import verify_inclusion
from services.kernel.errors import NotFound
from services.kernel.service import Service


@dataclass(frozen=True, slots=True)
class Inclusion:
    """The proof of an entry: ``hashes`` lead from its leaf to the root of the ``checkpoint`` of ``size`` leaves."""

    size: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


@dataclass(frozen=True, slots=True)
class EntryShown:
    """An entry; ``inclusion`` is none until a checkpoint holds it, ``clinic`` none where the event belongs to none."""

    kept: Kept
    leaf: Leaf
    clinic: str | None
    inclusion: Inclusion | None
    size: int


def entry(service: Service, index: int) -> EntryShown:
    """The entry at this index. Raises ``NotFound``, or ``Damaged`` where it does not fit the log's own proofs."""
    with service.backend.reading() as connection:
        size = size_of(connection)
        found = at(connection, [index]) if index < size else []
        if not found:
            raise NotFound("There is no entry at this index.", help="Look it up in the trail.")
        kept, published, tree = found[0], newest_checkpoint(connection), nodes(connection)
        leaf = kept.leaf()
        inclusion = None
        if published is not None and index < published.size:
            try:
                hashes = inclusion_proof(tree, index, published.size)
                verify_inclusion(index, published.size, leaf.hash(), hashes, published.checkpoint().root)
            except VerificationError as error:
                raise Damaged(index, f"it does not stand under its checkpoint: {error}") from None
            inclusion = Inclusion(published.size, hashes, published.note)
    known = read(kept.body)
    return EntryShown(kept, leaf, (known[0].clinic or None) if known else None, inclusion, size)
