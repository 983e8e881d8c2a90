"""Raw payloads without the person in them: personal values masked, bearer tokens cut, the rest as it came."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from hearthline.privacy.pseudonym import pseudonym

__all__ = ["mask", "mask_text"]

_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
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
    text = _EMAIL.sub(lambda m: "hmac:" + pseudonym("email", m[0], key), text)
    return _IP.sub(lambda m: "hmac:" + pseudonym("ip", m[0], key), text)


@lru_cache(maxsize=8192)
def _judge(name: str, inside: str) -> Literal["secret", "personal", "text"]:
    """Return what stands under a key; payloads repeat their keys, so each is judged once."""
    if _SECRET.search(name):
        return "secret"
    personal = _PERSONAL.search(name) or (name.lower() == "name" and inside.lower() in _PEOPLE)
    return "personal" if personal else "text"


def mask(value: Any, key: bytes, name: str = "", inside: str = "", known: Sequence[str] = ()) -> Any:
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
        return {k: mask(v, key, k, name, known) for k, v in value.items()}
    if kind is list or kind is tuple:
        return [mask(v, key, name, inside, known) for v in value]
    if value is None or kind is bool or value == "":
        return value
    judged = _judge(name, inside)
    if kind is str:
        return _mask_text(value, key, judged, name, known)
    return "hmac:" + pseudonym(name.lower(), str(value), key) if judged == "personal" else value


def _mask_text(value: str, key: bytes, judged: str, name: str, known: Sequence[str]) -> str:
    if judged == "secret":
        return "cut"
    if judged == "personal" or (known and value in known):
        return "hmac:" + pseudonym(name.lower(), value, key)
    return mask_text(value, key) if "@" in value or value.count(".") >= 3 else value
