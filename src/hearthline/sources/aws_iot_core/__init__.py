"""AWS IoT Core: buttons, devices that come, connect and go, device shadows, and telemetry by a rule.

A device's own message says neither who sent it nor when. The agreed shape is what a rule adds with
`SELECT *, topic() AS topic, timestamp() AS timestamp, clientid() AS clientid, newuuid() AS id`: the
readings lie beside those four keys, or in `payload`.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import msgspec

from hearthline.schema.event import Device, Event, Hint, Identifier, Initiator, Raw, Signal
from hearthline.sources import (
    Payload,
    content_id,
    each,
    embedded,
    enveloped,
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
    unwrapped,
    within,
)
from hearthline.sources.aws_iot_core.door import reply, verify

__all__ = ["read", "recognises", "reply", "verify"]

PLATFORM = "aws_iot_core"
TITLE = "AWS IoT Core"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "stream", "file")
PROOF = "a secret header on the rule's HTTPS action; the body is not signed"
STATE = "live (AWS IoT 1-Click ended in December 2024: recordings only)"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://docs.aws.amazon.com/iot/latest/developerguide/iot-rules.html"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_PRESENCE = {
    "connected": "device.connection.opened",
    "disconnected": "device.connection.closed",
    "connect_failed": "device.connection.failed",
    "subscribed": "device.topic.subscribed",
    "unsubscribed": "device.topic.unsubscribed",
}
_REGISTRY = {
    "CREATED": "device.device.added",
    "UPDATED": "device.device.changed",
    "DELETED": "device.device.removed",
}
_ASKS = {
    "custom authorizer": "a custom authorizer request asks whether a device may come in",
    "pre-provisioning hook": "a pre-provisioning hook request asks whether a device may come in",
    "confirmation": "a handshake about the rule's destination",
    "administration": "about jobs, types or groups of things, not about a device",
    "delta": "what a device is wanted to be; what it became is reported by the shadow",
    "answer": "a shadow that refused a request",
    "deleted": "a shadow that was deleted; no device reported it",
}
_ADDED = frozenset(
    (
        *("topic", "timestamp", "clientid", "clientId", "principal", "sourceip", "traceid"),
        *("id", "newuuid", "payload", "household", "device_kind", "unit"),
    )
)


_IDS = ("id", "eventId", "newuuid")


class _Telemetry(NamedTuple):
    """One message of a rule, with what it says of all its readings."""

    body: dict[str, Any]
    readings: dict[str, Any]
    times: dict[str, Any]
    is_shadow: bool


def recognises(payload: Payload) -> bool:
    """Return whether this is a button, a presence message, a shadow or a rule's telemetry.

    >>> recognises({"topic": "home/1/fridge", "clientid": "f1", "timestamp": 1767225600000, "t": 4})
    True
    """
    return any(_shape(message) is not None for message in enveloped(opened(payload)[0]))


def _shape(body: dict[str, Any]) -> str | None:
    """Return which of the shapes a body has, or None."""
    if within(body, "deviceEvent") and isinstance(body.get("deviceInfo"), dict):
        return "one_click"
    if text(body.get("clickType")) and text(body.get("serialNumber")):
        return "button"
    if text(body.get("eventType")) in _PRESENCE and text(body.get("clientId")):
        return "presence"
    return _question(body) or _registry_shape(body) or ("telemetry" if _is_telemetry(body) else None)


def _question(body: dict[str, Any]) -> str | None:
    topic = body.get("topic")
    if isinstance(topic, str) and topic.startswith("$aws/things/") and (about := _of_a_shadow(topic)):
        return about
    if "protocolData" in body and "connectionMetadata" in body:
        return "custom authorizer"
    if "templateArn" in body and ("claimCertificateId" in body or "certificateId" in body):
        return "pre-provisioning hook"
    if "state" in body and "metadata" in body and "version" in body and "topic" not in body:
        return None if _is_telemetry(body) else "delta"
    if set(body) <= {"code", "message", "timestamp", "clientToken"} and {"code", "message"} <= set(body):
        return "answer" if isinstance(body["code"], int) and 400 <= body["code"] < 600 else None
    confirms = body.get("messageType") == "DestinationConfirmation" and "enableUrl" in body
    return "confirmation" if confirms else None


def _of_a_shadow(topic: str) -> str | None:
    """Return what a reserved topic tells that is no state of a device, or None.

    >>> _of_a_shadow("$aws/things/fridge-7/shadow/update/delta")
    'delta'
    >>> _of_a_shadow("$aws/things/fridge-7/shadow/update/accepted") is None
    True
    """
    asked, answered = topic.split("/")[-2:]
    if answered == "rejected":
        return "answer"
    if answered == "delta":
        return "delta"
    return "deleted" if "delete" in (asked, answered) else None


def _registry_shape(body: dict[str, Any]) -> str | None:
    kind = text(body.get("eventType")) or ""
    if not text(body.get("eventId")) or not text(body.get("operation")):
        return None
    if kind == "THING_EVENT":
        return "thing"
    return "administration" if kind.startswith(("THING_", "JOB")) else None


def _is_telemetry(body: dict[str, Any]) -> bool:
    if text(body.get("topic")) and any(k in body for k in ("clientid", "clientId", "payload", "timestamp")):
        return True
    state = mapping(body.get("state")) or mapping(within(body, "current", "state"))
    dated = "metadata" in body or "version" in body or "timestamp" in body
    return ("reported" in state or "desired" in state) and dated


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a click or connection, and one a reading.

    Raises:
        BadPayload: an authorizer or a provisioning request (they ask); nothing that we know.
    """
    yield from each(enveloped(opened(payload)[0]), lambda message: _read(message, received))


