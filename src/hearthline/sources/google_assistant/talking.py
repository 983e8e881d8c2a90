"""Conversations: Dialogflow (ES, its first version, CX) and Actions (the SDK's version 2, the Builder's 3).

How it was said is told by `inputType`, by a recogniser's confidence, or by a device that can only speak; else
it is unknown. The words are kept without slots that name a person.
"""

from datetime import datetime
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import (
    Correlation,
    Device,
    Event,
    Hint,
    Initiator,
    Modality,
    Raw,
    Stage,
    Touch,
)
from hearthline.sources import (
    asked,
    content_id,
    identified,
    instant,
    mapping,
    mappings,
    not_an_event,
    number,
    standing,
    text,
    within,
)

__all__ = ["is_talk", "talk_event"]

PLATFORM = "google_assistant"
_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_INPUTS: dict[str, Modality] = {"VOICE": "voice", "KEYBOARD": "screen", "TOUCH": "screen", "URL": "screen"}
_CALLS = ("GOOGLE_TELEPHONY", "telephony", "phone")
_GOOGLE = ("google", "")
_LAUNCHES = ("actions.intent.MAIN", "GOOGLE_ASSISTANT_WELCOME", "input.welcome")
_ENDS = ("actions.intent.CANCEL", "actions.intent.NO_INPUT_FINAL")
_SILENCES = ("actions.intent.NO_INPUT", "actions.intent.NO_INPUT_1", "actions.intent.NO_INPUT_2")
_FALLBACKS = ("actions.intent.NO_MATCH", "input.unknown")


class _Talk(NamedTuple):
    """One turn of a conversation, whatever shape it came in."""

    id: str | None
    name: str | None
    built_in: str
    utterance: str | None
    slots: dict[str, Any]
    session: str | None
    request: dict[str, Any]
    origin: str
    evidence: str
    confidence: float | None = None
    locale: str | None = None
    time: datetime | None = None
    heard: float | None = None


def is_talk(body: dict[str, Any]) -> bool:
    """Return whether this is a turn of a conversation with an agent or an Action."""
    return _turn(body) is not None


def _turn(body: dict[str, Any]) -> _Talk | None:
    for shape in (_dialogflow, _dialogflow_first, _dialogflow_cx, _builder, _actions):
        found = shape(body)
        if found is not None:
            return found
    return None


def _dialogflow(body: dict[str, Any]) -> _Talk | None:
    result = body.get("queryResult")
    if not isinstance(result, dict) or not ("responseId" in body or "session" in body):
        return None
    original = mapping(body.get("originalDetectIntentRequest"))
    request = mapping(original.get("payload")) or mapping(original.get("data"))
    return _Talk(
        id=text(body.get("responseId")),
        name=text(within(result, "intent", "displayName")),
        built_in=_said_to_do(request, result),
        utterance=_said(request) or text(result.get("queryText")),
        slots=mapping(result.get("parameters")),
        session=text(body.get("session")),
        request=request,
        origin=text(original.get("source")) or "",
        evidence="queryResult.queryText",
        confidence=number(result.get("intentDetectionConfidence")),
        locale=text(result.get("languageCode")),
        heard=number(result.get("speechRecognitionConfidence")),
    )


def _dialogflow_first(body: dict[str, Any]) -> _Talk | None:
    result = body.get("result")
    if not isinstance(result, dict) or "resolvedQuery" not in result:
        return None
    original = mapping(body.get("originalRequest"))
    request = mapping(original.get("data"))
    return _Talk(
        id=text(body.get("id")),
        name=text(within(result, "metadata", "intentName")),
        built_in=_said_to_do(request, result),
        utterance=_said(request) or text(result.get("resolvedQuery")),
        slots=mapping(result.get("parameters")),
        session=text(body.get("sessionId")),
        request=request,
        origin=text(original.get("source")) or "",
        evidence="result.resolvedQuery",
        confidence=number(result.get("score")),
        locale=text(body.get("lang")),
        time=instant(body.get("timestamp")),
    )


