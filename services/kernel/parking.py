"""Parked events: what was set aside because it could not be applied, and how it is applied after all.

An event that fails again and again is parked, and with it the later ones of its stream (``listening``). ``amanah
doctor`` and the figure ``amanah_parked_total`` say so; readiness does not, for the service goes on serving all others.
When the cause is mended, a replay applies them in their order, each in one transaction with the removal of its row; a
stream stops at the first that still fails, and the other streams go on. Two replays at once, or a replay beside a
working consumer, apply nothing twice and leave nothing behind.
"""

from dataclasses import dataclass, field

from sqlalchemy import RowMapping, delete, select, update

from services.kernel.codec import heading
from services.kernel.listening import Listener, parked_lock, still_parked
from services.kernel.log.consumer import reason_of
from services.kernel.service import Service
from services.kernel.store.tables import parked
from services.kernel.store.write import NotParked, Write
from services.kernel.time import Instant


@dataclass(frozen=True, slots=True)
class Parked:
    """One event that was set aside. ``type`` is empty where its bytes cannot be read."""

    service: str
    lane: int
    sequence: int
    type: str
    stream: str
    reason: str
    since: Instant


@dataclass(slots=True)
class Replayed:
    """How many events were applied, and why a stream (service, stream) stopped at which sequence."""

    applied: int = 0
    failing: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)


def list_parked(service: Service) -> list[Parked]:
    """Everything that is parked in a service, in the order in which a replay takes it."""
    order = (parked.c.service, parked.c.lane, parked.c.sequence)
    return [_parked(row) for row in service.query(select(parked).order_by(*order))]


def replay_parked(service: Service, listener: Listener) -> Replayed:
    """Apply what is parked, beside a working consumer too. Raises ``Unavailable`` when the database does not answer."""
    done = Replayed()
    found = service.query(select(parked.c.service, parked.c.stream).distinct().order_by("service", "stream"))
    for row in found:
        _replay_stream(service, listener, row["service"], row["stream"], done)
    return done


def _replay_stream(service: Service, listener: Listener, source: str, stream: str, done: Replayed) -> None:
    where = (parked.c.service == source, parked.c.stream == stream)
    first = select(parked).where(*where).order_by(parked.c.lane, parked.c.sequence).limit(1)
    while rows := service.query(first):
        row = rows[0]
        mine = (parked.c.service == source, parked.c.lane == row["lane"], parked.c.sequence == row["sequence"])
        guards = [still_parked(*mine), delete(parked).where(*mine)]
        try:
            listener.take(source, bytes(row["body"]), guards, locks=[parked_lock(source, stream)])
        except NotParked:
            continue  # another replay was faster
        except Exception as error:
            reason = reason_of(error)[:500]
            done.failing[source, stream] = row["sequence"], reason
            service.backend.commit(Write(rows=[update(parked).where(*mine).values(reason=reason)]))
            return
        done.applied += 1


def _parked(row: RowMapping) -> Parked:
    try:
        kind, _ = heading(bytes(row["body"]))
    except ValueError:
        kind = ""
    return Parked(
        row["service"], row["lane"], row["sequence"], kind, row["stream"], row["reason"], Instant(row["time"])
    )
