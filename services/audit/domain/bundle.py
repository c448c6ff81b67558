"""Making a bundle: the events an officer asked for, with everything that proves them.

What it looks like inside is said in ``services.audit.verifier.bundle``. The same answer always gives the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.audit.domain.tree import Nodes, inclusion_proof
from services.audit.verifier import bundle
from services.audit.verifier.archive import pack
from services.audit.verifier.bundle import Entry, Manifest
from services.audit.verifier.checkpoint import parse_checkpoint
from services.audit.verifier.event import parse_event
from services.audit.verifier.filter import Filter
from services.audit.verifier.frame import frame
from services.audit.verifier.note import Key, open_note
from services.audit.verifier.proof import Proof


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of the log: its index, the bytes of its leaf, and its own bytes."""

    index: int
    leaf: bytes
    event: bytes


def make_bundle(
    *,
    checkpoint: bytes,
    key: Key,
    filter: Filter,
    found: Sequence[Logged],
    nodes: Nodes,
    whole_log: Sequence[Logged] | None = None,
) -> bytes:
    """The bundle of the events found, as bytes of a zip file.

    ``checkpoint`` is the signed note of the head over which ``filter`` was run, ``key`` one that signed it, and
    ``nodes`` the tree. With ``whole_log``, all of it from index 0 to the head, the answer can be proven complete: use
    it only where the reader may see every event. Raises a ``VerificationError`` when the parts do not belong together
    or are too large for one bundle.
    """
    head = parse_checkpoint(open_note(checkpoint, [key]).text)
    listed = sorted(found, key=lambda logged: logged.index)
    entries = tuple(Entry(logged.index, parse_event(logged.event).id) for logged in listed)
    manifest = Manifest(head.origin, key, filter, head.size, whole_log is not None, entries)
    bundle.parse_manifest(manifest.data())  # a filter or an id that could not be read again is not handed out
    files = {bundle.MANIFEST: manifest.data(), bundle.CHECKPOINT: checkpoint}
    for entry, logged in zip(entries, listed, strict=True):
        proof = Proof(entry.index, inclusion_proof(nodes, entry.index, head.size), checkpoint)
        files[entry.event_file] = logged.event
        files[entry.leaf_file] = logged.leaf
        files[entry.proof_file] = proof.data()
    if whole_log is not None:
        files[bundle.LOG_LEAVES] = frame(*(logged.leaf for logged in whole_log))
        files[bundle.LOG_EVENTS] = frame(*(logged.event for logged in whole_log))
    return pack(files)
