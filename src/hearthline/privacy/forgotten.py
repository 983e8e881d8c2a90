"""Who asked to be forgotten: marks that tell one of theirs when it comes again, and tell nothing else.

A mark is a keyed hash of an identifier, so the list of the forgotten names nobody.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from hearthline.schema.arrow import Named
from hearthline.schema.records import Alias

__all__ = ["NOBODY", "Forgotten", "marks_of"]

_TOKEN = re.compile(rb"[\w.@+:/-]{4,}")
_ANY, _WHOLE = "*", "identity"


def _mark(text: str, key: bytes) -> str:
    return hmac.new(key, b"forgotten\x1f" + text.encode(), sha256).hexdigest()[:32]


def marks_of(identifiers: Iterable[str], identities: Iterable[int], key: bytes) -> set[str]:
    """Return the marks of identifiers (`namespace:value`, as stored) and of identities.

    >>> sorted(map(len, marks_of(["customer:c-17"], [5], b"k")))
    [32, 32, 32]
    """
    texts = set(identifiers)
    values = {text.partition(":")[2] for text in texts}
    marked = texts | {f"{_ANY}:{v}" for v in values if len(v) >= 4} | {f"{_WHOLE}:{i}" for i in identities}
    return {_mark(text, key) for text in marked}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The marks of everybody who was forgotten, when each was made, and the key that they were made with.

    An identifier is dropped for ever. An identity that names nobody (a device of a household that was
    forgotten) is dropped up to that time: a device may have another home after it.

    >>> now = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    >>> one = Forgotten(dict.fromkeys(marks_of(["customer:c-17"], [5], b"k"), now), b"k")
    >>> one.named("customer:c-17"), one.named("customer:c-18"), one.told_in(b'{"id": "c-17"}')
    (True, False, True)
    >>> one.until(5) is None, one.until(6) is None
    (False, True)
    """

    marks: Mapping[str, datetime]
    key: bytes

    def __bool__(self) -> bool:
        return bool(self.marks)

    def again(self, aliases: Iterable[Alias]) -> set[str]:
        """Return the names, not marked yet, under which somebody forgotten comes after a key was rotated."""
        before = {a.later: a.earlier for a in aliases}
        told: set[str] = set()
        for later in before:
            name: str | None = later
            while name is not None and not self.named(name):
                name = before.get(name)
            if name is not None and name != later:
                told.add(later)
        return told

    def also(self, aliases: Iterable[Alias]) -> "Forgotten":
        """Return the marks with those of whoever comes again under a later key."""
        again = self.again(aliases) if self.marks else set()
        if not again:
            return self
        ever = max(self.marks.values())
        return Forgotten({**dict.fromkeys(marks_of(again, (), self.key), ever), **self.marks}, self.key)

    def named(self, text: str) -> bool:
        """Return whether an identifier (`namespace:value`) is one of theirs."""
        return _mark(text, self.key) in self.marks

    def until(self, identity: int) -> datetime | None:
        """Return up to when events of an identity are theirs, if they ever were."""
        return self.marks.get(_mark(f"{_WHOLE}:{identity}", self.key))

    def among(self, named: Named) -> bool:
        """Return whether one of them is among the identifiers and hints of an event."""
        return any(self.named(f"{i.namespace}:{i.value}") for i in named.identifiers) or any(
            self.named(f"hint.{h.kind}:{h.value}") for h in named.household_hints
        )

    def told_in(self, text: bytes) -> bool:
        """Return whether a text has a word that is an identifier of theirs, whatever its namespace."""
        words = {w.decode("utf-8", "replace") for w in _TOKEN.findall(text)}
        return any(self.named(f"{_ANY}:{w}") for w in words | {p for w in words for p in w.split(":")})


NOBODY = Forgotten({}, b"")
"""Nobody was forgotten."""
