"""Siri Shortcuts and App Intents: what a person asked for by Siri, a tap or an automation on Apple's devices.

Apple has no log for a brand. So this is a form of our own, which a Shortcut or the brand's app sends: what
ran, how it was started, for whom, and which automation it belongs to. The page shows how to build both.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import (
    Automation,
    Commerce,
    Correlation,
    Device,
    Event,
    Initiator,
    Modality,
    Raw,
    Touch,
)
from hearthline.sources import (
    Answer,
    Payload,
    asked,
    content_id,
    identified,
    instant,
    mapping,
    not_an_event,
    opened,
    planted,
    slug,
    standing,
    text,
    unreadable,
    whole,
)
from hearthline.sources.siri_shortcuts.door import verify

__all__ = ["read", "recognises", "verify"]

PLATFORM = "siri_shortcuts"
TITLE = "Siri Shortcuts and App Intents"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "HMAC-SHA256 over time and body (or two plain SHA-256, from a Shortcut), at most five minutes old"
STATE = "live; the form is Hearthline's own, as Apple offers none"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "sometimes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://developer.apple.com/documentation/appintents"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_SCHEMA = "hearthline.shortcut/"


class _Way(NamedTuple):
    """How something was started: who by it, and how."""

    kind: Literal["human", "machine", "scheduled", "unknown"] = "unknown"
    modality: Modality = "unknown"


_SCREEN, _HAND, _RULE = _Way("human", "screen"), _Way("human", "gesture"), _Way("machine", "automated")
_WAYS = {
    "siri": _Way("human", "voice"),
    "app": _SCREEN,
    "tap": _SCREEN,
    "widget": _SCREEN,
    "control": _SCREEN,
    "share_sheet": _SCREEN,
    "spotlight": _SCREEN,
    "watch": _SCREEN,
    "action_button": _HAND,
    "back_tap": _HAND,
    "nfc": _HAND,
    "automation": _RULE,
    "arrive": _RULE,
    "leave": _RULE,
    "sensor": _RULE,
    "focus": _RULE,
    "time": _Way("scheduled", "automated"),
}
_HAPPENED = {
    "ran": "platform.shortcut.ran",
    "failed": "platform.shortcut.failed",
    "cancelled": "platform.shortcut.cancelled",
    "automation_added": "platform.automation.added",
    "automation_removed": "platform.automation.removed",
}


def recognises(payload: Payload) -> bool:
    """Return whether this is a message of our form.

    >>> recognises({"schema": "hearthline.shortcut/1", "action": "ReorderCoffee"})
    True
    """
    return (text(opened(payload)[0].get("schema")) or "").startswith(_SCHEMA)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event of a message.

    Raises:
        BadPayload: another form, no action, an event that the form does not have; a test message.
    """
    body, _ = opened(payload)
    if not (text(body.get("schema")) or "").startswith(_SCHEMA):
        raise unreadable(PLATFORM, "no 'schema' of ours", body, "send the form that the page shows")
    if body.get("event") == "test":
        raise not_an_event(f"{PLATFORM}.test", "a test of the connection")
    action, happened = text(body.get("action")), text(body.get("event")) or "ran"
    if action is None:
        raise unreadable(f"{PLATFORM}.action", "no 'action'", body, "name what ran")
    if happened not in _HAPPENED:
        cure = f"send one of {', '.join(_HAPPENED)}"
        raise unreadable(f"{PLATFORM}.event", "an unknown 'event'", body, cure)
    yield _event(body, action, happened, received)


def _event(body: dict[str, Any], action: str, happened: str, received: datetime) -> Event:
    ids = mapping(body.get("ids"))
    told = planted(ids)
    device, order = mapping(body.get("device")), text(body.get("order_id"))
    way = _WAYS.get((text(body.get("invoked_by")) or "").lower(), _Way())
    enrols = happened.startswith("automation_")
    initiator = _initiator(way, enrols=enrols)
    time, native = instant(body.get("time")), text(body.get("id"))
    stands = standing(action)
    is_touch = happened == "ran" and stands.touch and way.kind == "human"
    return Event(
        id=native or content_id(PLATFORM, body),
        id_origin="native" if native else "derived",
        source="//siri_shortcuts/-/shortcuts",
        type=_HAPPENED[happened],
        subject=action,
        time=time or received,
        time_quality="device" if time else "received",
        time_received=received,
        tz_offset_min=whole(body.get("tz_offset_min")),
        layer="platform",
        stage=stands.stage if happened == "ran" else "none",
        modality=way.modality if not enrols else "screen",
        identifiers=told.identifiers
        + identified("email", ids.get("email"), personal=True)
        + identified("phone", ids.get("phone"), personal=True)
        + identified("apple.vendor_device", device.get("id")),
        household_hints=told.hints,
        initiator=initiator,
        automation=_automation(body, told.automation, initiator, happened),
        correlation=Correlation(session=text(body.get("session"))),
        device=Device(**{name: text(device.get(name)) for name in ("id", "kind", "model")}),
        intent=asked(
            action,
            mapping(body.get("parameters")),
            handled=None if enrols else happened == "ran",
            locale=text(body.get("locale")),
        ),
        touch=Touch(channel=_channel(body, way) if is_touch else None),
        commerce=Commerce(order=order),
        raw=_RAW,
    )


def _initiator(way: _Way, *, enrols: bool) -> Initiator:
    if enrols:
        return Initiator(kind="human", evidence="event")
    return Initiator(kind=way.kind, evidence="invoked_by" if way.kind != "unknown" else None)


def _channel(body: dict[str, Any], way: _Way) -> str | None:
    """Return the channel that the sender names, else that a person spoke."""
    return slug(text(body.get("channel")) or "") or ("voice" if way.modality == "voice" else None)


def _automation(
    body: dict[str, Any], told: Automation | None, initiator: Initiator, happened: str
) -> Automation:
    """Return the standing automation that acts here, or that a person added or removed."""
    role: Literal["enrol", "act", "end"] = "act"
    if happened.startswith("automation_"):
        role = "enrol" if happened == "automation_added" else "end"
    elif initiator.kind not in ("machine", "scheduled"):
        return Automation()
    if told is not None:
        return Automation(
            kind=told.kind,
            role=role,
            ref_system=told.ref_system,
            ref_type=told.ref_type,
            ref_id=told.ref_id,
            cycle=told.cycle,
        )
    named = text(body.get("automation"))
    return Automation(
        kind="routine",
        role=role,
        ref_system=PLATFORM if named else None,
        ref_type="automation" if named else None,
        ref_id=named,
    )
