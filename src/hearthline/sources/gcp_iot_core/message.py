"""One message about a device, whichever way Pub/Sub or Eventarc handed it on."""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from hearthline.sources import embedded, instant, mapping, mappings, number, text, unwrapped, within

__all__ = ["Message", "Readings", "headed", "messages_of", "readings_of"]

_DEVICE = ("deviceid", "devicenumid", "clientid")
_MANAGER = "google.cloud.iot.v1.DeviceManager."
_NAME = re.compile(r"projects/([^/]+)/locations/[^/]+/registries/([^/]+)/devices/([^/]+)")
_META = "x-goog-pubsub-"
_LONGEST = 200


class Message(NamedTuple):
    """What a message says. `attributes` have their names in lower case, without marks."""

    whole: dict[str, Any]
    attributes: dict[str, Any]
    data: object
    body: dict[str, Any]
    id: str | None = None
    time: datetime | None = None
    project: str = "-"
    registry: str = "-"
    device: str | None = None
    happening: str | None = None


class Readings(NamedTuple):
    """The readings of a message, and when its device took them, where it says so."""

    values: dict[str, Any]
    time: datetime | None = None


def headed(body: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the body with what travelled in the headers: a binary event, a message without wrapper."""
    if headers.get("ce-type"):
        told = {name: headers.get(f"ce-{name}") for name in ("type", "id", "time", "subject")}
        return told | {"data": body}
    if headers.get(f"{_META}message-id"):
        return {
            "message": {
                "attributes": dict(headers),
                "data": body,
                "messageId": headers[f"{_META}message-id"],
                "publishTime": headers.get(f"{_META}publish-time"),
            },
            "subscription": headers.get(f"{_META}subscription-name"),
        }
    return body


def messages_of(body: dict[str, Any]) -> list[Message]:
    """Return the messages about devices that a payload holds.

    >>> pushed = {"message": {"attributes": {"deviceId": "f", "projectId": "p"}, "messageId": "1"}}
    >>> [(m.id, m.device, m.project) for m in messages_of(pushed)]
    [('1', 'f', 'p')]
    """
    pulled = mappings(body.get("receivedMessages"))
    if pulled:
        return [found for item in pulled for found in messages_of(item)]
    kind = text(body.get("type")) or ""
    if kind.startswith(_MANAGER):
        return [_managed(body, embedded(body.get("data")), kind.removeprefix(_MANAGER))]
    context = mapping(body.get("context"))
    if _is_pubsub(context):
        # A function of the second generation has its CloudEvent's attributes apart from the data.
        return messages_of({**context, "data": body.get("data")})
    message = mapping(embedded(body.get("data")).get("message")) if _is_pubsub(body) else {}
    for inside in (message, mapping(body.get("message")), _handed(body), body):
        # A subscription that writes to BigQuery spells the attributes, and the data, as text.
        attributes = _plain(inside.get("attributes"))
        if any(text(attributes.get(name)) for name in _DEVICE):
            return [_published(body, inside, attributes)]
    return _described(body)


def _is_pubsub(attributes: dict[str, Any]) -> bool:
    return (text(attributes.get("type")) or "").startswith("google.cloud.pubsub.")


def _handed(body: dict[str, Any]) -> dict[str, Any]:
    """Return what a function of the first generation was given beside its context, or around it.

    >>> _handed({"context": {"eventId": "1"}, "data": {"data": "eyJ0IjogNH0="}})
    {'data': 'eyJ0IjogNH0='}
    """
    if isinstance(body.get("context"), dict) or ("eventId" in body and "eventType" in body):
        return mapping(body.get("event")) or embedded(body.get("data"))
    return {}


class _Around(NamedTuple):
    """What the event around a message says of it."""

    id: str | None = None
    time: datetime | None = None
    topic: str | None = None


def _around(whole: dict[str, Any]) -> _Around:
    context = mapping(whole.get("context")) or whole
    if _is_pubsub(context):
        return _Around(text(context.get("id")), instant(context.get("time")))
    if "eventId" not in context:
        return _Around()
    resource = context.get("resource")
    named = text(within(context, "resource", "name")) if isinstance(resource, dict) else text(resource)
    return _Around(text(context.get("eventId")), instant(context.get("timestamp")), named)


def _published(whole: dict[str, Any], inside: dict[str, Any], attributes: dict[str, Any]) -> Message:
    around = _around(whole)
    told = text(whole.get("subscription")) or text(within(whole, "data", "subscription"))
    project, registry = text(attributes.get("projectid")), text(attributes.get("deviceregistryid"))
    parts = (told or around.topic or "").split("/")
    return Message(
        whole=whole,
        attributes=attributes,
        data=inside.get("data"),
        body=unwrapped(inside.get("data")),
        id=text(inside.get("messageId")) or text(inside.get("message_id")) or around.id,
        time=instant(inside.get("publishTime")) or instant(inside.get("publish_time")) or around.time,
        project=_word(project) or (_word(parts[1]) if len(parts) == 4 else None) or "-",
        registry=_word(registry) or _word(parts[-1]) or "-",
        device=next((v for name in _DEVICE if (v := text(attributes.get(name)))), None),
    )


def _managed(whole: dict[str, Any], data: dict[str, Any], happening: str) -> Message:
    """Return an event of the device manager: a device that was made, changed or removed."""
    payload = mapping(data.get("payload"))
    told = (payload.get("name"), whole.get("subject"), within(data, "protoPayload", "resourceName"))
    named = next((found for value in told if (found := _NAME.search(text(value) or ""))), None)
    project, registry, last = (_word(part) for part in named.groups()) if named else (None, None, None)
    return Message(
        whole=whole,
        attributes=_plain(payload.get("metadata")),
        data=None,
        body={},
        id=text(whole.get("id")),
        time=instant(whole.get("time")),
        project=project or "-",
        registry=registry or "-",
        device=text(payload.get("id")) or last or text(payload.get("numId")),
        happening=happening,
    )


def _described(body: dict[str, Any]) -> list[Message]:
    """Return what the data of such an event tells alone: that a device was changed, not how."""
    name = text(within(body, "payload", "name"))
    return [_managed(body, body, "UpdateDevice")] if name and _NAME.search(name) else []


def _plain(attributes: object) -> dict[str, Any]:
    """Return the attributes under one spelling of their names.

    >>> _plain({"device_id": "f", "subFolder": "", "device_kind": "appliance"})
    {'deviceid': 'f', 'subfolder': '', 'device_kind': 'appliance'}
    """
    found = embedded(attributes)
    return {
        name if name == "device_kind" else re.sub(r"[^a-z0-9]", "", name.lower()): value
        for name, value in found.items()
    }


def _word(value: str | None) -> str | None:
    return "".join((value or "").split()).replace("/", "") or None


# Data that is no JSON -------------------------------------------------------


def readings_of(message: Message) -> list[Readings]:
    """Return the readings of a message: JSON, lines of the protocol that many gateways speak, or a text."""
    if message.body:
        return [Readings(message.body)]
    written = _text_of(message.data)
    lines = [_line(line) for line in written.splitlines() if line.strip()]
    if lines and all(lines):
        return [found for found in lines if found is not None]
    return [Readings({"data": written[:_LONGEST]})] if written.isprintable() and written else []


def _line(line: str) -> Readings | None:
    """Return the fields of a line in InfluxDB's line protocol, with its time.

    >>> found = _line("fridge,room=kitchen temp_c=4.5,open=f,pods=3i 1772344800000000000")
    >>> found.values, found.time.year
    ({'temp_c': 4.5, 'open': False, 'pods': 3.0}, 2026)
    """
    parts = line.split()
    if len(parts) not in (2, 3) or not all("=" in field for field in parts[1].split(",")):
        return None
    stamp = parts[2] if len(parts) == 3 else ""
    if len(parts) == 3 and not (stamp.isascii() and stamp.isdigit() and len(stamp) == 19):
        return None
    fields = (field.partition("=") for field in parts[1].split(","))
    values = {name: _value(raw) for name, _, raw in fields if name}
    return Readings(values, instant(int(stamp) // 1000) if stamp else None)


def _value(raw: str) -> str | float | bool:
    if raw in ("t", "T", "true", "True", "f", "F", "false", "False"):
        return raw.lower().startswith("t")
    amount = number(raw[:-1] if raw[-1:] in ("i", "u") else raw)
    return raw.strip('"') if amount is None else amount


def _text_of(data: object) -> str:
    if not isinstance(data, str):
        return ""
    try:
        return base64.b64decode(data, validate=True).decode().strip()
    except (ValueError, binascii.Error):
        return ""