def _read(body: dict[str, Any], received: datetime) -> Iterator[Event]:
    shape = _shape(body)
    if shape is None:
        raise unreadable(PLATFORM, "no known shape", body, "add topic, timestamp and clientid by the rule")
    if shape in _ASKS:
        raise not_an_event(PLATFORM, _ASKS[shape])
    native = next((found for key in _IDS if (found := text(body.get(key)))), None)
    message = _Message(body, received, native)
    if shape == "telemetry":
        yield from _readings(message)
    else:
        readers = {"one_click": _one_click, "button": _button, "presence": _presence, "thing": _thing_event}
        yield readers[shape](message)


class _Message(NamedTuple):
    """One message, when we got it, and the id that it has of its own."""

    body: dict[str, Any]
    received: datetime
    native: str | None

    def event(self, kind: str, device: Device, time: datetime | None, index: int = 0, **fields: Any) -> Event:
        """Return an event with what all events of the message share."""
        native = self.native
        return Event(
            id=part_id(native, index) if native else content_id(PLATFORM, self.body, index),
            id_origin="native" if native else "derived",
            source="//aws_iot/-/core",
            type=kind,
            subject=device.id,
            time=time or self.received,
            time_quality="platform" if time else "received",
            time_received=self.received,
            layer="device",
            identifiers=_named(device.id),
            device=device,
            raw=_RAW,
            **fields,
        )


# A thing says much, and always who it is.


@lru_cache(maxsize=4096)
def _named(thing: str | None) -> tuple[Identifier, ...]:
    return identified("aws_iot.thing", thing)


@lru_cache(maxsize=4096)
def _thing_of(name: str | None, kind: str | None) -> Device:
    return Device(id=name, kind=kind)


@lru_cache(maxsize=4096)
def _at_home(home: str | None) -> tuple[Hint, ...]:
    return (Hint(kind="home", value=home),) if home else ()


def _one_click(message: _Message) -> Event:
    body = message.body
    click, info = mapping(within(body, "deviceEvent", "buttonClicked")), mapping(body.get("deviceInfo"))
    project, room = (text(within(body, "placementInfo", f"{key}Name")) for key in ("project", "placement"))
    device = Device(id=text(info.get("deviceId")), kind=text(info.get("type")) or "button", room=room)
    hints = (Hint(kind="location", value=f"{project}/{room}", strength=0.5),) if project and room else ()
    event = _click(message, device, click.get("clickType"), instant(click.get("reportedTime")))
    return msgspec.structs.replace(event, household_hints=hints)


