"""VoiceLabs VoiceInsights: sessions and intents of voice apps, from the logs of a service that is gone.

Its messages carry no time and no id. The user is a hash that the client made; the app's token is never read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import Correlation, Event, Initiator, Raw, Stage, Touch
from hearthline.sources import (
    Payload,
    asked,
    content_id,
    identified,
    instant,
    mapping,
    opened,
    standing,
    text,
    unreadable,
    word,
)

__all__ = ["read", "recognises"]

PLATFORM = "voicelabs"
TITLE = "VoiceLabs VoiceInsights"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("file",)
PROOF = "none: a file from your own logs"
STATE = "retired; no successor. Read Alexa's and Google's own requests instead"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "no",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://github.com/VoxaAI/voxa-voicelabs"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_KINDS = {
    "INITIALIZE": "voice.launched",
    "SESSION_START": "voice.launched",
    "INSTALL": "skill.enabled",
    "SPEECH": "voice.intent",
    "SESSION_END": "voice.session_ended",
}


def recognises(payload: Payload) -> bool:
    """Return whether this is a message of the VoiceInsights client.

    >>> recognises({"event_type": "SPEECH", "user_hashed_id": "u", "session_id": "s", "intent": "Order"})
    True
    """
    body, _ = opened(payload)
    named = text(body.get("event_type")) in _KINDS or text(body.get("intent")) is not None
    return named and "user_hashed_id" in body and ("session_id" in body or "app_token" in body)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event of a message.

    Raises:
        BadPayload: no hashed user, or neither a known type nor an intent.
    """
    body, headers = opened(payload)
    if not recognises(payload):
        cure = "log messages as the client posted them"
        raise unreadable(PLATFORM, "no 'user_hashed_id' with an 'event_type' or 'intent'", body, cure)
    kind = text(body.get("event_type")) or "SPEECH"
    type_ = _KINDS.get(kind) or f"voice.{word(kind, 'event')}"
    name = text(body.get("intent")) if type_ == "voice.intent" else None
    stage, is_touch = _place(type_, name)
    time = instant(body.get("timestamp")) or instant(headers.get("date"))
    session = text(body.get("session_id"))
    spoken = type_ in ("voice.launched", "voice.intent")
    yield Event(
        id=content_id(PLATFORM, body),
        id_origin="derived",
        source="//voicelabs/-/insights",
        type=f"platform.{type_}",
        time=time or received,
        time_quality="server" if time else "received",
        time_received=received,
        layer="platform",
        stage=stage,
        modality="unknown" if type_ == "skill.enabled" else "voice",
        identifiers=identified("voicelabs.user", body.get("user_hashed_id")),
        initiator=Initiator(kind="human", evidence="event_type" if "event_type" in body else "intent")
        if spoken
        else Initiator(),
        correlation=Correlation(session=session),
        intent=asked(name, _slots(body)),
        touch=Touch(channel="voice", source=text(body.get("agent")) or "voicelabs") if is_touch else Touch(),
        raw=_RAW,
    )


def _place(type_: str, name: str | None) -> tuple[Stage, bool]:
    if type_ == "voice.intent":
        found = standing(name) if name else None
        return (found.stage, found.touch) if found else ("consideration", True)
    return ("consideration", True) if type_ == "voice.launched" else ("none", False)


def _slots(body: dict[str, Any]) -> dict[str, Any]:
    """Return the intent's slots, which the client sends as Alexa spells them or as plain values."""
    told = mapping(mapping(body.get("data")).get("metadata"))
    slots = mapping(told.get("slots")) or told
    return {
        name: mapping(slot).get("value") if isinstance(slot, dict) else slot for name, slot in slots.items()
    }
