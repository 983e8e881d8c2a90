"""How a Dash notification proves itself: the signature of Amazon SNS, and its handshake.

Anyone with an account at Amazon can make a topic and sign messages by it: so the topic's own name counts,
which the account's setting `topic` holds. The certificate is fetched from Amazon's own hosts alone.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from hearthline.schema.errors import Unproven
from hearthline.sources import Account, Proof, Reply, Sent, mapping, rsa_fits, text

__all__ = ["answer_to", "proof_of"]

_HOST = re.compile(r"sns\.[a-z0-9-]{3,40}\.amazonaws\.com(\.cn)?")
_PEM = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem")
_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_HANDSHAKE = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_PLACE = "amazon_dash"


def proof_of(sent: Sent, account: Account) -> Proof:
    """Return the proof of an SNS message, version 1 (SHA-1) or 2 (SHA-256) of the signature.

    Raises:
        Unproven: no SNS message, another topic than the account's, or a signature that does not fit.
    """
    message = _message(sent)
    topics = account.settings.get("topic", "").replace(",", " ").split()
    if not topics:
        raise Unproven(_PLACE, "no topic is set for this account", "set the ARN of your SNS topic as `topic`")
    if text(message.get("TopicArn")) not in topics:
        raise Unproven(_PLACE, "a message of another topic", "set the ARN of your SNS topic as `topic`")
    version = text(message.get("SignatureVersion"))
    if version not in ("1", "2"):
        raise Unproven(_PLACE, "an unknown SignatureVersion", "send Amazon's message unchanged")
    pem = account.fetch(_certificate(text(message.get("SigningCertURL")) or ""))
    signature = _bytes_of(text(message.get("Signature")))
    if not rsa_fits(pem, signature, _signed(message), digest="sha1" if version == "1" else "sha256"):
        raise Unproven(_PLACE, "the signature does not fit", "send Amazon's message unchanged")
    return Proof(scheme=f"sns-v{version}", key_id=text(message.get("TopicArn")))


def _message(sent: Sent) -> dict[str, Any]:
    try:
        return mapping(msgspec.json.decode(sent.body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Unproven(_PLACE, "no SNS message", "subscribe without raw message delivery") from None


def _bytes_of(signature: str | None) -> bytes:
    try:
        return base64.b64decode(signature or "", validate=True)
    except (ValueError, binascii.Error):
        return b""


def _signed(message: Mapping[str, Any]) -> bytes:
    """Return the text that SNS signs: names and values of certain fields, a line each."""
    handshake = text(message.get("Type")) in ("SubscriptionConfirmation", "UnsubscribeConfirmation")
    names = _HANDSHAKE if handshake else _NOTIFICATION
    lines = [f"{name}\n{message[name]}\n" for name in names if isinstance(message.get(name), str)]
    return "".join(lines).encode("utf-8", "replace")


def _certificate(url: str) -> str:
    """Return the certificate's address where it is one of Amazon's.

    >>> _certificate("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b.pem")[-8:]
    '0a1b.pem'
    """
    parts = _amazons(url)
    if not _PEM.fullmatch(parts.path) or parts.query:
        raise Unproven(_PLACE, "no certificate of Amazon SNS", "send Amazon's message unchanged")
    return url


def _amazons(url: str) -> Any:
    """Return the parts of an address at Amazon SNS; any other is refused before anything is fetched."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and parts.port in (None, 443) and parts.username is None
    except ValueError:
        plain, parts = False, urlsplit("")
    if not plain or not _HOST.fullmatch(parts.hostname or "") or parts.fragment or not url.isascii():
        raise Unproven(_PLACE, "an address that is not Amazon's", "send Amazon's message unchanged")
    return parts


def answer_to(sent: Sent, account: Account) -> Reply | None:
    """Return the answer to SNS's handshake, after confirming the subscription at Amazon; None for the rest.

    Raises:
        Unproven: the address to confirm at is not Amazon's, or nothing may be fetched.
    """
    message = _message(sent)
    if text(message.get("Type")) != "SubscriptionConfirmation":
        return None
    url = text(message.get("SubscribeURL")) or ""
    asked = parse_qs(_amazons(url).query)
    if asked.get("Action") != ["ConfirmSubscription"] or asked.get("TopicArn") != [message.get("TopicArn")]:
        raise Unproven(_PLACE, "an address that confirms something else", "send Amazon's message unchanged")
    account.fetch(url)
    return Reply(status=200, body=b'{"confirmed":true}')
