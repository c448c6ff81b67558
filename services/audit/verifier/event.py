"""An event as the verifier reads it: the CloudEvents envelope and, as plain JSON, what it says.

The verifier knows no event types. It reads CloudEvents 1.0 in structured form: ``id source type time`` must be there,
``subject clinic actor onbehalfof`` may be, ``data`` is any JSON.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.audit.verifier.strict import FormatError, json_value, matching, shown

MAX_EVENT_BYTES = 1 << 20

INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
"""UTC with six digits; the order of the texts is the order in time."""

_SOURCE_PREFIX = "/amanah/"
_TEXT = re.compile(r"[^\x00-\x1f\ud800-\udfff]{1,1024}")  # neither control characters nor half a character


@dataclass(frozen=True, slots=True)
class Event:
    """The envelope of one event, and its data. A member that the event does not have is the empty text."""

    id: str
    source: str
    type: str
    time: str
    subject: str
    clinic: str
    actor: str
    onbehalfof: str
    data: object

    @property
    def service(self) -> str:
        """The service that the source names, or the empty text."""
        return self.source.removeprefix(_SOURCE_PREFIX) if self.source.startswith(_SOURCE_PREFIX) else ""

    def texts(self) -> Iterator[str]:
        """Every text that stands in the event as a whole value: subject, persons, clinic, and all of the data."""
        yield from (self.subject, self.clinic, self.actor, self.onbehalfof)
        waiting: list[object] = [self.data]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                yield value
            elif isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, dict):
                waiting.extend(value.values())


def event_of(service: str, data: bytes) -> Event:
    """The event in these bytes, if it is one that this service may record: its source and its type say so.

    Raises ``FormatError``. Who asks for an event of the log asks for this: whatever else lies under a leaf is bytes.
    """
    event = parse_event(data)
    if event.service != service or not event.type.startswith(f"{service}."):
        raise FormatError(f"{shown(event.type)} from {shown(event.source)} is not of {service}")
    return event


def parse_event(data: bytes) -> Event:
    """The event in these bytes. Raises ``FormatError``."""
    if len(data) > MAX_EVENT_BYTES:
        raise FormatError(f"the event has more than {MAX_EVENT_BYTES} bytes")
    found = json_value(data, "the event")
    if not isinstance(found, dict):
        raise FormatError("the event is not a JSON object")
    if found.get("specversion") != "1.0":
        raise FormatError("the event is not CloudEvents 1.0")

    def text(name: str) -> str:
        return matching(found.get(name), _TEXT, f"the event's {name}")

    def text_if_any(name: str) -> str:
        return "" if found.get(name) is None else text(name)

    return Event(
        id=text("id"),
        source=text("source"),
        type=text("type"),
        time=matching(found.get("time"), INSTANT, "the event's time"),
        subject=text_if_any("subject"),
        clinic=text_if_any("clinic"),
        actor=text_if_any("actor"),
        onbehalfof=text_if_any("onbehalfof"),
        data=found.get("data"),
    )
