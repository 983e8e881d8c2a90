"""What reaches us live: a request as it was sent, the account it is meant for, its proof, our reply.

Members that are sent to us import these from `hearthline.sources`. A file has no door: none of it is needed
to read payloads.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import msgspec

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources._reading import Payload

__all__ = [
    "Account",
    "Proof",
    "Reply",
    "Sent",
    "fresh",
    "json_payloads",
    "key_id",
    "no_fetch",
    "one_secret",
    "signed_by",
]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came: `headers` have lower-case names, `body` is inflated but otherwise untouched.

    `wire` is the body before inflating, which is what some platforms sign; `path` is as it was requested.
    `decoded` is what the body says, where it is JSON that was decoded already.
    """

    method: str = "POST"
    path: str = "/"
    query: Mapping[str, str] = {}
    headers: Mapping[str, str] = {}
    body: bytes = b""
    wire: bytes = b""
    received: datetime
    decoded: Any = None


def no_fetch(url: str) -> bytes:
    """Refuse to fetch anything: the default of an account.

    Raises:
        Unproven: always.
    """
    raise Unproven("door", f"nothing may be fetched here; got {url[:80]!r}", "allow fetching in the settings")


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose door it is: secrets that its sender may sign with (any one is enough) and settings.

    `fetch` gets a certificate or a set of keys over HTTPS; the source checks the address before it asks.
    """

    name: str = "-"
    secrets: tuple[str, ...] = ()
    settings: Mapping[str, str] = {}
    fetch: Callable[[str], bytes] = no_fetch


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How a sender proved itself; `key_id` tells which key, never the key."""

    scheme: str
    key_id: str | None = None


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a platform is answered when it asks something, as in a handshake."""

    status: int = 200
    body: bytes = b""
    media_type: str = "application/json"
    headers: Mapping[str, str] = {}


def json_payloads(sent: Sent, place: str, kept: Iterable[str] = ()) -> Iterator[Payload]:
    """Yield the JSON object of the body, or each of a list; with the headers `kept` as a recorded request.

    Raises:
        BadPayload: the body is not JSON, or an item is no object; objects before it were yielded.

    >>> from datetime import UTC
    >>> sent = Sent(body=b'[{"a": 1}]', headers={"x-topic": "t", "authorization": "no"},
    ...             received=datetime(2026, 3, 1, tzinfo=UTC))
    >>> list(json_payloads(sent, "acme", ("x-topic",)))
    [{'headers': {'x-topic': 't'}, 'body': {'a': 1}}]
    """
    try:
        decoded = msgspec.json.decode(sent.body) if sent.decoded is None else sent.decoded
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPayload(place, f"not JSON; {error}", "send one JSON object", "not-json") from None
    headers = {name: sent.headers[name] for name in kept if name in sent.headers}
    for index, item in enumerate(decoded if isinstance(decoded, list) else [decoded]):
        if not isinstance(item, dict):
            wrong = f"item {index} is no object; got a {type(item).__name__}"
            raise BadPayload(place, wrong, "send JSON objects", "not-json")
        yield {"headers": headers, "body": item} if headers else item


# Proofs that several platforms share ------------------------------------------

Spelling = Literal["hex", "base64"]


def one_secret(account: Account, place: str) -> tuple[str, ...]:
    """Return the account's secrets, at least one.

    Raises:
        Unproven: there is none, so nothing can be verified.
    """
    if not account.secrets:
        raise Unproven(place, "no secret is set for this account", f"set one: hearthline keys add {place}")
    return account.secrets


def signed_by(
    secrets: Iterable[str],
    message: bytes,
    signature: str | None,
    *,
    spelling: Spelling = "hex",
    digest: Callable[..., Any] = sha256,
) -> str | None:
    """Return the id of the secret whose HMAC of the message the signature is, or None; in constant time.

    >>> mac = hmac.new(b"s2", b"hello", sha256).hexdigest()
    >>> signed_by(("s1", "s2"), b"hello", mac) == key_id("s2"), signed_by(("s1",), b"hello", mac)
    (True, None)
    """
    given = _bytes_of(signature, spelling)
    found = None
    for secret in secrets:
        if hmac.compare_digest(hmac.new(secret.encode(), message, digest).digest(), given):
            found = key_id(secret)
    return found


def key_id(secret: str) -> str:
    """Return a short public name of a secret: which one it was, not what it is.

    >>> len(key_id("secret"))
    8
    """
    return sha256(b"hearthline key id\0" + secret.encode()).hexdigest()[:8]


def _bytes_of(signature: str | None, spelling: Spelling) -> bytes:
    try:
        if spelling == "hex":
            return bytes.fromhex(signature or "")
        return base64.b64decode(signature or "", validate=True)
    except (ValueError, binascii.Error):
        return b""


def fresh(signed_at: datetime | None, received: datetime, seconds: float, place: str) -> None:
    """Check that a signature was made at most so many seconds before or after it came.

    Raises:
        Unproven: it was not, or says no time: a replay cannot be told from the first sending.
    """
    if signed_at is None or abs((received - signed_at).total_seconds()) > seconds:
        got = "no time" if signed_at is None else f"{abs((received - signed_at).total_seconds()):.0f} s apart"
        raise Unproven(
            place, f"signed at another time; got {got}", f"send within {seconds:.0f} s; set the clock"
        )
