"""Home Assistant, and Apple HomeKit through it: states that change, services called, automations that ran.

Read are events of its bus (over its WebSocket, an MQTT event stream or a webhook of yours), states, and rows
of its logbook. Its context says who set an event off; what Apple Home sends carries none: it stays unknown.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Event, Hint, Modality, Raw
from hearthline.sources import (
    Answer,
    Payload,
    content_id,
    each,
    instant,
    mapping,
    mappings,
    not_an_event,
    opened,
    text,
    unreadable,
    within,
)
from hearthline.sources.home_assistant.contexts import Who, of_context, of_row
from hearthline.sources.home_assistant.entities import device_of, identifiers_of, is_person
from hearthline.sources.home_assistant.happenings import Told, told_of, told_of_state
from hearthline.sources.home_assistant.logbook import is_row, told_of_row

__all__ = ["read", "recognises"]

PLATFORM = "home_assistant"
TITLE = "Home Assistant (and Apple HomeKit through it)"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "stream", "file")
PROOF = "a write key of Hearthline, which your automation or bridge sends; Home Assistant signs nothing"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Answer] = {
    "person": "sometimes",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://developers.home-assistant.io/docs/api/websocket"

# What a client asks of the WebSocket; its effect comes as an event.
_COMMANDS = frozenset(
    (
        *("call_service", "fire_event", "ping", "pong", "get_config", "get_services", "get_states"),
        *("subscribe_entities", "subscribe_events", "subscribe_trigger", "unsubscribe_events"),
    )
)
_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")


class _Item(NamedTuple):
    """One thing that a payload tells: what, who by its context, and when."""

    whole: dict[str, Any]
    told: Told
    who: Who
    time: datetime | None
    home: str | None


def recognises(payload: Payload) -> bool:
    """Return whether this is an event of the bus, a state, a row of the logbook or talk of the WebSocket.

    >>> recognises({"entity_id": "light.hall", "state": "on", "last_changed": "2026-03-01T06:00:00+00:00"})
    True
    """
    body, _ = opened(payload)
    return _is_talk(body) or any(_shape(item) is not None for item in _unfolded(body)[:1])


def _is_talk(body: dict[str, Any]) -> bool:
    kind = body.get("type")
    numbered = isinstance(body.get("id"), int)
    if kind == "result":
        return isinstance(body.get("success"), bool) and numbered
    if text(kind) in _COMMANDS:
        return numbered
    return kind in ("auth_required", "auth_ok") and text(body.get("ha_version")) is not None


def _unfolded(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the things that a message holds, each as it would come alone."""
    if body.get("type") == "event" and isinstance(body.get("event"), dict):
        event = mapping(body["event"])
        trigger = mapping(within(event, "variables", "trigger"))
        if trigger:
            return [_triggered(trigger, event)]
        return _compressed(event) or mappings(event.get("events")) or [event]
    if _is_talk(body):
        return mappings(body.get("result"))
    return [body]


