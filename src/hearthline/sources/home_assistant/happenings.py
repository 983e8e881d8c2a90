"""What each type of event on Home Assistant's bus tells."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hearthline.schema.event import Automation, Initiator, Signal
from hearthline.sources import mapping, mappings, text, within
from hearthline.sources.home_assistant.contexts import Who, of_automation
from hearthline.sources.home_assistant.entities import domain_of, signal_of

__all__ = ["Told", "told_of", "told_of_state"]


class Told(NamedTuple):
    """What an event tells: its type, on which entity, what, and who did it where the event itself says so.

    `refused` is the reason why it is none.
    """

    type: str = ""
    entity: str | None = None
    state: dict[str, Any] | None = None
    signal: Signal = Signal()
    who: Who | None = None
    refused: str | None = None


def told_of(kind: str, data: dict[str, Any], who: Who) -> Told:
    """Return what an event of that type tells; `who` is whom its context names."""
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(data)
    if kind == "script_started":
        return _started(data, who)
    if kind in _PRESSES and data.get(_PRESSES[kind]) not in _NO_PRESSES:
        return _pressed(kind, data)
    if kind in _QUESTIONS:
        return Told(refused=_ASKED)
    entity = _entity(data) or text(data.get("device_id"))
    if entity is None or kind.endswith(("_registry_updated", "_reloaded")):
        return Told(refused="about Home Assistant itself")
    return Told("device.event.fired", entity, signal=Signal(capability=kind, attribute="event_type"))


def told_of_state(data: dict[str, Any]) -> Told:
    """Return what a change of state tells.

    >>> told_of_state({"entity_id": "light.hall", "old_state": {"state": "off"},
    ...     "new_state": {"state": "on"}}).signal.state_change
    True
    """
    old, new = mapping(data.get("old_state")), mapping(data.get("new_state"))
    entity = text(data.get("entity_id")) or text(new.get("entity_id")) or text(old.get("entity_id"))
    if entity is None:
        return Told(refused="about no entity")
    if not new:
        return Told("device.device.removed", entity, old, Signal(previous=text(old.get("state"))))
    changed = old.get("state") != new.get("state") if old else None
    signal = signal_of(entity, new, old.get("state"), change=changed)
    pressed = _pressed_entity(entity, new)
    return Told("device.button.pressed" if pressed else "device.state.reported", entity, new, signal, pressed)


def _pressed_entity(entity: str, state: dict[str, Any]) -> Who | None:
    """Return a person's hand, where the entity stands for a button or a bell that was pressed."""
    attributes = mapping(state.get("attributes"))
    if domain_of(entity) != "event" or attributes.get("device_class") not in ("button", "doorbell"):
        return None
    if not text(attributes.get("event_type")):
        return None
    return Who(Initiator(kind="human", evidence="new_state.attributes.event_type"), "gesture")


def _entity(data: dict[str, Any]) -> str | None:
    """Return the entity that an event is about; the first where it is about several."""
    for place in (data, mapping(data.get("service_data")), mapping(data.get("target"))):
        named = place.get("entity_id")
        found = text(named[0]) if isinstance(named, list) and named else text(named)
        if found is not None:
            return found
    return None


def _called(data: dict[str, Any]) -> Told:
    domain, service = text(data.get("domain")), text(data.get("service"))
    if domain is None or service is None:
        return Told(refused="a call of no service")
    return Told("device.command.sent", _entity(data), signal=Signal(capability=domain, attribute=service))


def _triggered(data: dict[str, Any]) -> Told:
    entity, source = _entity(data), text(data.get("source"))
    acts = of_automation(entity, source, "rule", "data.source" if source else "event_type")
    signal = Signal(capability="automation", attribute="triggered", state_change=True)
    return Told("device.automation.triggered", entity, signal=signal, who=acts)


def _started(data: dict[str, Any], who: Who) -> Told:
    """Return a script that was started: by a person, or by an automation, as its context says."""
    entity = _entity(data)
    signal = Signal(capability="script", attribute="started", state_change=True)
    act = of_automation(entity, None, "routine", "").automation if who.initiator.kind == "machine" else None
    acts = who._replace(automation=act) if act else None
    return Told("device.script.started", entity, signal=signal, who=acts)


def _from_homekit(data: dict[str, Any]) -> Told:
    """Return a command of Apple Home: Siri, a tap and an automation there all send the same."""
    signal = Signal(capability="homekit", attribute=text(data.get("service")), value=text(data.get("value")))
    return Told("device.command.sent", _entity(data), signal=signal)


