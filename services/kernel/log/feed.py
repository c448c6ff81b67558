"""What the relay needs of a store: the events of a lane in order, and one leader a lane.

The store implements this (services.kernel.store); the relay and the heads read it and know no database.
"""

from contextlib import AbstractContextManager
from typing import Protocol

from services.kernel.log.port import Message


class Leadership(Protocol):
    """The right to relay one lane, held for as long as the store's lock is held."""

    def still(self) -> bool:
        """Whether the lock is held at this moment, asked from the one who keeps it. A broken connection is a no."""


class Feed(Protocol):
    """The events of one service, lane by lane. Messages of a feed have no offset (-1)."""

    @property
    def service(self) -> str: ...

    def after(self, lane: int, sequence: int, limit: int) -> list[Message]:
        """Up to ``limit`` events that follow ``sequence``: in order, without holes, committed."""

    def head(self, lane: int) -> Message | None:
        """The last committed event of a lane."""

    def relayed(self, lane: int) -> int:
        """The last sequence that the log is known to have acknowledged; 0 where there is none."""

    def mark_relayed(self, lane: int, sequence: int) -> None:
        """Note that the log has acknowledged everything up to ``sequence``.

        Goes back only where the log was cut and is filled again.
        """

    def lead(self, lane: int) -> AbstractContextManager[Leadership | None]:
        """Ask for the lane; gives None at once where another holds it. Leaving the context gives the lane back.

        A lock that belongs to one connection of its own (PostgreSQL: a session advisory lock; SQLite: a locked file),
        so that it ends with its holder.
        """
