"""Homebridge, and Apple HomeKit through it: characteristics that change, accessories, and its log.

A characteristic that changes is sent by a hook of yours in the words of HAP-NodeJS; accessories are as
Homebridge's own interface or the accessory protocol lists them; of the log, which is free text of many
plugins, only sentences that set something are read.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Device, Event, Hint, Initiator, Modality, Raw, Signal
from hearthline.sources import (
    Answer,
    Payload,
    Sent,
    content_id,
    identified,
    instant,
    json_payloads,
    mapping,
    mappings,
    not_an_event,
    opened,
    part_id,
    text,
    unreadable,
    whole,
    within,
)
from hearthline.sources.homebridge.characteristics import is_sensed, is_supply, kind_of, named, signal_of
from hearthline.sources.homebridge.lines import UNCERTAIN_MS, Line, line_of

__all__ = ["payloads", "read", "recognises"]

PLATFORM = "homebridge"
TITLE = "Homebridge (Apple HomeKit through it)"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "a write key of Hearthline, which your hook sends; Homebridge signs nothing"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://developers.homebridge.io/HAP-NodeJS/"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_LINES = ("line", "message", "log", "msg")
_PRESSES = {0: "single", 1: "double", 2: "long"}


class _Item(NamedTuple):
    """One thing that is told: of which accessory, what, who did it, and when."""

    type: str
    signal: Signal
    device: Device
    named: str | None = None
    initiator: Initiator = Initiator()
    modality: Modality = "unknown"
    time: datetime | None = None
    uncertain_ms: int | None = None


def recognises(payload: Payload) -> bool:
    """Return whether this is a change, an accessory, or a line of the log.

    >>> recognises({"accessory": "Kettle", "service": "Switch", "characteristic": "On", "newValue": True})
    True
    """
    body, _ = opened(payload)
    return _is_change(body) or bool(_accessories(body)) or _is_wire(body) or _line(body) is not None


def payloads(sent: Sent) -> Iterator[Payload]:
    """Yield the JSON objects of a request, or each line of a log as one.

    >>> from datetime import UTC
    >>> list(payloads(Sent(body=b"[3/1/2026, 6:05:00 PM] [a] b", received=datetime(2026, 3, 1, tzinfo=UTC))))
    [{'line': '[3/1/2026, 6:05:00 PM] [a] b'}]
    """
    if re.match(rb"\s*(\{|\[\s*[{\]])", sent.body):
        yield from json_payloads(sent, PLATFORM)
        return
    for line in sent.body.decode("utf-8", "replace").splitlines():
        if line.strip():
            yield {"line": line}


def _is_change(body: dict[str, Any]) -> bool:
    about = isinstance(body.get("accessory"), str | dict) or text(body.get("service")) is not None
    return about and text(body.get("characteristic")) is not None and ("newValue" in body or "value" in body)


def _accessories(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the services that Homebridge's interface lists: one alone, or several."""
    listed = mappings(body.get("accessories")) or mappings(body.get("services")) or [body]
    return [item for item in listed if mappings(item.get("serviceCharacteristics"))]


def _is_wire(body: dict[str, Any]) -> bool:
    """Return whether it is what the accessory protocol itself sends: accessories, or values by number."""
    values = mappings(body.get("characteristics"))
    return any("aid" in v and "iid" in v and "value" in v for v in values) or bool(_on_wire(body))