def _from_alexa(data: dict[str, Any]) -> Told:
    name, space = (text(within(data, "request", key)) for key in ("name", "namespace"))
    if name is None or name in ("Discover", "ReportState", "AcceptGrant"):
        return Told(refused=_ASKED)
    return Told(
        "device.command.sent",
        text(within(data, "request", "entity_id")),
        signal=Signal(capability="alexa", attribute=name, instance=space),
    )


def _from_google(data: dict[str, Any]) -> Told:
    first = next(iter(mappings(data.get("execution"))), mapping(data.get("execution")))
    signal = Signal(capability="google_assistant", attribute=text(first.get("command")))
    return Told("device.command.sent", _entity(data), signal=signal)


def _answered(data: dict[str, Any]) -> Told:
    action = text(data.get("action")) or text(data.get("actionName"))
    acts = Who(Initiator(kind="human", evidence="event_type"), "screen")
    return Told("device.notification.answered", signal=Signal(capability="notify", value=action), who=acts)


def _scanned(data: dict[str, Any]) -> Told:
    acts = Who(Initiator(kind="human", evidence="event_type"), "gesture")
    return Told(
        "device.tag.scanned", signal=Signal(capability="tag", value=text(data.get("tag_id"))), who=acts
    )


def _remote_key(data: dict[str, Any]) -> Told:
    acts = Who(Initiator(kind="human", evidence="data.key_name"), "screen")
    signal = Signal(capability="homekit", attribute="key", value=text(data.get("key_name")))
    return Told("device.button.pressed", _entity(data), signal=signal, who=acts)


def _timer(data: dict[str, Any]) -> Told:
    entity = _entity(data)
    act = Automation(
        kind="routine",
        role="act",
        ref_system="home_assistant" if entity else None,
        ref_type="timer" if entity else None,
        ref_id=entity,
    )
    acts = Who(Initiator(kind="scheduled", evidence="event_type"), "automated", act)
    signal = Signal(capability="timer", attribute="finished", state_change=True)
    return Told("device.timer.fired", entity, signal=signal, who=acts)


def _registered(data: dict[str, Any]) -> Told:
    named = {"create": "added", "remove": "removed", "update": "changed"}.get(text(data.get("action")) or "")
    device = text(data.get("device_id"))
    if named is None or device is None:
        return Told(refused="about Home Assistant itself")
    signal = Signal(capability="registry", attribute="device", value=named, state_change=True)
    return Told(f"device.device.{named}", device, signal=signal)


def _pressed(kind: str, data: dict[str, Any]) -> Told:
    """Return a press of a remote or a wall switch, where the event says which."""
    field = _PRESSES[kind]
    pressed = text(data.get(field))
    if pressed is None:
        return Told(refused="a press of nothing")
    device = next(
        (v for name in ("device_id", "unique_id", "device_ieee", "id") if (v := text(data.get(name)))), None
    )
    acts = Who(Initiator(kind="human", evidence=f"data.{field}"), "gesture")
    signal = Signal(capability=kind, attribute=field, value=pressed, state_change=True)
    return Told("device.button.pressed", device, signal=signal, who=acts)


def _listed(data: dict[str, Any]) -> Told:
    """Return what was put on the shopping list, or ticked off."""
    item = mapping(data.get("item"))
    action = {"add": "item_added", "complete": "item_completed"}.get(text(data.get("action")) or "")
    name = text(item.get("name"))
    if name is None:
        return Told(refused="a shopping list that tells no item")
    told = Signal(capability="shopping_list", attribute=text(data.get("action")), value=name)
    return Told(f"device.list.{action or 'item_changed'}", signal=told)


_ASKED = "a question of an assistant, which changes nothing"
_QUESTIONS = frozenset(("google_assistant_query", "google_assistant_sync"))
# Events of remotes and wall switches, and the field that says what was pressed.
_PRESSES = {
    "deconz_event": "event",
    "homekit_controller_event": "subtype",
    "hue_event": "type",
    "lutron_caseta_button_event": "action",
    "shelly.click": "click_type",
    "xiaomi_aqara.click": "click_type",
    "zha_event": "command",
}
# What such a device says by itself, without a hand on it.
_NO_PRESSES = ("attribute_updated", "checkin", "hello", "helloworld")
_READERS: dict[str, Callable[[dict[str, Any]], Told]] = {
    "state_changed": told_of_state,
    "call_service": _called,
    "automation_triggered": _triggered,
    "homekit_state_change": _from_homekit,
    "homekit_tv_remote_key_pressed": _remote_key,
    "alexa_smart_home": _from_alexa,
    "google_assistant_command": _from_google,
    "mobile_app_notification_action": _answered,
    "ios.notification_action_fired": _answered,
    "ios.action_fired": _answered,
    "shopping_list_updated": _listed,
    "tag_scanned": _scanned,
    "timer.finished": _timer,
    "device_registry_updated": _registered,
}
