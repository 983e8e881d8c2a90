"""Chatbase: messages of people and agents, from the logs of a service that Google closed in September 2021.

Not to be mistaken for today's product of that name. API keys are never read.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import Correlation, Event, Initiator, Modality, Raw, Stage, Touch
from hearthline.sources import (
    Payload,
    asked,
    content_id,
    each,
    identified,
    instant,
    mapping,
    mappings,
    opened,
    standing,
    text,
    unreadable,
    within,
    word,
)

__all__ = ["read", "recognises"]

PLATFORM = "chatbase"
TITLE = "Chatbase (Google)"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("file",)
PROOF = "none: a file from your own logs"
STATE = "retired in September 2021; Dialogflow and Google Assistant took its place"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "no",
    "initiator": "yes",
    "price": "no",
}
DOCS = "https://github.com/google/chatbase-node"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_SPOKEN = re.compile(r"alexa|echo|assistant|google.?home|actions|voice|cortana|phone|ivr", re.IGNORECASE)
_TYPED = re.compile(
    r"facebook|messenger|slack|telegram|web|sms|kik|viber|line|whatsapp|skype|chat", re.IGNORECASE
)


def recognises(payload: Payload) -> bool:
    """Return whether this is a message, a list of messages, or an event, as Chatbase took them.

    >>> recognises({"api_key": "k", "type": "user", "user_id": "u", "time_stamp": "1573002340451"})
    True
    """
    body, _ = opened(payload)
    return _is_one(body) or any(_is_one(message) for message in mappings(body.get("messages")))


def _is_one(message: dict[str, Any]) -> bool:
    if isinstance(message.get("chatbase_fields"), dict):
        return True
    if "timestamp_millis" in message and "user_id" in message and "intent" in message:
        return True
    return "time_stamp" in message and "user_id" in message and message.get("type") in ("user", "agent")


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a message.

    Raises:
        BadPayload: it holds no message; of a list, the others are yielded first.
    """
    body, _ = opened(payload)
    messages = mappings(body.get("messages")) or [body]
    yield from each(messages, lambda message: _read_one(message, received))


def _read_one(message: dict[str, Any], received: datetime) -> Iterator[Event]:
    if not _is_one(message):
        cure = "log messages as they were posted"
        raise unreadable(PLATFORM, "no 'user_id' with 'time_stamp' and a 'type'", message, cure)
    told = mapping(message.get("chatbase_fields")) or message
    is_agent = message.get("type") == "agent"
    is_message = "timestamp_millis" not in message
    stamps = (message.get(name) for name in ("time_stamp", "timestamp_millis", "timestamp"))
    time = next((at for stamp in stamps if (at := instant(stamp)) is not None), None)
    platform = text(message.get("platform")) or ("facebook" if told is not message else "unknown")
    native = text(message.get("message_id")) or text(within(message, "message", "mid"))
    name = text(told.get("intent"))
    found = standing(name) if name else None
    stage: Stage = found.stage if found and is_message and not is_agent else "none"
    is_touch = is_message and not is_agent and (found.touch if found else True)
    yield Event(
        id=native or content_id(PLATFORM, message),
        id_origin="native" if native else "derived",
        source=f"//chatbase/-/{word(platform, 'unknown')}",
        type=f"platform.{'voice.answered' if is_agent else 'voice.intent' if is_message else 'bot.custom'}",
        time=time or received,
        time_quality="server" if time else "received",
        time_received=received,
        layer="platform",
        stage=stage if found or not is_touch else "consideration",
        modality="automated" if is_agent else _modality(platform),
        identifiers=_user(message),
        initiator=_initiator(message, is_agent=is_agent, is_message=is_message),
        correlation=Correlation(session=text(message.get("session_id"))),
        intent=asked(
            name,
            {},
            None if is_agent else text(message.get("message")) or within(message, "message", "text"),
            handled=_handled(told),
        ),
        touch=Touch(channel="voice" if _SPOKEN.search(platform) else "chat", source=platform)
        if is_touch
        else Touch(),
        raw=_RAW,
    )


def _user(message: dict[str, Any]) -> Any:
    known = text(message.get("user_id")) or text(within(message, "sender", "id"))
    return identified("chatbase.user", known)


def _initiator(message: dict[str, Any], *, is_agent: bool, is_message: bool) -> Initiator:
    if not is_message:
        return Initiator()
    if is_agent:
        return Initiator(kind="machine", evidence="type")
    return Initiator(kind="human", evidence="type" if "type" in message else "sender.id")


def _handled(told: dict[str, Any]) -> bool | None:
    """Return whether the agent understood: `not_handled` says so either way, also as text."""
    value = told.get("not_handled")
    spelled = str(value).lower() if isinstance(value, bool | str) else ""
    return {"true": False, "false": True}.get(spelled)


def _modality(platform: str) -> Modality:
    """Return how people reach a bot on that platform.

    >>> _modality("Google Assistant"), _modality("Facebook"), _modality("PLATFORM-X")
    ('voice', 'screen', 'unknown')
    """
    if _SPOKEN.search(platform):
        return "voice"
    return "screen" if _TYPED.search(platform) else "unknown"
