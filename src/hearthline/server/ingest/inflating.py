"""Compressed bodies, inflated up to a bound: what would grow beyond it is cut off, not filled in."""

import zlib

from hearthline.schema.errors import BadPayload

__all__ = ["inflated"]

_GZIP = b"\x1f\x8b"
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}


def inflated(wire: bytes, encoding: str, most_bytes: int) -> bytes:
    """Return the body as it was before the sender compressed it.

    Some clients compress without saying so, or say another media type; gzip is known by its first bytes.

    Raises:
        BadPayload: it would be longer than `most_bytes` (`too-large`); it is cut short, has something after
            its end, as a second member, or is compressed in another way (`bad-encoding`).

    >>> import gzip
    >>> inflated(gzip.compress(b"hello"), "gzip", 100), inflated(b"hello", "", 100)
    (b'hello', b'hello')
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        if not wire.startswith(_GZIP):
            return _bounded(wire, most_bytes)
        encoding = "gzip"
    if encoding not in _WINDOWS:
        raise _refusal("an encoding that is not taken", "send gzip, deflate or nothing", "bad-encoding")
    return _inflated(wire, _WINDOWS[encoding], most_bytes)


def _inflated(wire: bytes, window: int, most_bytes: int) -> bytes:
    machine = zlib.decompressobj(window)
    try:
        body = machine.decompress(wire, most_bytes + 1)
    except zlib.error:
        raise _refusal("broken compression", "compress the body as one stream", "bad-encoding") from None
    _bounded(body, most_bytes)
    if not machine.eof:
        raise _refusal("compressed data that is cut short", "send all of it", "bad-encoding")
    if machine.unused_data:
        raise _refusal("something after the compressed data", "compress as one stream", "bad-encoding")
    return body


def _bounded(body: bytes, most_bytes: int) -> bytes:
    if len(body) > most_bytes:
        raise _refusal(f"a body of more than {most_bytes} bytes", "send smaller batches", "too-large")
    return body


def _refusal(wrong: str, cure: str, reason: str) -> BadPayload:
    return BadPayload("body", wrong, cure, reason)
