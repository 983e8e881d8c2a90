"""What events of Matter tell: presses, locks, and devices that start or cannot be reached."""

from typing import Any, NamedTuple

from hearthline.schema.event import Initiator, Modality, Signal
from hearthline.sources import mapping, number, text
from hearthline.sources.matter.clusters import cluster_of, code_of

__all__ = ["Told", "told_of"]

_PRESSES = {
    1: ("device.button.pressed", "initialPress"),
    2: ("device.button.held", "longPress"),
    3: ("device.button.released", "shortRelease"),
    4: ("device.button.released", "longRelease"),
    5: ("device.button.repeated", "multiPressOngoing"),
    6: ("device.button.clicked", "multiPressComplete"),
}
_PRESS_NAMES = {name.lower(): code for code, (_, name) in _PRESSES.items()}
# Who worked a lock (`operationSource`): a hand at the door, the lock itself, or a plan. A remote command may
# be a person's or a rule's.
_HANDS: dict[int, tuple[Initiator, Modality]] = {
    **dict.fromkeys((1, 3, 5, 8, 9), (Initiator(kind="human", evidence="data.operationSource"), "gesture")),
    4: (Initiator(kind="machine", evidence="data.operationSource"), "automated"),
    6: (Initiator(kind="scheduled", evidence="data.operationSource"), "automated"),
}
_OPERATIONS = {0: "locked", 1: "unlocked", 4: "unlatched"}
_SWITCH, _LOCK, _BASIC, _CONTACT = 59, 257, 40, 69


class Told(NamedTuple):
    """What one event tells, apart from where and when."""

    type: str
    signal: Signal
    initiator: Initiator = Initiator()
    modality: Modality = "unknown"


def told_of(cluster: object, event: object, data: object) -> Told:
    """Return what an event of a cluster tells; one that is not known is kept as fired.

    >>> told_of(59, 1, {"newPosition": 1}).type, told_of("Switch", "initialPress", {}).initiator.kind
    ('device.button.pressed', 'human')
    """
    known = cluster_of(cluster)
    code, inside = known.id if known else code_of(cluster), mapping(data)
    named = {"basicinformation": _BASIC, "basic": _BASIC}.get(str(cluster).lower(), code)
    if named == _SWITCH and (press := _press(event)) is not None:
        return _pressed(press, inside)
    if named == _LOCK and _event(event, 2, "lockoperation"):
        return _locked(inside)
    if named == _BASIC and (state := _basic(event, inside)) is not None:
        return state
    if named == _CONTACT and _event(event, 0, "statechange"):
        value = text(str(inside.get("stateValue", inside.get("0"))).lower())
        signal = Signal(capability="BooleanState", attribute="stateValue", value=value, state_change=True)
        return Told("device.state.reported", signal, modality="ambient")
    name = known.name if known else text(cluster)
    return Told("device.event.fired", Signal(capability=name, attribute=text(event)))


def _press(event: object) -> int | None:
    code = code_of(event)
    return code if code in _PRESSES else _PRESS_NAMES.get((text(event) or "").lower())


def _event(event: object, code: int, name: str) -> bool:
    return code_of(event) == code or (text(event) or "").lower() == name


def _pressed(press: int, data: dict[str, Any]) -> Told:
    kind, name = _PRESSES[press]
    times = number(data.get("totalNumberOfPressesCounted", data.get("currentNumberOfPressesCounted")))
    signal = Signal(capability="Switch", attribute="press", value=name, number=times, state_change=True)
    return Told(kind, signal, Initiator(kind="human", evidence="event_id"), "gesture")


def _locked(data: dict[str, Any]) -> Told:
    operation, source = (code_of(data.get(name)) for name in ("lockOperationType", "operationSource"))
    value = _OPERATIONS.get(operation if operation is not None else -1, "worked")
    signal = Signal(capability="DoorLock", attribute="lockOperation", value=value, state_change=True)
    initiator, modality = _HANDS.get(source if source is not None else -1, (Initiator(), "unknown"))
    return Told("device.lock.operated", signal, initiator, modality)


def _basic(event: object, data: dict[str, Any]) -> Told | None:
    reachable = data.get("reachableNewValue")
    if _event(event, 3, "reachablechanged") and isinstance(reachable, bool):
        value = "connected" if reachable else "disconnected"
        signal = Signal(capability="presence", attribute="connection", value=value, state_change=True)
        return Told("device.connection.opened" if reachable else "device.connection.closed", signal)
    for code, name, value in ((0, "startup", "started"), (1, "shutdown", "stopped")):
        if _event(event, code, name):
            signal = Signal(capability="health", attribute="status", value=value, state_change=True)
            return Told("device.health.changed", signal)
    return None
