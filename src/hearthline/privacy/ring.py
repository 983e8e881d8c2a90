"""The ring of keys with which personal identifiers are hashed: the current one, and earlier ones still valid.

What comes is hashed with the current key. While an earlier key is valid the same value is hashed with it
as well, and the two hashes are written down as one value's: rotating a key parts nobody from their past.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from hearthline.privacy.pseudonym import SUFFIX, pseudonym
from hearthline.schema.arrow import Named

__all__ = ["Keys", "Ring", "key_id", "ring_of"]


def key_id(key: bytes) -> str:
    """Return 8 digits that name a key and tell nothing of it.

    >>> len(key_id(b"k")), key_id(b"k") == key_id(b"other")
    (8, False)
    """
    return sha256(b"hearthline key\x1f" + key).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Ring:
    """The current key, and those before it that are still valid, the latest first.

    >>> ring = Ring(b"new", (b"old",))
    >>> [len(text) for text in ring.hashes("email", "ann@example.com")]
    [32, 32]
    """

    current: bytes
    earlier: tuple[bytes, ...] = ()

    @property
    def every(self) -> tuple[bytes, ...]:
        """All keys, the current one first."""
        return self.current, *self.earlier

    def hashes(self, namespace: str, value: str) -> list[str]:
        """Return the keyed hash of a value under every key, the current one first."""
        return [pseudonym(namespace, value, key) for key in self.every]

    def names(self, namespace: str, value: str) -> list[str]:
        """Return the identifier of a personal value as stored under every key, the current one first.

        >>> [n.partition(":")[0] for n in Ring(b"k").names("hint.address", "1 Lane")]
        ['hint.address_hmac']
        """
        kind = namespace.removeprefix("hint.")
        return [f"{namespace}{SUFFIX}:{hashed}" for hashed in self.hashes(kind, value)]

    def aliases(self, named: Named, admitted: Named) -> Iterator[tuple[str, str]]:
        """Yield (later, earlier) for each personal value of an event: one value under two following keys.

        Args:
            named: an event with its identifiers still in clear.
            admitted: the same with the hashes of the current key.
        """
        for said, kept in zip(named.identifiers, admitted.identifiers, strict=True):
            if said.personal:
                name = f"{kept.namespace}:"
                yield from self._chain(name, kept.value, said.namespace, said.value)
        for hint, kept_hint in zip(named.household_hints, admitted.household_hints, strict=True):
            if hint.personal:
                yield from self._chain(f"hint.{kept_hint.kind}:", kept_hint.value, hint.kind, hint.value)

    def _chain(self, name: str, hashed: str, namespace: str, value: str) -> Iterator[tuple[str, str]]:
        later = name + hashed
        for key in self.earlier:
            earlier = name + pseudonym(namespace, value, key)
            yield later, earlier
            later = earlier


Keys = bytes | Ring | Callable[[], Ring]
"""What hashes: one key, a ring, or whoever knows the ring of this moment."""


def ring_of(keys: Keys) -> Ring:
    """Return the ring of this moment.

    >>> ring_of(b"k") == ring_of(Ring(b"k")) == ring_of(lambda: Ring(b"k"))
    True
    """
    if isinstance(keys, bytes):
        return Ring(keys)
    return keys if isinstance(keys, Ring) else keys()
