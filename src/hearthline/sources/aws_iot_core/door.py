"""How a rule's HTTPS action proves itself, and how its destination is confirmed.

Settings of an account: `aws_account` is the one AWS account whose destinations may be confirmed.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from hearthline.schema.errors import Unproven
from hearthline.sources import Account, Proof, Reply, Sent, carried_secret, embedded, text

__all__ = ["reply", "verify"]

_PLACE = "aws_iot_core"
_HOST = re.compile(r"iot(-fips)?\.[a-z]{2}(-[a-z]+)+-\d{1,2}\.amazonaws\.com(\.cn)?")
_PATH = re.compile(r"/confirmdestination/[\w.=+-]{1,2048}")


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a rule: the secret that its action carries in a header or in the URL.

    The confirmation of a destination carries none, because AWS sends it before there is an action. It is let
    in if its address lies at AWS: nothing of it is kept, and each message has to prove itself.

    Raises:
        Unproven: no secret, a wrong one, or a confirmation that leads elsewhere.
    """
    body = _confirmation(sent)
    if body is None:
        return carried_secret(sent, account, _PLACE)
    if _enabling_url(body, account) is None:
        raise Unproven(
            _PLACE, "a foreign confirmation address", "create the destination again; set 'aws_account'"
        )
    return Proof(scheme="handshake")


def reply(sent: Sent, account: Account) -> Reply | None:
    """Return the answer to a destination's confirmation, after having confirmed it; None for messages."""
    body = _confirmation(sent)
    url = None if body is None else _enabling_url(body, account)
    if url is None:
        return None
    account.fetch(url)
    return Reply(body=b"{}")


def _confirmation(sent: Sent) -> dict[str, Any] | None:
    if b"DestinationConfirmation" not in sent.body:
        return None
    body = embedded(sent.body.decode("utf-8", "replace"))
    return body if body.get("messageType") == "DestinationConfirmation" else None


def _enabling_url(body: dict[str, Any], account: Account) -> str | None:
    """Return the address that enables a destination, if it lies at AWS and is for the right account.

    >>> url = "https://iot.us-east-1.amazonaws.com/confirmdestination/AYADe"
    >>> _enabling_url({"enableUrl": url, "confirmationToken": "AYADe"}, Account()) == url
    True
    """
    url, token = text(body.get("enableUrl")), text(body.get("confirmationToken"))
    if url is None or token is None or not url.isascii() or not url.isprintable():
        return None
    owner = account.settings.get("aws_account")
    if owner is not None and owner not in (text(body.get("arn")) or "").split(":"):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    at_home = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) and _PATH.fullmatch(parts.path)
    return url if at_home and parts.path.endswith(f"/{token}") and not parts.query + parts.fragment else None
