"""Certificates and keys that a proof needs, fetched over HTTPS, kept for a day, never in the door's way.

A source checks the address before it asks (host, path, port: its platform's rules); here only HTTPS is
fetched, without redirects, within a bound and a deadline. A source that needs what is not here yet is
interrupted, and asked again when it came.
"""

import asyncio
import http.client
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from hearthline.schema.errors import Unproven

__all__ = ["Fetcher", "Fetching"]

_DAY_S = 86_400.0
_FAILED_S = 30.0
_MOST_KEPT = 256
_MOST_BYTES = 256 * 1024
_MOST_ROUNDS = 6
_TIMEOUT_S = 5.0

T = TypeVar("T")
Get = Callable[[str], bytes]


class Fetching(BaseException):
    """Thrown through a source that needs an address; no source may swallow it, as it would an error."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class Fetcher:
    """What was fetched, by address; a failure is remembered for half a minute.

    >>> fetcher = Fetcher(lambda url: b"certificate")
    >>> asyncio.run(fetcher.through(lambda: fetcher.fetch("https://keys.example.com/1")))
    b'certificate'
    """

    def __init__(self, get: Get | None = None) -> None:
        self._get = get or got
        self._kept: OrderedDict[str, tuple[float, bytes | Unproven]] = OrderedDict()
        self._coming: dict[str, asyncio.Task[None]] = {}

    def fetch(self, url: str) -> bytes:
        """Return what lies at the address; what an account's `fetch` does.

        Raises:
            Fetching: it is not here yet.
            Unproven: it could not be fetched.
        """
        until, found = self._kept.get(url, (0.0, b""))
        if time.monotonic() >= until:
            raise Fetching(url)
        if isinstance(found, Unproven):
            raise found
        return found

    async def through(self, ask: Callable[[], T]) -> T:
        """Return what `ask` returns, fetching what it needs on the way, in a thread."""
        for _ in range(_MOST_ROUNDS):
            try:
                return ask()
            except Fetching as needed:
                url = needed.url
            task = self._coming.get(url)
            if task is None:
                task = self._coming[url] = asyncio.create_task(self._keep(url))
            await asyncio.shield(task)
        raise Unproven("door", "a proof needs too many addresses", "send the platform's own request")

    async def _keep(self, url: str) -> None:
        try:
            found: bytes | Unproven = await asyncio.to_thread(self._get, url)
            seconds = _DAY_S
        except Unproven as error:
            found, seconds = error, _FAILED_S
        except (OSError, ValueError, http.client.HTTPException) as error:
            wrong = f"what proves it could not be fetched; {type(error).__name__}"
            found = Unproven("door", wrong, "let this machine reach the platform over HTTPS")
            seconds = _FAILED_S
        finally:
            del self._coming[url]
        self._kept[url] = (time.monotonic() + seconds, found)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)


def got(url: str, context: ssl.SSLContext | None = None) -> bytes:
    """Return the body of a GET over HTTPS; blocking.

    Raises:
        Unproven: another scheme, user or port in the address, a status that is no success, too many bytes.
        OSError: the host cannot be reached, or its certificate is not good.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or parts.username is not None or not parts.hostname:
        raise Unproven("door", "only https:// addresses are fetched", "send the platform's own request")
    secure = context or ssl.create_default_context()
    connection = http.client.HTTPSConnection(
        parts.hostname, parts.port or 443, timeout=_TIMEOUT_S, context=secure
    )
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", target, headers={"User-Agent": "hearthline", "Accept": "*/*"})
        response = connection.getresponse()
        body = response.read(_MOST_BYTES + 1)
    finally:
        connection.close()
    if not 200 <= response.status < 300 or len(body) > _MOST_BYTES:
        wrong = f"what proves it could not be fetched; status {response.status}, {len(body)} bytes"
        raise Unproven("door", wrong, "try again later")
    return body
