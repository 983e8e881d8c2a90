"""Google Cloud IoT Core and what took its place: telemetry by Pub/Sub, and devices that are made or removed.

Google switched IoT Core off on 16 August 2023. Brokers that took its place (ClearBlade, EMQX, HiveMQ and
others) publish to Pub/Sub with the same attributes, so that the receivers could stay as they were. Pub/Sub
hands a message on by push, wrapped or not, by pull, as a CloudEvent, or to a function: all are read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import Device, Event, Hint, Raw, Signal
from hearthline.sources import (
    Answer,
    Payload,
    content_id,
    each,
    flat,
    identified,
    measured,
    not_an_event,
    opened,
    part_id,
    text,
    unreadable,
)
from hearthline.sources.gcp_iot_core.door import verify
from hearthline.sources.gcp_iot_core.message import Message, headed, messages_of, readings_of

__all__ = ["read", "recognises", "verify"]

PLATFORM = "gcp_iot_core"
TITLE = "Google Cloud IoT Core and its successors"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "Pub/Sub's token (JWT, RS256, with Google's keys), or a secret in the push URL"
STATE = "retired on 16 August 2023; brokers that publish to Pub/Sub took its place"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "no",
    "price": "no",
}
DOCS = "https://cloud.google.com/pubsub/docs/push"
HEADERS = (
    "ce-type",
    "ce-id",
    "ce-time",
    "ce-subject",
    "x-goog-pubsub-message-id",
    "x-goog-pubsub-publish-time",
    "x-goog-pubsub-subscription-name",
    "deviceid",
    "devicenumid",
    "deviceregistryid",
    "projectid",
    "gatewayid",
    "subfolder",
    "household",
    "device_kind",
)

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_OWN = ("household", "device_kind")
_LIFE = {
    "CreateDevice": "device.device.added",
    "UpdateDevice": "device.device.changed",
    "DeleteDevice": "device.device.removed",
}


def recognises(payload: Payload) -> bool:
    """Return whether this is a Pub/Sub message about a device, or an event of the device manager.

    >>> recognises({"message": {"attributes": {"deviceId": "fridge-1"}, "data": "eyJ0IjogNH0="}})
    True
    """
    return bool(messages_of(headed(*opened(payload))))


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a reading, or one for a device that was made, changed or removed.

    Raises:
        BadPayload: data that is no telemetry; nothing that names a device.
    """
    body = headed(*opened(payload))
    found = messages_of(body)
    if not found:
        raise unreadable(PLATFORM, "no message of a device", body, "publish with the attribute deviceId")
    yield from each(found, lambda message: _events(message, received))


def _events(message: Message, received: datetime) -> Iterator[Event]:
    if message.happening is not None:
        kind = _LIFE.get(message.happening)
        if kind is None:
            raise not_an_event(f"{PLATFORM}.{message.happening[:40]}", "a call of the device manager")
        told = Signal(capability="registry", attribute="device", state_change=True)
        yield _event(message, received, kind, signal=told)
        return
    readings = [
        (path, value, found.time)
        for found in readings_of(message)
        for path, value in flat({name: v for name, v in found.values.items() if name not in _OWN})
    ]
    if not readings:
        raise unreadable(f"{PLATFORM}.message", "no readings in its data", message.whole, "publish JSON")
    for index, (path, value, time) in enumerate(readings):
        signal = measured(text(message.attributes.get("subfolder")), path, value)
        own = {"time": time, "time_quality": "device"} if time else {}
        kind = "device.telemetry.reported"
        yield _event(message, received, kind, index, signal=signal, modality="ambient", **own)


def _event(message: Message, received: datetime, kind: str, index: int = 0, **fields: Any) -> Event:
    told = message.attributes
    home = text(told.get("household")) or text(message.body.get("household"))
    return Event(
        **{
            "id": part_id(message.id, index) if message.id else content_id(PLATFORM, message.whole, index),
            "id_origin": "native" if message.id else "derived",
            "source": f"//gcp_iot/{message.project}/{message.registry}",
            "type": kind,
            "subject": message.device,
            "time": message.time or received,
            "time_quality": "platform" if message.time else "received",
            "time_received": received,
            "layer": "device",
            "identifiers": identified("gcp_iot.device", message.device),
            "household_hints": (Hint(kind="home", value=home),) if home else (),
            "device": Device(
                id=message.device,
                kind=text(told.get("device_kind")) or text(message.body.get("device_kind")),
                hub=text(told.get("gatewayid")),
            ),
            "raw": _RAW,
            **fields,
        }
    )
