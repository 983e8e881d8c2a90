"""Who sends: one of our write keys, or the platform's own proof over the raw body."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec

from hearthline import sources
from hearthline.schema.errors import Unproven
from hearthline.server.ingest.fetching import Fetcher
from hearthline.server.ingest.heads import Head, Place
from hearthline.server.keys import ANY, Key, Keyring
from hearthline.sources import Account, Proof, Sent

__all__ = ["Proven", "Prover", "shown_keys"]

_HEADERS = ("x-hearthline-key", "x-api-key", "x-write-key")
_FIELDS = ("key", "apiKey", "api_key", "writeKey", "write_key", "token", "code")
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "[::1]", "::1"))
NOBODY = Proof(scheme="none")


class Proven(NamedTuple):
    """Who it is: the source (None: by shape), the account's name, the proof, and our key where it was one."""

    platform: str | None
    account: str
    proof: Proof
    key: Key | None = None


class _Carries(msgspec.Struct):
    """Where clients put their key into the body."""

    writeKey: str = ""  # noqa: N815 # Segment's name for it
    api_key: str = ""


@dataclass(frozen=True, slots=True)
class Prover:
    """Checks proofs; `open` lets senders in that show none, as on a loopback door without keys."""

    ring: Keyring
    fetcher: Fetcher
    settings: Mapping[str, Mapping[str, str]]
    open: bool

    def by_key(self, head: Head, place: Place, query: Mapping[str, str], body: bytes = b"") -> Proven | None:
        """Return who it is by one of our keys, or None where none is shown that opens this door."""
        for shown in shown_keys(head, place, query, body):
            key = self.ring.write_key(shown)
            if key is None or not _opens(key, place):
                continue
            first = next(iter(place.platforms), None)
            platform = key.platform if key.platform != ANY else first
            account = key.account if key.account != "-" else place.account
            proof = Proof(scheme="write-key", key_id=key.id)
            return Proven(platform, account, proof, key)
        return None

    async def by_platform(self, place: Place, sent: Sent, head: Head) -> Proven:
        """Return who it is by the proof of one of the sources that the path is for.

        Raises:
            Unproven: no proof holds, and the door is not open.
        """
        wrong = Unproven("door", "no key of this door is shown", "send a write key: hearthline keys add")
        for name in place.platforms:
            account = self.account(name, place.account)
            try:
                # a source may ask for a certificate: then it is asked again when that came
                proof = await self.fetcher.through(partial(sources.proven, name, sent, account))
            except Unproven as error:
                wrong = error
                continue
            if proof is not None:
                return Proven(name, account.name, proof)
        if self._is_open(head, place):
            platform = next(iter(place.platforms), None)
            return Proven(platform, place.account, NOBODY)
        raise wrong

    def account(self, platform: str, name: str) -> Account:
        """Return what a source is told of an account."""
        return Account(
            name=name,
            secrets=self.ring.secrets(platform, name),
            settings=self.settings.get(f"{platform}/{name}", {}),
            fetch=self.fetcher.fetch,
        )

    def _is_open(self, head: Head, place: Place) -> bool:
        """Return whether a sender without proof comes in: from this computer, and no page in a browser."""
        if not self.open or self.ring.holds("write"):
            return False
        host = head.headers.get("host", "").rpartition("@")[2]
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if name.lower() not in _LOOPBACK or "origin" in head.headers or "x-forwarded-for" in head.headers:
            return False
        # a platform that signs is never let in unsigned; one whose clients only hold a key of ours is
        return all(not _signs(p) for p in place.platforms)


def _signs(platform: str) -> bool:
    source = sources.load(platform)
    return hasattr(source, "verify") and not getattr(source, "CLIENT_PATHS", ())


def _opens(key: Key, place: Place) -> bool:
    """Return whether the key is for this place."""
    meant = key.platform == ANY or not place.platforms or key.platform in place.platforms
    return meant and (place.account == "-" or key.account in ("-", place.account))


def shown_keys(head: Head, place: Place, query: Mapping[str, str], body: bytes = b"") -> Iterator[str]:
    """Yield what may be a key: from the path, the headers, the query, and last the JSON body.

    >>> list(shown_keys(Head("POST", "/", "", {"authorization": "Basic azE6"}), Place((), "-", "/"), {}))
    ['k1']
    """
    if place.key:
        yield place.key
    scheme, _, value = head.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        yield value.strip()
    elif scheme.lower() == "basic":
        yield from (half for half in _decoded(value).split(":", 1) if half)
    yield from (head.headers[name] for name in _HEADERS if name in head.headers)
    yield from (query[name] for name in _FIELDS if name in query)
    if body[:1] == b"{" and (b'"writeKey"' in body or b'"api_key"' in body):
        yield from _carried(body)


def _carried(body: bytes) -> Iterator[str]:
    try:
        carries = msgspec.json.decode(body, type=_Carries)
    except (ValueError, RecursionError):
        return
    yield from (key for key in (carries.writeKey, carries.api_key) if key)


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return ""
