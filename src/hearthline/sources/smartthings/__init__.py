"""SmartThings: device, health, scene, mode, timer and security events of a home, and app installations.

A SmartApp's webhook gets lifecycles; only EVENT, INSTALL, UPDATE and UNINSTALL tell what happened. A sink of
Enterprise Eventing gets the same events one at a time. The location is the home. Access and refresh tokens
are never read.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Literal, NamedTuple

import msgspec

from hearthline.schema.event import (
    Automation,
    Correlation,
    Device,
    Event,
    Hint,
    Identifier,
    Initiator,
    Modality,
    Raw,
    Signal,
)
from hearthline.sources import (
    Payload,
    content_id,
    each,
    identified,
    instant,
    mapping,
    mappings,
    not_an_event,
    number,
    opened,
    spelled,
    text,
    unreadable,
    within,
    word,
)
from hearthline.sources.smartthings.door import reply, verify
from hearthline.sources.smartthings.schema import SchemaState, is_schema, told_by_schema

__all__ = ["read", "recognises", "reply", "verify"]

HEADERS = ("date",)
PLATFORM = "smartthings"
TITLE = "Samsung SmartThings"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "HTTP Signature (rsa-sha256 over request target, digest and date) with SmartThings' public key"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "yes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://developer.smartthings.com/docs/connected-services/lifecycles"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_SETUPS = {
    "INSTALL": ("installData", "platform.app.installed"),
    "UPDATE": ("updateData", "platform.app.updated"),
    "UNINSTALL": ("uninstallData", "platform.app.uninstalled"),
}
_HANDSHAKES = {
    "PING": "a handshake; answer its challenge",
    "CONFIRMATION": "a handshake; fetch its confirmation URL",
    "CONFIGURATION": "a question for a settings page",
    "OAUTH_CALLBACK": "a step of a sign-in",
    "OAUTHCALLBACK": "a step of a sign-in",
    "EXECUTE": "a question to the app",
    "SINK_CONFIRMATION": "a handshake; answer its challenge",
}


class _Told(NamedTuple):
    """What one event of a list tells, apart from where and when."""

    type: str
    signal: Signal = Signal()
    device: Device = Device()
    initiator: Initiator = Initiator()
    modality: Modality = "unknown"
    automation: Automation = Automation()


class _Around(NamedTuple):
    """What the request says of all its events: the app, the home, our clock, the signed date."""

    app: str
    location: str | None
    received: datetime
    dated: datetime | None
    execution: str | None


class _Named(NamedTuple):
    """An event's own id, home and time."""

    id: str | None
    location: str | None
    time: datetime | None


def recognises(payload: Payload) -> bool:
    """Return whether this is a request of a SmartApp's lifecycle.

    >>> recognises({"lifecycle": "PING", "pingData": {}}), recognises({"lifecycle": "PING"})
    (True, False)
    """
    body, _ = opened(payload)
    if is_schema(body):
        return True
    kind = _lifecycle(body)
    if kind is None:
        return bool(_remembered(body))
    return (
        kind in ("SINK", "SINK_CONFIRMATION")
        or any(n.endswith("Data") for n in body)
        or "executionId" in body
    )


def _lifecycle(body: dict[str, Any]) -> str | None:
    told = text(body.get("lifecycle")) or text(body.get("messageType"))
    notified = text(body.get("notificationType"))
    if told is None and notified is not None and text(body.get("accountId")):
        return notified if notified in _HANDSHAKES else "SINK"
    return told if told in _HANDSHAKES or told in _SETUPS or told == "EVENT" else None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event for each in the list, or one for an installation.

    Raises:
        BadPayload: a handshake or a question; no lifecycle; an event of no documented type.
    """
    body, headers = opened(payload)
    if is_schema(body):
        around = _Around("schema", None, received, None, None)
        yield from each(told_by_schema(body), lambda told: [_of_schema(told, around)])
        return
    kind = _lifecycle(body)
    if kind is None and (items := _remembered(body)):
        yield from (_of_history(item, received) for item in items)
        return
    if kind is None:
        raise unreadable(PLATFORM, "no 'lifecycle'", body, "send the lifecycle request whole")
    if kind in _HANDSHAKES:
        raise not_an_event(f"{PLATFORM}.{kind}", _HANDSHAKES[kind])
    if kind == "SINK":
        around = _Around(
            text(body.get("accountId")) or "-", None, received, instant(headers.get("date")), None
        )
        yield from _events(body | {"eventType": body.get("notificationType")}, around)
        return
    key = "eventData" if kind == "EVENT" else _SETUPS[kind][0]
    data = mapping(body.get(key))
    app = mapping(data.get("installedApp"))
    around = _Around(
        app=text(app.get("installedAppId")) or text(within(body, "settings", "appId")) or "-",
        location=text(app.get("locationId")),
        received=received,
        dated=instant(headers.get("date")),
        execution=text(body.get("executionId")),
    )
    if kind != "EVENT":
        yield _setup(body, kind, around)
        return
    listed = mappings(data.get("events"))
    if not listed:
        raise unreadable(f"{PLATFORM}.EVENT", "no events in it", data, "send 'eventData.events'")
    yield from each(listed, lambda item: _events(item, around))


_HISTORY = frozenset(("deviceId", "capability", "attribute", "component", "epoch"))


def _remembered(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a device's history: a page of them, or one as it was exported."""
    items = [body] if body.keys() >= _HISTORY else mappings(body.get("items"))
    return [item for item in items if item.keys() >= _HISTORY]


