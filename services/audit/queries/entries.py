"""One entry of the log: the exact bytes, the leaf, and the proof that it stands under the newest checkpoint."""

from dataclasses import dataclass

from services.audit.domain.tree import inclusion_proof
from services.audit.merkle import Damaged, Kept, at, newest_checkpoint, nodes, size_of
from services.audit.readmodels import read
from services.audit.rounds import sound
from services.audit.verifier.event import Event
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
    """An entry; ``inclusion`` is none until a checkpoint holds it, ``event`` where its bytes cannot be read as one."""

    kept: Kept
    event: Event | None
    inclusion: Inclusion | None
    size: int

    @property
    def clinic(self) -> str | None:
        """The clinic of the event; none where it belongs to none, or cannot be read."""
        return (self.event.clinic or None) if self.event else None


def entry(service: Service, index: int) -> EntryShown:
    """The entry at this index. Raises ``NotFound``, or ``Damaged`` where it does not fit the log's own proofs."""
    with sound(service) as connection:
        size = size_of(connection)
        if index >= size:
            raise NotFound("There is no entry at this index.", help="Look it up in the trail.")
        [kept] = at(connection, [index])
        published, tree, inclusion = newest_checkpoint(connection), nodes(connection), None
        if published is not None and index < published.size:
            try:
                hashes = inclusion_proof(tree, index, published.size)
                verify_inclusion(index, published.size, kept.hash, hashes, published.checkpoint().root)
            except VerificationError as error:
                raise Damaged(index, f"it does not stand under its checkpoint: {error}") from None
            inclusion = Inclusion(published.size, hashes, published.note)
    known = read(kept.leaf.service, kept.body)
    return EntryShown(kept, known[0] if known else None, inclusion, size)
