"""Alexa custom skills: launches, intents, session ends, in-skill purchases, skill and list events.

The unit (the group of devices that one customer placed in one home) is a household hint; the person id
is there only when the voice was recognised. Access and consent tokens are never read.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import (
    Commerce,
    Consent,
    Correlation,
    Device,
    Event,
    Hint,
    Identifier,
    Initiator,
    Intent,
    Modality,
    Product,
    Raw,
    Stage,
    Touch,
)
from hearthline.sources import (
    Payload,
    content_id,
    currency,
    identified,
    instant,
    mapping,
    mappings,
    money,
    not_an_event,
    number,
    opened,
    text,
    unreadable,
    within,
    word,
)

PLATFORM = "alexa_skill"
TITLE = "Alexa custom skill"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "Signature-256 over the body with the certificate at SignatureCertChainUrl"
STATE = "live"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "sometimes",
    "household": "yes",
    "initiator": "yes",
    "price": "no",
}
DOCS = "https://developer.amazon.com/docs/alexa/custom-skills/request-and-response-json-reference.html"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")


class _Meaning(NamedTuple):
    """What one request type means; `touch`: it goes through the channel `voice`."""

    type: str
    stage: Stage = "none"
    modality: Modality = "unknown"
    by: Literal["human", "machine", "unknown"] = "unknown"
    touch: bool = False


_REQUESTS = {
    "LaunchRequest": _Meaning("voice.launched", "consideration", "voice", "human", touch=True),
    "IntentRequest": _Meaning("voice.intent", "consideration", "voice", "human", touch=True),
    "CanFulfillIntentRequest": _Meaning("voice.can_fulfil_asked", "none", "voice"),
    "SessionEndedRequest": _Meaning("voice.session_ended", "none", "voice"),
    "SessionResumedRequest": _Meaning("voice.session_resumed", "none", "voice"),
    "Connections.Response": _Meaning("purchase.answered", "purchase", "voice", "human"),
    "Alexa.Presentation.APL.UserEvent": _Meaning(
        "display.touched", "consideration", "screen", "human", touch=True
    ),
    "Display.ElementSelected": _Meaning("display.touched", "consideration", "screen", "human", touch=True),
    "GameEngine.InputHandlerEvent": _Meaning("button.pressed", "none", "gesture", "human"),
    "AlexaSkillEvent.SkillEnabled": _Meaning("skill.enabled", "post_purchase", by="human"),
    "AlexaSkillEvent.SkillDisabled": _Meaning("skill.disabled", by="human"),
    "AlexaSkillEvent.SkillAccountLinked": _Meaning("skill.account_linked", by="human"),
    "AlexaSkillEvent.SkillAccountUnlinked": _Meaning("skill.account_unlinked", by="human"),
    "AlexaSkillEvent.SkillPermissionAccepted": _Meaning("skill.permission_accepted", by="human"),
    "AlexaSkillEvent.SkillPermissionChanged": _Meaning("skill.permission_changed", by="human"),
    "AlexaSkillEvent.ProactiveSubscriptionChanged": _Meaning("skill.notifications_changed"),
}
_FAMILIES = ("AlexaHouseholdListEvent.", "AlexaSkillEvent.", "AudioPlayer.", "PlaybackController.")
_NOT_EVENTS = {
    "System.ExceptionEncountered": "an error report about the skill's own answer",
    "Alexa.Authorization.Grant": "a grant of credentials",
}


def recognises(payload: Payload) -> bool:
    """Return whether this is a skill request, in its envelope or bare.

    >>> recognises({"version": "1.0", "context": {"System": {}}, "request": {"type": "LaunchRequest"}})
    True
    """
    body, _ = opened(payload)
    if text(body.get("type")) == "Connections.Response":
        return True
    request = mapping(body.get("request"))
    enveloped = "session" in body or isinstance(within(body, "context", "System"), dict)
    return text(request.get("type")) is not None and enveloped


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event that a skill request is.

    Raises:
        BadPayload: no request, an unknown type of request, or one that tells no event.
    """
    body, _ = opened(payload)
    request = mapping(body.get("request")) or body
    kind = text(request.get("type"))
    if kind is None:
        raise unreadable(PLATFORM, "no 'request.type'", body, "send the skill request whole")
    if kind in _NOT_EVENTS:
        raise not_an_event(f"{PLATFORM}.{kind}", _NOT_EVENTS[kind])
    meaning = _REQUESTS.get(kind) or _by_family(kind, request)
    if kind == "Connections.Response":
        meaning = _answer(request)
    elif kind == "IntentRequest":
        meaning = _by_intent(text(within(request, "intent", "name")) or "", meaning)
    yield _event(body, request, meaning, received)


