"""Dashbot: messages to and from a bot, as its clients post them to `/track`, in the platform's own words.

The address says what the body does not: `type` (who spoke) and `platform`. They travel into the payload as
`dashbot`. Alexa's and Google's messages lie inside as those platforms sent them; access tokens are not read.
"""

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.errors import Unproven
from hearthline.schema.event import (
    Commerce,
    Correlation,
    Device,
    Event,
    Hint,
    Identifier,
    Initiator,
    Intent,
    Modality,
    Raw,
    Stage,
    Touch,
)
from hearthline.sources import (
    Account,
    Payload,
    Proof,
    Sent,
    asked,
    content_id,
    currency,
    identified,
    instant,
    json_payloads,
    key_id,
    mapping,
    mappings,
    money,
    number,
    one_secret,
    opened,
    standing,
    text,
    unreadable,
    within,
    word,
)

__all__ = ["payloads", "read", "recognises", "verify"]

PLATFORM = "dashbot"
TITLE = "Dashbot"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "the API key in the address, checked against the account's secrets"
STATE = "documented; its clients still install"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "yes",
    "price": "no",
}
DOCS = "https://docs.dashbot.io/"
CLIENT_PATHS = ("/track",)

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_TOLD = ("type", "platform", "v")
_PLAIN = ("dashbot", "text", "userId", "conversationId", "sessionId", "intent", "locale", "metadata")
_SHOWN = (
    "images",
    "buttons",
    "postback",
    "platformJson",
    "platformUserJson",
    "dashbot_timestamp",
    "timestamp",
)
_SAID = ("text", "intent", "images", "buttons", "postback")
_GENERIC = frozenset((*_PLAIN, *_SHOWN))
_EVENTS = {
    "customEvent": "bot.custom",
    "revenueEvent": "bot.revenue",
    "shareEvent": "bot.shared",
    "pageLaunchEvent": "bot.page_launched",
    "referralEvent": "bot.referred",
}
_INPUTS: dict[str, Modality] = {"VOICE": "voice", "KEYBOARD": "screen", "TOUCH": "screen"}


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof that the sender has the account's API key.

    Raises:
        Unproven: the address has no `apiKey`, or another one.
    """
    shown = sent.query.get("apiKey", "").encode("utf-8", "replace")
    for secret in one_secret(account, PLATFORM):
        if hmac.compare_digest(secret.encode(), shown):
            return Proof(scheme="api-key", key_id=key_id(secret))
    raise Unproven(PLATFORM, "no 'apiKey' of this account in the address", "set the client's key to a secret")


def payloads(sent: Sent) -> Iterator[Payload]:
    """Yield each message with what its address says of it; the API key stays behind."""
    told = {name: sent.query[name] for name in _TOLD if name in sent.query}
    for message in json_payloads(sent, PLATFORM):
        yield {**message, "dashbot": told} if told else message


def recognises(payload: Payload) -> bool:
    """Return whether this is a message as a Dashbot client posts it.

    >>> recognises({"event": {"request": {"type": "LaunchRequest"}}, "dashbot_timestamp": 1573002340451})
    True
    >>> recognises({"text": "hi", "intent": {"name": "GREET", "inputs": []}})
    True
    """
    body, _ = opened(payload)
    if isinstance(body.get("dashbot"), dict) or isinstance(_alexa(body).get("request"), dict):
        return True
    if isinstance(body.get("request_body"), dict):
        return True
    if not set(body) <= _GENERIC:
        return False
    filled = isinstance(within(body, "intent", "inputs"), list)
    return filled or "platformJson" in body or ("userId" in body and bool(set(_SAID) & set(body)))


def _alexa(body: dict[str, Any]) -> dict[str, Any]:
    event = mapping(body.get("event"))
    return event if isinstance(event.get("request"), dict) and "header" not in event else {}


class _Message(NamedTuple):
    """One message, whatever platform's it is."""

    kind: str
    intent: Intent
    modality: Modality = "unknown"
    evidence: str = "type"
    is_outgoing: bool = False
    id: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    hints: tuple[Hint, ...] = ()
    correlation: Correlation = Correlation()
    device: Device = Device()
    time: datetime | None = None
    platform: str = "generic"
    commerce: Commerce = Commerce()


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event of a message.

    Raises:
        BadPayload: neither a message of Alexa's or Google's nor a generic one.
    """
    body, _ = opened(payload)
    told = mapping(body.get("dashbot"))
    direction = text(told.get("type")) or ""
    if _alexa(body):
        message = _of_alexa(body, _alexa(body), direction)
    elif isinstance(body.get("request_body"), dict):
        message = _of_google(body, body["request_body"], direction)
    elif text(body.get("type")) in _EVENTS:
        message = _of_event(body)
    elif any(body.get(name) for name in (*_SAID, "platformJson")):
        message = _of_anything(body, direction, text(told.get("platform")) or "generic")
    else:
        cure = "send messages of the platforms alexa, google, generic or universal"
        raise unreadable(PLATFORM, "no 'event', 'request_body', 'text' or 'intent'", body, cure)
    yield _event(body, message, received)


def _event(body: dict[str, Any], message: _Message, received: datetime) -> Event:
    own, sent_at = message.time, instant(body.get("dashbot_timestamp")) or instant(body.get("timestamp"))
    found = standing(message.intent.name) if message.intent.name else None
    stage: Stage = "none"
    is_touch = False
    if message.kind == "voice.launched":
        stage, is_touch = "consideration", True
    elif message.kind == "voice.intent":
        stage, is_touch = (found.stage, found.touch) if found else ("consideration", True)
    if message.is_outgoing:
        initiator = Initiator(kind="machine", evidence=message.evidence)
    else:
        initiator = Initiator(kind="human", evidence=message.evidence) if message.evidence else Initiator()
    channel = "voice" if message.platform in ("alexa", "google") else "chat"
    return Event(
        id=message.id or content_id(PLATFORM, body),
        id_origin="native" if message.id else "derived",
        source=f"//dashbot/-/{word(message.platform, 'generic')}",
        type=f"platform.{message.kind}",
        time=own or sent_at or received,
        time_quality="platform" if own else "server" if sent_at else "received",
        time_sent=sent_at,
        time_received=received,
        layer="platform",
        stage=stage,
        modality="automated" if message.is_outgoing else message.modality,
        identifiers=message.identifiers,
        household_hints=message.hints,
        initiator=initiator,
        correlation=message.correlation,
        device=message.device,
        intent=message.intent,
        touch=Touch(channel=channel, source=message.platform) if is_touch else Touch(),
        commerce=message.commerce,
        raw=_RAW,
    )


# What lies inside ------------------------------------------------------------


def _of_alexa(body: dict[str, Any], event: dict[str, Any], direction: str) -> _Message:
    request, session = event["request"], mapping(event.get("session"))
    system = mapping(within(event, "context", "System"))
    outgoing = direction == "outgoing" or (not direction and "response" in body)
    kind = text(request.get("type")) or ""
    kinds = {"LaunchRequest": "voice.launched", "IntentRequest": "voice.intent"}
    intent = mapping(request.get("intent"))
    slots = {name: mapping(slot).get("value") for name, slot in mapping(intent.get("slots")).items()}
    native = text(request.get("requestId"))
    unit = text(within(system, "unit", "persistentUnitId")) or text(within(system, "unit", "unitId"))
    user = text(within(system, "user", "userId")) or text(within(session, "user", "userId"))
    device = text(within(system, "device", "deviceId"))
    spoken = kind in kinds or kind == "SessionEndedRequest"
    return _Message(
        kind="voice.answered" if outgoing else kinds.get(kind, f"voice.{word(kind, 'request')}"),
        intent=asked(text(intent.get("name")), slots, locale=text(request.get("locale"))),
        modality="voice" if spoken else "unknown",
        evidence=("response" if outgoing else "event.request.type") if spoken or outgoing else "",
        is_outgoing=outgoing,
        id=f"{native}:answer" if native and outgoing else native,
        identifiers=identified("alexa.user", user, authenticated=True) + identified("alexa.device", device),
        hints=(Hint(kind="unit", value=unit),) if unit else (),
        correlation=Correlation(session=text(session.get("sessionId"))),
        device=Device(id=device),
        time=instant(request.get("timestamp")),
        platform="alexa",
    )


def _of_google(body: dict[str, Any], request: dict[str, Any], direction: str) -> _Message:
    outgoing = direction == "outgoing" or (not direction and "message" in body)
    inside = mapping(within(request, "originalDetectIntentRequest", "payload")) or mapping(
        within(request, "originalRequest", "data")
    )
    talk = inside or request
    first = next(iter(mappings(talk.get("inputs"))), {})
    raw = next(iter(mappings(first.get("rawInputs")) + mappings(first.get("raw_inputs"))), {})
    result = mapping(request.get("queryResult")) or mapping(request.get("result"))
    own = text(within(result, "intent", "displayName")) or text(within(result, "metadata", "intentName"))
    built_in = text(first.get("intent"))
    said = text(raw.get("query")) or text(result.get("queryText")) or text(result.get("resolvedQuery"))
    native = text(request.get("responseId")) or text(request.get("id"))
    modality = _INPUTS.get(text(raw.get("inputType")) or "", "unknown")
    launched = built_in == "actions.intent.MAIN"
    return _Message(
        kind="voice.answered" if outgoing else "voice.launched" if launched else "voice.intent",
        intent=asked(own or built_in, mapping(result.get("parameters")), None if outgoing else said),
        modality=modality,
        evidence="message"
        if outgoing
        else "rawInputs.inputType"
        if modality != "unknown"
        else "request_body",
        is_outgoing=outgoing,
        id=f"{native}:answer" if native and outgoing else native,
        identifiers=identified(
            "google.user", within(talk, "user", "userId") or within(talk, "user", "user_id")
        ),
        correlation=Correlation(
            session=text(request.get("session")) or text(request.get("sessionId")),
            conversation=text(within(talk, "conversation", "conversationId")),
        ),
        platform="google",
    )


def _of_anything(body: dict[str, Any], direction: str, platform: str) -> _Message:
    intent = mapping(body.get("intent"))
    inputs = mappings(intent.get("inputs"))
    slots = {name: part.get("value") for part in inputs if (name := text(part.get("name")))}
    outgoing = direction == "outgoing"
    # Without its address a message does not say who spoke; filled inputs are a person's.
    evidence = "type" if direction else "intent.inputs" if inputs else ""
    known = bool(evidence)
    return _Message(
        kind="voice.answered" if outgoing else "voice.intent" if known else "bot.message",
        intent=asked(
            text(intent.get("name")), slots, body.get("text"), confidence=number(intent.get("confidence"))
        ),
        evidence=evidence,
        is_outgoing=outgoing,
        identifiers=identified("dashbot.user", body.get("userId")),
        correlation=Correlation(
            session=text(body.get("sessionId")), conversation=text(body.get("conversationId"))
        ),
        platform=platform,
    )


def _of_event(body: dict[str, Any]) -> _Message:
    amount = money(body.get("amount"))
    # Dashbot documents no currency: an ISO code of that name is taken from the event or its free `metadata`.
    code = currency(body.get("currency")) or currency(within(body, "metadata", "currency"))
    return _Message(
        kind=_EVENTS[text(body.get("type")) or ""],
        intent=Intent(name=text(body.get("name"))),
        evidence="",
        identifiers=identified("dashbot.user", body.get("userId")),
        correlation=Correlation(
            conversation=text(body.get("conversationId")), token=text(body.get("referenceNumber"))
        ),
        commerce=Commerce() if amount is None else Commerce(total=amount, currency=code, value_known=True),
    )
