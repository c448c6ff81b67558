"""Verifying a bundle: the checks of ``report.CHECKS``, one after another, until one fails.

Promise: whatever the bundle's bytes are, the answer is a ``Report`` and never another error. Sizes are bounded before
anything is read, nothing is written anywhere, and no network is used.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import ParamSpec, TypeVar

from services.audit.verifier import archive, bundle
from services.audit.verifier.bundle import Entry, Manifest
from services.audit.verifier.chain import verify_lanes
from services.audit.verifier.checkpoint import Checkpoint, parse_checkpoint
from services.audit.verifier.event import Event, event_of
from services.audit.verifier.frame import frames
from services.audit.verifier.leaf import Leaf, parse_leaf
from services.audit.verifier.note import Key, SignatureError, open_note, parse_keys, parse_note
from services.audit.verifier.proof import parse_proof
from services.audit.verifier.report import Outcome, Report
from services.audit.verifier.strict import FormatError, VerificationError, base64_text, shown
from services.audit.verifier.tree import CompactRange, ProofError, verify_inclusion

LISTED = 100  # indexes that a sentence of the report names at most

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Item:
    """One entry with its three files as bytes, and its leaf."""

    entry: Entry
    event: bytes
    leaf: Leaf
    proof: bytes


class _Checks:
    """The names of the checks that passed, and of the one that did not."""

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.failed = ""

    def run(self, name: str, check: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.failed = name
        result = check(*args, **kwargs)
        self.failed = ""
        self.passed.append(name)
        return result


def verify_bundle(source: str | os.PathLike[str] | bytes, log_keys: str | None = None) -> Report:
    """The report on a bundle, given as bytes or as the path of a file.

    ``log_keys`` are the log's keys as text (``name+id+base64``, one a line), got from somewhere else than the bundle;
    a log that has replaced its key has several, and a signature by any one of them suffices. Without them the best
    outcome is "signer unknown". Raises ``FormatError`` when ``log_keys`` are no keys, and ``OSError`` when the file
    cannot be read; never anything because of what the bundle holds.
    """
    keys = parse_keys(log_keys) if log_keys is not None else ()
    data = source if isinstance(source, bytes) else _read(Path(source))
    digest = sha256(data).hexdigest()
    checks = _Checks()
    try:
        proves, leaves_open = _run(checks, data, keys)
    except VerificationError as error:
        return Report(Outcome.FAILED, tuple(checks.passed), digest, checks.failed, str(error))
    outcome = Outcome.PROVEN if keys else Outcome.SIGNER_UNKNOWN
    return Report(outcome, tuple(checks.passed), digest, proves=proves, leaves_open=leaves_open)


def _read(path: Path) -> bytes:
    """The file's bytes, at most one more than is accepted."""
    with path.open("rb") as file:
        return file.read(archive.MAX_ARCHIVE_BYTES + 1)


