"""Keyed hashes of personal identifiers: the same person, never the person's address.

The key belongs to a home and stays in it. Without the key a hash can't be found by trying all
addresses; with another key the same address has another hash.
"""

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from hearthline.schema.event import Hint, Identifier

__all__ = ["SUFFIX", "normalise", "pseudonym", "pseudonymise_hint", "pseudonymise_identifier"]

if TYPE_CHECKING:
    from hashlib import _Hash

SUFFIX = "_hmac"
_RECENT, _LONGEST = 4096, 256
_BLOCK = 64
_INNER, _OUTER = (bytes(x ^ pad for x in range(256)) for pad in (0x36, 0x5C))


def normalise(namespace: str, value: str) -> str:
    """Return the value in the one form that is hashed: trimmed, lower case, phone digits only.

    >>> normalise("email", " Ann@Example.com "), normalise("phone", "+49 (30) 123-456")
    ('ann@example.com', '4930123456')
    """
    value = value.strip().lower()
    return re.sub(r"\D", "", value).lstrip("0") if "phone" in namespace else value


def pseudonym(namespace: str, value: str, key: bytes) -> str:
    """Return 32 hex digits of HMAC-SHA-256 over the normalised value.

    >>> pseudonym("email", "Ann@example.com", b"k") == pseudonym("email", "ann@example.com ", b"k")
    True
    """
    if len(value) > _LONGEST:
        return _hashed(namespace, value, key)
    return _recent(namespace, value, key)


def _hashed(namespace: str, value: str, key: bytes) -> str:
    inner, outer = (state.copy() for state in _begun(key))
    inner.update(f"{namespace}\x1f{normalise(namespace, value)}".encode())
    outer.update(inner.digest())
    return outer.hexdigest()[:32]


@lru_cache(maxsize=16)
def _begun(key: bytes) -> tuple["_Hash", "_Hash"]:
    """Return both hashes of HMAC (RFC 2104) with the key taken in: that is most of the work, done once."""
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
    return sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))


_recent = lru_cache(maxsize=_RECENT)(_hashed)  # who did one thing does another soon


def pseudonymise_identifier(identifier: Identifier, key: bytes) -> Identifier:
    """Return the identifier itself, or its keyed hash when it is personal."""
    if not identifier.personal:
        return identifier
    return Identifier(
        namespace=identifier.namespace + SUFFIX,
        value=pseudonym(identifier.namespace, identifier.value, key),
        scope=identifier.scope,
        authenticated=identifier.authenticated,
        primary=identifier.primary,
    )


def pseudonymise_hint(hint: Hint, key: bytes) -> Hint:
    """Return the hint itself, or its keyed hash when it is personal."""
    if not hint.personal:
        return hint
    return Hint(kind=hint.kind + SUFFIX, value=pseudonym(hint.kind, hint.value, key), strength=hint.strength)