def _dialogflow_cx(body: dict[str, Any]) -> _Talk | None:
    session = mapping(body.get("sessionInfo"))
    if not session or not ("detectIntentResponseId" in body or "fulfillmentInfo" in body):
        return None
    matched = mapping(body.get("intentInfo"))
    spoken = text(body.get("transcript"))
    slots = {
        name: mapping(slot).get("resolvedValue") for name, slot in mapping(matched.get("parameters")).items()
    }
    return _Talk(
        id=text(body.get("detectIntentResponseId")),
        name=text(matched.get("displayName")) or text(within(body, "fulfillmentInfo", "tag")),
        built_in=text(body.get("triggerEvent")) or "",
        utterance=spoken or text(body.get("text")),
        slots=slots or mapping(session.get("parameters")),
        session=text(session.get("session")),
        request=mapping(body.get("payload")),
        origin="dialogflow",
        evidence="transcript" if spoken else "text",
        confidence=number(matched.get("confidence")),
        locale=text(body.get("languageCode")),
        heard=1.0 if spoken else None,
    )


def _builder(body: dict[str, Any]) -> _Talk | None:
    session = body.get("session")
    if not isinstance(body.get("handler"), dict) or not isinstance(session, dict):
        return None
    intent = mapping(body.get("intent"))
    name = text(intent.get("name"))
    slots = {key: _resolved(slot) for key, slot in mapping(intent.get("params")).items()}
    return _Talk(
        id=None,
        name=name or text(within(body, "handler", "name")),
        built_in=name or "",
        utterance=text(intent.get("query")),
        slots=slots,
        session=text(session.get("id")),
        request=body,
        origin="google",
        evidence="intent.query",
        locale=text(within(body, "user", "locale")) or text(session.get("languageCode")),
    )


def _actions(body: dict[str, Any]) -> _Talk | None:
    if not isinstance(body.get("conversation"), dict) or not mappings(body.get("inputs")):
        return None
    slots = {
        name: argument.get("textValue")
        for argument in mappings(mappings(body["inputs"])[0].get("arguments"))
        if (name := text(argument.get("name"))) is not None and name != "text"
    }
    return _Talk(
        id=None,
        name=_built_in(body),
        built_in=_built_in(body) or "",
        utterance=_said(body),
        slots=slots,
        session=text(within(body, "conversation", "conversationId")),
        request=body,
        origin="google",
        evidence="inputs.rawInputs",
        locale=text(within(body, "user", "locale")),
    )


def _resolved(slot: object) -> object:
    told = mapping(slot)
    resolved = told.get("resolved")
    return resolved if isinstance(resolved, str | int | float | list) else told.get("original")


def _raw_input(request: dict[str, Any]) -> dict[str, Any]:
    first = next(iter(mappings(request.get("inputs"))), {})
    return next(iter(mappings(first.get("rawInputs"))), {})


def _said(request: dict[str, Any]) -> str | None:
    return text(_raw_input(request).get("query"))


def _built_in(request: dict[str, Any]) -> str | None:
    return text(next(iter(mappings(request.get("inputs"))), {}).get("intent"))


def _said_to_do(request: dict[str, Any], result: dict[str, Any]) -> str:
    """Return Google's own intent, or the agent's action where Google only passed words on."""
    own = _built_in(request)
    return own if own and own != "actions.intent.TEXT" else text(result.get("action")) or own or ""


# The event ------------------------------------------------------------------


def talk_event(body: dict[str, Any], received: datetime) -> Event:
    """Return the event of one turn.

    Raises:
        BadPayload: Google asked whether the Action is well, or it is none of the shapes.
    """
    talk = _turn(body)
    if talk is None or _is_health_check(talk.request):
        raise not_an_event(PLATFORM, "a check of Google's whether the Action answers")
    kind, stage, is_touch = _meaning(talk)
    modality, evidence = _modality(talk)
    silent = talk.built_in in _SILENCES
    channel = "voice" if talk.origin in _GOOGLE or modality == "voice" else "chat"
    return Event(
        id=talk.id or content_id(PLATFORM, body),
        id_origin="native" if talk.id else "derived",
        source=f"//google/{_project(talk.session)}/assistant",
        type=f"platform.{kind}",
        time=talk.time or received,
        time_quality="platform" if talk.time else "received",
        time_received=received,
        layer="platform",
        stage=stage,
        modality=modality,
        identifiers=identified("google.user", _user(talk.request)),
        household_hints=_home(talk.request),
        initiator=Initiator() if silent else Initiator(kind="human", evidence=evidence),
        correlation=Correlation(
            session=talk.session, conversation=text(within(talk.request, "conversation", "conversationId"))
        ),
        device=Device(kind=_kind(talk.request)),
        intent=asked(
            talk.name,
            talk.slots,
            talk.utterance,
            confidence=talk.confidence,
            handled=False if {talk.built_in, talk.name} & set(_FALLBACKS) else None,
            locale=talk.locale,
        ),
        touch=Touch(channel=channel, source=talk.origin or "google")
        if is_touch and talk.origin not in _TRIALS
        else Touch(),
        raw=_RAW,
    )


