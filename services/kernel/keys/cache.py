"""Opened data keys, kept for a short while, so that a page of values costs one call to the key server and not fifty.

A cached key is given out only for the very row it was opened from. So whoever wants a key must have read its row
first: once erasure has deleted the row, a key that is still cached opens nothing. The age is five minutes at most, and
there are caps on uses and size. Whatever is too old is forgotten whenever the cache is used, an erased person's key
too. Python cannot promise to overwrite memory: a key may stay in it after it was forgotten.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.kernel.chain import frame
from services.kernel.keys.port import KeyGone, Keys

MAX_AGE = 300.0


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A row of a service's data keys: one key of one keyholder for one purpose, wrapped under ``version`` of a KEK."""

    key_id: str
    kek: str
    keyholder: str
    purpose: str
    wrapped: str
    version: int

    @property
    def context(self) -> bytes:
        """What the wrapping is bound to."""
        return key_context(self.keyholder, self.purpose)


def key_context(keyholder: str, purpose: str) -> bytes:
    """The derivation context of a keyholder's key for a purpose."""
    return frame(b"amanah/key/v1", keyholder.encode(), purpose.encode())


@dataclass(slots=True)
class _Kept:
    row: WrappedKey
    key: bytes = field(repr=False)
    until: float
    uses_left: int


class KeyCache:
    """Data keys by key id, the oldest leaving first. Threads may share it.

    ``monotonic`` gives seconds; ``max_age`` is in seconds and may not exceed 300.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        max_age: float = MAX_AGE,
        max_uses: int = 10_000,
        max_size: int = 5_000,
    ) -> None:
        if not 0 < max_age <= MAX_AGE:
            raise ValueError(f"the age of a cached key must be within {MAX_AGE:.0f} seconds, not {max_age}")
        self._monotonic = monotonic
        self._max_age = max_age
        self._max_uses = max_uses
        self._max_size = max_size
        self._kept: OrderedDict[str, _Kept] = OrderedDict()  # in the order in which their time is over
        self._lock = threading.Lock()

    def get(self, row: WrappedKey) -> bytes | None:
        """The key of this row, if it is kept, fresh, not used up, and was opened from a row equal to this one."""
        with self._lock:
            self._forget_old()
            kept = self._kept.get(row.key_id)
            if kept is None:
                return None
            if kept.row != row:
                del self._kept[row.key_id]
                return None
            kept.uses_left -= 1
            if kept.uses_left == 0:
                del self._kept[row.key_id]
            return kept.key

    def put(self, row: WrappedKey, key: bytes) -> None:
        with self._lock:
            self._forget_old()
            self._kept.pop(row.key_id, None)
            self._kept[row.key_id] = _Kept(row, key, self._monotonic() + self._max_age, self._max_uses)
            if len(self._kept) > self._max_size:
                self._kept.popitem(last=False)

    def __len__(self) -> int:
        """How many keys are in memory."""
        return len(self._kept)

    def _forget_old(self) -> None:
        now = self._monotonic()
        while self._kept and next(iter(self._kept.values())).until <= now:
            self._kept.popitem(last=False)


class DataKeys:
    """The data keys of one service: made, and opened from their rows, through the cache."""

    def __init__(self, keys: Keys, cache: KeyCache) -> None:
        self._keys = keys
        self._cache = cache

    def make(self, key_id: str, kek: str, keyholder: str, purpose: str) -> tuple[WrappedKey, bytes]:
        """A new data key of 32 bytes, and its row for the caller to store."""
        made = self._keys.new_data_key(kek, key_context(keyholder, purpose))
        row = WrappedKey(key_id, kek, keyholder, purpose, made.wrapped, made.version)
        self._cache.put(row, made.plaintext)
        return row, made.plaintext

    def open_keys(self, rows: Iterable[WrappedKey]) -> dict[str, bytes | KeyGone]:
        """The keys of rows just read, by key id: one call to the key server for each KEK with keys not cached."""
        opened: dict[str, bytes | KeyGone] = {}
        missing: dict[str, dict[str, WrappedKey]] = {}
        for row in rows:
            key = self._cache.get(row)
            if key is None:
                missing.setdefault(row.kek, {})[row.key_id] = row
            else:
                opened[row.key_id] = key
        for kek, wanted in missing.items():
            opened |= self._fetch(kek, list(wanted.values()))
        return opened

    def _fetch(self, kek: str, rows: list[WrappedKey]) -> dict[str, bytes | KeyGone]:
        answers = self._keys.unwrap(kek, [(row.context, row.wrapped) for row in rows])
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, bytes):
                self._cache.put(row, answer)
        return {row.key_id: answer for row, answer in zip(rows, answers, strict=True)}
