"""Alexa Smart Home: what appliances report (changes, states, supplies used) and scenes that were started.

These messages flow from the maker's cloud to Alexa; Hearthline sees them when that cloud sends a copy.
Every reported property is one reading. `change.cause.type` says who set a change off.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Correlation, Device, Event, Initiator, Modality, Raw, Signal
from hearthline.sources import (
    Payload,
    content_id,
    identified,
    instant,
    mapping,
    mappings,
    not_an_event,
    number,
    opened,
    part_id,
    spelled,
    text,
    unreadable,
    whole,
    within,
)

PLATFORM = "alexa_smart_home"
TITLE = "Alexa Smart Home"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "stream", "file")
PROOF = (
    "a write key of Hearthline on the copy: Alexa signs nothing, its directives go to the maker's AWS role"
)
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "no",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://developer.amazon.com/docs/device-apis/alexa-changereport.html"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")


class _Cause(NamedTuple):
    """Who set a change off and how, by the cause that the message states."""

    initiator: Initiator = Initiator()
    modality: Modality = "unknown"


_WHO: dict[str, tuple[Literal["human", "machine"], Modality]] = {
    "VOICE_INTERACTION": ("human", "voice"),
    "PHYSICAL_INTERACTION": ("human", "gesture"),
    "APP_INTERACTION": ("human", "screen"),
    "RULE_TRIGGER": ("machine", "automated"),
    "PERIODIC_POLL": ("machine", "automated"),
}
_STATES = frozenset(("StateReport", "Response"))
_REFUSED = {
    "Discover.Response": "a list of what a home has",
    "AddOrUpdateReport": "a list of what a home has",
    "DeleteReport": "a list of what a home no longer has",
    "AcceptGrant.Response": "a handshake",
    "ErrorResponse": "an error report",
    "DeferredResponse": "an announcement of an answer",
}
_SUPPLIES = "Alexa.Inventory"


def recognises(payload: Payload) -> bool:
    """Return whether this is a message of the Smart Home API, version 3 (or 2, which tells nothing).

    >>> recognises({"event": {"header": {"namespace": "Alexa", "name": "ChangeReport"}}})
    True
    """
    body = opened(payload)[0]
    return _header(body) is not None or _is_older(body)


def _is_older(body: dict[str, Any]) -> bool:
    return (text(within(body, "header", "namespace")) or "").startswith("Alexa.ConnectedHome.")


def _header(body: dict[str, Any]) -> dict[str, Any] | None:
    for part in ("event", "directive"):
        header = mapping(within(body, part, "header"))
        namespace = text(header.get("namespace"))
        if namespace is not None and namespace.split(".")[0] == "Alexa":
            return header
    return None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a reported property, supply used, or scene started.

    Raises:
        BadPayload: a directive, a discovery, a grant: they ask or list, and tell nothing that happened.
    """
    body, _ = opened(payload)
    header = _header(body)
    if header is None and _is_older(body):
        raise not_an_event(PLATFORM, "version 2 of the API asks and confirms, and reports no state")
    if header is None:
        raise unreadable(PLATFORM, "no header of 'Alexa'", body, "send the message whole")
    namespace, name = text(header.get("namespace")) or "", text(header.get("name")) or ""
    place = f"{PLATFORM}.{re.sub(r'[^A-Za-z.]', '', f'{namespace}.{name}')[:80]}"
    if "directive" in body and "event" not in body:
        raise not_an_event(place, "a directive asks for something; its effect is reported later")
    if name in _REFUSED:
        raise not_an_event(place, _REFUSED[name])
    yield from _events(place, body, header, received)


def _events(place: str, body: dict[str, Any], header: dict[str, Any], received: datetime) -> Iterator[Event]:
    name, payload = text(header.get("name")) or "", mapping(within(body, "event", "payload"))
    known = mappings(within(body, "context", "properties"))
    message = _Message(body, header, received)
    if name == "ChangeReport":
        change = mapping(payload.get("change"))
        changed = mappings(change.get("properties"))
        readings = [(p, _cause(change, "change.cause.type"), True) for p in changed]
        readings += [(p, _Cause(), False) for p in known]
    elif name in _STATES or (name.endswith(".Response") and known):
        readings = [(p, _Cause(), False) for p in known]
    else:
        yield _happening(place, message, payload)
        return
    if not readings:
        raise unreadable(place, "no properties", payload, "report the properties that changed")
    for index, (reading, cause, changed_now) in enumerate(readings):
        yield _reading(message, index, reading, cause, is_change=changed_now)


class _Message(NamedTuple):
    """One message and when we got it."""

    body: dict[str, Any]
    header: dict[str, Any]
    received: datetime

    def event(self, index: int, kind: str, time: datetime | None, **fields: Any) -> Event:
        """Return an event with what all events of the message share."""
        native = text(self.header.get("messageId"))
        endpoint = mapping(within(self.body, "event", "endpoint"))
        device = text(endpoint.get("endpointId"))
        return Event(
            id=part_id(native, index) if native else content_id(PLATFORM, self.body, index),
            id_origin="native" if native else "derived",
            source="//alexa/-/smart_home",
            type=kind,
            subject=device,
            time=time or self.received,
            time_quality="device" if time else "received",
            time_received=self.received,
            layer="device",
            identifiers=identified("alexa.endpoint", device)
            + identified("alexa.user", within(endpoint, "cookie", "userId")),
            correlation=Correlation(root=native if index else None),
            raw=_RAW,
            **fields,
        )