def _of_schema(told: SchemaState, around: _Around) -> Event:
    reading = _Told("device.command.sent", told.signal) if told.command else _reading(told.block)
    device = Device(id=told.device, kind=reading.device.kind)
    made = reading._replace(device=device, type="platform.app.uninstalled" if told.ended else reading.type)
    return _event(made, around, _Named(None, None, told.time), told.block)


def _of_history(item: dict[str, Any], received: datetime) -> Event:
    around = _Around("history", text(item.get("locationId")), received, None, None)
    told = _reading(item | {"componentId": item.get("component")})
    time = instant(item.get("time")) or instant(item.get("epoch"))
    return _event(told, around, _Named(None, around.location, time), item)


def _setup(body: dict[str, Any], kind: str, around: _Around) -> Event:
    told = _Told(_SETUPS[kind][1], initiator=Initiator(kind="human", evidence="lifecycle"))
    native = f"{around.execution}/{kind.lower()}" if around.execution else None
    event = _event(told, around, _Named(native, around.location, around.dated), body)
    return msgspec.structs.replace(event, stage="none" if kind == "UNINSTALL" else "post_purchase")


def _event(told: _Told, around: _Around, named: _Named, item: dict[str, Any]) -> Event:
    when = named.time or around.dated
    return Event(
        id=named.id or content_id(PLATFORM, item),
        id_origin="native" if named.id else "derived",
        source=f"//smartthings/-/{around.app}",
        type=told.type,
        subject=told.device.id,
        time=when or around.received,
        time_quality="platform" if when else "received",
        time_received=around.received,
        layer="platform" if told.type.startswith("platform.") else "device",
        modality=told.modality,
        identifiers=identified("smartthings.location", named.location) + _identifiers(told.device),
        household_hints=(Hint(kind="location", value=named.location),) if named.location else (),
        initiator=told.initiator,
        automation=told.automation,
        correlation=Correlation(root=around.execution),
        device=told.device,
        signal=told.signal,
        raw=_RAW,
    )


def _identifiers(device: Device) -> tuple[Identifier, ...]:
    return identified("smartthings.device", device.id) + identified("smartthings.hub", device.hub)


def _events(item: dict[str, Any], around: _Around) -> Iterator[Event]:
    kind = text(item.get("eventType")) or ""
    key = next((k for k in item if k.endswith("Event") and isinstance(item[k], dict)), None)
    block = mapping(item.get(key)) if key else {}
    if not block:
        raise unreadable(f"{PLATFORM}.event", "no block of its type", item, "send the event whole")
    reader = _READERS.get(kind.removesuffix("_EVENT")) or _READERS.get(_spelled(key or ""))
    if reader is None and kind.endswith("_LIFECYCLE_EVENT"):
        reader = partial(_other_life, word(kind.removesuffix("_LIFECYCLE_EVENT"), "thing"))
    if reader is None:
        raise unreadable(f"{PLATFORM}.event", "an unknown 'eventType'", item, "leave it out")
    location = text(block.get("locationId")) or around.location
    time = instant(item.get("eventTime")) or instant(block.get("time"))
    time = time or instant(block.get("timestamp"))
    yield _event(reader(block), around, _Named(text(block.get("eventId")), location, time), block)