def _button(message: _Message) -> Event:
    body = message.body
    device = Device(id=text(body.get("serialNumber")), kind="button")
    return _click(message, device, body.get("clickType"), instant(body.get("timestamp")))


def _click(message: _Message, device: Device, value: object, time: datetime | None) -> Event:
    click = text(value)
    if click is None:
        return message.event("device.button.reported", device, time)
    return message.event(
        "device.button.clicked",
        device,
        time,
        modality="gesture",
        initiator=Initiator(kind="human", evidence="clickType"),
        signal=Signal(capability="button", attribute="clickType", value=click, state_change=True),
    )


def _presence(message: _Message) -> Event:
    body = message.body
    state, device = text(body.get("eventType")) or "", text(body.get("clientId"))
    network = text(body.get("ipAddress"))
    hints = (Hint(kind="ip", value=network, personal=True, strength=0.3),) if network else ()
    return message.event(
        _PRESENCE[state],
        Device(id=device),
        instant(body.get("timestamp")),
        sequence=text(body.get("versionNumber")),
        household_hints=hints,
        signal=Signal(
            capability="presence",
            attribute="connection",
            value=state,
            previous=text(body.get("disconnectReason")),
            state_change=True,
        ),
    )


def _thing_event(message: _Message) -> Event:
    body = message.body
    operation = text(body.get("operation")) or ""
    told = Signal(capability="registry", attribute="thing", value=operation.lower(), state_change=True)
    return message.event(
        _REGISTRY.get(operation, "device.device.changed"),
        Device(id=text(body.get("thingName")), model=text(body.get("thingTypeName"))),
        instant(body.get("timestamp")),
        sequence=text(body.get("versionNumber")),
        signal=told,
    )


def _readings(message: _Message) -> Iterator[Event]:
    body = message.body
    told = _telemetry(body)
    found = flat(told.readings)
    if not found:
        raise unreadable(f"{PLATFORM}.telemetry", "no readings", body, "send readings beside the topic")
    topic = text(body.get("topic"))
    name = text(body.get("clientid")) or text(body.get("clientId")) or _thing(topic)
    device = _thing_of(name, text(body.get("device_kind")))
    home = _at_home(text(body.get("household")))
    stamped = instant(body.get("timestamp"))
    for index, (path, value) in enumerate(found):
        own = instant(within(told.times, *path.split("."), "timestamp")) if told.times else None
        yield message.event(
            "device.shadow.reported" if told.is_shadow else "device.telemetry.reported",
            device,
            own or stamped,
            index,
            household_hints=home,
            modality="ambient",
            signal=measured(topic, path, value),
        )


def _telemetry(body: dict[str, Any]) -> _Telemetry:
    """Return the readings: a shadow's reported state, the `payload`, or what lies beside the topic."""
    for document in (mapping(body.get("current")), body, embedded(body.get("payload"))):
        state = mapping(document.get("state"))
        if "reported" in state or "desired" in state:
            times = mapping(within(document, "metadata", "reported"))
            return _Telemetry(body, mapping(state.get("reported")), times, is_shadow=True)
    inside = unwrapped(body.get("payload"))
    if not inside and (said := text(body.get("payload"))) is not None:
        inside = {"value": said}
    beside = {name: value for name, value in body.items() if name not in _ADDED}
    return _Telemetry(body, inside or beside, {}, is_shadow=False)


def _thing(topic: str | None) -> str | None:
    """Return the thing that a reserved topic names.

    >>> _thing("$aws/things/fridge-7/shadow/update/documents")
    'fridge-7'
    """
    parts = (topic or "").split("/")
    return parts[2] or None if parts[:2] == ["$aws", "things"] and len(parts) > 2 else None
