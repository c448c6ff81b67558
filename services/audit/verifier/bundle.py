"""The bundle: what an officer hands to somebody who doubts. Which files it holds and what its manifest says.

``manifest.json`` (canonical JSON), ``checkpoint`` (the signed note), and for every entry ``events/<index>.json`` (the
exact bytes), ``leaves/<index>.json`` and ``proofs/<index>.tlog-proof``. A *complete* bundle also holds the whole log
up to the checkpoint, ``log/leaves`` and ``log/events``, each as length frames in the order of the log, so that the
filter can be run again over all of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.audit.verifier.filter import Filter, parse_filter
from services.audit.verifier.note import Key, parse_key
from services.audit.verifier.strict import (
    MAX_JSON_INT,
    FormatError,
    canonical,
    canonical_json,
    keys,
    matching,
    shown,
    whole,
)

VERSION = 1
MANIFEST = "manifest.json"
CHECKPOINT = "checkpoint"
LOG_LEAVES = "log/leaves"
LOG_EVENTS = "log/events"

_KEYS = frozenset({"v", "origin", "key", "filter", "examined", "count", "complete", "entries"})
_ENTRY_KEYS = frozenset({"index", "event", "file"})
_TEXT = re.compile(r"[^\x00-\x1f]{1,1024}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of the bundle: its leaf's index in the log, and its id."""

    index: int
    event_id: str

    @property
    def event_file(self) -> str:
        return f"events/{self.index}.json"

    @property
    def leaf_file(self) -> str:
        return f"leaves/{self.index}.json"

    @property
    def proof_file(self) -> str:
        return f"proofs/{self.index}.tlog-proof"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the bundle says of itself. It is not signed: the verifier believes only what it can check.

    ``key`` is information: whoever verifies brings the log's key from elsewhere. ``examined`` is the number of leaves
    that the filter was run over, which is the size of the checkpoint. ``entries`` rise by index.
    """

    origin: str
    key: Key
    filter: Filter
    examined: int
    complete: bool
    entries: tuple[Entry, ...]

    def data(self) -> bytes:
        """The bytes of ``manifest.json``."""
        return canonical(
            {
                "v": VERSION,
                "origin": self.origin,
                "key": self.key.text(),
                "filter": self.filter.parts(),
                "examined": self.examined,
                "count": len(self.entries),
                "complete": self.complete,
                "entries": [
                    {"index": entry.index, "event": entry.event_id, "file": entry.event_file} for entry in self.entries
                ],
            }
        )

    def files(self) -> set[str]:
        """The names of all files that the bundle must hold."""
        names = {MANIFEST, CHECKPOINT}
        for entry in self.entries:
            names |= {entry.event_file, entry.leaf_file, entry.proof_file}
        return names | {LOG_LEAVES, LOG_EVENTS} if self.complete else names


def parse_manifest(data: bytes) -> Manifest:
    """The manifest in these bytes. Raises ``FormatError``."""
    found = keys(canonical_json(data, "the manifest"), _KEYS, "the manifest")
    whole(found["v"], VERSION, VERSION, "the version of the manifest")
    listed = found["entries"]
    if not isinstance(listed, list):
        raise FormatError("the entries of the manifest are not a list")
    if whole(found["count"], 0, MAX_JSON_INT, "the count of the manifest") != len(listed):
        raise FormatError(f"the manifest counts {found['count']} entries and lists {len(listed)}")
    if not isinstance(found["complete"], bool):
        raise FormatError("the manifest does not say whether it is complete")
    examined = whole(found["examined"], 0, MAX_JSON_INT, "the manifest's number of examined leaves")
    return Manifest(
        origin=matching(found["origin"], _TEXT, "the origin of the manifest"),
        key=parse_key(matching(found["key"], _TEXT, "the key of the manifest")),
        filter=parse_filter(found["filter"]),
        examined=examined,
        complete=found["complete"],
        entries=_entries(listed, examined),
    )


def check_files(files: Mapping[str, bytes], manifest: Manifest) -> None:
    """Check that the bundle holds exactly the files that its manifest calls for. Raises ``FormatError``."""
    odd = sorted(files.keys() ^ manifest.files())
    if odd:
        what = "holds a file too many" if odd[0] in files else "lacks a file"
        raise FormatError(f"the bundle {what}: {shown(odd[0])} ({len(odd)} in all)")


def _entries(listed: list[object], examined: int) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for value in listed:
        found = keys(value, _ENTRY_KEYS, "an entry of the manifest")
        lowest = entries[-1].index + 1 if entries else 0
        index = whole(found["index"], lowest, examined - 1, "the index of an entry")
        entry = Entry(index, matching(found["event"], _TEXT, "the event id of an entry"))
        if found["file"] != entry.event_file:
            raise FormatError(f"entry {index} names a file other than {entry.event_file}")
        entries.append(entry)
    return tuple(entries)
