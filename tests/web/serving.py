"""The read side on a free port in a thread, over a small simulated town: what browser, API and bench ask."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hearthline.server.api.limits import Limit
from hearthline.server.dashboard.app import application
from hearthline.server.lifeline import granian_server

__all__ = ["free_port", "serving"]

Allowed = Callable[[str, str], bool]


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(home: Path, allowed: Allowed | None = None, limit: Limit | None = None) -> Iterator[str]:
    """Give the address of a server that shows the home; it asks for tokens where `allowed` knows any."""
    app: Any = application(home, allowed, limit=limit or Limit(burst=10**6, rate=10**6))
    port, loop, servers = free_port(), asyncio.new_event_loop(), list[Any]()

    async def serve() -> None:
        servers.append(granian_server(app, "127.0.0.1", port, interface="asgi", header_s=5.0))
        await servers[0].serve()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert time.monotonic() < end, "the server did not start"
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(servers[0].stop)
        thread.join(timeout=5)
