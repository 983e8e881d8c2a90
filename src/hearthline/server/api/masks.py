"""Identifiers as they are shown: whole to those who may see them, else as marks that tell two apart."""

import hmac
import re
from hashlib import sha256
from typing import Any

import msgspec

from hearthline.privacy import mask

__all__ = ["Masks"]

_NAMED = re.compile(r"^[A-Za-z][\w.]*:.")


class Masks:
    """How one visitor sees identifiers; the same identifier always gets the same mark in one home.

    >>> Masks(b"key", whole=False).of("alexa.user:amzn1.account.ANN")
    'alexa.user #57d6cf'
    >>> Masks(b"key", whole=True).of("alexa.user:amzn1.account.ANN")
    'alexa.user:amzn1.account.ANN'
    """

    def __init__(self, key: bytes, *, whole: bool) -> None:
        self._key, self.whole = key, whole

    def of(self, identifier: str | None) -> str:
        """Return how the identifier is shown."""
        if not identifier or self.whole:
            return identifier or ""
        kind = identifier.partition(":")[0] if _NAMED.match(identifier) else "id"
        return f"{kind} #{hmac.new(self._key, identifier.encode(), sha256).hexdigest()[:6]}"

    def payload(self, body: bytes, known: list[str]) -> str:
        """Return a raw payload as text; personal values are masked, also for those who see identifiers.

        A body that is no JSON is shown only to those who may see everything.
        """
        try:
            value: Any = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if self.whole:
                return body.decode("utf-8", "replace")
            return f"({len(body):,} bytes that are no JSON; shown to those who may see identifiers)"
        shown = mask(value, self._key, known=() if self.whole else known)
        return msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
