"""RudderStack: the wire of Segment, from its own SDKs or its webhook destination.

The library's name tells a call of RudderStack's from Segment's; so do the fields that its server adds
(`rudderId`, `request_ip`) and the `RudderLabs` user agent of its webhooks. Its Python SDK says
`analytics-python`, as Segment's does: there only the write key tells, and both read the same.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from hearthline.schema.event import Event, Raw
from hearthline.sources import (
    CALL_PATHS,
    Answer,
    Payload,
    Sent,
    Wire,
    is_call,
    opened,
    read_calls,
    sent_calls,
    spoken_by_rudder,
)

__all__ = ["payloads", "read", "recognises"]

PLATFORM = "rudderstack"
TITLE = "RudderStack"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "file"], ...] = ("webhook", "file")
PROOF = "write key (HTTP Basic); its webhooks carry no signature, so give them a key in a header"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://www.rudderstack.com/docs/event-spec/standard-events/"
CLIENT_PATHS = CALL_PATHS
HEADERS = ("user-agent",)

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_WIRE = Wire(PLATFORM, _RAW, f"//{PLATFORM}/-/-")


def recognises(payload: Payload) -> bool:
    """Return whether this is one call, or a batch of calls, that RudderStack made.

    >>> recognises({"type": "track", "event": "Product Viewed", "rudderId": "r-1"})
    True
    """
    body, headers = opened(payload)
    batch = body.get("batch")
    calls = batch if isinstance(batch, list) and batch else [body]
    return any(map(is_call, calls)) and spoken_by_rudder(calls, headers)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a call, in the order of the batch.

    Raises:
        BadPayload: the payload, or a call in its batch, is no call.
    """
    return read_calls(_WIRE, payload, received)


def payloads(sent: Sent) -> Iterator[Payload]:
    """Yield the calls or batches of a request; a call without a type has that of its path."""
    return sent_calls(sent, PLATFORM, HEADERS)
