"""Hearthline's own event as JSON: one object a line, groups nested as in `schema.event`; also the export.

It is a CloudEvents 1.0 object: `specversion` marks it, and the groups may lie beside the envelope or in
`data`, as other CloudEvents senders put them. Money is text, times are ISO 8601 with a zone.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

import msgspec

from hearthline.schema.event import Event
from hearthline.sources import (
    LAYERS,
    OWN_TYPE,
    Payload,
    Sent,
    flat_event,
    opened,
    own_event,
    own_line,
    sent_events,
    text,
)

__all__ = ["line_of", "payloads", "read", "read_line", "recognises"]

PLATFORM = "canonical"
TITLE = "Hearthline's own event"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "stream", "file")
PROOF = "the sender's key at the write door"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "yes",
    "household": "yes",
    "initiator": "yes",
    "price": "yes",
}
CLIENT_PATHS = ("/events",)
DOCS = "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md"


def recognises(payload: Payload) -> bool:
    """Return whether this is one canonical event: envelope, a type of ours, and its layer.

    >>> recognises({"id": "1", "source": "//demo/shop", "type": "commerce.order.placed",
    ...             "layer": "commerce", "time": "2026-03-01T10:00:00Z"})
    True
    """
    body, headers = opened(payload)
    body = flat_event(body)
    kind, source = text(body.get("type")), text(body.get("source"))
    if kind is None or source is None or "id" not in body or "ce-type" in headers:
        return False
    if not OWN_TYPE.fullmatch(kind):
        return False
    return text(body.get("layer")) in LAYERS or ("specversion" in body and source.startswith("//"))


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the event.

    Raises:
        BadPayload: a field is missing or of another type (the message names its path, never its value),
            or a time has no zone.
    """
    yield own_event(PLATFORM, flat_event(opened(payload)[0]), received)


def read_line(line: bytes, received: datetime) -> Event | None:
    """Return the event of a line as `line_of` writes it; None for any other, which `read` takes."""
    return own_line(PLATFORM, line, received)


def payloads(sent: Sent) -> Iterator[Payload]:
    """Yield the CloudEvents of a request: structured, a batch, or binary."""
    return sent_events(sent, PLATFORM)


def line_of(event: Event) -> bytes:
    """Return the event as one line of JSON without its line break; `read` gives the same event back.

    >>> from datetime import UTC
    >>> event = Event(id="1", source="//demo/shop", type="commerce.order.placed", layer="commerce",
    ...               time=datetime(2026, 3, 1, tzinfo=UTC))
    >>> line_of(event).startswith(b'{"specversion":"1.0","id":"1"')
    True
    """
    return b'{"specversion":"1.0",' + msgspec.json.encode(event)[1:]
