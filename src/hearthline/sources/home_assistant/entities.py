"""What Home Assistant knows things by: entities. What kind of device one is, and what a state of it says."""

from typing import Any

from hearthline.schema.event import Device, Identifier, Signal
from hearthline.sources import identified, mapping, number, text

__all__ = ["device_of", "domain_of", "identifiers_of", "is_person", "signal_of"]

_KINDS = {
    "sensor": "sensor binary_sensor weather",
    "appliance": "climate fan vacuum humidifier water_heater lawn_mower",
    "button": "button input_button event",
    "light": "light",
    "switch": "switch",
    "lock": "lock",
    "cover": "cover",
    "alarm": "alarm_control_panel",
    "camera": "camera",
}
_KIND_OF = {domain: kind for kind, domains in _KINDS.items() for domain in domains.split()}
_PLAYERS = {"tv": "tv", "receiver": "tv", "speaker": "speaker"}
_PEOPLE = frozenset(("person", "device_tracker"))
_PLACES = frozenset(("home", "not_home", "unknown", "unavailable"))


def domain_of(entity: str | None) -> str | None:
    """Return the domain of an entity.

    >>> domain_of("light.kitchen"), domain_of("kitchen"), domain_of(None)
    ('light', None, None)
    """
    head, dot, rest = (entity or "").partition(".")
    return head if dot and head and rest else None


def is_person(entity: str | None) -> bool:
    """Return whether the entity stands for a person: its id is often a name, its state where they are.

    >>> is_person("person.ada"), is_person("light.kitchen")
    (True, False)
    """
    return domain_of(entity) in _PEOPLE


def device_of(entity: str | None, state: dict[str, Any]) -> Device:
    """Return the device that an entity belongs to, as far as the entity says it; a person's is not named."""
    if is_person(entity):
        return Device()
    domain = domain_of(entity)
    named = text(mapping(state.get("attributes")).get("device_class"))
    kind = _PLAYERS.get(named or "") if domain == "media_player" else _KIND_OF.get(domain or "")
    return Device(id=entity, kind=kind)


def identifiers_of(entity: str | None, user: str | None, home: str | None) -> tuple[Identifier, ...]:
    """Return the entity, named with its home, and the user who acted; a person's entity is personal.

    Every home has a `light.kitchen`: where the home is not told, the entity names nothing.

    >>> identifiers_of("light.hall", None, "h-1")[0].value, identifiers_of("light.hall", None, None)
    ('h-1/light.hall', ())
    """
    named = f"{home}/{entity}" if home and entity else None
    told = identified("home_assistant.device", named, personal=is_person(entity))
    return told + identified("home_assistant.user", user, authenticated=True)


def signal_of(entity: str | None, state: dict[str, Any], previous: object, *, change: bool | None) -> Signal:
    """Return what a state says: typed where it has a unit; of a person no more than home or away."""
    attributes, told = mapping(state.get("attributes")), _told(state.get("state"))
    before = _told(previous)
    if is_person(entity):
        told, before = (None if v is None else v if v in _PLACES else "not_home" for v in (told, before))
    unit = text(attributes.get("unit_of_measurement"))
    return Signal(
        capability=text(attributes.get("device_class")) or domain_of(entity),
        attribute="state",
        value=told,
        number=number(told) if unit is not None or domain_of(entity) in ("sensor", "number") else None,
        unit=unit,
        previous=before,
        state_change=change,
    )


def _told(value: object) -> str | None:
    if isinstance(value, bool):
        return "on" if value else "off"
    amount = number(value) if isinstance(value, float) else None
    return text(value) if amount is None else f"{amount:g}"