def _on_wire(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [a for a in mappings(body.get("accessories")) if "aid" in a and mappings(a.get("services"))]


def _line(body: dict[str, Any]) -> Line | None:
    written = next((value for name in _LINES if (value := text(body.get(name))) is not None), None)
    return None if written is None else line_of(written, whole(body.get("tz_offset_min")))


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a value that changed or is told.

    Raises:
        BadPayload: a value that was only looked at, a line that sets nothing; nothing that we know.
    """
    body, _ = opened(payload)
    if not recognises(payload):
        raise unreadable(PLATFORM, "no change, accessory or line", body, "send what the page shows")
    found = list(_items(body))
    if not found:
        raise not_an_event(PLATFORM, "nothing was set: a look, a line of text, or values without a name")
    around = _Around(body, received)
    yield from (around.event(index, item) for index, item in enumerate(found))


def _items(body: dict[str, Any]) -> Iterator[_Item]:
    if _is_change(body):
        yield from _change(body)
    elif _accessories(body):
        for item in _accessories(body):
            yield from _listed(item)
    elif _is_wire(body):
        yield from _wire(body)
    else:
        yield from _said(body)


def _change(body: dict[str, Any]) -> Iterator[_Item]:
    """Yield a change in the words of HAP-NodeJS: who wrote it, what it was, what it is."""
    reason, accessory = text(body.get("reason")), mapping(body.get("accessory"))
    if reason == "read":
        return
    service, characteristic = named(body.get("service")), named(body.get("characteristic"))
    new, old = body.get("newValue", body.get("value")), body.get("oldValue")
    # With an originator it came from Apple Home, which says no more; without one the plugin set it.
    wrote = bool(body.get("originator"))
    told = _Item(
        "device.command.sent" if wrote else "device.state.reported",
        signal_of(service, characteristic, new, previous=_shown(old), state_change=new != old),
        Device(
            id=text(accessory.get("uuid")) or text(accessory.get("UUID")) or text(body.get("accessory")),
            kind=kind_of(service),
            make=text(accessory.get("manufacturer")),
            model=text(accessory.get("model")),
            hub=text(body.get("bridge")),
        ),
        modality="ambient" if is_sensed(characteristic) else "unknown",
        time=instant(body.get("time")),
    )
    yield _pressed(told, new) if characteristic == "ProgrammableSwitchEvent" else _supplied(told)


def _pressed(item: _Item, value: object) -> _Item:
    press = _PRESSES.get(value) if isinstance(value, int) and not isinstance(value, bool) else None
    return item._replace(
        type="device.button.pressed",
        signal=signal_of(
            item.signal.capability, "ProgrammableSwitchEvent", press or value, state_change=True
        ),
        initiator=Initiator(kind="human", evidence="characteristic"),
        modality="gesture",
    )


def _supplied(item: _Item) -> _Item:
    if not is_supply(item.signal.attribute):
        return item
    return item._replace(type="device.inventory.level_reported", modality="ambient")


def _shown(value: object) -> str | None:
    return signal_of(None, None, value).value


def _listed(item: dict[str, Any]) -> Iterator[_Item]:
    """Yield each value of a service as Homebridge's interface lists it; its own description is left out."""
    service = named(item.get("type")) or named(item.get("humanType"))
    if service in ("AccessoryInformation", "ProtocolInformation"):
        return
    about, unique = mapping(item.get("accessoryInformation")), text(item.get("uniqueId"))
    device = Device(
        id=unique or text(item.get("aid")),
        kind=kind_of(service),
        make=text(about.get("Manufacturer")),
        model=text(about.get("Model")),
        hub=text(within(item, "instance", "username")),
    )
    for characteristic in mappings(item.get("serviceCharacteristics")):
        name = named(characteristic.get("type")) or named(characteristic.get("description"))
        yield from _value(service, name, characteristic.get("value"), device, unique)


def _value(
    service: str | None, characteristic: str | None, value: Any, device: Device, unique: str | None
) -> Iterator[_Item]:
    """Yield a value as it is now, if it is a state: not a name, and not the last press."""
    signal = signal_of(service, characteristic, value)
    if signal.value is None or characteristic in (None, "Name", "ConfiguredName", "ProgrammableSwitchEvent"):
        return
    modality: Modality = "ambient" if is_sensed(characteristic) else "unknown"
    yield _supplied(_Item("device.state.reported", signal, device, unique, modality=modality))


def _wire(body: dict[str, Any]) -> Iterator[_Item]:
    for accessory in _on_wire(body):
        for part in mappings(accessory.get("services")):
            service = named(part.get("type"))
            if service is None or service in ("3E", "A2"):  # the accessory's own description
                continue
            device = Device(id=text(accessory.get("aid")), kind=kind_of(service))
            for told in mappings(part.get("characteristics")):
                yield from _value(service, named(told.get("type")), told.get("value"), device, None)
    for told in mappings(body.get("characteristics")):
        name = named(told.get("type")) or text(told.get("iid"))
        device = Device(id=text(told.get("aid")))
        yield from _value(None, name, told.get("value"), device, None)


def _said(body: dict[str, Any]) -> Iterator[_Item]:
    line = _line(body)
    if line is None or line.characteristic is None:
        return
    time = instant(body.get("time")) or line.time
    zoned = line.zoned or instant(body.get("time")) is not None
    yield _Item(
        "device.state.reported",
        signal_of(line.plugin, named(line.characteristic), line.value, state_change=True),
        Device(id=line.label or line.plugin),
        time=time,
        uncertain_ms=None if zoned or time is None else UNCERTAIN_MS,
    )


class _Around:
    """One payload and when we got it."""

    def __init__(self, body: dict[str, Any], received: datetime) -> None:
        self.body, self.received = body, received
        self.home, self.native = text(body.get("household")), text(body.get("id"))

    def event(self, index: int, item: _Item) -> Event:
        """Return one event of the payload."""
        # Names and numbers are given in every home anew: they name a thing only within one.
        scope = self.home or item.device.hub
        known = item.named or (f"{scope}/{item.device.id}" if scope and item.device.id else None)
        return Event(
            id=part_id(self.native, index) if self.native else content_id(PLATFORM, self.body, index),
            id_origin="native" if self.native else "derived",
            source="//homebridge/-/bridge",
            type=item.type,
            subject=item.device.id,
            time=item.time or self.received,
            time_quality="device" if item.time else "received",
            time_received=self.received,
            time_uncertainty_ms=item.uncertain_ms,
            layer="device",
            modality=item.modality,
            identifiers=identified("homekit.device", known),
            household_hints=(Hint(kind="home", value=self.home),) if self.home else (),
            initiator=item.initiator,
            device=item.device,
            signal=item.signal,
            raw=_RAW,
        )
