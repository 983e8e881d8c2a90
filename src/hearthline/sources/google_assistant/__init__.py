"""Google Assistant: what people said to an Action or a Dialogflow agent, and what homes were told to do.

Conversational Actions ended in June 2023; their requests still lie in logs, and Dialogflow lives on. The
smart home part is today's Cloud-to-cloud. Access and id tokens are never read.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from hearthline.schema.errors import Unproven
from hearthline.schema.event import Event
from hearthline.sources import (
    Account,
    Issuer,
    Payload,
    Proof,
    Sent,
    not_an_event,
    opened,
    text,
    token_claims,
    unreadable,
    within,
)
from hearthline.sources.google_assistant.homes import home_events, is_home
from hearthline.sources.google_assistant.talking import is_talk, talk_event

__all__ = ["read", "recognises", "verify"]

PLATFORM = "google_assistant"
TITLE = "Google Assistant and Dialogflow"
LAYER: Literal["platform"] = "platform"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("webhook", "file")
PROOF = "a JSON Web Token of Google's for your project; smart home requests carry your own token"
STATE = "smart home and Dialogflow live; Conversational Actions retired on 13 June 2023"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "no",
    "household": "sometimes",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://developers.home.google.com/cloud-to-cloud/intents"

_KEYS = "https://www.googleapis.com/oauth2/v3/certs"
_ANSWERS = frozenset(("fulfillmentText", "fulfillmentMessages", "expectUserResponse", "fulfillmentResponse"))
_ISSUERS = ("https://accounts.google.com", "accounts.google.com")


def recognises(payload: Payload) -> bool:
    """Return whether this is a request or an answer of an Action, an agent or a smart home.

    >>> recognises({"requestId": "r", "inputs": [{"intent": "action.devices.SYNC"}]})
    True
    >>> recognises({"handler": {"name": "h"}, "intent": {"name": "i"}, "session": {"id": "s"}})
    True
    """
    body, _ = opened(payload)
    return is_home(body) or is_talk(body) or _told_nothing(body) is not None


def _told_nothing(body: dict[str, Any]) -> str | None:
    """Return what a message of Google's is that tells of nothing that happened, or None."""
    if isinstance(body.get("agentInfo"), dict) and isinstance(body.get("actions"), list):
        return "the definition of an Action"
    if _ANSWERS & set(body) or ("prompt" in body and ("scene" in body or "session" in body)):
        return "the agent's own answer" if "queryResult" not in body and "handler" not in body else None
    if set(body) <= {"agentUserId", "async"} and "agentUserId" in body:
        return "a wish that Google ask what a home has"
    if "requestId" in body and text(within(body, "payload", "errorCode")) is not None:
        return "an error report"
    return "an acknowledgement" if set(body) == {"requestId"} else None


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the events of a request or an answer.

    Raises:
        BadPayload: it asks or lists (SYNC, QUERY), or it is none of Google's shapes.
    """
    body, _ = opened(payload)
    nothing = _told_nothing(body)
    if nothing is not None:
        raise not_an_event(PLATFORM, nothing)
    if is_home(body):
        yield from home_events(body, received)
    elif is_talk(body):
        yield talk_event(body, received)
    else:
        raise unreadable(PLATFORM, "no intent of Google's", body, "send the request to your fulfilment whole")


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof that Google made the request, for the project that the setting `project` names.

    Raises:
        Unproven: no token, another signer, another project, or no longer valid.
    """
    project = text(account.settings.get("project"))
    if project is None:
        raise Unproven(PLATFORM, "no project is named, so no token can be for it", "set 'project' to its id")
    token = sent.headers.get("google-assistant-signature") or sent.headers.get("authorization", "")
    carried: dict[str, Any] = {"authorization": f"Bearer {token.removeprefix('Bearer ').strip()}"}
    shown = Sent(headers=carried, received=sent.received)
    token_claims(shown, account, Issuer(_ISSUERS, project, _KEYS), PLATFORM)
    return Proof(scheme="google-token", key_id=project)
