"""Who a call is about: identifiers, household hints, the device, and what was consented to."""

from functools import lru_cache
from typing import Any

import msgspec

from hearthline.schema.event import Consent, Device, Hint, Identifier
from hearthline.sources._reading import address_hint, identified, mapping, mappings, planted, text
from hearthline.sources._visits import consented, device_kind

__all__ = ["consent_of", "device_of", "hints_of", "identifiers_of"]

_PERSONAL = ("email", "phone")
_REACHED = frozenset(_PERSONAL)
_NOWHERE, _UNTOLD = Device(), Consent()


def identifiers_of(
    call: dict[str, Any], context: dict[str, Any], traits: dict[str, Any], properties: dict[str, Any]
) -> tuple[Identifier, ...]:
    """Return the ids of the user, the browser, and those that the sender added (`externalIds`)."""
    found: tuple[Identifier, ...] = ()
    user = text(call.get("userId"))
    if user is not None:
        found = (Identifier(namespace="segment.user", value=user, authenticated=True, primary=True),)
    visitor = text(call.get("anonymousId"))
    if visitor is not None:
        found += (Identifier(namespace="segment.anonymous_id", value=visitor),)
    if "previousId" in call:
        found += identified("segment.user", call["previousId"])
    if traits or not _REACHED.isdisjoint(properties):
        for name in _PERSONAL:
            if name in traits or name in properties:
                found += identified(name, traits.get(name) or properties.get(name), personal=True)
    if "externalIds" in context:
        found += _external(context["externalIds"])
    if "device" in context:
        advertising = text(mapping(context["device"]).get("advertisingId"))
        if advertising is not None and advertising.strip("0-"):
            found += identified("advertising.device", advertising, personal=True)
    if properties and "." in "".join(properties):
        found += planted(properties).identifiers
    return found


def _external(entries: object) -> tuple[Identifier, ...]:
    found: tuple[Identifier, ...] = ()
    for entry in mappings(entries):
        namespace = text(entry.get("type"))
        if namespace is not None and len(namespace) <= 60:
            personal = namespace.lower() in _PERSONAL
            found += identified(namespace, entry.get("id"), personal=personal)
    return found


def hints_of(
    call: dict[str, Any], context: dict[str, Any], traits: dict[str, Any], properties: dict[str, Any]
) -> tuple[Hint, ...]:
    """Return what hints at the household: named home, group, network address, postal address."""
    found: tuple[Hint, ...] = ()
    home = traits.get("household") or properties.get("household")
    if home is not None and (known := text(home)) is not None:
        found = (Hint(kind="home", value=known),)
    group = call.get("groupId") or context.get("groupId")
    if group is not None and (known := text(group)) is not None:
        found += (Hint(kind="account", value=known, strength=0.7),)
    if "ip" in context and (known := text(context["ip"])) is not None:
        found += (_network(known),)
    if "address" in traits:
        found += address_hint(traits["address"])
    return found


@lru_cache(maxsize=1 << 14)
def _network(address: str) -> Hint:
    return Hint(kind="ip", value=address, personal=True, strength=0.3)


def device_of(context: dict[str, Any], properties: dict[str, Any]) -> Device:
    """Return the device as the call tells it: own kind, reported type, else the browser's name."""
    kind = text(properties["device_kind"]) if "device_kind" in properties else None
    device = mapping(context["device"]) if "device" in context else None
    if kind is None and not device:
        return _browser(text(context.get("userAgent")), text(properties.get("device_id")))
    if kind is None:
        kind = device_kind(text(mapping(device).get("type")), text(context.get("userAgent")))
    if not device:
        return Device(id=text(properties.get("device_id")), kind=kind)
    return Device(
        id=text(device.get("id")) or text(properties.get("device_id")),
        kind=kind,
        make=text(device.get("manufacturer")),
        model=text(device.get("model")),
    )


@lru_cache(maxsize=4096)
def _browser(agent: str | None, device: str | None) -> Device:
    kind = device_kind(None, agent)
    return _NOWHERE if kind is None else Device(id=device, kind=kind)


_DENIED_TRACKING = 2  # App Tracking Transparency, as Apple numbers it: the person asked not to be tracked


def consent_of(context: dict[str, Any]) -> Consent:
    """Return the consent that a call's context tells.

    Read are Segment's `consent` (by its `categoryPreferences`), RudderStack's `consentManagement` (by the
    ids allowed and denied), and a refusal to be tracked that an iPhone reports (`attTrackingStatus`). A
    category that says no wins over another one of the same purpose that says yes.

    >>> consent_of({"consent": {"categoryPreferences": {"Advertising": False}}}).advertising
    'denied'
    """
    found = _UNTOLD
    if "consent" in context:
        found = _told_by_segment(mapping(context["consent"]))
    elif "consentManagement" in context:
        found = _told_by_rudder(mapping(context["consentManagement"]))
    if "device" in context and mapping(context["device"]).get("attTrackingStatus") == _DENIED_TRACKING:
        return msgspec.structs.replace(
            found, advertising="denied", source=found.source or "context.device.attTrackingStatus"
        )
    return found


def _told_by_rudder(block: dict[str, Any]) -> Consent:
    answers: dict[str, object] = {}
    for key, answer in (("allowedConsentIds", True), ("deniedConsentIds", False)):
        listed = block.get(key)
        answers |= dict.fromkeys(filter(None, map(text, listed)) if isinstance(listed, list) else (), answer)
    return consented(answers, "context.consentManagement")


def _told_by_segment(block: dict[str, Any]) -> Consent:
    """Return the consent of a block; who sends Global Privacy Control asks that nothing is shared."""
    if not block:
        return _UNTOLD
    found = consented(mapping(block.get("categoryPreferences")), "context.consent")
    gpc = block.get("gpc")
    if not block.keys() & {"tcfString", "gppString", "gpc"}:
        return found
    return msgspec.structs.replace(
        found,
        tcf=text(block.get("tcfString")),
        gpp=text(block.get("gppString")),
        gpc=gpc if isinstance(gpc, bool) else None,
        sharing="denied" if gpc is True else found.sharing,
        source=found.source or ("context.consent" if gpc is True else None),
    )
