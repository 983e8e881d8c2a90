"""Who a call is about: identifiers, household hints, the device, and what was consented to."""

from functools import lru_cache
from typing import Any, Literal

import msgspec

from hearthline.schema.event import Consent, Device, Hint, Identifier, Purpose
from hearthline.sources import address_hint, identified, mapping, mappings, planted, text

__all__ = ["consent_of", "device_of", "hints_of", "identifiers_of"]

_PERSONAL = ("email", "phone")
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
    if "anonymousId" in call:
        found += identified("segment.anonymous_id", call["anonymousId"])
    if "previousId" in call:
        found += identified("segment.user", call["previousId"])
    for name in _PERSONAL:
        if name in traits or name in properties:
            found += identified(name, traits.get(name) or properties.get(name), personal=True)
    if "externalIds" in context:
        found += _external(context["externalIds"])
    if "device" in context:
        advertising = text(mapping(context["device"]).get("advertisingId"))
        if advertising is not None and advertising.strip("0-"):
            found += identified("advertising.device", advertising, personal=True)
    if "." in "".join(properties):
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
    home = text(traits.get("household") or properties.get("household"))
    if home is not None:
        found = (Hint(kind="home", value=home),)
    group = text(call.get("groupId") or context.get("groupId"))
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
    kind = told
    if kind is None and device:
        kind = _SYSTEMS.get((text(device.get("type")) or "").lower())
    if kind is None:
        agent = text(context.get("userAgent"))
        kind = _agent_kind(agent) if agent is not None else None
    if not device:
        return _NOWHERE if kind is None else _bare(kind, text(properties.get("device_id")))
    return Device(
        id=text(device.get("id")) or text(properties.get("device_id")),
        kind=kind,
        make=text(device.get("manufacturer")),
        model=text(device.get("model")),
    )


@lru_cache(maxsize=1024)
def _bare(kind: str, device: str | None) -> Device:
    return Device(id=device, kind=kind)


def consent_of(context: dict[str, Any]) -> Consent:
    """Return the consent that the call carries in `context.consent.categoryPreferences`.

    A category that says no wins over another one of the same purpose that says yes.

    >>> consent_of({"consent": {"categoryPreferences": {"Advertising": False}}}).advertising
    'denied'
    """
    block = mapping(context.get("consent"))
    if not block:
        return _UNASKED
    answers = mapping(block.get("categoryPreferences"))
    try:
        told = _consent(tuple(answers.items()))
    except TypeError:  # an answer that is a list or an object is no answer
        told = _consent(tuple((name, yes) for name, yes in answers.items() if isinstance(yes, bool)))
    gpc = block.get("gpc")
    if not block.keys() & {"tcfString", "gppString", "gpc"}:
        return told
    return msgspec.structs.replace(
        told,
        tcf=text(block.get("tcfString")),
        gpp=text(block.get("gppString")),
        gpc=gpc if isinstance(gpc, bool) else None,
    )


@lru_cache(maxsize=1024)
def _consent(answers: tuple[tuple[str, object], ...]) -> Consent:
    found: dict[str, Purpose] = {}
    for category, allowed in answers:
        purpose = _PURPOSES.get(category.lower().replace(" ", "").replace("_", ""))
        if purpose is not None and allowed in (True, False) and found.get(purpose) != "denied":
            found[purpose] = "granted" if allowed else "denied"
    return Consent(
        measurement=found.get("measurement"),
        advertising=found.get("advertising"),
        personalisation=found.get("personalisation"),
        sharing=found.get("sharing"),
        source="context.consent" if found else None,
    )
