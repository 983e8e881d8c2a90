"""Raw payloads without the person in them: personal values masked, bearer tokens cut, the rest as it came."""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from hearthline.privacy.pseudonym import pseudonym

__all__ = ["mask", "mask_broken", "mask_text"]

_DOMAIN = re.compile(r"(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LOCAL = 64  # characters before the @ at most (RFC 5321)
_DOTS = 3  # in an IPv4 address
_USUAL, _MOST_SHAPES = 1000, 4096  # characters of an object's keys, and how many such are remembered
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


def _judge(name: str, inside: str) -> Judged:
    """Return what stands under a key; payloads repeat their keys, so each is judged once."""
    return _judge_anew(name, inside) if len(name) + len(inside) > _USUAL else _judge_once(name, inside)


def _judge_anew(name: str, inside: str) -> Judged:
    if _SECRET.search(name):
        return "secret"
    personal = _PERSONAL.search(name) or (name.lower() == "name" and inside.lower() in _PEOPLE)
    return "personal" if personal else "text"


_judge_once = lru_cache(maxsize=8192)(_judge_anew)


def mask(
    value: Any,
    key: bytes,
    name: str = "",
    inside: str = "",
    known: Collection[str] = (),
    *,
    addressed: bool = True,
) -> Any:
    """Return a decoded JSON value with the same shape and nobody in it.

    Args:
        value: any decoded JSON value; it is not changed.
        key: the home's key.
        name: the key under which the value stood, which says whether it is personal or a secret.
        inside: the key of the object around it.
        known: values that the source named as personal; equal strings are masked wherever they stand.
        addressed: whether an e-mail address may be anywhere in it: False where it holds neither @ nor %40.

    >>> mask({"email": "ann@example.com", "total": "9.99", "authToken": "x"}, b"k")["total"]
    '9.99'
    >>> mask({"authToken": "abc"}, b"k")
    {'authToken': 'cut'}
    """
    return _masked(value, _Asked(key, known, addressed), name, inside)


class _Asked(NamedTuple):
    """What `mask` was asked."""

    key: bytes
    known: Collection[str]
    addressed: bool


def _masked(value: Any, asked: _Asked, name: str, inside: str) -> Any:
    kind = type(value)
    if kind is dict:
        return _masked_object(value, asked, name)
    if kind is list or kind is tuple:
        return [_masked(v, asked, name, inside) for v in value]
    if value is None or kind is bool or value == "":
        return value
    judged = _judge(name, inside)
    if kind is str:
        return _masked_text(value, asked, judged, name)
    return "hmac:" + pseudonym(name.lower(), str(value), asked.key) if judged == "personal" else value


def _masked_object(value: dict[str, Any], asked: _Asked, inside: str) -> dict[str, Any]:
    """Return an object masked, the very same one where nobody is in it.

    Most of a payload are plain texts: they are told from others right here.
    """
    judged, renamed = _judged(inside, (*value,))
    _, known, addressed = asked
    found = value
    for name, v in value.items():
        kind = type(v)
        if kind is str:
            if (
                v in known
                or ("." in v and v.count(".") >= _DOTS)
                or name in judged
                or (addressed and ("@" in v or "%40" in v))
            ):
                masked = _masked_text(v, asked, judged.get(name, "text"), name) if v else v
            else:
                continue
        elif kind is dict:
            masked = _masked_object(v, asked, name)
        elif kind is list or kind is tuple or name in judged:
            masked = _masked(v, asked, name, inside)
        else:
            continue
        if masked is not v:
            if found is value:
                found = value.copy()
            found[name] = masked
    return {mask_text(n, asked.key): v for n, v in found.items()} if renamed else found


_shapes: dict[tuple[str, tuple[str, ...]], tuple[Mapping[str, Judged], bool]] = {}


def _judged(inside: str, names: tuple[str, ...]) -> tuple[Mapping[str, Judged], bool]:
    """Return the keys of an object under which no mere text stands, and whether a key itself names somebody.

    Objects repeat their keys, so each shape is judged once; odd ones are not remembered.
    """
    found = _shapes.get((inside, names))
    if found is None:
        judged = {name: _judge(name, inside) for name in names}
        told = {name: how for name, how in judged.items() if how != "text"}
        found = told, any(_may_name(name) for name in names)
        if len(inside) + sum(map(len, names)) <= _USUAL:
            if len(_shapes) >= _MOST_SHAPES:
                _shapes.clear()
            _shapes[inside, names] = found
    return found


def _may_name(text: str) -> bool:
    """Return whether an e-mail address, also as it stands in a URL, or an IPv4 address may be in a text."""
    return "@" in text or text.count(".") >= _DOTS or "%40" in text


def _masked_text(value: str, asked: _Asked, judged: Judged, name: str) -> str:
    if judged == "secret":
        return "cut"
    if judged == "personal" or value in asked.known:
        return "hmac:" + pseudonym(name.lower(), value, asked.key)
    return mask_text(value, asked.key) if _may_name(value) else value
