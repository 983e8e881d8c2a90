"""What a sender is told. Texts are JSON with nothing in them that a browser could take for a page."""

import base64
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from hearthline.sources import Reply

__all__ = ["PIXEL", "Answer", "counted", "not_taken", "plain", "replied", "told"]

_SAFE = (("x-content-type-options", "nosniff"), ("cache-control", "no-store"))
_JSON = (("content-type", "application/json"), *_SAFE)


class Answer(NamedTuple):
    """A status, headers and a body."""

    status: int
    headers: tuple[tuple[str, str], ...] = _JSON
    body: bytes = b"{}"


PIXEL = Answer(
    200,
    (("content-type", "image/gif"), *_SAFE),
    base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
)
"""What an advertisement's pixel gets: one transparent point."""


def counted(accepted: int, rejected: int, reasons: Mapping[str, int]) -> Answer:
    """Return the answer to what is on disk now.

    >>> counted(2, 0, {}).body
    b'{"accepted":2,"rejected":0}'
    """
    if not rejected:
        return Answer(200, _JSON, b'{"accepted":%d,"rejected":0}' % accepted)
    return Answer(200, _JSON, _text({"accepted": accepted, "rejected": rejected, "reasons": reasons}))


def told(status: int, wrong: str, cure: str, retry_after: int | None = None) -> Answer:
    r"""Return a refusal: what was wrong, and what to do.

    >>> told(413, "larger than <64> KB", "send less").body
    b'{"error":"larger than \\u003c64\\u003e KB","help":"send less"}'
    """
    headers = _JSON if retry_after is None else (*_JSON, ("retry-after", str(retry_after)))
    return Answer(status, headers, _text({"error": wrong, "help": cure}))


def not_taken(*methods: str) -> Answer:
    """Return the refusal of a method; it names those that are taken (RFC 9110, 15.5.6).

    >>> not_taken("GET", "HEAD").headers[-1]
    ('allow', 'GET, HEAD')
    """
    refusal = told(405, "this method is not taken", f"send a {methods[0]}")
    return refusal._replace(headers=(*refusal.headers, ("allow", ", ".join(methods))))


def plain(status: int, media_type: str, body: bytes) -> Answer:
    """Return a page for whoever keeps the server running."""
    return Answer(status, (("content-type", media_type), *_SAFE), body)


def replied(reply: Reply) -> Answer:
    """Return a source's reply to its platform's question."""
    own = {name.lower(): value for name, value in reply.headers.items() if value.isprintable()}
    headers = {"content-type": reply.media_type, **dict(_SAFE), **own}
    return Answer(reply.status, tuple(headers.items()), reply.body)


def _text(value: object) -> bytes:
    text = msgspec.json.encode(value)
    return text.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
