"""Showing a person's words: decrypt in memory, record who looks, only then show.

Reads are events. ``Sealer.open`` is called here only, and words leave this module only behind the append of an event
that names everybody who is shown; so code that shows without recording cannot be written. Two exceptions, both
narrow: one's own words need no entry, and a command may use words for a decision that it then appends.
"""

from collections.abc import Callable, Iterable
from typing import Any

from services.kernel.errors import Forbidden
from services.kernel.sealer import Gone, Opened, Ref, Sealer
from services.kernel.work import Who


class Shown:
    """Words that may be shown, because the look is recorded."""

    def __init__(self, opened: dict[Ref, Opened]) -> None:
        self._opened = opened

    def text(self, event_id: str | None, field: str) -> str | None:
        """The words; ``None`` where they were never given, were erased, or are missing (see ``state``)."""
        value = self._opened.get((event_id or "", field))
        return value if isinstance(value, str) else None

    def file(self, event_id: str, field: str) -> bytes | None:
        value = self._opened.get((event_id, field))
        return value if isinstance(value, bytes) else None

    def state(self, event_id: str, field: str) -> str:
        """``open``, ``erased`` or ``missing``."""
        value = self._opened.get((event_id, field), Gone.MISSING)
        return value.value if isinstance(value, Gone) else "open"


class Reader:
    """Opens a service's seals. ``record`` appends the event of a look and returns when it is durable."""

    def __init__(self, sealer: Sealer, record: Callable[[Who, str, Any, str | None], None]) -> None:
        self._sealer = sealer
        self._record = record

    def show(self, who: Who, stream: str, look: Any, refs: Iterable[Ref], *, clinic: str | None = None) -> Shown:
        """Open ``refs`` and record ``look`` (an event that names every person shown) on ``stream``.

        A value whose key was destroyed between opening and recording is not shown.
        """
        wanted = list(refs)
        opened = self._sealer.open(wanted)
        self._record(who, stream, look, clinic)
        return Shown(opened | self._sealer.gone(wanted))

    def own(self, keyholder: str, claimed: Iterable[str | None], refs: Iterable[Ref]) -> Shown:
        """Open a person's own words for themselves; ``claimed`` are the ids that their token carries."""
        if keyholder not in set(claimed):
            raise Forbidden("These words belong to somebody else.", help="Sign in as the person they belong to.")
        wanted = list(refs)
        foreign = self._sealer.foreign(wanted, keyholder)
        return Shown(self._sealer.open(ref for ref in wanted if ref not in foreign))

    def for_decision(self, refs: Iterable[Ref]) -> dict[Ref, Opened]:
        """Open words for a command that decides by them and appends what it decided. Never for an answer."""
        return self._sealer.open(refs)
