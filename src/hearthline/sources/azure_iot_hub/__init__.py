"""Azure IoT Hub: devices that are made, connect and report, by Event Grid, by a route, or from storage.

Event Grid posts its own schema or CloudEvents; a route writes messages with system and application properties
to Event Hubs or storage. All say the same under other names. Bodies are JSON, or base64 where the device did
not say that they are JSON.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import Device, Event, Hint, Raw, Signal
from hearthline.sources import (
    Answer,
    Payload,
    content_id,
    flat,
    identified,
    instant,
    mapping,
    measured,
    not_an_event,
    opened,
    part_id,
    text,
    unreadable,
    within,
)
from hearthline.sources.azure_iot_hub.door import reply, verify
from hearthline.sources.azure_iot_hub.message import Message, message_of

__all__ = ["read", "recognises", "reply", "verify"]

PLATFORM = "azure_iot_hub"
TITLE = "Microsoft Azure IoT Hub"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "stream", "file")
PROOF = "a secret in the webhook's URL or header, or Event Grid's Microsoft Entra token (RS256)"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "no",
    "price": "no",
}
DOCS = "https://learn.microsoft.com/azure/event-grid/event-schema-iot-hub"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_HAPPENINGS = {
    "created": "device.device.added",
    "deleted": "device.device.removed",
    "connected": "device.connection.opened",
    "disconnected": "device.connection.closed",
}
_OWN = ("household", "device_kind")


def recognises(payload: Payload) -> bool:
    """Return whether this is an event of IoT Hub, or a message that it routed.

    >>> recognises({"eventType": "Microsoft.Devices.DeviceConnected", "data": {"deviceId": "fridge-1"}})
    True
    """
    return message_of(opened(payload)[0]) is not None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a reading, or one for a device that was made, removed, connected or disconnected.

    Raises:
        BadPayload: a handshake of Event Grid; a body that is no JSON; nothing that we know.
    """
    body, _ = opened(payload)
    message = message_of(body)
    if message is None:
        raise unreadable(PLATFORM, "no event of IoT Hub", body, "send Event Grid events or routed messages")
    if message.kind == "handshake":
        raise not_an_event(f"{PLATFORM}.Microsoft.EventGrid", "a handshake about the subscription")
    if message.kind == "unknown":
        raise not_an_event(f"{PLATFORM}.message", "neither telemetry nor a twin nor a life cycle event")
    around = _Around(body, message, received)
    if message.kind in _HAPPENINGS:
        yield around.event(_HAPPENINGS[message.kind], signal=_happening(message), sequence=message.sequence)
        return
    yield from _readings(around)


class _Around:
    """One message, what it is a part of, and when we got it."""

    def __init__(self, whole: dict[str, Any], message: Message, received: datetime) -> None:
        self.whole, self.message, self.received = whole, message, received
        told = message.properties | {k: v for k, v in mapping(message.body).items() if k in _OWN}
        self.home, self.kind = text(told.get("household")), text(told.get("device_kind"))

    def event(self, kind: str, index: int = 0, own_time: datetime | None = None, **fields: Any) -> Event:
        """Return an event with what all events of the message share."""
        message = self.message
        time = own_time or message.time
        return Event(
            id=part_id(message.id, index) if message.id else content_id(PLATFORM, self.whole, index),
            id_origin="native" if message.id else "derived",
            source=f"//azure_iot/-/{message.hub}",
            type=kind,
            subject=message.device,
            time=time or self.received,
            time_quality=message.clock if time else "received",
            time_received=self.received,
            layer="device",
            identifiers=identified("azure_iot.device", message.device),
            household_hints=(Hint(kind="home", value=self.home),) if self.home else (),
            device=Device(id=message.device, kind=self.kind),
            raw=_RAW,
            **fields,
        )


def _happening(message: Message) -> Signal:
    if message.kind in ("created", "deleted"):
        return Signal(capability="registry", attribute="device", value=message.kind, state_change=True)
    return Signal(capability="presence", attribute="connection", value=message.kind, state_change=True)


def _readings(around: _Around) -> Iterator[Event]:
    message = around.message
    place = f"{PLATFORM}.{message.kind}"
    is_twin = message.kind == "twin"
    told = mapping(within(message.body, "properties", "reported")) if is_twin else message.body
    if is_twin and not told:
        raise not_an_event(place, "a twin without reported properties says what was asked for, not what is")
    times = mapping(told.get("$metadata")) if is_twin else {}
    found = flat({name: v for name, v in told.items() if name not in _OWN and not name.startswith("$")})
    if not found:
        cure = "send JSON, with content type application/json and encoding utf-8"
        raise unreadable(place, "no readings in the body", around.whole, cure)
    for index, (path, value) in enumerate(found):
        yield around.event(
            "device.shadow.reported" if is_twin else "device.telemetry.reported",
            index,
            instant(within(times, *path.split("."), "$lastUpdated")),
            modality="ambient",
            signal=measured(message.component, path, value),
        )
