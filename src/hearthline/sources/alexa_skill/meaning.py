"""What a request means: its type as an event, its stage in the journey, who set it off."""

import re
from typing import Any, Literal, NamedTuple

from hearthline.schema.event import Modality, Stage
from hearthline.sources import not_an_event, standing, text, unreadable, within, word

__all__ = ["Meaning", "asin_of", "is_known", "meaning_of"]

PLACE = "alexa_skill"


class Meaning(NamedTuple):
    """What one request type means; `touch`: it goes through the channel `voice`."""

    type: str
    stage: Stage = "none"
    modality: Modality = "unknown"
    by: Literal["human", "machine", "scheduled", "unknown"] = "unknown"
    touch: bool = False
    evidence: str = "request.type"
    routine: bool = False


_SPOKEN = Meaning("voice.intent", "consideration", "voice", "human", touch=True)
_TOUCHED = Meaning("display.touched", "consideration", "screen", "human", touch=True)
_REQUESTS = {
    "LaunchRequest": _SPOKEN._replace(type="voice.launched"),
    "IntentRequest": _SPOKEN,
    "Dialog.API.Invoked": _SPOKEN,
    "Dialog.InputRequest": Meaning("voice.input_asked", "none", "voice"),
    "CanFulfillIntentRequest": Meaning("voice.can_fulfil_asked", "none", "voice"),
    "SessionEndedRequest": Meaning("voice.session_ended", "none", "voice"),
    "SessionResumedRequest": Meaning("voice.session_resumed", "none", "voice"),
    "Connections.Request": Meaning("voice.task_asked", "none", "voice"),
    "Connections.Response": Meaning("purchase.answered", "purchase", "voice", "human"),
    "Alexa.Presentation.APL.UserEvent": _TOUCHED,
    "Alexa.Presentation.APLT.UserEvent": _TOUCHED,
    "Alexa.Presentation.HTML.Message": Meaning("display.message", modality="screen"),
    "Display.ElementSelected": _TOUCHED,
    "GameEngine.InputHandlerEvent": Meaning("button.pressed", "none", "gesture", "human"),
    "CustomInterfaceController.EventsReceived": Meaning("gadget.events_received"),
    "CustomInterfaceController.Expired": Meaning("gadget.expired"),
    "Messaging.MessageReceived": Meaning("skill.message_received", "none", "automated", "machine"),
    "AlexaSkillEvent.SkillEnabled": Meaning("skill.enabled", "post_purchase", by="human"),
    "AlexaSkillEvent.SkillDisabled": Meaning("skill.disabled", by="human"),
    "AlexaSkillEvent.SkillAccountLinked": Meaning("skill.account_linked", by="human"),
    "AlexaSkillEvent.SkillAccountUnlinked": Meaning("skill.account_unlinked", by="human"),
    "AlexaSkillEvent.SkillPermissionAccepted": Meaning("skill.permission_accepted", by="human"),
    "AlexaSkillEvent.SkillPermissionChanged": Meaning("skill.permission_changed", by="human"),
    "AlexaSkillEvent.ProactiveSubscriptionChanged": Meaning("skill.notifications_changed", by="human"),
    "Alexa.DataStore.PackageManager.UsagesInstalled": Meaning("widget.installed", by="human"),
    "Alexa.DataStore.PackageManager.UsagesRemoved": Meaning("widget.removed", by="human"),
    "Reminders.ReminderStarted": Meaning("reminder.started", "none", "automated", "scheduled"),
}
_FAMILIES = {
    "AlexaHouseholdListEvent.": "household_list",
    "AlexaSkillEvent.": "skill",
    "AudioPlayer.": "audio",
    "PlaybackController.": "playback",
    "VideoPlayer.": "video",
    "Reminders.Reminder": "reminder",
}
_NOT_EVENTS = {
    "System.ExceptionEncountered": "an error report about the skill's own answer",
    "Alexa.Authorization.Grant": "a grant of credentials",
    "Alexa.Presentation.APL.RuntimeError": "an error report about the skill's own screen",
    "Alexa.Presentation.APL.LoadIndexListData": "a screen that asks for more of a list",
    "Alexa.Presentation.APL.LoadTokenListData": "a screen that asks for more of a list",
    "Alexa.Presentation.HTML.RuntimeError": "an error report about the skill's own screen",
    "Alexa.DataStore.Error": "an error report about the skill's own widget",
    "Alexa.DataStore.PackageManager.InstallationError": "an error report about the skill's own widget",
    "Alexa.DataStore.PackageManager.UpdateRequest": "a widget that is to be brought up to date",
}
# A skill that a routine started says so here; the routine may have been spoken to, or timed.
_ROUTINE = "amzn1.alexa-speechlet-client.SequencedSimpleIntentHandler"


def is_known(kind: str | None) -> bool:
    """Return whether a request of that type is documented.

    >>> is_known("LaunchRequest"), is_known("AudioPlayer.PlaybackStarted"), is_known("Unheard.Of")
    (True, True, False)
    """
    return kind is not None and (
        kind in _REQUESTS or kind in _NOT_EVENTS or kind.startswith(tuple(_FAMILIES))
    )


