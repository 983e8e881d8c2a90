"""Samsung ARTIK Cloud (SAMI before): messages of devices and actions sent to them, from exports.

The service is gone. What it kept are normalised messages: which device sent it (`sdid`, of the type `sdtid`),
whose that was (`uid`), when by the device (`ts`) and by the cloud (`cts`), and `data`. An action names its
destination (`ddid`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import Device, Event, Raw, Signal
from hearthline.sources import (
    Answer,
    Payload,
    content_id,
    each,
    embedded,
    flat,
    identified,
    instant,
    mapping,
    mappings,
    measured,
    not_an_event,
    opened,
    part_id,
    text,
    unreadable,
)

__all__ = ["read", "recognises"]

PLATFORM = "artik_cloud"
TITLE = "Samsung ARTIK Cloud"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("file",)
PROOF = "none: exports and recordings are read from files"
STATE = "retired; Samsung announced in 2017 that it becomes a part of SmartThings"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "yes",
    "household": "no",
    "initiator": "no",
    "price": "no",
}
DOCS = "https://github.com/artikcloud/artikcloud-python"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_TALK = frozenset(("register", "list", "ping"))


def recognises(payload: Payload) -> bool:
    """Return whether this is a message, an action, a list of them, or talk about them.

    >>> recognises({"mid": "m1", "sdid": "d1", "ts": 1421281794212, "data": {"temp": 4}})
    True
    """
    body, _ = opened(payload)
    return _is_talk(body) or bool(_messages(body))


def _is_message(item: dict[str, Any]) -> bool:
    """Return whether it has a device, something that only ARTIK Cloud adds, and data."""
    device = text(item.get("sdid")) or text(item.get("ddid"))
    stamped = text(item.get("mid")) or text(item.get("cts")) or text(item.get("sdtid")) or "ts" in item
    return device is not None and bool(stamped) and bool(embedded(item.get("data")))


def _is_snapshot(item: dict[str, Any]) -> bool:
    return text(item.get("sdid")) is not None and bool(_values(item))


def _values(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the fields of a snapshot, each with its own value and time; none where it is no snapshot."""
    data = mapping(item.get("data"))
    found = {name: mapping(told) for name, told in data.items()}
    each_dated = all("value" in told and ("ts" in told or "cts" in told) for told in found.values())
    return found if found and each_dated else {}


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    listed = mappings(body.get("data"))
    return [item for item in listed or [body] if _is_message(item) or _is_snapshot(item)]


def _is_talk(body: dict[str, Any]) -> bool:
    """Return whether it is a step of the WebSocket, or a notice that says only that there are messages."""
    registers = text(body.get("type")) in _TALK and text(body.get("sdid")) is not None and "data" not in body
    notified = text(body.get("notificationId")) is not None and "sdids" in body
    emptied = isinstance(body.get("data"), list) and not body["data"] and {"sdid", "sdids", "uid"} & set(body)
    return registers or notified or bool(emptied)


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event a reading, and one a command of an action.

    Raises:
        BadPayload: talk of the WebSocket, a notice or an empty list; a message without data.
    """
    body, _ = opened(payload)
    if _is_talk(body):
        raise not_an_event(PLATFORM, "a step of a connection, a notice, or a list without messages")
    listed = mappings(body.get("data")) or [body]
    if not _messages(body):
        raise unreadable(PLATFORM, "no 'sdid' or 'ddid' with data", body, "send normalised messages")
    yield from each(listed, lambda item: _events(item, received))


def _events(item: dict[str, Any], received: datetime) -> Iterator[Event]:
    message = _Message(item, received)
    if values := _values(item):
        for index, (name, told) in enumerate(values.items()):
            signal = measured(message.type, name, told.get("value"))
            yield message.event(
                "device.state.reported", index, instant(told.get("ts")), signal=signal, modality="ambient"
            )
        return
    if not _is_message(item):
        raise unreadable(f"{PLATFORM}.message", "no device or no data", item, "send normalised messages")
    data = embedded(item.get("data"))
    actions = mappings(data.get("actions"))
    if actions or item.get("type") == "action":
        yield from _commands(message, actions or [data])
        return
    found = flat(data)
    if not found:
        raise unreadable(f"{PLATFORM}.message", "no readings", item, "send normalised messages")
    for index, (path, value) in enumerate(found):
        signal = measured(message.type, path, value)
        yield message.event("device.telemetry.reported", index, signal=signal, modality="ambient")


def _commands(message: "_Message", actions: list[dict[str, Any]]) -> Iterator[Event]:
    named = [name for action in actions if (name := text(action.get("name"))) is not None]
    if not named:
        raise unreadable(f"{PLATFORM}.action", "no action has a name", message.item, "send the action whole")
    for index, name in enumerate(named):
        signal = Signal(capability=message.type, attribute=name)
        yield message.event("device.command.sent", index, signal=signal)


class _Message:
    """One message: of or to which device, of which type it is, whose, and when."""

    def __init__(self, item: dict[str, Any], received: datetime) -> None:
        self.item, self.received = item, received
        source, destination = text(item.get("sdid")), text(item.get("ddid"))
        commands = item.get("type") == "action" or "actions" in embedded(item.get("data"))
        is_to = destination is not None and (commands or source is None)
        self.device = destination if is_to else source
        self.type = text(item.get("ddtid" if is_to else "sdtid"))

    def event(self, kind: str, index: int, own_time: datetime | None = None, **fields: Any) -> Event:
        """Return an event with what all events of the message share."""
        item, native = self.item, text(self.item.get("mid"))
        by_device, by_cloud = own_time or instant(item.get("ts")), instant(item.get("cts"))
        clock: Literal["device", "platform", "received"] = "platform" if by_cloud else "received"
        return Event(
            id=part_id(native, index) if native else content_id(PLATFORM, item, index),
            id_origin="native" if native else "derived",
            source=f"//artik/-/{''.join((self.type or '-').split()).replace('/', '') or '-'}",
            type=kind,
            subject=self.device,
            time=by_device or by_cloud or self.received,
            time_quality="device" if by_device else clock,
            time_received=self.received,
            layer="device",
            identifiers=identified("artik.device", self.device) + identified("artik.user", item.get("uid")),
            device=Device(id=self.device),
            raw=_RAW,
            **fields,
        )
