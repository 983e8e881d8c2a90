"""Roku: advertisements on Roku TVs, told by the beacons that the Roku Advertising Framework fires.

The framework fills in Roku's own macros. `ROKU_ADS_LIMIT_TRACKING` is what the viewer allowed: who limits
tracking is counted, and not followed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from hearthline.schema.event import Event
from hearthline.sources import (
    Account,
    Payload,
    Proof,
    Sent,
    exposure_event,
    mapping,
    opened,
    pixel_payloads,
    pixel_proof,
    player_event,
    signed_claims,
    text,
    told_by,
    unreadable,
)

__all__ = ["payloads", "read", "recognises", "token", "verify"]

PLATFORM = "roku"
TITLE = "Roku advertisements"
LAYER: Literal["media"] = "media"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "a signed token in the beacon's address"
STATE = "live: the Roku Advertising Framework fires all beacons on the TV"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://developer.roku.com/docs/developer-program/advertising/roku-advertising-framework.md"


def recognises(payload: Payload) -> bool:
    """Return whether this is a fired beacon.

    >>> recognises({"roku": {"e": "impression", "rida": "R-1"}})
    True
    """
    body, _ = opened(payload)
    return isinstance(body.get("roku"), dict) or _is_address(body)


def _is_address(body: dict[str, Any]) -> bool:
    try:
        path = urlsplit(text(body.get("url")) or "").path
    except ValueError:
        return False
    return "/in/roku" in path and player_event(told_by(body, PLATFORM)) is not None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event of a beacon.

    Raises:
        BadPayload: no event that players know.
    """
    body, _ = opened(payload)
    if not (mapping(body.get(PLATFORM)) or body.get("url")):
        raise unreadable(PLATFORM, "no parameters of a beacon", body, "send the address, or its parameters")
    yield exposure_event(body, PLATFORM, received)


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of an address that the account's secret signed (its parameter `t`).

    Raises:
        Unproven: it is not signed, by another secret, or past its time.
    """
    return pixel_proof(sent, account, PLATFORM)


def payloads(sent: Sent) -> Iterator[Payload]:
    """Yield the payload of a fetched address, or the JSON objects of a body."""
    return pixel_payloads(sent, PLATFORM)


def token(secret: str, **claims: str | int) -> str:
    """Return the token `t` of an address: what it claims cannot be changed without the secret.

    Args:
        secret: one of the account's secrets.
        **claims: `campaign`, `creative`, `ad`, `channel`, `device` (its kind), `source`, `exp`.

    >>> token("secret", campaign="spring", channel="smart-tv").count(".")
    1
    """
    return signed_claims(secret, **claims)