def meaning_of(kind: str, request: dict[str, Any]) -> Meaning:
    """Return what a request of that type means.

    Raises:
        BadPayload: it is no event, or its type is unknown.
    """
    if kind in _NOT_EVENTS:
        raise not_an_event(f"{PLACE}.{kind}", _NOT_EVENTS[kind])
    found = _REQUESTS.get(kind) or _by_family(kind, request)
    if kind in ("Connections.Response", "SessionResumedRequest"):
        return _answer(request) if kind == "Connections.Response" else _resumed(request, found)
    if kind == "IntentRequest":
        return _by_intent(text(within(request, "intent", "name")) or "", found)
    if kind == "Dialog.API.Invoked":
        return _by_intent(text(within(request, "apiRequest", "name")) or "", found)
    if kind == "LaunchRequest" and within(request, "metadata", "referrer") == _ROUTINE:
        return Meaning("voice.launched", routine=True)
    if kind == "SessionEndedRequest" and request.get("reason") == "USER_INITIATED":
        return found._replace(by="human", evidence="request.reason")
    return found


def _by_family(kind: str, request: dict[str, Any]) -> Meaning:
    family = next((family for family in _FAMILIES if kind.startswith(family)), None)
    if family is None:
        raise unreadable(f"{PLACE}.request", "an unknown 'type'", request, "leave it out")
    name = kind.removeprefix(family)
    action = word(name, "event")
    if family == "AlexaHouseholdListEvent.":
        stage: Stage = "consideration" if name == "ItemsCreated" else "none"
        return Meaning(f"household_list.{action}", stage, by="human")
    if family == "PlaybackController.":
        return Meaning(f"playback.{action}", "none", "gesture", "human")
    return Meaning(f"{_FAMILIES[family]}.{action}")


def _by_intent(name: str, meaning: Meaning) -> Meaning:
    return meaning._replace(stage=standing(name).stage, touch=standing(name).touch)


# Answers of a task that the skill handed to Alexa --------------------------------

_RESULTS = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "ALREADY_PURCHASED": "already_owned",
    "PENDING_PURCHASE": "pending",
    "NOT_ENTITLED": "not_owned",
    "ERROR": "failed",
}
# Tasks beside in-skill purchases: what they are called, and whether a purchase is on its way.
_TASKS: dict[str, tuple[str, Stage]] = {
    "AskFor": ("permission.answered", "none"),
    "AMAZON.AskFor": ("permission.answered", "none"),
    "Setup": ("payment.set_up", "purchase"),
    "Charge": ("payment.charged", "purchase"),
    "AddToShoppingCart": ("cart.added", "purchase"),
    "AMAZON.AddToShoppingCart": ("cart.added", "purchase"),
    "BuyShoppingProducts": ("purchase.shopping_answered", "purchase"),
    "AMAZON.BuyShoppingProducts": ("purchase.shopping_answered", "purchase"),
}


# A resumed session says how its task ended and not which one it was: the skill's own token may say it.
_BY_TOKEN = {
    "addtoshoppingcart": "AddToShoppingCart",
    "buyshoppingproducts": "BuyShoppingProducts",
    "purchaseproduct": "BuyShoppingProducts",
}
_ASIN = re.compile(r"(?<![A-Za-z0-9])B0[A-Z0-9]{8}(?![A-Za-z0-9])")


def asin_of(request: dict[str, Any]) -> str | None:
    """Return the product of a shopping task, where the skill put its ASIN into the token.

    >>> asin_of({"type": "SessionResumedRequest", "cause": {"token": "BuyShoppingProducts:B0ABCD1234"}})
    'B0ABCD1234'
    """
    if text(request.get("type")) != "SessionResumedRequest":
        return None
    found = _ASIN.search(text(within(request, "cause", "token")) or "")
    return found[0] if found else None


def _resumed(request: dict[str, Any], meaning: Meaning) -> Meaning:
    """Return what a task of Alexa's came to; a result with a code of Alexa Shopping is an error's."""
    token = re.sub(r"[^a-z]", "", (text(within(request, "cause", "token")) or "").lower())
    task = next((task for word, task in _BY_TOKEN.items() if word in token), None)
    shopping = (text(within(request, "cause", "result", "code")) or "").startswith("AlexaShopping.")
    failed = shopping or (text(within(request, "cause", "status", "code")) or "200") != "200"
    if failed:
        return meaning._replace(type="task.failed") if task or shopping else meaning
    if task is None:
        return meaning
    type_, stage = _TASKS[task]
    return Meaning(type_, stage, "voice", "human", evidence="request.cause.token")


def _answer(request: dict[str, Any]) -> Meaning:
    """Return what came back from a purchase, an upsell, a cancellation or another task of the skill.

    >>> [_answer({"name": name, "payload": {"purchaseResult": result}}).type
    ...  for name, result in (("Buy", "ACCEPTED"), ("Cancel", "ACCEPTED"), ("Upsell", "PENDING_PURCHASE"))]
    ['purchase.accepted', 'purchase.cancelled', 'purchase.pending']
    """
    name = text(request.get("name")) or ""
    result = (text(within(request, "payload", "purchaseResult")) or "").upper()
    if name in _TASKS:
        type_, stage = _TASKS[name]
        failed = (text(within(request, "status", "code")) or "200") != "200"
        return Meaning("task.failed" if failed else type_, "none" if failed else stage, "voice", "human")
    if name == "Cancel":
        kept = {"ACCEPTED": "cancelled", "NOT_ENTITLED": "not_owned", "ERROR": "failed"}
        return Meaning(f"purchase.{kept.get(result, 'kept')}", "post_purchase", "voice", "human")
    kind = f"purchase.{_RESULTS.get(result, 'answered')}"
    return Meaning(kind, "purchase", "voice", "human", touch=result == "ACCEPTED")
