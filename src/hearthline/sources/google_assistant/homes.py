"""Smart homes: what a home was told to do, what its devices answered, and what they report by themselves.

None of it says who spoke, or whether anybody did: a routine and a person look alike. Only a confirmation
(a challenge that was answered) is a person's.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from hearthline.schema.event import Correlation, Device, Event, Hint, Initiator, Raw, Signal
from hearthline.sources import (
    content_id,
    flat,
    identified,
    instant,
    mapping,
    mappings,
    measured,
    not_an_event,
    part_id,
    text,
    unreadable,
    within,
)

__all__ = ["home_events", "is_home"]

PLATFORM = "google_assistant"
_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_DEVICES = "action.devices."
_ASKS = {
    "SYNC": "asks what a home has",
    "QUERY": "asks for states; the answer tells them",
    "IDENTIFY": "asks a hub what it sees",
    "REACHABLE_DEVICES": "asks a hub what it reaches",
    "PROXY_SELECTED": "tells a hub that it was chosen",
}


def is_home(body: dict[str, Any]) -> bool:
    """Return whether this is a smart home request, an answer to one, or a reported state."""
    if _intent_of(body) is not None:
        return True
    payload = mapping(body.get("payload"))
    devices = payload.get("devices")
    if "requestId" not in body and "agentUserId" not in body:
        return False
    if isinstance(devices, dict) and ("states" in devices or "notifications" in devices):
        return True
    if isinstance(devices, dict) and devices:
        return all(isinstance(state, dict) for state in devices.values())
    listed = mappings(devices)
    if any((text(d.get("type")) or "").startswith(_DEVICES) for d in listed) or "agentUserId" in payload:
        return True
    return any(isinstance(c.get("ids"), list) and "status" in c for c in mappings(payload.get("commands")))


def _intent_of(body: dict[str, Any]) -> str | None:
    for part in mappings(body.get("inputs")):
        intent = text(part.get("intent")) or ""
        if intent.startswith(_DEVICES):
            return intent.removeprefix(_DEVICES)
    return None


class _Message(NamedTuple):
    """One message, what its ids begin with, and when we got it."""

    body: dict[str, Any]
    part: str
    received: datetime

    def event(self, index: int, kind: str, device: str | None, **fields: Any) -> Event:
        """Return an event with what all events of the message share."""
        native = text(self.body.get("requestId"))
        payload = mapping(self.body.get("payload"))
        user = text(self.body.get("agentUserId")) or text(payload.get("agentUserId"))
        time = fields.pop("time", None)
        return Event(
            id=part_id(f"{native}{self.part}", index) if native else content_id(PLATFORM, self.body, index),
            id_origin="native" if native else "derived",
            source="//google/-/smart_home",
            type=kind,
            subject=device,
            time=time or self.received,
            time_quality="device" if time else "received",
            time_received=self.received,
            layer="platform" if kind.startswith("platform") else "device",
            identifiers=identified("google.agent_user", user) + identified("google.device", device),
            household_hints=(Hint(kind="account", value=user),) if user else (),
            correlation=Correlation(root=native if index else None),
            device=Device(id=device),
            raw=_RAW,
            **fields,
        )


def home_events(body: dict[str, Any], received: datetime) -> Iterator[Event]:
    """Yield the events of a smart home message.

    Raises:
        BadPayload: it asks or lists, or there is nothing in it.
    """
    intent = _intent_of(body)
    if intent is not None:
        yield from _requested(intent, _Message(body, "", received))
        return
    payload = mapping(body.get("payload"))
    devices = payload.get("devices")
    found: list[Event] = []
    if isinstance(devices, dict):
        reported = "states" in devices or "notifications" in devices
        message = _Message(body, ":report" if reported else ":states", received)
        found = list(_told(message, devices, is_change=reported))
    elif isinstance(payload.get("commands"), list):
        found = list(_executed(_Message(body, ":answer", received), mappings(payload["commands"])))
    elif isinstance(devices, list) or "agentUserId" in payload:
        raise not_an_event(f"{PLATFORM}.SYNC", "a list of what a home has")
    if not found:
        raise unreadable(PLATFORM, "no states in it", body, "send the message whole")
    yield from found


# Requests -------------------------------------------------------------------


def _requested(intent: str, message: _Message) -> Iterator[Event]:
    if intent in _ASKS:
        raise not_an_event(f"{PLATFORM}.{intent}", _ASKS[intent])
    if intent == "DISCONNECT":
        person = Initiator(kind="human", evidence="inputs.intent")
        yield message.event(0, "platform.account.unlinked", None, initiator=person)
        return
    if intent != "EXECUTE":
        raise unreadable(f"{PLATFORM}.inputs", "an unknown 'intent'", message.body, "leave it out")
    index = -1
    for index, (device, order) in enumerate(_orders(message.body)):
        challenge = mapping(order.get("challenge"))
        confirmed = challenge.get("ack") is True or "pin" in challenge
        command = (text(order.get("command")) or "unknown").removeprefix(f"{_DEVICES}commands.")
        yield message.event(
            index,
            "device.command.received",
            device,
            initiator=Initiator(kind="human", evidence="execution.challenge") if confirmed else Initiator(),
            signal=_ordered(command, mapping(order.get("params"))),
        )
    if index < 0:
        raise unreadable(f"{PLATFORM}.EXECUTE", "no commands", message.body, "send the request whole")


def _orders(body: dict[str, Any]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield each device with each order that it was given."""
    for part in mappings(body.get("inputs")):
        for command in mappings(within(part, "payload", "commands")):
            for device in mappings(command.get("devices")):
                for order in mappings(command.get("execution")):
                    yield text(device.get("id")), order


