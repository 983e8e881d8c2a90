"""What a request tells around itself: who, where, on what, which words, and what was allowed."""

from typing import Any, Literal

from hearthline.schema.event import Consent, Device, Hint, Identifier, Intent, Signal
from hearthline.sources import asked, identified, mapping, mappings, number, text, within

__all__ = [
    "confidence_of",
    "consent_of",
    "device_of",
    "hints_of",
    "identifiers_of",
    "intent_of",
    "signal_of",
]


def identifiers_of(system: dict[str, Any], session: dict[str, Any]) -> tuple[Identifier, ...]:
    """Return the account, the person where the voice was recognised, and the device."""
    user = text(within(system, "user", "userId")) or text(within(session, "user", "userId"))
    device = mapping(system.get("device"))
    person = within(system, "person", "personId")
    return (
        identified("alexa.user", user, authenticated=True)
        + identified("alexa.person", person, authenticated=True)
        + identified("alexa.device", device.get("persistentEndpointId") or device.get("deviceId"))
    )


def hints_of(system: dict[str, Any]) -> tuple[Hint, ...]:
    """Return the unit: the devices that one customer placed in one home."""
    unit = mapping(system.get("unit"))
    known = text(unit.get("persistentUnitId")) or text(unit.get("unitId"))
    return (Hint(kind="unit", value=known),) if known else ()


def confidence_of(system: dict[str, Any]) -> float | None:
    """Return how sure Alexa is of the person: its levels run from 0 to 400."""
    level = number(within(system, "person", "authenticationConfidenceLevel", "level"))
    return None if level is None else min(max(level / 400, 0.0), 1.0)


_MODES = {"TV": "tv", "HUB": "display", "MOBILE": "phone", "PC": "browser", "AUTO": "vehicle"}


def device_of(context: dict[str, Any], system: dict[str, Any]) -> Device:
    """Return the device; its kind by the viewport's mode, else by the interfaces that it offers."""
    device = mapping(system.get("device"))
    offered = mapping(device.get("supportedInterfaces"))
    mode = text(within(context, "Viewport", "mode"))
    kind = _MODES.get(mode or "")
    if kind is None and (
        any(name.startswith(("Display", "Alexa.Presentation.APL")) for name in offered)
        or context.get("Viewport")
    ):
        # APLT drives the small clock face of a speaker, which shows no page.
        only_clock = set(offered) & {"Alexa.Presentation.APLT"} and "Alexa.Presentation.APL" not in offered
        kind = "speaker" if only_clock else "display"
    if kind is None and ("Automotive" in offered or "Automotive" in context):
        kind = "vehicle"
    if kind is None and "AudioPlayer" in offered:
        kind = "speaker"
    return Device(id=text(device.get("deviceId")), kind=kind)


def intent_of(request: dict[str, Any]) -> Intent:
    """Return what was asked, without slots that name a person; of no intent, the locale alone."""
    intent = mapping(request.get("intent")) or mapping(request.get("apiRequest"))
    name, locale = text(intent.get("name")), text(request.get("locale"))
    if name is None:
        return Intent(locale=locale)
    slots = {key: _slot_value(mapping(slot)) for key, slot in mapping(intent.get("slots")).items()}
    return asked(name, slots, handled=False if name == "AMAZON.FallbackIntent" else None, locale=locale)


def _slot_value(slot: dict[str, Any]) -> str | None:
    """Return the matched entity's name where there is one, else the words that were heard."""
    for authority in mappings(within(slot, "resolutions", "resolutionsPerAuthority")):
        if within(authority, "status", "code") == "ER_SUCCESS_MATCH":
            for entry in mappings(authority.get("values")):
                matched = text(within(entry, "value", "name"))
                if matched is not None:
                    return matched
    heard = text(slot.get("value"))
    if heard is not None:
        return heard
    many = mappings(within(slot, "slotValue", "values"))
    return ", ".join(w for part in many if (w := text(part.get("value")))) or None


def consent_of(request: dict[str, Any], system: dict[str, Any]) -> Consent:
    """Return what the permissions say: a granted scope is a yes to personalisation, and no more.

    One that was refused wins over one that was granted.
    """
    kind = text(request.get("type")) or ""
    if kind.startswith("AlexaSkillEvent.SkillPermission"):
        scopes = mappings(within(request, "body", "acceptedPermissions"))
        granted = any(text(scope.get("scope")) for scope in scopes)
        return Consent(personalisation="granted" if granted else "denied", source="acceptedPermissions")
    asked = (text(within(request, "payload", "status")) or "").upper()
    if kind == "Connections.Response" and asked in ("ACCEPTED", "DENIED"):
        answer: Literal["granted", "denied"] = "granted" if asked == "ACCEPTED" else "denied"
        return Consent(personalisation=answer, source="payload.status")
    told = mapping(within(system, "user", "permissions", "scopes"))
    states = {text(mapping(scope).get("status")) for scope in told.values()}
    if "DENIED" in states:
        return Consent(personalisation="denied", source="permissions.scopes")
    if "GRANTED" in states:
        return Consent(personalisation="granted", source="permissions.scopes")
    return Consent()


def signal_of(request: dict[str, Any]) -> Signal:
    """Return the one thing that a request says beside its type, or nothing.

    >>> signal_of({"body": {"userInformationPersistenceStatus": "NOT_PERSISTED"}}).value
    'NOT_PERSISTED'
    >>> signal_of({"type": "AudioPlayer.PlaybackStarted", "offsetInMilliseconds": 1500}).number
    1500.0
    """
    body, kind = mapping(request.get("body")), text(request.get("type"))
    status = text(body.get("userInformationPersistenceStatus"))
    if status is not None:
        return Signal(capability=kind, attribute="user_information", value=status)
    for key, name in (("acceptedPermissions", "scope"), ("subscriptions", "eventName")):
        if isinstance(body.get(key), list):
            listed = [known for entry in mappings(body[key]) if (known := text(entry.get(name)))]
            return Signal(capability=kind, attribute=key, value=" ".join(listed) or None)
    if isinstance(body.get("listItemIds"), list):
        return Signal(capability=kind, attribute="list_items", number=float(len(body["listItemIds"])))
    offset = number(request.get("offsetInMilliseconds"))
    if offset is not None:
        return Signal(capability=kind, attribute="offset", number=offset, unit="ms")
    ended = text(request.get("reason")) or text(within(request, "cause", "result", "code"))
    return Signal(capability=kind, attribute="reason", value=ended) if ended else Signal()
