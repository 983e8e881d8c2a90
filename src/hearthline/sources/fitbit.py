"""Fitbit Web API: notes that a wearer's data changed, from before Google Health took its place.

The endpoints answer 410 Gone since 2 November 2026; notes still lie in logs. They hold a day and no values.
"""

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha1
from typing import Any, Literal

from hearthline.schema.errors import Unproven
from hearthline.schema.event import Consent, Device, Event, Initiator, Raw, Signal
from hearthline.sources import (
    Account,
    Payload,
    Proof,
    Reply,
    Sent,
    content_id,
    identified,
    instant,
    key_id,
    one_secret,
    opened,
    signed_by,
    text,
    unreadable,
)

__all__ = ["read", "recognises", "reply", "verify"]

PLATFORM = "fitbit"
TITLE = "Fitbit Web API"
LAYER: Literal["device"] = "device"
TRANSPORTS: tuple[Literal["webhook", "stream", "file", "pull"], ...] = ("file", "webhook")
PROOF = "X-Fitbit-Signature: HMAC-SHA1 over the body with the client secret and '&'"
STATE = "retired on 2 November 2026; Google Health took its place"
TELLS: Mapping[Literal["person", "household", "initiator", "price"], Literal["yes", "no", "sometimes"]] = {
    "person": "yes",
    "household": "no",
    "initiator": "sometimes",
    "price": "no",
}
DOCS = "https://dev.fitbit.com/build/reference/web-api/developer-guide/using-subscriptions/"

_RAW = Raw(adapter=PLATFORM, adapter_version=1, media_type="application/json")
_DAY_MS = 24 * 3_600_000
_ZONES_MS = 14 * 3_600_000
_ENDS = {"userRevokedAccess": "access_revoked", "deletedUser": "account_deleted"}
_ENDS |= {"deleteUser": "account_deleted"}


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof that Fitbit sent the notes, or asks whether the address is ours.

    Raises:
        Unproven: no signature, or another one.
    """
    if sent.method == "GET" and "verify" in sent.query:
        # The question proves nothing; only the right answer tells Fitbit that the address is ours.
        return Proof(scheme="fitbit-verify")
    signature = sent.headers.get("x-fitbit-signature")
    keys = {f"{secret}&": secret for secret in one_secret(account, PLATFORM)}
    found = signed_by(keys, sent.wire or sent.body, signature, spelling="base64", digest=sha1)
    if found is None:
        raise Unproven(PLATFORM, "the signature does not fit", "set the secret to the client secret")
    return Proof(scheme="fitbit-hmac", key_id=next(key_id(s) for k, s in keys.items() if key_id(k) == found))


def reply(sent: Sent, account: Account) -> Reply | None:
    """Return the answer to Fitbit's question: 204 for the code of the setting `verify`, 404 for others."""
    if sent.method != "GET" or "verify" not in sent.query:
        return None
    code = account.settings.get("verify", "")
    told = sent.query["verify"].encode("utf-8", "replace")
    return Reply(status=204 if code and hmac.compare_digest(code.encode(), told) else 404)


def recognises(payload: Payload) -> bool:
    """Return whether this is one note of the list that Fitbit posts.

    >>> recognises({"collectionType": "sleep", "ownerId": "A", "ownerType": "user", "date": "2026-03-01"})
    True
    """
    body, _ = opened(payload)
    return "collectionType" in body and "ownerId" in body


def read(payload: Payload, received: datetime) -> Iterator[Event]:
    """Yield the one event of a note.

    Raises:
        BadPayload: it names no owner or no collection.
    """
    body, _ = opened(payload)
    kind, owner = text(body.get("collectionType")), text(body.get("ownerId"))
    if kind is None or owner is None:
        raise unreadable(PLATFORM, "no 'collectionType' or 'ownerId'", body, "send the notes unchanged")
    yield _event(body, kind, owner, received)


def _event(body: dict[str, Any], kind: str, owner: str, received: datetime) -> Event:
    day = instant(body.get("date"))
    ended = _ENDS.get(kind)
    gone: Literal["denied"] | None = "denied" if ended else None
    return Event(
        id=content_id(PLATFORM, body),
        id_origin="derived",
        source="//fitbit/-/notes",
        type=f"device.health.{ended or 'updated'}",
        subject=kind,
        time=day or received,
        time_quality="interval" if day else "received",
        time_uncertainty_ms=_DAY_MS + _ZONES_MS if day else None,
        time_received=received,
        layer="device",
        modality="unknown" if ended else "ambient",
        identifiers=identified("fitbit.user", owner),
        initiator=Initiator(kind="human", evidence="collectionType") if ended else Initiator(),
        device=Device(kind="wearable"),
        signal=Signal(
            capability=kind, attribute="data", instance=text(body.get("subscriptionId")), state_change=True
        ),
        consent=Consent(measurement=gone, personalisation=gone, advertising=gone, source="collectionType")
        if ended
        else Consent(),
        raw=_RAW,
    )
