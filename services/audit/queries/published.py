"""The log as it is published: checkpoint, key, tiles, and how it stands."""

from dataclasses import dataclass

from services.audit import rounds
from services.audit.domain.tiles import Tile, encode_entries, encode_hashes, parse_path
from services.audit.domain.tree import TILE_HEIGHT
from services.audit.merkle import between, kept_hashes, log_keys, newest_checkpoint, size_of
from services.audit.verifier.strict import FormatError
from services.kernel.errors import NotFound
from services.kernel.service import Service
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class Status:
    """How the log stands. ``verified_at``: when all ``verified_size`` leaves were last read and hashed again."""

    size: int
    checkpoint_size: int
    checkpoint_at: Instant | None
    verified_size: int
    verified_at: Instant | None
    sound: bool


def checkpoint(service: Service) -> bytes:
    """The newest signed note. Raises ``NotFound`` before the first."""
    with service.backend.reading() as connection:
        published = newest_checkpoint(connection)
    if published is None:
        raise NotFound("The log has no checkpoint yet.", help="The first follows the first event; ask again shortly.")
    return published.note


def log_key(service: Service, origin: str) -> str:
    """The log's public keys, newest first, one a line (an older one verifies older checkpoints)."""
    return "".join(f"{key.text()}\n" for key in log_keys(service.keys, origin))


def tile(service: Service, path: str) -> bytes:
    """A tile or entry bundle of the newest checkpoint, by its path. Raises ``NotFound``, ``Damaged``."""
    unknown = NotFound("There is no such tile.", help="Ask for tiles of the newest checkpoint (C2SP tlog-tiles).")
    try:
        asked = parse_path(path)
    except FormatError:
        raise unknown from None
    with rounds.sound(service) as connection:
        published = newest_checkpoint(connection)
        end = asked.start + asked.width
        if published is None or end > _width(asked, published.size):
            raise unknown
        if asked.level is None:
            return encode_entries(kept.leaf_data for kept in between(connection, asked.start, end))
        return encode_hashes(kept_hashes(connection)(asked.level, asked.start, asked.width))


def status(service: Service) -> Status:
    """How the log stands."""
    with service.backend.reading() as connection:
        published, found, size = newest_checkpoint(connection), rounds.found(connection), size_of(connection)
    return Status(
        size=size,
        checkpoint_size=published.size if published else 0,
        checkpoint_at=published.time if published else None,
        verified_size=found.verified_size,
        verified_at=found.verified_at,
        sound=found.fault is None,
    )


def _width(asked: Tile, size: int) -> int:
    """How many hashes or leaves the tile's level has under a checkpoint of ``size``."""
    return size >> TILE_HEIGHT * (asked.level or 0)
