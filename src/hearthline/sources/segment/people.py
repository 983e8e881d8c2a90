"""Who a call is about: identifiers, household hints, the device, and what was consented to."""

from functools import lru_cache
from typing import Any, Literal

from hearthline.schema.event import Consent, Device, Hint, Identifier, Purpose
from hearthline.sources import address_hint, identified, mapping, mappings, planted, text

__all__ = ["consent_of", "device_of", "hints_of", "identifiers_of"]

_PERSONAL = frozenset({"email", "phone"})
_NOWHERE, _UNASKED = Device(), Consent()
_SYSTEMS = {"ios": "phone", "android": "phone", "tvos": "tv", "roku": "tv", "tizen": "tv"}
_SYSTEMS |= {"webos": "tv", "androidtv": "tv", "firetv": "tv", "watchos": "wearable"}
_SYSTEMS |= {kind: kind for kind in ("tv", "phone", "speaker", "display", "browser", "wearable")}
_SYSTEMS |= {"mobile": "phone", "desktop": "browser", "iphone os": "phone"}
_AGENTS = (
    ("tv", ("smarttv", "smart-tv", "tizen", "web0s", "appletv", "bravia", "roku", "aftt", "aftm")),
    ("phone", ("mobile", "iphone", "android")),
    ("browser", ("mozilla", "opera")),
)
_PURPOSES: dict[str, Literal["measurement", "advertising", "personalisation", "sharing"]] = {
    "analytics": "measurement",
    "measurement": "measurement",
    "performance": "measurement",
    "statistics": "measurement",
    "c0002": "measurement",
    "advertising": "advertising",
    "marketing": "advertising",
    "targeting": "advertising",
    "c0004": "advertising",
    "functional": "personalisation",
    "personalization": "personalisation",
    "personalisation": "personalisation",
    "preferences": "personalisation",
    "c0003": "personalisation",
    "datasharing": "sharing",
    "sharing": "sharing",
    "sale": "sharing",
}


def identifiers_of(
    call: dict[str, Any], context: dict[str, Any], traits: dict[str, Any], properties: dict[str, Any]
) -> tuple[Identifier, ...]:
    """Return the ids of the user, the browser, and those that the sender added (`externalIds`)."""
    found: tuple[Identifier, ...] = ()
    user = text(call.get("userId"))
    if user is not None:
        found = (Identifier(namespace="segment.user", value=user, authenticated=True, primary=True),)
    found += identified("segment.anonymous_id", call.get("anonymousId"))
    if "previousId" in call:
        found += identified("segment.user", call["previousId"])
    found += identified("email", traits.get("email") or properties.get("email"), personal=True)
    found += identified("phone", traits.get("phone") or properties.get("phone"), personal=True)
    for entry in mappings(context.get("externalIds")):
        namespace = text(entry.get("type"))
        if namespace is not None and len(namespace) <= 60:
            personal = namespace.lower() in _PERSONAL
            found += identified(namespace, entry.get("id"), personal=personal)
    device = mapping(context.get("device"))
    advertising = text(device.get("advertisingId"))
    if advertising is not None and advertising.strip("0-"):
        found += identified("advertising.device", advertising, personal=True)
    if properties and any("." in name for name in properties):
        found += planted(properties).identifiers
    return found


def hints_of(
    call: dict[str, Any], context: dict[str, Any], traits: dict[str, Any], properties: dict[str, Any]
) -> tuple[Hint, ...]:
    """Return what hints at the household: named home, group, network address, postal address."""
    found: tuple[Hint, ...] = ()
    home = text(traits.get("household")) or text(properties.get("household"))
    if home is not None:
        found = (Hint(kind="home", value=home),)
    group = text(call.get("groupId")) or text(context.get("groupId"))
    if group is not None:
        found += (Hint(kind="account", value=group, strength=0.7),)
    network = text(context.get("ip"))
    if network is not None:
        found += (Hint(kind="ip", value=network, personal=True, strength=0.3),)
    if "address" in traits:
        found += address_hint(traits["address"])
    return found


@lru_cache(maxsize=4096)
def _agent_kind(agent: str) -> str | None:
    spelled = agent.lower()
    return next((kind for kind, words in _AGENTS if any(w in spelled for w in words)), None)


def device_of(context: dict[str, Any], properties: dict[str, Any]) -> Device:
    """Return the device as the call tells it: own kind, reported type, else the browser's name."""
    told, device = text(properties.get("device_kind")), mapping(context.get("device"))
    kind = told or _SYSTEMS.get((text(device.get("type")) or "").lower())
    agent = text(context.get("userAgent"))
    if kind is None and agent is not None:
        kind = _agent_kind(agent)
    if not device and kind is None:
        return _NOWHERE
    return Device(
        id=text(device.get("id")) or text(properties.get("device_id")),
        kind=kind,
        make=text(device.get("manufacturer")),
        model=text(device.get("model")),
    )


def consent_of(context: dict[str, Any]) -> Consent:
    """Return the consent that the call carries in `context.consent.categoryPreferences`.

    A category that says no wins over another one of the same purpose that says yes.

    >>> consent_of({"consent": {"categoryPreferences": {"Advertising": False}}}).advertising
    'denied'
    """
    block = mapping(context.get("consent"))
    if not block:
        return _UNASKED
    found: dict[str, Purpose] = {}
    for category, allowed in mapping(block.get("categoryPreferences")).items():
        purpose = _PURPOSES.get(category.lower().replace(" ", "").replace("_", ""))
        if purpose is None or not isinstance(allowed, bool):
            continue
        if found.get(purpose) != "denied":
            found[purpose] = "granted" if allowed else "denied"
    gpc = block.get("gpc")
    return Consent(
        measurement=found.get("measurement"),
        advertising=found.get("advertising"),
        personalisation=found.get("personalisation"),
        sharing=found.get("sharing"),
        tcf=text(block.get("tcfString")),
        gpp=text(block.get("gppString")),
        gpc=gpc if isinstance(gpc, bool) else None,
        source="context.consent" if found else None,
    )
