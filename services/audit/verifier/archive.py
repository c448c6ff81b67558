"""The archive: a zip file in one exact form, so that the same files always give the same bytes.

Members are stored uncompressed, sorted by name, all of 1 January 1980, with nothing beside them (APPNOTE 6.3.10,
sections 4.3.7, 4.3.12, 4.3.16). Every zip program opens it. Reading accepts this form only: it builds the archive
again from what it read and compares, so a doubled name, a hidden byte, a bomb or a repacked file cannot pass. Names
are never used as paths.
"""

import struct
import zlib
from collections.abc import Mapping

from services.audit.verifier.strict import FormatError, shown

MAX_ARCHIVE_BYTES = 256 << 20
MAX_MEMBERS = 65_534

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_NEEDED, _MADE_BY_UNIX = 10, 3 << 8 | 10
_MIDNIGHT, _FIRST_DAY = 0, 1 << 5 | 1
_READABLE_FILE = 0o100644 << 16


def pack(files: Mapping[str, bytes]) -> bytes:
    """The archive of these files. Raises ``FormatError`` when they are too many or too large."""
    if len(files) > MAX_MEMBERS or sum(map(len, files.values())) > MAX_ARCHIVE_BYTES:
        raise FormatError(f"an archive holds at most {MAX_MEMBERS} files and {MAX_ARCHIVE_BYTES} bytes; ask for less")
    bodies: list[bytes] = []
    directory: list[bytes] = []
    at = 0
    for name, body in sorted(files.items()):
        label = name.encode("ascii")
        common = (0, 0, _MIDNIGHT, _FIRST_DAY, zlib.crc32(body), len(body), len(body), len(label), 0)
        head = _LOCAL.pack(_LOCAL_MARK, _NEEDED, *common)
        entry = _CENTRAL.pack(_CENTRAL_MARK, _MADE_BY_UNIX, _NEEDED, *common, 0, 0, 0, _READABLE_FILE, at)
        bodies += (head, label, body)
        directory += (entry, label)
        at += len(head) + len(label) + len(body)
    size = sum(map(len, directory))
    end = _END.pack(_END_MARK, 0, 0, len(files), len(files), size, at, 0)
    return b"".join((*bodies, *directory, end))


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of an archive in the one form. Raises ``FormatError`` for anything else."""
    if len(data) > MAX_ARCHIVE_BYTES:
        raise FormatError(f"the file is larger than {MAX_ARCHIVE_BYTES} bytes")
    if not data.startswith(_LOCAL_MARK):
        raise FormatError("the file is not a bundle: it does not begin as a zip archive of this form")
    files: dict[str, bytes] = {}
    at = 0
    while data.startswith(_LOCAL_MARK, at):
        name, body, at = _member(data, at)
        files[name] = body
        if len(files) > MAX_MEMBERS:
            raise FormatError(f"the archive holds more than {MAX_MEMBERS} files")
    if pack(files) != data:
        raise FormatError("the archive was changed or repacked; ask for the file as it was exported")
    return files


def _member(data: bytes, at: int) -> tuple[str, bytes, int]:
    """Name and bytes of the member that begins at ``at``, and where it ends."""
    if at + _LOCAL.size > len(data):
        raise FormatError("the archive ends within a member")
    *_, checksum, _, size, name_size, _ = _LOCAL.unpack_from(data, at)
    start = at + _LOCAL.size + name_size
    label, body, end = data[at + _LOCAL.size : start], data[start : start + size], start + size
    if end > len(data):
        raise FormatError("the archive ends within a member")
    if not label.isascii():
        raise FormatError("the archive holds a file whose name is not ASCII")
    name = label.decode("ascii")
    if zlib.crc32(body) != checksum:
        raise FormatError(f"the bytes of {shown(name)} do not fit their checksum")
    return name, body, end
