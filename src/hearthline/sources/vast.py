"""VAST 2 to 4: video and audio advertisements, told by the pixels that players fetch as they play.

The pixels (`Impression`, `Tracking`, `ClickTracking`) lead to us; a token in their address is signed, macros
tell time and device. The VAST document itself is a template: it tells what might be shown, not that it was.
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
    not_an_event,
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

PLATFORM = "vast"
TITLE = "VAST: video and audio advertisements"
LAYER: Literal["media"] = "media"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "a signed token in the pixel's address"
STATE = "live: versions 2 to 4; audio (once DAAST) since 4.1"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://iabtechlab.com/standards/vast/"
_TEMPLATES = ("VAST", "VMAP")


def recognises(payload: Payload) -> bool:
    """Return whether this is a fetched pixel, or an element of a VAST document.

    >>> recognises({"vast": {"e": "impression"}}), recognises({"VAST": {"Ad": {}}})
    (True, True)
    """
    body, _ = opened(payload)
    return isinstance(body.get("vast"), dict) or _template(body) is not None or _is_address(body)


def _template(body: dict[str, Any]) -> str | None:
    return next((name for name in _TEMPLATES if isinstance(body.get(name), dict) and len(body) == 1), None)


def _is_address(body: dict[str, Any]) -> bool:
    try:
        path = urlsplit(text(body.get("url")) or "").path
    except ValueError:
        return False
    return "/in/vast" in path and player_event(told_by(body, PLATFORM)) is not None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event of a pixel.

    Raises:
        BadPayload: a VAST document, or no event that players know.
    """
    body, _ = opened(payload)
    template = _template(body)
    if template is not None:
        inside = next(iter(mapping(body[template])), "Ad")
        what = "a template: it says what might be shown; its pixels say what was"
        raise not_an_event(f"{PLATFORM}.{inside[:20]}", what, "put our addresses into it")
    if not (mapping(body.get(PLATFORM)) or body.get("url")):
        raise unreadable(PLATFORM, "no parameters of a pixel", body, "send the address, or its parameters")
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
