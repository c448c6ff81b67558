"""The embedded log as several processes meet it, and what it says when its file cannot be used."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from services.kernel.log.embedded import EmbeddedLog
from services.kernel.log.port import LogUnavailable
from tests.unit.log.parts import SERVICE, lane_of


def in_child(work: Callable[[], None]) -> int:
    """Run ``work`` in a child process; its id."""
    if (child := os.fork()) == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return child


def test_processes_open_a_new_file_at_once_and_all_their_messages_are_there(tmp_path: Path) -> None:
    path = tmp_path / "log.db"

    def work() -> None:
        log = EmbeddedLog(path)
        log.make_topics({SERVICE: 1})
        for event in lane_of(50):
            log.publish(SERVICE, 0, [event])

    children = [in_child(work) for _ in range(4)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0, 0]
    log = EmbeddedLog(path)
    found = log.read(SERVICE, 0, 0, limit=1000)
    log.close()
    assert [message.offset for message in found] == list(range(200))
    assert sorted(message.sequence for message in found) == sorted([*range(1, 51)] * 4)


def test_a_publish_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    log = EmbeddedLog(tmp_path / "log.db")
    log.make_topics({SERVICE: 1})
    good, bad = lane_of(2)
    object.__setattr__(bad, "body", None)
    with pytest.raises(LogUnavailable):
        log.publish(SERVICE, 0, [good, bad])
    assert log.tail(SERVICE, 0) is None
    log.publish(SERVICE, 0, [good])
    assert log.tail(SERVICE, 0) is not None
    log.close()


@pytest.mark.parametrize("content", [None, b"this is no database, but it is long enough to look at" * 20])
def test_a_file_that_cannot_be_used_is_told_with_what_to_check(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "absent" / "log.db"
    if content:
        path.parent.mkdir()
        path.write_bytes(content)
    with pytest.raises(LogUnavailable) as unavailable:
        EmbeddedLog(path)
    assert "log.db is writable" in unavailable.value.help
