"""How messages and heads look as Kafka records: the event's bytes are the value, its place in the lane the headers.

A head is one JSON object, keyed by service and lane, so that compaction keeps the newest.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from services.kernel.log.port import Head, Message
from services.kernel.time import Instant

_OVERHEAD = 512  # bytes of key, headers and framing of one record, rounded up


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
    """The message in a consumed record (kafka-python's ``ConsumerRecord``)."""
    found = dict(record.headers)
    return Message(
        service=found["service"].decode(),
        lane=int(found["lane"]),
        sequence=int(found["sequence"]),
        chain=found["chain"],
        incarnation=found["incarnation"].decode(),
        body=record.value,
        offset=record.offset,
    )


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


def head_of(value: bytes) -> Head:
    """The head in the value of a record."""
    found = json.loads(value)
    return Head(**{**found, "chain": bytes.fromhex(found["chain"]), "time": Instant(found["time"])})


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
