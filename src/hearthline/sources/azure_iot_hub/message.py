"""One message of a hub, whichever of the hub's ways it took to us."""

from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

from hearthline.sources import embedded, instant, mapping, text, unwrapped

__all__ = ["Message", "message_of"]

Kind = Literal["telemetry", "twin", "created", "deleted", "connected", "disconnected", "handshake", "unknown"]

_EVENTS: dict[str, Kind] = {
    "DeviceTelemetry": "telemetry",
    "DeviceCreated": "created",
    "DeviceDeleted": "deleted",
    "DeviceConnected": "connected",
    "DeviceDisconnected": "disconnected",
}
_OPERATIONS: dict[str, Kind] = {
    "createdeviceidentity": "created",
    "createmoduleidentity": "created",
    "deletedeviceidentity": "deleted",
    "deletemoduleidentity": "deleted",
    "deviceconnected": "connected",
    "moduleconnected": "connected",
    "devicedisconnected": "disconnected",
    "moduledisconnected": "disconnected",
    "updatetwin": "twin",
    "replacetwin": "twin",
}
_SOURCES: dict[str, Kind] = {
    "": "telemetry",
    "telemetry": "telemetry",
    "devicemessages": "telemetry",
    "twinchangeevents": "twin",
}
_SYSTEM = ("systemProperties", "SystemProperties", "system_properties")
_APPLICATION = (
    "properties",
    "appProperties",
    "Properties",
    "applicationProperties",
    "application_properties",
)


class Message(NamedTuple):
    """What a message says. `properties` are the application's own; `clock` says whose time `time` is."""

    kind: Kind
    body: dict[str, Any]
    properties: dict[str, Any]
    hub: str = "-"
    device: str | None = None
    id: str | None = None
    time: datetime | None = None
    clock: Literal["device", "platform"] = "platform"
    sequence: str | None = None
    component: str | None = None


def message_of(body: dict[str, Any]) -> Message | None:
    """Return the message that a payload holds, or None where IoT Hub sends nothing like it.

    >>> found = message_of({"EnqueuedTimeUtc": "2026-03-01T06:00:00.0000000Z", "Properties": {},
    ...     "SystemProperties": {"connectionDeviceId": "fridge-1"}, "Body": "eyJ0IjogNH0="})
    >>> found.device, found.body
    ('fridge-1', {'t': 4})
    """
    kind = text(body.get("eventType")) or text(body.get("type")) or ""
    if kind.startswith("Microsoft.EventGrid.Subscription"):
        return Message("handshake", {}, {})
    if kind.startswith("Microsoft.Devices."):
        return _of_event_grid(kind.rpartition(".")[2], body)
    inside = mapping(body.get("message")) or mapping(body.get("event")) or body
    return _of_route(inside, body) or _of_analytics(body) or _of_central(body)


def _of_event_grid(name: str, body: dict[str, Any]) -> Message:
    data = embedded(body.get("data"))
    system, properties = _plain(data, _SYSTEM), mapping(data.get("properties"))
    return Message(
        kind=_EVENTS.get(name, "unknown"),
        hub=_word(data.get("hubName")) or _hub_of(text(body.get("topic")) or text(body.get("source"))),
        # Whoever connected is stamped by the hub; the subject of a sample names another device.
        device=text(system.get("connectiondeviceid"))
        or text(data.get("deviceId"))
        or _device_of(text(body.get("subject"))),
        id=text(body.get("id")),
        sequence=text(mapping(data.get("deviceConnectionStateEventInfo")).get("sequenceNumber")),
        component=text(system.get("dtsubject")),
        body=unwrapped(data.get("body")),
        properties=properties,
        **_clock(system, body.get("eventTime") or body.get("time")),
    )


