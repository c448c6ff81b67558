"""The keyring file: the secret keys of an embedded installation.

Whoever reads it can open everything. Therefore it lies outside the data folder (a copy of the data is no copy of the
keys), and it is refused when others than its owner may read it. It is written whole (temporary file, fsync, rename)
under a lock file, and read again when another process changed it. A keyring that is missing or damaged is never
replaced by an empty one. POSIX systems only (``flock``).

Form: JSON ``{"format": "amanah-keyring/1", "keys": {"<service>/<name>": {"kind": …, "versions": [base64, …]}}}``.
"""

import fcntl
import json
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.kernel.keys.port import KEY_BYTES, KeyKind, KeysUnavailable

FORMAT = "amanah-keyring/1"
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True)
class RingKey:
    """A key of the ring: its kind, and 32 secret bytes a version, the first version first."""

    kind: KeyKind
    versions: tuple[bytes, ...] = field(repr=False)


_Ring = dict[str, RingKey]
_Stamp = tuple[int, int, int]


class Keyring:
    """A keyring file. Raises ``KeysUnavailable`` when it cannot be used. Threads and processes may share it."""

    def __init__(self, path: Path, *, data_folder: Path, found: bool = False) -> None:
        """Use the keyring at ``path``; ``found`` makes an empty one if there is none: the first start alone says so."""
        self._path = path.resolve()
        self._cached: tuple[_Stamp, _Ring] | None = None
        if self._path.is_relative_to(data_folder.resolve()):
            raise _unusable(
                "keyring-in-data-folder",
                "The keyring lies inside the data folder, so every copy of the data would carry its keys",
                "Move it to a folder outside the one that AMANAH_DATA names, and name its new place in AMANAH_KEYRING.",
            )
        if found:
            self._found()
        self.check()

    def check(self) -> None:
        """Return if the keyring can be used."""
        self._load()

    def read(self, name: str) -> RingKey | None:
        """The key of this full name (``service/name``), or none."""
        return self._load().get(name)

    def add_key(self, name: str, kind: KeyKind) -> RingKey:
        """Make a key; if another process was first, the answer is that one's."""
        with self._changing():
            ring = self._reload()
            if name not in ring:
                self._write({**ring, name: RingKey(kind, (os.urandom(KEY_BYTES),))})
        return self._load()[name]

    def add_version(self, name: str) -> int:
        """Add a version to a key that is there; the number of the new version."""
        with self._changing():
            ring = self._reload()
            key = RingKey(ring[name].kind, (*ring[name].versions, os.urandom(KEY_BYTES)))
            self._write({**ring, name: key})
        return len(key.versions)

    def _found(self) -> None:
        with self._changing():
            if not self._path.exists():
                self._write({})

    def _reload(self) -> _Ring:
        self._cached = None
        return self._load()

    def _load(self) -> _Ring:
        """The keys as they stand in the file now; parsed again only when the file changed."""
        stamp = self._stamp()
        cached = self._cached
        if cached is not None and cached[0] == stamp:
            return cached[1]
        ring = _parse(self._path)
        self._cached = (stamp, ring)
        return ring

    def _stamp(self) -> _Stamp:
        try:
            status = os.stat(self._path)
        except OSError:
            raise _unusable(
                "keyring-missing",
                "The keyring file is not there",
                "Put the file of AMANAH_KEYRING back from its backup. Without it nothing that was sealed opens.",
            ) from None
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise _unusable(
                "keyring-open-to-others",
                "Others than its owner may read the keyring file",
                "Run chmod 600 on the file of AMANAH_KEYRING. If others had access, treat the keys as known to them.",
            )
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _write(self, ring: _Ring) -> None:
        """Replace the file by one that holds these keys; the caller holds the lock."""
        keys = {name: {"kind": key.kind, "versions": [_text(v) for v in key.versions]} for name, key in ring.items()}
        new = self._path.with_name(self._path.name + ".new")
        new.unlink(missing_ok=True)  # left by a process that was killed while it wrote
        with open(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER_ONLY), "w", encoding="utf-8") as file:
            json.dump({"format": FORMAT, "keys": keys}, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self._path)
        _sync_folder(self._path.parent)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the lock of all processes; a disk that fails meanwhile is said in our words."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_CREAT | os.O_RDWR, _OWNER_ONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)
        except OSError as error:
            raise _unusable(
                "keyring-not-written",
                f"The keyring file could not be written ({error.strerror})",
                "Check free space and rights of the folder of AMANAH_KEYRING; the file is as it was before.",
            ) from None


def _parse(path: Path) -> _Ring:
    """The keys in a keyring file. What the file holds never enters an error, nor the error's context."""
    ring: _Ring | None = None
    try:
        document = json.loads(path.read_bytes())
        if document["format"] == FORMAT:
            ring = {
                name: RingKey(entry["kind"], tuple(b64decode(version) for version in entry["versions"]))
                for name, entry in document["keys"].items()
            }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        ring = None
    if ring is None or any(len(version) != KEY_BYTES for key in ring.values() for version in key.versions):
        raise _unusable(
            "keyring-damaged",
            "The keyring file cannot be read as a keyring",
            "Put the file of AMANAH_KEYRING back from its backup; do not delete it: what was sealed needs its keys.",
        )
    return ring


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _text(secret: bytes) -> str:
    return b64encode(secret).decode()


def _unusable(reason: str, detail: str, help: str) -> KeysUnavailable:
    """The error names the setting and never the path: anybody may be told it."""
    return KeysUnavailable(reason, detail, help=help, retry_after=60)
