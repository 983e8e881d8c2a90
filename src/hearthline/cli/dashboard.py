"""`hearthline dashboard`."""

import os
import sys
import webbrowser
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearthline.cli._options import DEFAULT_HOME, HomeOption
from hearthline.cli._screen import show
from hearthline.schema.errors import MissingExtra

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["dashboard"]

_EXTRA = "hearthline dashboard: {} is not installed; pip install 'hearthline[serve]'"
_HEADER_S = 5.0


def dashboard(
    *,
    home: HomeOption = DEFAULT_HOME,
    port: Annotated[
        int, typer.Option("--port", min=1, max=65535, metavar="N", help="Where to listen.")
    ] = 8787,
    identifiers: Annotated[
        bool, typer.Option("--identifiers", help="Show identifiers whole instead of masked.")
    ] = False,
    open_page: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = False,
) -> None:
    """Show the answer in the browser, on this computer only, until Ctrl-C; takes nothing in."""
    scopes = frozenset({"read", "write"} | ({"identifiers"} if identifiers else set()))
    app = _application(home, scopes)
    address = f"http://127.0.0.1:{port}"
    show(f"screens  {address}")
    show("stop with Ctrl-C")
    if open_page:
        webbrowser.open(address)
    _serve(app, port)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # the HTTP server's threads outlive the interpreter's end


def _application(home: "Path", scopes: frozenset[str]) -> Any:
    """Return the read side of a home.

    Raises:
        MissingExtra: the packages of the extra `serve` are not installed.
    """
    try:
        from hearthline.server.dashboard.app import application
    except ImportError as error:
        raise MissingExtra(_EXTRA.format(error.name or "a package")) from error
    return application(home, None, scopes)


def _serve(app: Any, port: int) -> None:
    """Serve the application on loopback until it is interrupted."""
    import asyncio
    import signal

    from hearthline.server.lifeline import granian_server

    async def until_stopped() -> None:
        server = granian_server(app, "127.0.0.1", port, interface="asgi", header_s=_HEADER_S)
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, stopped.set)
        serving = asyncio.create_task(server.serve())
        await stopped.wait()
        server.stop()
        await asyncio.wait([serving], timeout=2.0)

    asyncio.run(until_stopped())
