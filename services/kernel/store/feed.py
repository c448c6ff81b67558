"""The store as a feed for the relay (``kernel.log.feed``)."""

from contextlib import AbstractContextManager

from sqlalchemy import select

from services.kernel.log.feed import Leadership
from services.kernel.log.port import Message
from services.kernel.projections import Rows
from services.kernel.store.backend import StoredEvent
from services.kernel.store.opening import Store
from services.kernel.store.tables import events, relayed
from services.kernel.store.write import Write


class StoreFeed:
    """The events of one service's store, lane by lane."""

    def __init__(self, service: str, store: Store) -> None:
        self.service = service
        self._store = store
        self._backend = store.backend

    def after(self, lane: int, sequence: int, limit: int) -> list[Message]:
        return [self._message(lane, row) for row in self._backend.after(lane, sequence, limit)]

    def head(self, lane: int) -> Message | None:
        last = select(events.c.sequence, events.c.chain, events.c.body).where(events.c.lane == lane)
        with self._backend.reading() as connection:
            row = connection.execute(last.order_by(events.c.sequence.desc()).limit(1)).first()
        return self._message(lane, StoredEvent(*row)) if row else None

    def relayed(self, lane: int) -> int:
        with self._backend.reading() as connection:
            return connection.scalar(select(relayed.c.sequence).where(relayed.c.lane == lane)) or 0

    def mark_relayed(self, lane: int, sequence: int) -> None:
        rows = Rows(self._backend.engine.dialect.name)
        rows.put(relayed, lane=lane, sequence=sequence)
        self._backend.commit(Write(rows=rows.statements))

    def lead(self, lane: int) -> AbstractContextManager[Leadership | None]:
        return self._backend.lead(lane)

    def _message(self, lane: int, row: StoredEvent) -> Message:
        return Message(self.service, lane, row.sequence, bytes(row.chain), self._store.incarnation, bytes(row.body))
