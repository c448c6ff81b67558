"""The tiles under which the log is published (C2SP tlog-tiles).

A tile is up to 256 hashes of 32 bytes of one tile level; an entry bundle is up to 256 leaves, each behind its length
in 2 bytes, big-endian. A full one never changes; a partial one is named by its width and may go when the full one is
there. Paths are relative to the log's prefix.
"""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass

from services.audit.verifier.strict import FormatError, shown

WIDTH = 256
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 2**16 - 1

_LENGTH = struct.Struct(">H")
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """The tile ``index`` of a tile ``level``, ``width`` hashes wide; level ``None`` is the leaves themselves."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_index_path(self.index)}{suffix}"

    @property
    def start(self) -> int:
        """Where in its level the tile begins; it holds ``width`` hashes or leaves from there."""
        return self.index * WIDTH


def parse_path(path: str) -> Tile:
    """The tile of a path as a client asks for it. Raises ``FormatError`` for any other spelling."""
    found = _PATH.fullmatch(path)
    if not found:
        raise FormatError(f"this is not the path of a tile: {shown(path)}")
    level, groups, last, width = found.groups()
    digits = groups.replace("x", "").replace("/", "") + last
    tile = Tile(None if level == "entries" else int(level), int(digits), int(width or WIDTH))
    if tile.path != path or (tile.level or 0) > MAX_LEVEL or tile.width > WIDTH:
        raise FormatError(f"this is not the path of a tile: {shown(path)}")
    return tile


def encode_entries(entries: Iterable[bytes]) -> bytes:
    """The entry bundle of these leaves. Raises ``FormatError`` for a leaf of more than 65,535 bytes."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise FormatError(f"a leaf has {len(entry)} bytes; an entry bundle takes at most {MAX_ENTRY_BYTES}")
        parts += (_LENGTH.pack(len(entry)), entry)
    return b"".join(parts)


def encode_hashes(hashes: Iterable[bytes]) -> bytes:
    """The bytes of a tile."""
    return b"".join(hashes)


def _index_path(index: int) -> str:
    """The index in groups of three digits, all but the last behind an ``x``."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)
