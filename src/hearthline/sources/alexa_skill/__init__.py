"""Alexa custom skills: launches, intents, session ends, in-skill purchases, skill and list events.

The unit (the group of devices that one customer placed in one home) is a household hint; the person id
is there only when the voice was recognised. Access and consent tokens are never read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.event import (
    Automation,
    Commerce,
    Correlation,
    Event,
    Initiator,
    Intent,
    Product,
    Raw,
    Touch,
)
from hearthline.sources import (
    Payload,
    content_id,
    currency,
    instant,
    mapping,
    money,
    not_an_event,
    opened,
    text,
    unreadable,
    within,
)
from hearthline.sources.alexa_skill.meaning import Meaning, asin_of, is_known, meaning_of
from hearthline.sources.alexa_skill.proof import verify
from hearthline.sources.alexa_skill.told import (
    confidence_of,
    consent_of,
    device_of,
    hints_of,
    identifiers_of,
    intent_of,
    signal_of,
)

__all__ = ["read", "recognises", "verify"]

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


def recognises(payload: Payload) -> bool:
    """Return whether this is a skill request, in its envelope or bare.

    >>> recognises({"version": "1.0", "context": {"System": {}}, "request": {"type": "LaunchRequest"}})
    True
    """
    body, _ = opened(payload)
    if _own_words(body) is not None:
        return True
    if "request" not in body:
        bare = text(body.get("type"))
        return bare == "Connections.Response" or (is_known(bare) and text(body.get("requestId")) is not None)
    request = mapping(body.get("request"))
    enveloped = "session" in body or isinstance(within(body, "context", "System"), dict)
    return text(request.get("type")) is not None and enveloped


def _own_words(body: dict[str, Any]) -> str | None:
    """Return what a message is that the skill says to Alexa, or None."""
    if "version" in body and "request" not in body and isinstance(body.get("response"), dict):
        return "the skill's own answer"
    is_directive = text(body.get("type")) in ("Connections.SendRequest", "Connections.StartConnection")
    return "a task that the skill hands to Alexa; its answer tells what came of it" if is_directive else None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event that a skill request is.

    Raises:
        BadPayload: no request, an unknown type of request, or one that tells no event.
    """
    body, _ = opened(payload)
    own = _own_words(body)
    if own is not None:
        raise not_an_event(PLATFORM, own)
    request = mapping(body.get("request")) or body
    kind = text(request.get("type"))
    if kind is None:
        raise unreadable(PLATFORM, "no 'request.type'", body, "send the skill request whole")
    yield _event(body, request, meaning_of(kind, request), received)


def _event(body: dict[str, Any], request: dict[str, Any], meaning: Meaning, received: datetime) -> Event:
    time = instant(request.get("eventCreationTime")) or instant(request.get("timestamp"))
    native = text(request.get("requestId"))
    system = mapping(within(body, "context", "System"))
    session = mapping(body.get("session"))
    intent = intent_of(request)
    return Event(
        id=native or content_id(PLATFORM, body),
        id_origin="native" if native else "derived",
        source=_source(system, session),
        type=f"platform.{meaning.type}",
        subject=text(within(request, "payload", "productId")) or text(within(request, "body", "listId")),
        time=time or received,
        time_quality="platform" if time else "received",
        time_sent=instant(request.get("eventPublishingTime")),
        time_received=received,
        layer="platform",
        stage=meaning.stage,
        modality=meaning.modality,
        person_confidence=confidence_of(system),
        identifiers=identifiers_of(system, session),
        household_hints=hints_of(system),
        initiator=_initiator(meaning),
        automation=Automation(kind="routine") if meaning.routine else Automation(),
        correlation=Correlation(
            session=text(session.get("sessionId")),
            token=text(request.get("token")) or text(within(request, "cause", "token")),
        ),
        device=device_of(mapping(body.get("context")), system),
        intent=intent,
        touch=_touch(meaning, session, intent),
        commerce=_commerce(request),
        signal=signal_of(request),
        consent=consent_of(request, system),
        raw=_RAW,
    )


def _source(system: dict[str, Any], session: dict[str, Any]) -> str:
    skill = within(system, "application", "applicationId")
    return f"//alexa/-/{text(skill) or text(within(session, 'application', 'applicationId')) or '-'}"


def _initiator(meaning: Meaning) -> Initiator:
    if meaning.by == "unknown":
        return Initiator()
    return Initiator(kind=meaning.by, evidence=meaning.evidence)


def _touch(meaning: Meaning, session: dict[str, Any], intent: Intent) -> Touch:
    if not meaning.touch:
        return Touch()
    planted = mapping(session.get("attributes"))
    told = (intent.slots or {}).get("channel") or text(planted.get("channel"))
    return Touch(channel=told or "voice", source="alexa", campaign=text(planted.get("campaign")))


def _commerce(request: dict[str, Any]) -> Commerce:
    payload = mapping(request.get("payload"))
    product, charge = text(payload.get("productId")) or asin_of(request), _charge(payload)
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