def _spelled(key: str) -> str:
    """Return the type that a block's name spells (older fixtures have no `eventType`).

    >>> _spelled("deviceHealthEvent")
    'DEVICE_HEALTH'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key.removesuffix("Event")).upper()


_HANDS: dict[str, tuple[Literal["human", "machine"], Modality]] = {
    "manual": ("human", "gesture"),
    "physical": ("human", "gesture"),
    "app": ("human", "screen"),
    "voice": ("human", "voice"),
    "auto": ("machine", "automated"),
    "schedule": ("machine", "automated"),
    "rule": ("machine", "automated"),
    "keypad": ("human", "gesture"),
    "rfid": ("human", "gesture"),
    "fingerprint": ("human", "gesture"),
}
_KINDS = {
    "appliance": "washerOperatingState dryerOperatingState dishwasherOperatingState ovenOperatingState "
    "refrigeration robotCleanerCleaningMode coffee airPurifierFanMode washerMode dryerMode",
    "tv": "tvChannel mediaInputSource channel",
    "speaker": "audioNotification speechSynthesis musicPlayer audioTrackData mediaPlayback",
    "sensor": "contactSensor motionSensor presenceSensor temperatureMeasurement waterSensor smokeDetector "
    "relativeHumidityMeasurement illuminanceMeasurement accelerationSensor soundSensor powerMeter",
    "button": "button",
}
_KIND_OF = {name: kind for kind, names in _KINDS.items() for name in names.split()}


_NUMBERS = ("number", "integer", "decimal")


def _reading(block: dict[str, Any]) -> _Told:
    capability, attribute = text(block.get("capability")), text(block.get("attribute"))
    raw, change = block.get("value"), block.get("stateChange")
    shown = str(raw).lower() if isinstance(raw, bool) else text(raw)
    typed = (text(block.get("valueType")) or "").lower()
    amount = number(raw) if typed in _NUMBERS or not isinstance(raw, str) else None
    if shown is None and amount is not None:
        shown = f"{amount:g}"
    if isinstance(raw, dict | list) and raw:
        shown = spelled(raw)
    data = mapping(block.get("data"))
    method = (text(data.get("method")) or "").lower()
    told = _HANDS.get(method)
    pressed = capability == "button"
    initiator = Initiator()
    modality: Modality = "unknown"
    if told is not None:
        initiator, modality = Initiator(kind=told[0], evidence="deviceEvent.data.method"), told[1]
    elif pressed:
        initiator, modality = Initiator(kind="human", evidence="deviceEvent.capability"), "gesture"
    return _Told(
        "device.button.pressed" if pressed else "device.state.reported",
        Signal(
            capability=capability,
            attribute=attribute,
            instance=text(block.get("componentId")),
            value=shown,
            number=amount,
            unit=text(block.get("unit")) or text(data.get("unit")),
            state_change=change if isinstance(change, bool) else None,
        ),
        Device(id=text(block.get("deviceId")), kind=_KIND_OF.get(capability or "")),
        initiator,
        modality,
    )


def _health(block: dict[str, Any]) -> _Told:
    state = _state("health", "status", block.get("status"))
    return _Told("device.health.changed", state, _device(block))


def _hub_health(block: dict[str, Any]) -> _Told:
    state = _state("hubHealth", "status", block.get("status"))
    return _Told("device.hub.health_changed", state, Device(hub=text(block.get("hubId")), kind="hub"))


def _life(block: dict[str, Any]) -> _Told:
    action = {"CREATE": "added", "DELETE": "removed", "UPDATE": "changed"}
    named = action.get((text(block.get("lifecycle")) or "").upper(), "changed")
    return _Told(f"device.device.{named}", device=_device(block))


def _other_life(noun: str, block: dict[str, Any]) -> _Told:
    """Return what happened to a room, a location or the like."""
    action = {"CREATE": "added", "DELETE": "removed"}
    named = action.get((text(block.get("lifecycle")) or "").upper(), "changed")
    return _Told(f"device.{noun}.{named}", _state("lifecycle", noun, named), _device(block))


def _app_life(block: dict[str, Any]) -> _Told:
    action = {"CREATE": "installed", "INSTALL": "installed", "DELETE": "uninstalled"}
    named = action.get((text(block.get("lifecycle")) or "").upper(), "updated")
    return _Told(f"platform.app.{named}")


def _timer(block: dict[str, Any]) -> _Told:
    name = text(block.get("name"))
    return _Told(
        "device.timer.fired",
        _state("timer", text(block.get("type")) or "timer", name),
        initiator=Initiator(kind="scheduled", evidence="eventType"),
        modality="automated",
        automation=Automation(kind="routine", role="act", ref_system=PLATFORM, ref_type="timer", ref_id=name),
    )


def _arm(block: dict[str, Any]) -> _Told:
    return _Told("device.security.arm_state_changed", _state("security", "armState", block.get("armState")))


def _mode(block: dict[str, Any]) -> _Told:
    return _Told("device.mode.changed", _state("mode", "modeId", block.get("modeId")))


def _scene(block: dict[str, Any]) -> _Told:
    told = _state("scene", "sceneId", block.get("sceneId"))
    return _Told(f"device.scene.{word(block.get('lifecycle'), 'executed')}", told)


def _commands(block: dict[str, Any]) -> _Told:
    first = next(iter(mappings(block.get("commands"))), {})
    told = Signal(capability=text(first.get("capability")), attribute=text(first.get("command")))
    return _Told("device.command.sent", told, _device(block))


def _state(capability: str, attribute: str, value: object) -> Signal:
    return Signal(capability=capability, attribute=attribute, value=text(value), state_change=True)


def _device(block: dict[str, Any]) -> Device:
    return Device(id=text(block.get("deviceId")), hub=text(block.get("hubId")))


_READERS = {
    "DEVICE": _reading,
    "DEVICE_HEALTH": _health,
    "DEVICE_LIFECYCLE": _life,
    "DEVICE_COMMANDS": _commands,
    "HUB_HEALTH": _hub_health,
    "HUB_LIFECYCLE": _hub_health,
    "INSTALLED_APP_LIFECYCLE": _app_life,
    "TIMER": _timer,
    "SECURITY_ARM_STATE": _arm,
    "MODE": _mode,
    "SCENE_LIFECYCLE": _scene,
    "SCENE": _scene,
}
