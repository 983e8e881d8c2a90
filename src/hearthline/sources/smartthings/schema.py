"""SmartThings Schema (cloud to cloud): what a maker's cloud and SmartThings tell each other about devices.

States that a maker's cloud calls back, or answers with, are readings; so are commands that a home sent. The
rest (discovery, grants, tokens) is talk between the clouds and no event.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from hearthline.schema.event import Signal
from hearthline.sources import instant, mapping, mappings, not_an_event, text, unreadable

__all__ = ["SchemaState", "is_schema", "told_by_schema"]

_STATED = ("stateCallback", "stateRefreshResponse", "commandResponse")
_TELLING = frozenset((*_STATED, "commandRequest", "integrationDeleted"))
_NOT_EVENTS = {
    "discoveryRequest": "a question for the devices",
    "discoveryResponse": "a list of devices",
    "discoveryCallback": "a list of devices",
    "stateRefreshRequest": "a question for states",
    "grantCallbackAccess": "a grant of credentials",
    "accessTokenRequest": "a question for credentials",
    "accessTokenResponse": "a grant of credentials",
    "refreshAccessTokens": "a question for credentials",
    "interactionResult": "an error report about an answer",
}


class SchemaState(NamedTuple):
    """One state or command: `block` is as a device event of SmartThings has it."""

    device: str | None
    block: dict[str, Any]
    time: datetime | None = None
    signal: Signal = Signal()
    command: bool = False
    ended: bool = False


def is_schema(body: dict[str, Any]) -> bool:
    """Return whether this is an interaction of the Schema protocol.

    >>> is_schema({"headers": {"schema": "st-schema", "interactionType": "discoveryRequest"}})
    True
    """
    head = mapping(body.get("headers"))
    kind = text(head.get("interactionType"))
    return text(head.get("schema")) == "st-schema" or kind in _NOT_EVENTS or kind in _TELLING


def told_by_schema(body: dict[str, Any]) -> Iterator[SchemaState]:
    """Yield each state that an interaction tells, and each command.

    Raises:
        BadPayload: it tells of no state and no command.
    """
    head = mapping(body.get("headers"))
    kind = text(head.get("interactionType")) or ""
    if kind in _NOT_EVENTS:
        raise not_an_event(f"smartthings.{kind}", _NOT_EVENTS[kind])
    if kind == "integrationDeleted":
        yield SchemaState(None, head, ended=True)
        return
    if kind not in _TELLING:
        raise unreadable("smartthings.schema", "an unknown 'interactionType'", body, "leave it out")
    told = body.get("deviceState") or body.get("devices")
    devices = [told] if isinstance(told, dict) else mappings(told)
    # A state without a time of its own is told anew by each request: its number tells them apart.
    asked = {"requestId": text(head.get("requestId"))}
    found = [state for device in devices for state in _of_device(device, kind, asked)]
    if not found:
        raise unreadable(f"smartthings.{kind}", "no device's state or command", body, "send it whole")
    yield from found


def _of_device(device: dict[str, Any], kind: str, asked: dict[str, Any]) -> Iterator[SchemaState]:
    own = text(device.get("externalDeviceId"))
    for command in mappings(device.get("commands")) if kind == "commandRequest" else ():
        named = Signal(capability=_bare(command), attribute=text(command.get("command")))
        yield SchemaState(own, {**asked, "externalDeviceId": own, **command}, signal=named, command=True)
    for state in mappings(device.get("states")):
        block = {
            **(state if "timestamp" in state else asked | state),
            "deviceId": own,
            "componentId": state.get("component"),
            "capability": _bare(state),
            "stateChange": {"Y": True, "N": False}.get(text(state.get("stateChange")) or ""),
        }
        yield SchemaState(own, block, instant(state.get("timestamp")))


def _bare(item: dict[str, Any]) -> str | None:
    """Return a capability without the prefix that this protocol puts before it."""
    found = text(item.get("capability"))
    return None if found is None else found.removeprefix("st.")
