"""How messages and heads look as Kafka records: the event's bytes are the value, its place in the lane the headers.

Whose event it is, and of which lane, is told by the topic and the partition alone: a writer is held to its own topic by
the broker, and headers are whatever the writer likes. A record that is not ours does not raise: it must not keep the
reader from the other lanes.

A head is one JSON object, keyed by service and lane, so that compaction keeps the newest.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from services.kernel.log.port import NO_EVENT, Head, Message, service_of
from services.kernel.time import instant, moment

_OVERHEAD = 512  # bytes of key, headers and framing of one record, rounded up
_BEYOND = 1 << 63  # no sequence of a store is so large
# What reading a record may raise that somebody else wrote.
_FOREIGN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def lane_key(service: str, lane: int) -> bytes:
    """The key of every record of a lane. It names the lane; the partition is chosen by number, not by this key."""
    return f"{service}/{lane}".encode()


def headers(message: Message) -> list[tuple[str, bytes]]:
    """Where the event stands in its lane."""
    return [
        ("service", message.service.encode()),
        ("lane", str(message.lane).encode()),
        ("sequence", str(message.sequence).encode()),
        ("incarnation", message.incarnation.encode()),
        ("chain", message.chain),
    ]


def message_of(record: Any) -> Message:
    """The message in a consumed record (kafka-python's ``ConsumerRecord``); ``NO_EVENT`` where it is not ours."""
    service, lane = service_of(record.topic), record.partition
    found = dict(record.headers)
    with suppress(*_FOREIGN):
        sequence, chain, incarnation = int(found["sequence"]), found["chain"], found["incarnation"].decode()
        own = (found["service"], found["lane"]) == (service.encode(), str(lane).encode())
        if own and NO_EVENT < sequence < _BEYOND and len(chain) == 32 and record.value is not None:
            return Message(service, lane, sequence, chain, incarnation, record.value, record.offset)
    return Message(service, lane, NO_EVENT, b"", "", record.value or b"", record.offset)


def head_bytes(head: Head) -> bytes:
    """The value of a head's record."""
    members = {
        "chain": head.chain.hex(),
        "incarnation": head.incarnation,
        "lane": head.lane,
        "sequence": head.sequence,
        "service": head.service,
        "time": head.time,
    }
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode()


def head_of(record: Any) -> Head | None:
    """The head in a consumed record; None where it is none."""
    with suppress(*_FOREIGN):
        found = json.loads(record.value)
        head = Head(
            service=str(found["service"]),
            lane=int(found["lane"]),
            incarnation=str(found["incarnation"]),
            sequence=int(found["sequence"]),
            chain=bytes.fromhex(found["chain"]),
            time=instant(moment(found["time"])),
        )
        if record.key == lane_key(head.service, head.lane):
            return head
    return None


def batches(messages: Sequence[Message], size: int) -> Iterator[list[Message]]:
    """The messages in order, in pieces of which each fits a record batch of ``size`` bytes (or is one message)."""
    batch: list[Message] = []
    room = size
    for message in messages:
        need = len(message.body) + _OVERHEAD
        if batch and need > room:
            yield batch
            batch, room = [], size
        batch.append(message)
        room -= need
    if batch:
        yield batch