def _ordered(command: str, parameters: dict[str, Any]) -> Signal:
    settings = [(path, value) for path, value in flat(parameters) if "token" not in path.lower()]
    if len(settings) == 1:
        return measured(command, settings[0][0], settings[0][1])
    shown = " ".join(f"{path}={value}" for path, value in settings)
    return Signal(capability=command, attribute="params", value=shown[:200] or None)


# Answers and reports ----------------------------------------------------------


def _executed(message: _Message, commands: list[dict[str, Any]]) -> Iterator[Event]:
    """Yield what became of the orders: the new states, or the failure."""
    index = 0
    for command in commands:
        ids = command.get("ids")
        failure = text(command.get("errorCode"))
        failed = failure is not None or text(command.get("status")) == "ERROR"
        for device in (text(i) for i in (ids if isinstance(ids, list) else [])):
            kind = "device.command.failed" if failed else "device.command.executed"
            outcome = Signal(
                capability="command", attribute="status", value=failure or text(command.get("status"))
            )
            yield message.event(index, kind, device, signal=outcome)
            index += 1
            for path, value in [] if failed else flat(command.get("states")):
                reading = measured(path.partition(".")[0], path, value, state_change=True)
                yield message.event(index, "device.state.reported", device, signal=reading)
                index += 1


def _told(message: _Message, devices: dict[str, Any], *, is_change: bool) -> Iterator[Event]:
    """Yield states, of an answer or of a report, and notifications."""
    states = mapping(devices.get("states")) if is_change else devices
    index = 0
    for device, state in states.items():
        for path, value in flat(state):
            if path in ("status", "errorCode") and not is_change:
                continue
            reading = measured(path.partition(".")[0], path, value, state_change=None if is_change else False)
            yield message.event(index, "device.state.reported", text(device), signal=reading)
            index += 1
    for device, raised in mapping(devices.get("notifications")).items() if is_change else ():
        for name, told in mapping(raised).items():
            detected = mapping(told).get("detectionTimestamp")
            signal = Signal(capability=text(name), attribute="notification", state_change=True)
            yield message.event(
                index, "device.notification.raised", text(device), time=instant(detected), signal=signal
            )
            index += 1
