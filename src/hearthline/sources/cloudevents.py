"""CloudEvents 1.0 of any sender: structured, binary or a batch, whose data is an event of ours.

The data may be a whole event in our own form, or the groups of one whose `type` is ours while the
`source` is the sender's own URI. An event of a type that nobody told us is refused by name: what it means
cannot be known.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from hearthline.schema.errors import BadPayload
from hearthline.schema.event import Event
from hearthline.sources import (
    OWN_TYPE,
    Answer,
    Payload,
    Sent,
    each,
    flat_event,
    mapping,
    mappings,
    opened,
    own_event,
    sent_events,
    text,
    unreadable,
)

__all__ = ["payloads", "read", "recognises"]

PLATFORM = "cloudevents"
TITLE = "CloudEvents"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file"], ...] = ("webhook", "stream", "file")
PROOF = "the sender's key at the write door"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "sometimes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "sometimes",
}
DOCS = "https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md"
CLIENT_PATHS = ("/events",)

# Types of platforms that have a source of their own.
_OTHERS = ("Microsoft.", "google.cloud.", "com.amazon.", "aws.")


def recognises(payload: Payload) -> bool:
    """Return whether this is a CloudEvent that is neither our own event nor another platform's.

    >>> recognises({"specversion": "1.0", "id": "1", "source": "/till", "type": "com.example.sold"})
    True
    """
    body, headers = opened(payload)
    if "ce-type" in headers:
        return not headers["ce-type"].startswith(_OTHERS)
    kind, source = text(body.get("type")), text(body.get("source"))
    if "specversion" not in body or kind is None or source is None or "id" not in body:
        return False
    if kind.startswith(_OTHERS):
        return False
    return not OWN_TYPE.fullmatch(kind) or not ("layer" in flat_event(body) or source.startswith("//"))


def payloads(sent: Sent) -> Iterator[Payload]:
    """Yield the CloudEvents of a request, whichever way it carries them."""
    return sent_events(sent, PLATFORM)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the event that the data is, or each of a list of them.

    Raises:
        BadPayload: no CloudEvent; a type that is not ours and data that is no event of ours.
    """
    body, headers = opened(payload)
    if "ce-type" in headers:
        named = {name.removeprefix("ce-"): value for name, value in headers.items() if name.startswith("ce-")}
        body = {**named, "data": mapping(payload).get("body")}
    if text(body.get("type")) is None or text(body.get("source")) is None or "id" not in body:
        raise unreadable(PLATFORM, "no id, source and type", body, "send a CloudEvent whole")
    inside = _data(body)
    whole = [item for item in mappings(inside) or [mapping(inside)] if "type" in item and "source" in item]
    if whole:
        yield from each(whole, lambda item: (own_event(PLATFORM, flat_event(item), received),))
    elif OWN_TYPE.fullmatch(text(body.get("type")) or ""):
        yield own_event(PLATFORM, _enveloped(body, mapping(inside)), received)
    else:
        wrong = "a type that is not ours, and data that is no event of ours"
        cure = "name it <layer>.<object>.<action>, or send it to the source of its platform"
        raise BadPayload(f"{PLATFORM}.type", wrong, cure, "not-an-event")


def _enveloped(body: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return the flat event of a CloudEvent whose data are our groups; its source becomes one of ours."""
    found = flat_event({**body, "data": data})
    source = text(body.get("source")) or "-"
    if not source.startswith("//"):
        spelled = source.removeprefix("https://").removeprefix("http://").strip("/").replace("/", ".")
        found["source"] = f"//cloudevents/-/{spelled or '-'}"
    return found


def _data(body: dict[str, Any]) -> Any:
    """Return the data, decoded where it is base64 or JSON as text."""
    if "data_base64" in body and isinstance(body["data_base64"], str):
        try:
            return msgspec.json.decode(base64.b64decode(body["data_base64"]))
        except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError):
            return {}
    data = body.get("data")
    if not isinstance(data, str):
        return data
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
