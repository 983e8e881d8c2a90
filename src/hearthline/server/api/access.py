"""Who may see what: scopes, tokens in a header or a cookie, and what keeps other sites out.

On loopback without keys whoever sits at the computer may read and retry; personal identifiers stay masked
unless the server was started with them. Anywhere else each request needs a token that the home's keys allow.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from starlette.requests import Request

from hearthline.server.api.errors import Refusal

__all__ = ["COOKIE", "SCOPES", "Access", "Visitor"]

Scope = Literal["read", "identifiers", "write"]
Allowed = Callable[[str, str], bool]
SCOPES: tuple[Scope, ...] = ("read", "identifiers", "write")
COOKIE = "hearthline"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: a name that holds no secret, what may be seen, and the word that proves a form is ours."""

    name: str
    scopes: frozenset[str]
    csrf: str

    def needs(self, scope: Scope) -> None:
        """Refuse a visitor without the scope.

        Raises:
            Refusal: 403, with the scope that is missing.
        """
        if scope not in self.scopes:
            cure = f"use a token with the scope `{scope}`"
            raise Refusal(403, "scope-missing", f"this needs the scope `{scope}`", cure)


class Access:
    """The rules of one server; `allowed(token, scope)` asks the home's keys, None means loopback only."""

    def __init__(self, key: bytes, allowed: Allowed | None, open_scopes: frozenset[str]) -> None:
        self._key = hmac.digest(key, b"hearthline dashboard", "sha256")
        self._allowed = allowed
        self._open = open_scopes

    def visitor(self, request: Request) -> Visitor:
        """Return who asks.

        Raises:
            Refusal: 421 where the address is another's (a rebound name), 401 without a valid token.
        """
        if self._allowed is None:
            host = (request.headers.get("host") or "").rpartition("@")[2]
            if _without_port(host) not in _LOOPBACK:
                cure = "open it as http://127.0.0.1 or http://localhost, or serve it with tokens"
                raise Refusal(421, "wrong-host", "this server answers only to this computer's own name", cure)
            return self._known("this computer", self._open)
        token = _token(request)
        scopes = frozenset(s for s in SCOPES if token and self._allowed(token, s))
        if "read" not in scopes:
            cure = "send `Authorization: Bearer TOKEN`, or open /login and paste a token"
            raise Refusal(401, "token-missing", "this needs a read token", cure)
        return self._known(f"token {sha256(token.encode()).hexdigest()[:8]}", scopes)

    def admits(self, token: str) -> bool:
        """Return whether the token may read at all."""
        return self._allowed is None or self._allowed(token, "read")

    def same_site(self, request: Request, visitor: Visitor, word: str) -> None:
        """Refuse a write that did not come from a page of ours.

        Raises:
            Refusal: 403, where the form's word or the page that sent it is another's.
        """
        if request.headers.get("authorization"):
            return  # a browser never adds this header by itself
        origin = request.headers.get("origin")
        ours = origin is None or origin.partition("://")[2] == request.headers.get("host")
        site = request.headers.get("sec-fetch-site", "same-origin")
        if not ours or site not in ("same-origin", "none") or not hmac.compare_digest(word, visitor.csrf):
            cure = "open the page again and send it from there"
            raise Refusal(403, "not-from-here", "the form did not come from this dashboard", cure)

    def _known(self, name: str, scopes: frozenset[str]) -> Visitor:
        word = hmac.new(self._key, name.encode(), sha256).hexdigest()[:32]
        return Visitor(name, scopes, word)


def _without_port(host: str) -> str:
    """Return the name in a Host header.

    >>> _without_port("[::1]:8787"), _without_port("localhost:1")
    ('[::1]', 'localhost')
    """
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


def _token(request: Request) -> str:
    kind, _, token = (request.headers.get("authorization") or "").partition(" ")
    if kind.lower() == "bearer" and token:
        return token.strip()
    return request.cookies.get(COOKIE, "")