def _run(checks: _Checks, data: bytes, keys: Sequence[Key]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    files = checks.run("zip", archive.unpack, data)
    manifest = checks.run("manifest", _manifest, files)
    checks.run("files", bundle.check_files, files, manifest)
    note = files[bundle.CHECKPOINT]
    checkpoint = checks.run("checkpoint-form", _checkpoint, note, manifest)
    signer = checks.run("checkpoint-signature", _signature, note, checkpoint, manifest, keys)
    items = checks.run("leaf-form", _items, files, manifest)
    checks.run("event-bytes", _event_bytes, items)
    events = checks.run("leaf-matches-event", _events, items)
    checks.run("inclusion", _inclusion, items, checkpoint, note)
    links = checks.run("chain", verify_lanes, [item.leaf for item in items], whole=False)
    checks.run("filter", _filter, manifest, events)
    unread = checks.run("completeness-statement", _completeness, files, manifest, checkpoint)
    return _proves(manifest, checkpoint, signer, links, unread), _leaves_open(manifest, signer, unread)


def _manifest(files: Mapping[str, bytes]) -> Manifest:
    if bundle.MANIFEST not in files:
        raise FormatError(f"the bundle has no {bundle.MANIFEST}")
    return bundle.parse_manifest(files[bundle.MANIFEST])


def _checkpoint(note: bytes, manifest: Manifest) -> Checkpoint:
    checkpoint = parse_checkpoint(parse_note(note).text)
    if checkpoint.origin != manifest.origin:
        raise FormatError(f"the checkpoint is of the log {shown(checkpoint.origin)}, not of {shown(manifest.origin)}")
    if checkpoint.size != manifest.examined:
        raise FormatError(f"the checkpoint has {checkpoint.size} leaves, the manifest examined {manifest.examined}")
    return checkpoint


def _signature(note: bytes, checkpoint: Checkpoint, manifest: Manifest, keys: Sequence[Key]) -> Key | None:
    """The one of the given keys that signed, or ``None`` where none was given."""
    signer = None
    if keys:
        help = "if the log has replaced its key meanwhile, get all of its keys again"
        try:
            signer = _signer(note, keys)
        except SignatureError as error:
            raise SignatureError(f"by the log key that was given: {error} ({help})") from None
    try:
        named = _signer(note, [manifest.key])
    except SignatureError as error:
        raise SignatureError(f"by the key that the manifest names: {error}") from None
    named = signer or named
    if named.name != checkpoint.origin:
        raise SignatureError(f"the key belongs to {shown(named.name)}, not to the log {shown(checkpoint.origin)}")
    return signer


def _signer(note: bytes, keys: Sequence[Key]) -> Key:
    """The first of these keys that signed the note."""
    signed = {(signature.name, signature.key_id) for signature in open_note(note, keys).verified}
    return next(key for key in keys if (key.name, key.id) in signed)


def _items(files: Mapping[str, bytes], manifest: Manifest) -> list[_Item]:
    items = []
    for entry in manifest.entries:
        try:
            leaf = parse_leaf(files[entry.leaf_file])
        except FormatError as error:
            raise FormatError(f"{entry.leaf_file}: {error}") from None
        items.append(_Item(entry, files[entry.event_file], leaf, files[entry.proof_file]))
    return items


def _event_bytes(items: list[_Item]) -> None:
    for item in items:
        if sha256(item.event).digest() != item.leaf.sha256:
            raise ProofError(f"{item.entry.event_file} does not hold the bytes whose hash is in its leaf")


def _events(items: list[_Item]) -> list[Event]:
    events = []
    for item in items:
        name = item.entry.event_file
        try:
            event = event_of(item.leaf.service, item.event)
        except FormatError as error:
            raise FormatError(f"{name}: {error}") from None
        if event.id != item.entry.event_id:
            raise ProofError(f"{name}: its id is {shown(event.id)}, the manifest says {shown(item.entry.event_id)}")
        events.append(event)
    return events


def _inclusion(items: list[_Item], checkpoint: Checkpoint, note: bytes) -> None:
    for item in items:
        try:
            proof = parse_proof(item.proof)
            if proof.checkpoint != note or proof.extra is not None:
                raise ProofError("it does not carry exactly the checkpoint of the bundle")
            if proof.index != item.entry.index:
                raise ProofError(f"it is for index {proof.index}")
            verify_inclusion(proof.index, checkpoint.size, item.leaf.hash(), proof.hashes, checkpoint.root)
        except VerificationError as error:
            raise ProofError(f"{item.entry.proof_file}: {error}") from None


def _filter(manifest: Manifest, events: list[Event]) -> None:
    for entry, event in zip(manifest.entries, events, strict=True):
        if not manifest.filter.matches(event):
            raise ProofError(f"{entry.event_file} is not what the filter asks for")


def _completeness(files: Mapping[str, bytes], manifest: Manifest, checkpoint: Checkpoint) -> list[int]:
    """Run the filter again over the whole log, where it is there; give the indexes of what cannot be read."""
    if not manifest.complete:
        return []
    leaves = [parse_leaf(data) for data in frames(files[bundle.LOG_LEAVES], bundle.LOG_LEAVES)]
    events = list(frames(files[bundle.LOG_EVENTS], bundle.LOG_EVENTS))
    if not len(leaves) == len(events) == checkpoint.size:
        raise ProofError(f"the log has {checkpoint.size} leaves; here are {len(leaves)} and {len(events)} events")
    if CompactRange().extended(leaf.hash() for leaf in leaves).root() != checkpoint.root:
        raise ProofError("the leaves of the whole log do not lead to the root of the checkpoint")
    verify_lanes(leaves, whole=True)
    matching: list[int] = []
    unread: list[int] = []
    for index, (leaf, data) in enumerate(zip(leaves, events, strict=True)):
        if sha256(data).digest() != leaf.sha256:
            raise ProofError(f"event {index} of the log does not hold the bytes whose hash is in its leaf")
        try:
            if manifest.filter.matches(event_of(leaf.service, data)):
                matching.append(index)
        except FormatError:
            unread.append(index)
    listed = [entry.index for entry in manifest.entries]
    if matching != listed:
        odd = min(set(matching) ^ set(listed))
        raise ProofError(f"{len(matching)} events of the log match and {len(listed)} are listed; see index {odd}")
    return unread


def _proves(
    manifest: Manifest, checkpoint: Checkpoint, signer: Key | None, links: int, unread: list[int]
) -> tuple[str, ...]:
    count, log = len(manifest.entries), shown(checkpoint.origin, 200)
    by = f"the log key that you gave ({signer.id.hex()})" if signer else f"an unknown key ({manifest.key.id.hex()})"
    sentences = [
        f"The head of the log {log} with {checkpoint.size} leaves is signed by {by}; its root is "
        f"{base64_text(checkpoint.root)}.",
        f"Events in this bundle: {count}. Each stands in that log, with exactly these bytes, at its index.",
        f"Events whose chain to the event before them in their lane was checked: {links} of {count}.",
    ]
    if manifest.complete:
        among = f" among the events that can be read ({len(unread)} cannot)" if unread else ""
        sentences.append(
            f"The answer is complete{among}: {_leaves(checkpoint.size)} were examined again, every lane is without a "
            f"hole, and {count} match the filter."
        )
    return tuple(sentences)


def _leaves(size: int) -> str:
    return f"all {size} leaves (0 to {size - 1})" if size else "no leaves (the log is empty)"


def _leaves_open(manifest: Manifest, signer: Key | None, unread: list[int]) -> tuple[str, ...]:
    sentences = []
    if signer is None:
        sentences.append(
            "Who signed: anybody can make a log and a key. Get the log's key from the network, by another way than "
            "this bundle, and verify again with --log-key."
        )
    if not manifest.complete:
        sentences.append(
            f"That nothing was left out: the log says that it examined {_leaves(manifest.examined)} and that "
            f"{len(manifest.entries)} match. These files cannot prove it, because the other leaves are not for every "
            "reader of this bundle: somebody who may see all of them (a court, a supervisory authority) can have the "
            "filter run again over the whole log up to this checkpoint."
        )
    if unread:
        listed = ", ".join(map(str, unread[:LISTED])) + (", ..." if len(unread) > LISTED else "")
        sentences.append(
            f"What every event of the log says: {len(unread)} cannot be read, only their bytes are proven; they stand "
            f"at index {listed}."
        )
    sentences += [
        "That the events tell the truth, or the times in them: only that they were recorded so, and not changed since.",
        "That everybody is shown the same log: compare the checkpoint with one that was published elsewhere.",
        "What sealed values say: the log holds commitments to them, and no key.",
    ]
    return tuple(sentences)
