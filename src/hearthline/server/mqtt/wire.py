"""The smallest parts of an MQTT packet, read from bytes and written to bytes: numbers, strings, properties.

Nothing here knows a socket. Whatever the bytes are, a reader returns a value or raises `BadPacket`.
MQTT 5.0 (OASIS, 2019), sections 1.5 and 2.2.2.
"""

from collections.abc import Mapping
from typing import Any

from hearthline.schema.errors import BadPayload
from hearthline.server.mqtt.codes import Code

__all__ = ["PROPERTIES", "BadPacket", "head", "join", "properties_of", "spelled", "take", "text_of", "varint"]


class BadPacket(BadPayload):
    """Bytes that are no packet that we can go on after; `code` is the reason that MQTT 5 has for it."""

    def __init__(self, place: str, wrong: str, cure: str, code: Code = Code.MALFORMED) -> None:
        super().__init__(f"mqtt.{place}", wrong, cure, "bad-packet")
        self.code = code


PROPERTIES: Mapping[int, tuple[str, str]] = {
    1: ("payload_format", "byte"),
    2: ("message_expiry", "four"),
    3: ("content_type", "text"),
    8: ("response_topic", "text"),
    9: ("correlation", "binary"),
    11: ("subscription_id", "varint"),
    17: ("session_expiry", "four"),
    18: ("assigned_client_id", "text"),
    19: ("server_keepalive", "two"),
    21: ("auth_method", "text"),
    22: ("auth_data", "binary"),
    23: ("problem_information", "byte"),
    24: ("will_delay", "four"),
    25: ("response_information", "byte"),
    31: ("reason", "text"),
    33: ("receive_maximum", "two"),
    34: ("topic_alias_maximum", "two"),
    35: ("topic_alias", "two"),
    36: ("maximum_qos", "byte"),
    38: ("user", "pair"),
    39: ("maximum_packet", "four"),
    40: ("wildcards", "byte"),
    41: ("subscription_ids", "byte"),
    42: ("shared_subscriptions", "byte"),
}
"""Properties by their number: our name, and how the value is written."""

_NUMBERS = {name: (number, kind) for number, (name, kind) in PROPERTIES.items()}
_SIZES = {"byte": 1, "two": 2, "four": 4}


def head(buffer: bytes | bytearray, at: int) -> tuple[int, int] | None:
    r"""Return where the body of the packet at `at` starts and ends; None while its length is incomplete.

    Raises:
        BadPacket: the length takes more than four bytes.

    >>> head(b"\xc0\x00", 0), head(b"\x30\x80", 0)
    ((2, 2), None)
    """
    length = shift = 0
    for place in range(at + 1, min(at + 5, len(buffer))):
        byte = buffer[place]
        length |= (byte & 127) << shift
        if byte < 128:
            return place + 1, place + 1 + length
        shift += 7
    if len(buffer) - at < 5:
        return None
    raise BadPacket("length", "a length of more than four bytes", "send MQTT")


def varint(number: int) -> bytes:
    r"""Return a number as MQTT writes lengths, seven bits a byte.

    >>> varint(321)
    b'\xc1\x02'
    """
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def spelled(text: str | bytes) -> bytes:
    """Return a string with its length before it."""
    raw = text.encode() if isinstance(text, str) else text
    return len(raw).to_bytes(2, "big") + raw


def join(first: int, *parts: bytes) -> bytes:
    """Return a whole packet: its first byte, its length, its parts."""
    body = b"".join(parts)
    return bytes((first,)) + varint(len(body)) + body


def take(body: bytes, at: int, size: int, place: str) -> tuple[bytes, int]:
    """Return so many bytes and where they end.

    Raises:
        BadPacket: the packet ends before.
    """
    end = at + size
    if end > len(body):
        raise BadPacket(place, f"the packet ends {end - len(body)} bytes early", "send whole packets")
    return body[at:end], end


def number(body: bytes, at: int, size: int, place: str) -> tuple[int, int]:
    """Return a number of so many bytes and where it ends."""
    raw, end = take(body, at, size, place)
    return int.from_bytes(raw, "big"), end


def binary(body: bytes, at: int, place: str) -> tuple[bytes, int]:
    """Return bytes that their length precedes, and where they end."""
    size, at = number(body, at, 2, place)
    return take(body, at, size, place)


def text_of(body: bytes, at: int, place: str) -> tuple[str, int]:
    """Return a string and where it ends.

    Raises:
        BadPacket: it is no UTF-8 or holds NUL, which MQTT forbids.
    """
    raw, at = binary(body, at, place)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadPacket(place, "a string that is no UTF-8", "send UTF-8") from None
    if "\0" in text:
        raise BadPacket(place, "a string that holds NUL", "send text without NUL")
    return text, at


def properties_of(body: bytes, at: int, place: str, allowed: frozenset[str]) -> tuple[dict[str, Any], int]:
    r"""Return the properties by our names, and where they end; those of users are checked and left out.

    Raises:
        BadPacket: a property is unknown, not one of `allowed` here, given twice or cut off.

    >>> properties_of(b"\x03\x21\x00\x14", 0, "connect", frozenset({"receive_maximum"}))
    ({'receive_maximum': 20}, 4)
    """
    size, at = _varint_of(body, at, place)
    end = at + size
    if end > len(body):
        raise BadPacket(place, "properties that end after the packet", "send whole packets")
    found: dict[str, Any] = {}
    while at < end:
        kind_of, at = _varint_of(body, at, place)
        name, kind = PROPERTIES.get(kind_of, ("", ""))
        if name not in allowed:
            raise BadPacket(
                place, f"property {kind_of} has no place here", "send MQTT 5", Code.PROTOCOL_ERROR
            )
        value, at = _value(body, at, kind, place)
        if kind == "pair":
            continue
        if name in found:
            raise BadPacket(place, f"{name} is given twice", "give it once", Code.PROTOCOL_ERROR)
        found[name] = value
    if at != end:
        raise BadPacket(place, "a property that ends after its part", "send whole properties")
    return found, at


def _varint_of(body: bytes, at: int, place: str) -> tuple[int, int]:
    result = 0
    for index in range(4):
        byte, at = number(body, at, 1, place)
        result |= (byte & 127) << 7 * index
        if byte < 128:
            return result, at
    raise BadPacket(place, "a number of more than four bytes", "send MQTT 5")


def _value(body: bytes, at: int, kind: str, place: str) -> tuple[Any, int]:
    if kind in _SIZES:
        return number(body, at, _SIZES[kind], place)
    if kind == "varint":
        return _varint_of(body, at, place)
    if kind == "binary":
        return binary(body, at, place)
    text, at = text_of(body, at, place)
    if kind == "pair":
        _, at = text_of(body, at, place)
    return text, at


def written(values: Mapping[str, int | str]) -> bytes:
    r"""Return properties as a packet holds them, their length first.

    >>> written({"maximum_qos": 1})
    b'\x02$\x01'
    """
    parts = []
    for name, value in values.items():
        place, kind = _NUMBERS[name]
        raw = spelled(value) if isinstance(value, str) else value.to_bytes(_SIZES[kind], "big")
        parts.append(bytes((place,)) + raw)
    body = b"".join(parts)
    return varint(len(body)) + body
