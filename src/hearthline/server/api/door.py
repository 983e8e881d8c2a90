"""What every request passes: headers that a browser keeps to, a limit, who asks, and one shape of errors."""

import logging
from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hearthline.server.api.errors import Refusal, refusal_of
from hearthline.server.api.forms import to_json_bytes
from hearthline.server.api.limits import Limit
from hearthline.server.api.service import Service

__all__ = ["POLICY", "Door", "refused"]

_LOG = logging.getLogger(__name__)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
_OPEN = ("/static/", "/login", "/health")
Page = Callable[[Request, Refusal], Response]


def refused(error: Refusal) -> Response:
    """Return a refusal as JSON."""
    return Response(
        to_json_bytes(error.body()), error.status, {"cache-control": "no-store"}, "application/json"
    )


class Door:
    """The outermost part of the read side; `page` draws a refusal for people, programs get JSON."""

    def __init__(self, app: ASGIApp, service: Service, limit: Limit, page: Page) -> None:
        self._app, self._limit, self._page = app, limit, page
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Routes find their service by the application in the scope, and raise errors for us to answer.
        scope["app"] = self._service
        request, begun = Request(scope, receive), False

        async def told(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            self._admit(request)
            await self._app(scope, receive, told)
        except (
            Exception
        ) as error:  # the last resort: a defect becomes an answer, and its trace goes to the log
            found = refusal_of(error)
            if found.status >= 500 and found.code == "defect":
                _LOG.exception("defect %s at %s", found.id, request.url.path)
            if begun:
                raise
            await self._answer(request, found)(scope, receive, told)

    def _admit(self, request: Request) -> None:
        path = request.url.path
        if path.startswith("/static/"):
            return
        who = request.client.host if request.client else "unknown"
        try:
            visitor = None if path.startswith(_OPEN) else self._service.access.visitor(request)
        except Refusal:
            self._slow(who)  # those who guess tokens are slowed, too
            raise
        self._slow(f"{who} {visitor.name}" if visitor else who)
        request.scope.setdefault("state", {})["visitor"] = visitor

    def _slow(self, who: str) -> None:
        wait = self._limit.wait(who)
        if wait:
            raise Refusal(429, "too-many", "too many requests at once", f"ask again in {wait:.1f} s")

    def _answer(self, request: Request, error: Refusal) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        people = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")
        response = self._page(request, error) if people else refused(error)
        response.headers.update(error.headers)
        if error.status == 429:
            response.headers["retry-after"] = "1"
        if error.status == 401:
            response.headers["www-authenticate"] = 'Bearer realm="hearthline"'
        return response
