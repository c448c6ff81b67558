"""Reading Kafka records that anybody may have written: none of them keeps a reader from the others."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.kernel.log.kafka_records import head_bytes, head_of, headers, lane_key, message_of
from services.kernel.log.port import NO_EVENT, Head, topic
from services.kernel.time import Instant
from tests.unit.log.parts import lane_of

NOON = Instant("2026-11-24T12:00:00.000000Z")


class Record:
    """A consumed record, as kafka-python gives it."""

    def __init__(self, value: bytes | None, found: list[tuple[str, bytes | None]], key: bytes | None = None) -> None:
        self.topic, self.partition, self.offset = topic("sessions"), 0, 7
        self.value, self.headers, self.key = value, found, key


GOOD = dict(headers(lane_of(1)[0]))
values = st.none() | st.binary(max_size=40) | st.sampled_from(list(GOOD.values()))


@given(st.none() | st.binary(), st.lists(st.tuples(st.sampled_from([*GOOD, "other"]), values)))
def test_no_record_keeps_a_reader_from_the_others(value: bytes | None, found: list[tuple[str, bytes | None]]) -> None:
    message = message_of(Record(value, found))
    assert (message.service, message.lane, message.offset) == ("sessions", 0, 7)
    assert message.sequence == NO_EVENT or dict(found)["service"] == b"sessions"


JSON = st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=2))


@given(st.dictionaries(st.sampled_from(["service", "lane", "sequence", "incarnation", "chain", "time"]), JSON))
def test_no_head_keeps_a_reader_from_the_others(changed: dict[str, Any]) -> None:
    genuine = json.loads(head_bytes(Head("sessions", 0, "i", 1, bytes(32), NOON)))
    head = head_of(Record(json.dumps(genuine | changed).encode(), [], lane_key("sessions", 0)))
    assert head is None or (head.service, head.lane) == ("sessions", 0)
