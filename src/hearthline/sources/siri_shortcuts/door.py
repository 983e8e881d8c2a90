"""How a Shortcut or an app proves itself: a signature over the time and the body, with the account's secret.

`v1` is an HMAC-SHA256, which an app or a server makes. `n1` is two plain SHA-256, one around the other: the
Shortcuts app can hash a text but cannot make an HMAC.
"""

import hmac
from collections.abc import Iterator
from hashlib import sha256

from hearthline.schema.errors import Unproven
from hearthline.sources import Account, Proof, Sent, fresh, instant, key_id, one_secret, signed_by

__all__ = ["verify"]

_PLACE = "siri_shortcuts"
_TIME, _SIGNATURE = "hearthline-timestamp", "hearthline-signature"
_SECONDS = 300.0


def verify(sent: Sent, account: Account) -> Proof:
    """Return the proof of a request that carries its time and a signature of it with the body.

    Raises:
        Unproven: a header is missing, the time is more than five minutes off, no signature fits.
    """
    stamp, stated = sent.headers.get(_TIME), sent.headers.get(_SIGNATURE)
    if not stamp or not stated:
        raise Unproven(_PLACE, f"no '{_TIME}' or '{_SIGNATURE}'", "sign the request as the page shows")
    secrets = one_secret(account, _PLACE)
    fresh(instant(stamp), sent.received, _SECONDS, _PLACE)
    for scheme, value in _signatures(stated):
        if scheme == "v1":
            fits = signed_by(secrets, stamp.encode("utf-8", "replace") + b"." + sent.body, value)
        else:
            fits = _nested(secrets, stamp, sent.body, value)
        if fits is not None:
            return Proof(scheme="hmac-sha256" if scheme == "v1" else "nested-sha256", key_id=fits)
    raise Unproven(_PLACE, "no signature fits", "sign '<time>.<body>' with this account's secret")


def _signatures(stated: str) -> Iterator[tuple[str, str]]:
    for part in stated.split(","):
        scheme, _, value = part.strip().partition("=")
        if scheme in ("v1", "n1") and value:
            yield scheme, value.strip().lower()


def _nested(secrets: tuple[str, ...], stamp: str, body: bytes, value: str) -> str | None:
    """Return the id of the secret whose two hashes fit, or None; in constant time.

    >>> inner = sha256(b"s.10.{}").hexdigest()
    >>> _nested(("s",), "10", b"{}", sha256(f"s.{inner}".encode()).hexdigest()) == key_id("s")
    True
    """
    found = None
    for secret in secrets:
        inner = sha256(f"{secret}.{stamp}.".encode("utf-8", "replace") + body).hexdigest()
        outer = sha256(f"{secret}.{inner}".encode()).hexdigest()
        if hmac.compare_digest(outer.encode(), value.encode("utf-8", "replace")):
            found = key_id(secret)
    return found
