"""The read side as one ASGI application: the API, the screens, and the files that they need."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Router
from starlette.types import ASGIApp

from hearthline.schema.errors import HearthlineError
from hearthline.server.api.door import Door
from hearthline.server.api.errors import Refusal
from hearthline.server.api.limits import Limit
from hearthline.server.api.routes import ROUTES
from hearthline.server.api.service import Service
from hearthline.server.dashboard.entrance import refusal
from hearthline.server.dashboard.pages import ROUTES as PAGES

__all__ = ["application"]

Allowed = Callable[[str, str], bool]


def application(
    home: Path,
    allowed: Allowed | None = None,
    scopes: frozenset[str] | None = None,
    limit: Limit | None = None,
) -> ASGIApp:
    """Return the application that shows a home.

    Args:
        home: the home's folder; without an answer in it, screens say what to run.
        allowed: says whether a token has a scope (`read`, `identifiers`, `write`). None: no tokens; only
            requests to this computer's own name are answered.
        scopes: what a visitor without a token may do on loopback; default: read and retry.
        limit: how often one visitor may ask; default: 240 requests at once, 40 a second after that.
    """
    service = Service.of(Path(home), allowed, frozenset({"read", "write"}) if scopes is None else scopes)

    @asynccontextmanager
    async def made_ahead(_: object) -> AsyncIterator[None]:
        threading.Thread(target=_warm, args=(service,), name="first figures", daemon=True).start()
        yield

    packed = GZipMiddleware(Router([*ROUTES, *PAGES], lifespan=made_ahead), minimum_size=600, compresslevel=6)
    return Door(packed, service, limit or Limit(burst=240, rate=40.0), refusal(service))


def _warm(service: Service) -> None:
    try:
        service.shelves.current()
    except (HearthlineError, Refusal):
        return  # there is no answer yet, or a damaged one; the first page says so