def _of_route(inside: dict[str, Any], whole: dict[str, Any]) -> Message | None:
    """Return a message that a route wrote to storage or Event Hubs, or that the command line monitored."""
    system = _plain(inside, (*_SYSTEM, "annotations"))
    monitored = mapping(inside.get("properties"))
    system |= _plain(monitored, ("system",)) | _plain(inside, ("annotations",))
    is_monitored = text(inside.get("origin")) is not None and "payload" in inside
    if not is_monitored and not {"connectiondeviceid", "messagesource", "connectionauthmethod"} & set(system):
        return None
    properties = mapping(monitored.get("application")) or _first(inside, _APPLICATION)
    body = next((inside[name] for name in ("body", "Body", "payload") if name in inside), None)
    enqueued = inside.get("EnqueuedTimeUtc") or inside.get("enqueuedTimeUtc") or whole.get("enqueuedTimeUtc")
    return Message(
        kind=_kind(properties, system),
        hub=_word(properties.get("hubName")) or "-",
        device=text(system.get("connectiondeviceid"))
        or text(properties.get("deviceId"))
        or text(inside.get("origin")),
        component=text(system.get("dtsubject")) or text(inside.get("component")),
        body=unwrapped(body),
        properties=properties,
        **_clock(system, properties.get("operationTimestamp") or system.get("enqueuedtime") or enqueued),
    )


def _kind(properties: dict[str, Any], system: dict[str, Any]) -> Kind:
    operation = text(properties.get("opType"))
    if operation is not None:
        return _OPERATIONS.get(operation.lower(), "unknown")
    return _SOURCES.get((text(system.get("messagesource")) or "").lower(), "unknown")


def _of_analytics(body: dict[str, Any]) -> Message | None:
    """Return a message as Stream Analytics writes it: readings beside a block of the hub."""
    block = mapping(body.get("IoTHub"))
    device = text(block.get("ConnectionDeviceId"))
    if device is None:
        return None
    time = instant(block.get("EnqueuedTime")) or instant(body.get("EventEnqueuedUtcTime"))
    added = {"IoTHub", "EventProcessedUtcTime", "PartitionId", "EventEnqueuedUtcTime"}
    readings = {name: value for name, value in body.items() if name not in added}
    return Message("telemetry", readings, {}, device=device, time=time)


def _of_central(body: dict[str, Any]) -> Message | None:
    """Return a message as IoT Central, which stands on IoT Hub, exports it."""
    told, device = text(body.get("messageSource")), text(body.get("deviceId"))
    if told is None or device is None or text(body.get("applicationId")) is None:
        return None
    time = instant(body.get("enqueuedTime"))
    around = mapping(body.get("enrichments")) | mapping(body.get("messageProperties"))
    kinds: dict[str, Kind] = {"telemetry": "telemetry", "deviceconnectivity": "unknown"}
    happened = text(body.get("messageType"))
    if happened in ("connected", "disconnected"):
        kinds["deviceconnectivity"] = cast("Kind", happened)
    kind = kinds.get(told.lower(), "unknown")
    hub = _word(body.get("applicationId")) or "-"
    readings = mapping(body.get("telemetry"))
    return Message(kind, readings, around, hub=hub, device=device, time=time)


def _clock(system: dict[str, Any], otherwise: object) -> dict[str, Any]:
    """Return the device's own time where it sent one, else the hub's."""
    own = instant(system.get("creationtimeutc"))
    return {"time": own, "clock": "device"} if own else {"time": instant(otherwise), "clock": "platform"}


def _first(body: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return next((found for name in names if (found := mapping(body.get(name)))), {})


def _plain(body: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the system properties under one spelling of their names.

    >>> _plain({"systemProperties": {"iothub-connection-device-id": "d1"}}, ("systemProperties",))
    {'connectiondeviceid': 'd1'}
    """
    found = _first(body, names)
    return {
        name.lower().removeprefix("iothub-").replace("-", "").replace("_", ""): value
        for name, value in found.items()
    }


def _word(value: object) -> str | None:
    return "".join((text(value) or "").split()).replace("/", "") or None


def _hub_of(path: str | None) -> str:
    """Return the hub that a resource's path ends with.

    >>> _hub_of("/SUBSCRIPTIONS/s/RESOURCEGROUPS/g/PROVIDERS/MICROSOFT.DEVICES/IOTHUBS/home-hub")
    'home-hub'
    """
    before, _, last = (path or "").rpartition("/")
    return (_word(last) or "-").lower() if before.upper().endswith("/IOTHUBS") else "-"


def _device_of(subject: str | None) -> str | None:
    """Return the device that a subject names.

    >>> _device_of("devices/fridge-1"), _device_of("devices/fridge-1/modules/m"), _device_of("else")
    ('fridge-1', 'fridge-1', None)
    """
    head, _, rest = (subject or "").partition("/")
    return rest.split("/")[0] or None if head == "devices" else None
