"""Length frames: each part behind its length, so that no two lists of parts give the same bytes.

A frame is 4 bytes, big-endian, the length of the part, then the part.
"""

import struct
from collections.abc import Iterator

from services.audit.verifier.strict import FormatError

_LENGTH = struct.Struct(">I")


def frame(*parts: bytes) -> bytes:
    """The parts as frames, one after another."""
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def frames(data: bytes, what: str) -> Iterator[bytes]:
    """The parts again. Raises ``FormatError`` where the bytes end within a frame."""
    at = 0
    while at < len(data):
        start = at + _LENGTH.size
        if start > len(data):
            raise FormatError(f"{what} ends within a length")
        at = start + int(_LENGTH.unpack_from(data, at)[0])
        if at > len(data):
            raise FormatError(f"{what} ends within a part")
        yield data[start:at]
