"""Raw payloads without the person in them: personal values masked, bearer tokens cut, the rest as it came."""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Literal

from hearthline.privacy.pseudonym import pseudonym

__all__ = ["mask", "mask_broken", "mask_text"]

_DOMAIN = re.compile(r"(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LOCAL = 64  # characters before the @ at most (RFC 5321)
_FIELD = re.compile(r'"([^"\\]{1,80})"(\s*:\s*)"((?:[^"\\]|\\.)*)("|$)')
_IP = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
_PERSONAL = re.compile(
    r"(?:^|_)(?:e?mail|phone|phone_number|mobile|first_?name|last_?name|full_?name|birthday|birth_?date"
    r"|address_?[12]?|line[12]|street|zip|postal_?code|city|latitude|longitude|latitudeindegrees"
    r"|longitudeindegrees|ip|browser_ip|client_ip|ip_address)$|date_?of_?birth$",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"(?:access|refresh|auth|consent|bearer|id|session|order_status|apiaccess)_?token$|^token$|password|secret"
    r"|^authorization$|^signature$|^code$|^(?:write|api)_?key$",
    re.IGNORECASE,
)
_PEOPLE = frozenset(
    {
        "address",
        "addresses",
        "billing_address",
        "billing_details",
        "customer",
        "customer_details",
        "default_address",
        "recipient",
        "shipping",
        "shipping_address",
        "traits",
        "user_profile",
        "userprofile",
    }
)


def mask_text(text: str, key: bytes) -> str:
    """Return the text with e-mail and IPv4 addresses replaced by their keyed hashes.

    >>> "example" in mask_text("write to ann@example.com from 10.1.2.3", b"k")
    False
    """
    if "@" in text or "%40" in text:
        text = _mask_addresses(text, key)
    return _IP.sub(lambda m: "hmac:" + pseudonym("ip", m[0], key), text)


def _mask_addresses(text: str, key: bytes) -> str:
    """Return the text without e-mail addresses, each looked for from its @ on: no text takes long."""
    parts, end = [], 0
    for found in _DOMAIN.finditer(text):
        at = start = found.start()
        while start > max(end, at - _LOCAL) and (text[start - 1].isalnum() or text[start - 1] in "_.+%-"):
            start -= 1
        if start < at:
            address = f"{text[start:at]}@{found[0].removeprefix('@').removeprefix('%40')}"
            parts += [text[end:start], "hmac:", pseudonym("email", address, key)]
            end = found.end()
    return "".join((*parts, text[end:]))


def mask_broken(text: str, key: bytes) -> str:
    """Return text that is no JSON, but may have been meant to be, with what looks personal in it masked.

    >>> mask_broken('{"firstName": "Ann", "total": "9.99", "token": "abc"', b"k")
    '{"firstName": "hmac:...", "total": "9.99", "token": "cut"'
    """

    def masked(found: re.Match[str]) -> str:
        name, between, value, end = found.groups()
        judged = _judge(name, "")
        if judged == "secret":
            value = "cut"
        elif judged == "personal":
            value = "hmac:" + pseudonym(name.lower(), value, key)
        return f'"{name}"{between}"{value}{end}'

    return mask_text(_FIELD.sub(masked, text), key)


Judged = Literal["secret", "personal", "text"]


@lru_cache(maxsize=8192)
def _judge(name: str, inside: str) -> Judged:
    """Return what stands under a key; payloads repeat their keys, so each is judged once."""
    if _SECRET.search(name):
        return "secret"
    personal = _PERSONAL.search(name) or (name.lower() == "name" and inside.lower() in _PEOPLE)
    return "personal" if personal else "text"


def mask(value: Any, key: bytes, name: str = "", inside: str = "", known: Collection[str] = ()) -> Any:
    """Return a decoded JSON value with the same shape and nobody in it.

    Args:
        value: any decoded JSON value; it is not changed.
        key: the home's key.
        name: the key under which the value stood, which says whether it is personal or a secret.
        inside: the key of the object around it.
        known: values that the source named as personal; equal strings are masked wherever they stand.

    >>> mask({"email": "ann@example.com", "total": "9.99", "authToken": "x"}, b"k")["total"]
    '9.99'
    >>> mask({"authToken": "abc"}, b"k")
    {'authToken': 'cut'}
    """
    kind = type(value)
    if kind is dict:
        return _mask_object(value, key, name, known)
    if kind is list or kind is tuple:
        return [mask(v, key, name, inside, known) for v in value]
    if value is None or kind is bool or value == "":
        return value
    judged = _judge(name, inside)
    if kind is str:
        return _mask_text(value, key, judged, name, known)
    return "hmac:" + pseudonym(name.lower(), str(value), key) if judged == "personal" else value


def _mask_object(value: dict[str, Any], key: bytes, inside: str, known: Collection[str]) -> dict[str, Any]:
    """Return an object masked. Most of a payload are plain texts: they are told from others right here."""
    found = {}
    for name, v in value.items():
        if type(v) is str:
            plain = not _may_name(v) and v not in known and _judge(name, inside) == "text"
            masked = v if plain or not v else _mask_text(v, key, _judge(name, inside), name, known)
        else:
            masked = mask(v, key, name, inside, known)
        found[mask_text(name, key) if _may_name(name) else name] = masked
    return found


def _may_name(text: str) -> bool:
    """Return whether an e-mail address, also as it stands in a URL, or an IPv4 address may be in a text."""
    return "@" in text or text.count(".") >= 3 or "%40" in text


def _mask_text(value: str, key: bytes, judged: Judged, name: str, known: Collection[str]) -> str:
    if judged == "secret":
        return "cut"
    if judged == "personal" or value in known:
        return "hmac:" + pseudonym(name.lower(), value, key)
    return mask_text(value, key) if _may_name(value) else value
