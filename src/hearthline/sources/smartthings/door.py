"""How SmartThings proves itself (HTTP Signature over target, digest and date) and what it is answered.

Settings of an account: `public_key` is the app's own key (PEM), for apps that were registered with one;
`app_id` names the app that may be confirmed, `url` the address that it was registered with.
"""

import base64
import hmac
import re
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from hearthline.schema.errors import Unproven
from hearthline.sources import (
    Account,
    Proof,
    Reply,
    Sent,
    embedded,
    fresh,
    instant,
    key_id,
    rsa_fits,
    text,
    within,
)

__all__ = ["reply", "signed_texts", "verify"]

_PLACE = "smartthings"
_KEYS = "https://key.smartthings.com"
_KEY_PATH = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9:_-]*){1,8}")
_FIELD = re.compile(r'([A-Za-z]+)="([^"]*)"')
_SIGNED = frozenset(("(request-target)", "digest", "date"))
_SKEW_S = 300.0


class _Signature(NamedTuple):
    """What `Authorization: Signature` says; `headers` are the signed ones, in their order."""

    key: str
    headers: tuple[str, ...]
    value: bytes


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a request that SmartThings signed.

    A bare PING is let in without one: it comes before there is a key, and only its challenge is echoed.

    Raises:
        Unproven: no signature, another key, a changed body, an old date, a foreign confirmation address.
    """
    body = _body(sent)
    if "authorization" not in sent.headers and _challenge(body) is not None:
        return Proof(scheme="handshake")
    signature = _signature(sent.headers.get("authorization", ""))
    fresh(instant(sent.headers.get("date")), sent.received, _SKEW_S, _PLACE)
    _check_digest(sent)
    pem = _public_key(signature.key, account)
    if not any(rsa_fits(pem, signature.value, message) for message in signed_texts(sent, signature.headers)):
        raise Unproven(_PLACE, "the signature does not fit", "check the app's public key and its target URL")
    if text(body.get("lifecycle")) == "CONFIRMATION" and _confirmation_url(body, account) is None:
        raise Unproven(_PLACE, "a foreign confirmation address", "register the app again; set its 'app_id'")
    return Proof(scheme="http-signature", key_id=key_id(signature.key))


def _signature(header: str) -> _Signature:
    scheme, _, rest = header.partition(" ")
    told = dict(_FIELD.findall(rest)) if scheme.lower() == "signature" else {}
    names = tuple(told.get("headers", "date").lower().split())
    if not told.get("keyId") or not told.get("signature"):
        raise Unproven(_PLACE, "no HTTP signature", "send SmartThings' own requests unchanged")
    if told.get("algorithm", "rsa-sha256").lower() != "rsa-sha256":
        raise Unproven(_PLACE, "another algorithm than rsa-sha256", "send SmartThings' own requests")
    if not set(names) >= _SIGNED:
        raise Unproven(_PLACE, "target, digest or date is not signed", "send SmartThings' own requests")
    try:
        value = base64.b64decode(told["signature"], validate=True)
    except ValueError:
        value = b""
    return _Signature(told["keyId"], names, value)


def _check_digest(sent: Sent) -> None:
    stated = sent.headers.get("digest", "")
    name, _, value = stated.partition("=")
    made = [base64.b64encode(sha256(raw).digest()).decode() for raw in (sent.wire or sent.body, sent.body)]
    if name.strip().upper() != "SHA-256" or not any(_same(value.strip(), found) for found in made):
        raise Unproven(_PLACE, "the body is not the one that was signed", "pass the body on unchanged")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def signed_texts(sent: Sent, names: tuple[str, ...]) -> list[bytes]:
    """Return what may have been signed: the named headers, for the target without and with its query."""
    query = "" if "?" in sent.path or not sent.query else f"?{urlencode(sent.query)}"
    return [
        "\n".join(
            f"{name}: {sent.method.lower()} {target}"
            if name == "(request-target)"
            else f"{name}: {sent.headers.get(name, '')}"
            for name in names
        ).encode("utf-8", "replace")
        for target in dict.fromkeys((sent.path, sent.path + query))
    ]


def _public_key(name: str, account: Account) -> bytes:
    """Return the key of that name: the app's own, or SmartThings', which is fetched from its own host."""
    path = name.removeprefix(_KEYS)
    if not _KEY_PATH.fullmatch(path):
        raise Unproven(_PLACE, "a key of a foreign address", f"only keys of {_KEYS} are fetched")
    if path.startswith("/SmartThings/"):
        own = account.settings.get("public_key")
        if not own:
            raise Unproven(_PLACE, "signed with the app's own key, which is not set", "set 'public_key'")
        return own.encode()
    return account.fetch(_KEYS + path)


# Handshakes -----------------------------------------------------------------


def reply(sent: Sent, account: Account) -> Reply | None:
    """Return the answer to a PING, to the registration of an app, or to that of a sink; None for the rest.

    >>> from datetime import UTC, datetime
    >>> ping = b'{"lifecycle": "PING", "pingData": {"challenge": "c"}}'
    >>> reply(Sent(body=ping, received=datetime(2026, 3, 1, tzinfo=UTC)), Account()).body
    b'{"pingData":{"challenge":"c"}}'
    """
    body = _body(sent)
    if (challenge := _challenge(body)) is not None:
        return _json({"pingData": {"challenge": challenge}})
    sink = text(within(body, "sinkConfirmationNotification", "challenge"))
    if sink is not None:
        return _json({"challenge": sink})
    url = _confirmation_url(body, account)
    if url is None:
        return None
    account.fetch(url)
    own = account.settings.get("url") or f"https://{sent.headers.get('host', '')}{sent.path}"
    return _json({"targetUrl": own})


def _body(sent: Sent) -> dict[str, Any]:
    return embedded(sent.body.decode("utf-8", "replace"))


def _json(value: dict[str, Any]) -> Reply:
    return Reply(body=msgspec.json.encode(value))


def _challenge(body: dict[str, Any]) -> str | None:
    return text(within(body, "pingData", "challenge")) if body.get("lifecycle") == "PING" else None


def _confirmation_url(body: dict[str, Any], account: Account) -> str | None:
    """Return the address that confirms an app, if it lies at SmartThings and is for this app."""
    url = text(within(body, "confirmationData", "confirmationUrl"))
    app = text(within(body, "confirmationData", "appId"))
    if body.get("lifecycle") != "CONFIRMATION" or url is None or not url.isascii() or not url.isprintable():
        return None
    if app is None or account.settings.get("app_id", app) != app:
        return None
    try:
        parts = urlsplit(url)
        at_home = parts.scheme == "https" and parts.netloc in (
            "api.smartthings.com",
            "api.smartthings.com:443",
        )
    except ValueError:
        return None
    return url if at_home and re.fullmatch(r"/[\w/-]+", parts.path) and "\\" not in url else None
