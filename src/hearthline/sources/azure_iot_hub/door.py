"""How Event Grid proves itself and what it is answered.

Settings of an account: with `tenant` and `audience` its Microsoft Entra token is asked for, and no secret of
the account is enough (a write key of ours still opens, for it is looked at before); `sender` names the
application or identity that delivers, where that is not Event Grid itself.
"""

import re
from typing import Any

import msgspec

from hearthline.schema.errors import Unproven
from hearthline.sources import (
    Account,
    Issuer,
    Proof,
    Reply,
    Sent,
    carried_secret,
    mappings,
    text,
    token_claims,
)

__all__ = ["reply", "verify"]

_PLACE = "azure_iot_hub"
_EVENT_GRID = "4962773b-9cdb-44cf-a8bf-237846a00ab7"
_ORIGIN = re.compile(r"eventgrid\.azure\.(net|us|cn)")
_TENANT = re.compile(r"[0-9a-zA-Z][0-9a-zA-Z.-]{0,80}")


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of Event Grid: its token where the account asks for one, else a shared secret.

    The question whether we want CloudEvents is let in from Event Grid's own origin without a proof: nothing
    of it is kept, and each delivery has to prove itself.

    Raises:
        Unproven: neither fits.
    """
    if _asking_origin(sent) is not None:
        return Proof(scheme="handshake")
    audience, tenant = account.settings.get("audience"), account.settings.get("tenant")
    if not audience and not tenant:
        return carried_secret(sent, account, _PLACE)
    if not audience or not _TENANT.fullmatch(tenant or ""):
        raise Unproven(_PLACE, "only one of 'tenant' and 'audience' is set", "set both for this account")
    host = "https://login.microsoftonline.com"
    names = (f"https://sts.windows.net/{tenant}/", f"{host}/{tenant}/v2.0")
    keys = f"{host}/{tenant}/discovery/v2.0/keys"
    claims = token_claims(sent, account, Issuer(names, audience, keys), _PLACE)
    sender = text(claims.get("appid")) or text(claims.get("azp"))
    if sender != account.settings.get("sender", _EVENT_GRID):
        raise Unproven(_PLACE, "the token is of another application", "set 'sender' to the one that delivers")
    return Proof(scheme="entra-jwt", key_id=text(claims.get("appid")) or text(claims.get("azp")))


def reply(sent: Sent, account: Account) -> Reply | None:  # noqa: ARG001 - every door is asked alike
    """Return the answer to a validation of the subscription, in either schema; None for events.

    >>> from datetime import UTC, datetime
    >>> kind = "Microsoft.EventGrid.SubscriptionValidationEvent"
    >>> body = msgspec.json.encode([{"eventType": kind, "data": {"validationCode": "7"}}])
    >>> reply(Sent(body=body, received=datetime(2026, 3, 1, tzinfo=UTC)), Account()).body
    b'{"validationResponse":"7"}'
    """
    origin = _asking_origin(sent)
    if origin is not None:
        rate = sent.headers.get("webhook-request-rate", "*")
        allowed = {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": rate if rate.isdigit() else "*"}
        return Reply(headers=allowed)
    code = _validation_code(sent)
    return None if code is None else Reply(body=msgspec.json.encode({"validationResponse": code}))


def _asking_origin(sent: Sent) -> str | None:
    origin = sent.headers.get("webhook-request-origin", "")
    return origin if sent.method == "OPTIONS" and _ORIGIN.fullmatch(origin) else None


def _validation_code(sent: Sent) -> str | None:
    if b"SubscriptionValidationEvent" not in sent.body:
        return None
    for event in mappings(_listed(sent.body)):
        kind = text(event.get("eventType")) or text(event.get("type"))
        data = event.get("data")
        if kind == "Microsoft.EventGrid.SubscriptionValidationEvent" and isinstance(data, dict):
            return text(data.get("validationCode"))
    return None


def _listed(body: bytes) -> list[Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return []
    return found if isinstance(found, list) else [found]