def _by_family(kind: str, request: dict[str, Any]) -> _Meaning:
    if not kind.startswith(_FAMILIES):
        raise unreadable(f"{PLATFORM}.request", "an unknown 'type'", request, "leave it out")
    family, _, name = kind.partition(".")
    action = word(name, "event")
    if family == "AlexaHouseholdListEvent":
        stage: Stage = "consideration" if name == "ItemsCreated" else "none"
        return _Meaning(f"household_list.{action}", stage, by="human")
    if family == "PlaybackController":
        return _Meaning(f"playback.{action}", "none", "gesture", "human")
    return _Meaning(f"{'audio' if family == 'AudioPlayer' else 'skill'}.{action}")


# Which words in an intent's name place it in the journey; the first group that matches decides.
_GROUPS = {
    "control": "stop cancel pause resume no yes next previous repeat home help",
    "after": "track status delivery return refund setup troubleshoot support warranty",
    "buy": "order buy purchase reorder checkout pay subscribe cart basket",
    "search": "search find discover browse recommend recommendation deals news list",
}
_CONTROL, _AFTER, _BUY, _SEARCH = (frozenset(words.split()) for words in _GROUPS.values())


@lru_cache(maxsize=4096)
def _words(name: str) -> frozenset[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return frozenset(re.sub(r"[\W_]+", " ", spaced).lower().split())


def _by_intent(name: str, meaning: _Meaning) -> _Meaning:
    """Return where an intent stands in the journey, by the words of its name.

    >>> [_by_intent(n, _REQUESTS["IntentRequest"]).stage
    ...  for n in ("ReorderIntent", "TrackOrderIntent", "SearchIntent", "CompareIntent")]
    ['purchase', 'post_purchase', 'awareness', 'consideration']
    """
    words = _words(name)
    if words & _AFTER or {"cancel", "order"} <= words or {"cancel", "subscription"} <= words:
        return meaning._replace(stage="post_purchase", touch=False)
    if words & _BUY:
        return meaning._replace(stage="purchase")
    if name.startswith("AMAZON.") and not words & _SEARCH and words & _CONTROL:
        return meaning._replace(stage="none", touch=False)
    return meaning._replace(stage="awareness") if words & _SEARCH else meaning


def _answer(request: dict[str, Any]) -> _Meaning:
    """Return what came back from a purchase, an upsell or a cancellation in the skill."""
    result = (text(within(request, "payload", "purchaseResult")) or "").upper()
    accepted = result == "ACCEPTED"
    if text(request.get("name")) == "Cancel":
        action = "cancelled" if accepted else "kept"
        return _Meaning(f"purchase.{action}", "post_purchase", "voice", "human")
    named = {"ACCEPTED": "accepted", "DECLINED": "declined", "ALREADY_PURCHASED": "already_owned"}
    return _Meaning(f"purchase.{named.get(result, 'answered')}", "purchase", "voice", "human", touch=accepted)


def _event(body: dict[str, Any], request: dict[str, Any], meaning: _Meaning, received: datetime) -> Event:
    time = instant(request.get("eventCreationTime")) or instant(request.get("timestamp"))
    native = text(request.get("requestId"))
    system = mapping(within(body, "context", "System"))
    session = mapping(body.get("session"))
    intent = _intent(request)
    return Event(
        id=native or content_id(PLATFORM, body),
        id_origin="native" if native else "derived",
        source=_source(system, session),
        type=f"platform.{meaning.type}",
        subject=text(within(request, "payload", "productId")),
        time=time or received,
        time_quality="platform" if time else "received",
        time_sent=instant(request.get("eventPublishingTime")),
        time_received=received,
        layer="platform",
        stage=meaning.stage,
        modality=meaning.modality,
        person_confidence=_confidence(system),
        identifiers=_identifiers(system, session),
        household_hints=_hints(system),
        initiator=_initiator(meaning),
        correlation=Correlation(session=text(session.get("sessionId")), token=text(request.get("token"))),
        device=_device(mapping(body.get("context")), system),
        intent=intent,
        touch=_touch(meaning, session, intent),
        commerce=_commerce(request),
        consent=_consent(request, system),
        raw=_RAW,
    )


def _source(system: dict[str, Any], session: dict[str, Any]) -> str:
    skill = within(system, "application", "applicationId")
    return f"//alexa/-/{text(skill) or text(within(session, 'application', 'applicationId')) or '-'}"


def _initiator(meaning: _Meaning) -> Initiator:
    if meaning.by == "unknown":
        return Initiator()
    return Initiator(kind=meaning.by, evidence="request.type")


def _identifiers(system: dict[str, Any], session: dict[str, Any]) -> tuple[Identifier, ...]:
    user = text(within(system, "user", "userId")) or text(within(session, "user", "userId"))
    device = mapping(system.get("device"))
    person = within(system, "person", "personId")
    return (
        identified("alexa.user", user, authenticated=True)
        + identified("alexa.person", person, authenticated=True)
        + identified("alexa.device", device.get("persistentEndpointId") or device.get("deviceId"))
    )


def _hints(system: dict[str, Any]) -> tuple[Hint, ...]:
    unit = mapping(system.get("unit"))
    known = text(unit.get("persistentUnitId")) or text(unit.get("unitId"))
    return (Hint(kind="unit", value=known),) if known else ()


def _confidence(system: dict[str, Any]) -> float | None:
    """Return how sure Alexa is of the person: its levels run from 0 to 400."""
    level = number(within(system, "person", "authenticationConfidenceLevel", "level"))
    return None if level is None else min(max(level / 400, 0.0), 1.0)


_MODES = {"TV": "tv", "HUB": "display", "MOBILE": "phone", "PC": "browser", "AUTO": "vehicle"}


def _device(context: dict[str, Any], system: dict[str, Any]) -> Device:
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


_PERSONAL_SLOT = re.compile(
    r"(first|last|full|user|person).?name|phone|e-?mail|address|street|zip", re.IGNORECASE
)


def _intent(request: dict[str, Any]) -> Intent:
    intent = mapping(request.get("intent"))
    name = text(intent.get("name"))
    if name is None:
        return Intent(locale=text(request.get("locale")))
    slots: dict[str, str] = {}
    for key, slot in mapping(intent.get("slots")).items():
        value = _slot_value(mapping(slot))
        if value is not None and not _PERSONAL_SLOT.search(key):
            slots[key] = value
    return Intent(
        name=name,
        slots=slots or None,
        handled=False if name == "AMAZON.FallbackIntent" else None,
        locale=text(request.get("locale")),
    )


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


def _touch(meaning: _Meaning, session: dict[str, Any], intent: Intent) -> Touch:
    if not meaning.touch:
        return Touch()
    planted = mapping(session.get("attributes"))
    told = (intent.slots or {}).get("channel") or text(planted.get("channel"))
    return Touch(channel=told or "voice", source="alexa", campaign=text(planted.get("campaign")))


def _commerce(request: dict[str, Any]) -> Commerce:
    payload = mapping(request.get("payload"))
    product, charge = text(payload.get("productId")), _charge(payload)
    if product is None and charge is None:
        return Commerce()
    accepted = text(payload.get("purchaseResult")) == "ACCEPTED"
    cancelled = text(request.get("name")) == "Cancel"
    action: Literal["placed", "cancelled"] | None = None
    if accepted:
        action = "cancelled" if cancelled else "placed"
    return Commerce(
        action=action,
        total=money(charge.get("amount")) if charge else None,
        currency=currency(charge.get("currencyCode")) if charge else None,
        value_known=charge is not None,
        products=[Product(product_id=product)] if product else None,
    )


def _charge(payload: dict[str, Any]) -> dict[str, Any] | None:
    """Return the amount of an Amazon Pay charge (recordings from before 2023 hold them)."""
    found = within(payload, "authorizationDetails", "authorizationAmount")
    return mapping(found) or mapping(payload.get("chargeAmount")) or None


def _consent(request: dict[str, Any], system: dict[str, Any]) -> Consent:
    """Return what the permissions say: a granted scope is a yes to personalisation, and no more."""
    kind = text(request.get("type")) or ""
    if kind.startswith("AlexaSkillEvent.SkillPermission"):
        scopes = mappings(within(request, "body", "acceptedPermissions"))
        granted = any(text(scope.get("scope")) for scope in scopes)
        return Consent(personalisation="granted" if granted else "denied", source="acceptedPermissions")
    told = mapping(within(system, "user", "permissions", "scopes"))
    states = {text(mapping(scope).get("status")) for scope in told.values()}
    if "GRANTED" in states:
        return Consent(personalisation="granted", source="permissions.scopes")
    if "DENIED" in states:
        return Consent(personalisation="denied", source="permissions.scopes")
    return Consent()