def _triggered(trigger: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """Return a fired trigger as the event that fired it."""
    if isinstance(trigger.get("event"), dict):
        return mapping(trigger["event"])
    new, old = mapping(trigger.get("to_state")), mapping(trigger.get("from_state"))
    data = {"entity_id": trigger.get("entity_id"), "old_state": old, "new_state": new}
    context = mapping(new.get("context")) or mapping(event.get("context"))
    return {
        "event_type": "state_changed",
        "data": data,
        "context": context,
        "time_fired": new.get("last_updated"),
    }


def _compressed(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the states of `subscribe_entities`, which abbreviates the names of their fields."""
    added = [(entity, mapping(state)) for entity, state in mapping(event.get("a")).items()]
    changed = [(entity, mapping(within(state, "+"))) for entity, state in mapping(event.get("c")).items()]
    return [
        {
            "entity_id": entity,
            "state": state.get("s"),
            "attributes": mapping(state.get("a")),
            "context": state["c"] if isinstance(state.get("c"), dict) else {"id": state.get("c")},
            "last_changed": state.get("lc"),
            "last_updated": state.get("lu") or state.get("lc"),
        }
        for entity, state in added + changed
        if "s" in state
    ]


def _shape(item: dict[str, Any]) -> Literal["event", "state", "row"] | None:
    if text(item.get("event_type")) is not None:
        inside = isinstance(item.get("data"), dict) or isinstance(item.get("event_data"), dict)
        return (
            "event"
            if inside and ("time_fired" in item or "context" in item or "event_data" in item)
            else None
        )
    entity = text(item.get("entity_id"))
    dated = any(name in item for name in ("last_changed", "last_updated", "attributes"))
    if entity is not None and "." in entity and "state" in item and dated:
        return "state"
    return "row" if is_row(item) else None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield one event for each thing that happened or is reported.

    Raises:
        BadPayload: talk of the WebSocket; an event about Home Assistant itself; nothing that we know.
    """
    body, _ = opened(payload)
    found = _unfolded(body)
    if _is_talk(body) and not found:
        raise not_an_event(f"{PLATFORM}.{body['type']}", "talk of the WebSocket")
    if not found:
        raise unreadable(PLATFORM, "no event, state or row", body, "send events of the bus as they are")
    home = text(body.get("household"))
    yield from each(found, lambda item: _events(item, home, received))


def _events(item: dict[str, Any], home: str | None, received: datetime) -> Iterator[Event]:
    shape = _shape(item)
    if shape is None:
        raise unreadable(PLATFORM, "no event, state or row", item, "send events of the bus as they are")
    home = text(item.get("household")) or home
    found = {"event": _of_event, "state": _of_state, "row": _of_row}[shape](item, home)
    if found.told.refused is not None:
        kind = text(item.get("event_type")) or shape
        place = "".join(c for c in kind if c.isalnum() or c in "._")[:60]
        raise not_an_event(f"{PLATFORM}.{place}", found.told.refused)
    yield _event(found, received)


def _of_event(item: dict[str, Any], home: str | None) -> _Item:
    data = mapping(item.get("data")) or mapping(item.get("event_data"))
    new = mapping(data.get("new_state"))
    who = of_context(mapping(item.get("context")) or mapping(new.get("context")))
    told = told_of(text(item.get("event_type")) or "", data, who)
    time = (
        instant(item.get("time_fired"))
        or instant(new.get("last_updated"))
        or instant(new.get("last_changed"))
    )
    # The same event over two subscriptions, or sent again, differs around it but not in these.
    whole = {
        "event": item.get("event_type"),
        "data": data,
        "at": item.get("time_fired"),
        "by": item.get("context"),
    }
    return _Item(whole, told, who, time, home)


def _of_state(item: dict[str, Any], home: str | None) -> _Item:
    """Return a state that was asked for: it says what is and who made it so, not that it changed now."""
    told = told_of_state({"new_state": item})._replace(type="device.state.reported", who=None)
    time = instant(item.get("last_updated")) or instant(item.get("last_changed"))
    return _Item(item, told, of_context(mapping(item.get("context"))), time, home)


def _of_row(item: dict[str, Any], home: str | None) -> _Item:
    return _Item(item, told_of_row(item), of_row(item), instant(item.get("when")), home)


def _event(item: _Item, received: datetime) -> Event:
    told = item.told
    who = told.who._replace(correlation=item.who.correlation, user=item.who.user) if told.who else item.who
    entity = told.entity
    return Event(
        id=content_id(PLATFORM, item.whole),
        id_origin="derived",
        source="//home_assistant/-/core",
        type=told.type,
        subject=None if is_person(entity) else entity,
        time=item.time or received,
        time_quality="platform" if item.time else "received",
        time_received=received,
        layer="device",
        modality=_modality(who, told),
        identifiers=identifiers_of(entity, who.user, item.home),
        household_hints=(Hint(kind="home", value=item.home),) if item.home else (),
        initiator=who.initiator,
        automation=who.automation,
        correlation=who.correlation,
        device=device_of(entity, told.state or {}),
        signal=told.signal,
        raw=_RAW,
    )


def _modality(who: Who, told: Told) -> Modality:
    """Return how it was done; what a sensor reports of itself is ambient."""
    if who.initiator.kind == "unknown" and (told.entity or "").startswith(("sensor.", "binary_sensor.")):
        return "ambient"
    return who.modality