def _is_health_check(request: dict[str, Any]) -> bool:
    arguments = mappings(next(iter(mappings(request.get("inputs"))), {}).get("arguments"))
    return any(a.get("name") == "is_health_check" and a.get("boolValue") is True for a in arguments)


def _meaning(talk: _Talk) -> tuple[str, Stage, bool]:
    if talk.built_in in _ENDS:
        return "voice.session_ended", "none", False
    if talk.built_in in _SILENCES:
        return "voice.no_input", "none", False
    if talk.built_in in _LAUNCHES or talk.name in _LAUNCHES:
        return "voice.launched", "consideration", True
    found = standing(talk.name or talk.built_in)
    return "voice.intent", found.stage, found.touch


_TRIALS = ("DIALOGFLOW_CONSOLE",)  # whoever builds the agent tries it out


def _modality(talk: _Talk) -> tuple[Modality, str]:
    """Return how it was said, and the field that says a person did."""
    told = text(_raw_input(talk.request).get("inputType"))
    if told in _INPUTS:
        return _INPUTS[told], "rawInputs.inputType"
    if talk.heard:
        return "voice", talk.evidence if talk.evidence == "transcript" else "speechRecognitionConfidence"
    if talk.origin in _CALLS:
        return "voice", "originalDetectIntentRequest.source"
    if talk.origin not in (*_GOOGLE, "dialogflow"):
        return "screen", "originalDetectIntentRequest.source"
    return (
        ("voice", "device.capabilities") if _kind(talk.request) == "speaker" else ("unknown", talk.evidence)
    )


def _capabilities(request: dict[str, Any]) -> set[str]:
    listed = within(request, "device", "capabilities")
    named = {known for name in (listed if isinstance(listed, list) else []) if (known := text(name))}
    for capability in mappings(within(request, "surface", "capabilities")):
        named.add((text(capability.get("name")) or "").rpartition(".")[2])
    return named


def _kind(request: dict[str, Any]) -> Literal["phone", "display", "speaker"] | None:
    """Return the kind of device by what it can show: only phones open web pages, speakers show nothing."""
    can = _capabilities(request)
    if can & {"WEB_BROWSER", "WEB_LINK"}:
        return "phone"
    if can & {"SCREEN_OUTPUT", "RICH_RESPONSE", "INTERACTIVE_CANVAS"}:
        return "display"
    return "speaker" if can & {"AUDIO_OUTPUT", "SPEECH"} else None


def _user(request: dict[str, Any]) -> str | None:
    user = mapping(request.get("user"))
    own = mapping(user.get("params"))
    return text(user.get("userId")) or text(user.get("user_id")) or text(own.get("userId"))


def _home(request: dict[str, Any]) -> tuple[Hint, ...]:
    """Return the home that the Action keeps in `home.params`, which all of a home's devices share."""
    kept = mapping(within(request, "home", "params"))
    known = text(kept.get("homeId")) or text(kept.get("household")) or text(kept.get("id"))
    return (Hint(kind="home", value=known),) if known else ()


def _project(session: str | None) -> str:
    """Return the project of a session's name, or '-'.

    >>> _project("projects/beans/agent/sessions/1"), _project("abc")
    ('beans', '-')
    """
    parts = (session or "").split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "projects" and parts[1].strip() else "-"