def _cause(block: dict[str, Any], evidence: str) -> _Cause:
    stated = text(within(block, "cause", "type")) or ""
    if stated not in _WHO:
        return _Cause()
    kind, modality = _WHO[stated]
    return _Cause(Initiator(kind=kind, evidence=evidence), modality)


def _reading(
    message: _Message, index: int, reading: dict[str, Any], cause: _Cause, *, is_change: bool
) -> Event:
    capability = text(reading.get("namespace")) or "unknown"
    attribute = text(reading.get("name")) or "unknown"
    value, amount, unit = _typed(reading.get("value"))
    supply = capability.startswith(_SUPPLIES)
    return message.event(
        index,
        "device.inventory.level_reported" if supply else "device.state.reported",
        instant(reading.get("timeOfSample")),
        time_uncertainty_ms=whole(reading.get("uncertaintyInMilliseconds")),
        stage="none",
        # A supply level that is polled falls by use, not because somebody ran a rule.
        modality="ambient" if supply and cause.modality == "automated" else cause.modality,
        initiator=cause.initiator,
        device=Device(
            id=text(within(message.body, "event", "endpoint", "endpointId")), kind=_kind(capability)
        ),
        signal=Signal(
            capability=capability,
            attribute=attribute,
            instance=text(reading.get("instance")),
            value=value,
            number=amount,
            unit=unit,
            state_change=is_change,
        ),
    )


_UNITS = {"Percentage": "PERCENT", "Count": "COUNT"}
_KINDS = (
    (("Alexa.Inventory", "Alexa.Cooking", "Alexa.WashCycle"), "appliance"),
    (("Alexa.ContactSensor", "Alexa.MotionSensor", "Alexa.TemperatureSensor"), "sensor"),
    (("Alexa.ChannelController", "Alexa.VideoRecorder", "Alexa.Launcher"), "tv"),
    (("Alexa.Speaker", "Alexa.EqualizerController"), "speaker"),
    (("Alexa.Automotive",), "vehicle"),
)


def _kind(capability: str) -> str | None:
    return next((kind for prefixes, kind in _KINDS if capability.startswith(prefixes)), None)


def _typed(value: object) -> tuple[str | None, float | None, str | None]:
    """Return a property's value as text, as a number, and its unit.

    >>> _typed({"@type": "Volume", "value": 2.5, "unit": "LITER"})
    ('2.5', 2.5, 'LITER')
    >>> _typed("ON"), _typed({"value": "OK"}), _typed(85)
    (('ON', None, None), ('OK', None, None), ('85', 85.0, None))
    """
    if isinstance(value, dict) and value and "value" not in value:
        return spelled(value), None, None  # a colour, a range
    if isinstance(value, dict):
        shown, amount, _ = _typed(value.get("value"))
        named = text(value.get("unit")) or text(value.get("scale"))
        return shown, amount, named or _UNITS.get(text(value.get("@type")) or "")
    if isinstance(value, bool):
        return str(value).lower(), None, None
    amount = number(value) if isinstance(value, int | float) else None
    return text(value) or (None if amount is None else f"{amount:g}"), amount, None


def _happening(place: str, message: _Message, payload: dict[str, Any]) -> Event:
    """Return the event of a message that is no report: a supply used, a scene, a doorbell."""
    namespace = text(message.header.get("namespace")) or ""
    name = text(message.header.get("name")) or ""
    time = instant(payload.get("timestamp")) or instant(payload.get("timeOfSample"))
    cause = _cause(payload, "payload.cause.type")
    if name == "InventoryConsumed":
        return _consumed(message, payload, time, namespace)
    kinds = {
        "ActivationStarted": "device.scene.activated",
        "DeactivationStarted": "device.scene.deactivated",
        "DoorbellPress": "device.doorbell.pressed",
    }
    if name not in kinds:
        raise unreadable(place, "an unknown message", message.body, "send reports and scenes")
    return message.event(
        0,
        kinds[name],
        time,
        modality=cause.modality,
        initiator=cause.initiator,
        device=Device(id=text(within(message.body, "event", "endpoint", "endpointId"))),
        signal=Signal(capability=namespace, attribute=name, state_change=True),
    )


def _consumed(message: _Message, payload: dict[str, Any], time: datetime | None, namespace: str) -> Event:
    used = (
        payload.get("usage") or payload.get("quantity") or next(iter(mappings(payload.get("usages"))), None)
    )
    value, amount, unit = _typed(used)
    return message.event(
        0,
        "device.inventory.consumed",
        time,
        modality="ambient",
        initiator=Initiator(kind="machine", evidence="event.header.name"),
        device=Device(id=text(within(message.body, "event", "endpoint", "endpointId")), kind="appliance"),
        signal=Signal(
            capability=namespace,
            attribute="usage",
            instance=text(message.header.get("instance")) or text(payload.get("instance")),
            value=value,
            number=amount,
            unit=unit,
            state_change=True,
        ),
    )
