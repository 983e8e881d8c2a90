"""Segment: track, identify, page, screen, group, alias, from its SDKs or its webhook destination.

The wire is read in `_segment_wire`; here stands what is Segment's own: how it is told apart from
RudderStack, and how its webhook destination signs.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha1
from typing import Literal

import msgspec

from hearthline.schema.errors import Unproven
from hearthline.schema.event import Event, Raw
from hearthline.sources import (
    CALL_PATHS,
    Account,
    Answer,
    Payload,
    Proof,
    Sent,
    Wire,
    is_call,
    one_secret,
    opened,
    read_calls,
    sent_calls,
    signed_by,
    spoken_by_rudder,
)

__all__ = ["payloads", "read", "recognises", "verify"]

PLATFORM = "segment"
TITLE = "Segment"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "file"], ...] = ("webhook", "file")
PROOF = "write key (HTTP Basic), or X-Signature: hex HMAC-SHA1 of the body (of a batch: of its first event)"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "yes",
}
DOCS = "https://segment.com/docs/connections/spec/"
CLIENT_PATHS = CALL_PATHS

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_WIRE = Wire(PLATFORM, _RAW, f"//{PLATFORM}/-/-")


def recognises(payload: Payload) -> bool:
    """Return whether this is one call, or a batch of calls, that RudderStack did not make.

    >>> recognises({"type": "track", "event": "Product Viewed"}), recognises({"type": "track"})
    (True, False)
    """
    body, headers = opened(payload)
    batch = body.get("batch")
    calls = batch if isinstance(batch, list) and batch else [body]
    return any(map(is_call, calls)) and not spoken_by_rudder(calls, headers)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a call, in the order of the batch.

    Raises:
        BadPayload: the payload, or a call in its batch, is no call.
    """
    return read_calls(_WIRE, payload, received)


def verify(sent: Sent, account: Account) -> Proof | None:
    """Return the proof of a webhook destination's signature; None for a call without one (an SDK's).

    Segment signs the whole body of a single event. Of a batch it signs the first event alone: the others
    are as trustworthy as the connection that they came by.

    Raises:
        Unproven: the signature fits no secret of the account.
    """
    given = sent.headers.get("x-signature")
    if given is None:
        return None
    secrets = one_secret(account, PLATFORM)
    for signed in (sent.body, _first_event(sent.body)):
        key = signed_by(secrets, signed, given, digest=sha1) if signed else None
        if key is not None:
            return Proof(scheme="hmac-sha1", key_id=key)
    raise Unproven(PLATFORM, "X-Signature fits no secret", "copy the destination's shared secret again")


def _first_event(body: bytes) -> bytes:
    """Return the first event of a batch, byte for byte; nothing where the body is no list."""
    try:
        events = msgspec.json.decode(body, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return b""
    return bytes(events[0]) if events else b""


def payloads(sent: Sent) -> Iterator[Payload]:
    """Yield the calls or batches of a request; a call without a type has that of its path."""
    return sent_calls(sent, PLATFORM)
