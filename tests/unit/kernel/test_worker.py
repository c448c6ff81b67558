"""The worker: what one lane meets holds up no other, and what it says can be read in the log."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.kernel.errors import Unavailable
from services.kernel.log.consumer import Consumer
from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import Message
from services.kernel.parts import Assembly
from services.kernel.settings import load_settings
from services.kernel.store.opening import Store
from services.kernel.work import Who
from services.kernel.worker import Worker
from tests.log_lines import Lines
from tests.shop import INCARNATION, keep_note, open_shop, sqlite_shop
from tests.unit.log.parts import SERVICE, Hours, Reader, lane_of


class Choking(EmbeddedLog):
    """An event log that cannot take lane 0."""

    error: Exception = ValueError("words of somebody")

    def publish(self, service: str, lane: int, messages: Sequence[Message]) -> None:
        if lane == 0:
            raise self.error
        super().publish(service, lane, messages)


@pytest.mark.parametrize("error", [ValueError("words of somebody"), Unavailable("The disk of lane 0 is full.")])
def test_a_lane_that_cannot_be_relayed_holds_up_no_other(tmp_path: Path, lines: Lines, error: Exception) -> None:
    backend = sqlite_shop(tmp_path, lanes=2)
    shop = open_shop(backend, tmp_path, lanes=2)
    log = Choking(tmp_path / "log.sqlite3")
    log.error = error
    log.make_topics({"shop": 2})
    for clinic in (None, "c1", "c2"):
        shop.do(Who("ana"), keep_note, f"p-{clinic}", "words", clinic)
    settings = load_settings({"AMANAH_LANES": "2", "AMANAH_DATA": str(tmp_path / "data")})
    worker = Worker(Assembly(shop, Store(backend, INCARNATION, 2), settings), log, Reader(), Reader(), ())
    assert worker.turn() == 1
    with pytest.raises(type(error)):
        worker.turn()
    assert [message.sequence for message in log.read("shop", 1, 0)] == [1]
    (said,) = lines()
    assert (said["event"], said["lane"]) == ("a lane cannot be relayed now", 0)
    assert said.get("detail") == ("The disk of lane 0 is full." if isinstance(error, Unavailable) else None)
    assert "somebody" not in json.dumps(said)
    worker.stop()
    log.close()
    backend.dispose()


def test_a_lane_that_is_stopped_or_waits_is_named_in_the_log(tmp_path: Path, lines: Lines) -> None:
    log = EmbeddedLog(tmp_path / "log.sqlite3")
    log.make_topics({SERVICE: 2})
    events = lane_of(4)
    log.publish(SERVICE, 0, [events[0], *events[2:]])
    log.publish(SERVICE, 1, lane_of(1, lane=1))
    reader = Reader(failing={1: [Unavailable("The database is away.")]})
    hours = Hours()
    consumer = Consumer(log, [(SERVICE, 0), (SERVICE, 1)], reader, reader, clock=hours)
    for _ in range(4):
        consumer.step(0)
        hours.now += 60
    consumer.close()
    log.close()
    said = [{name: line.get(name) for name in ("event", "source", "lane", "sequence", "reason")} for line in lines()]
    assert {"event": "a lane is stopped", "source": SERVICE, "lane": 0, "sequence": 2, "reason": "hole"} in said
    waits = {"event": "a lane waits behind an event", "source": SERVICE, "lane": 0, "sequence": 0}
    assert waits | {"reason": "The database is away."} in said
