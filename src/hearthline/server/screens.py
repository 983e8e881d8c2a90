"""The process that shows the screens and the API: `python -m hearthline.server.screens HOME HOST PORT`.

It reads published answers only, so nothing that is drawn can hold up what comes in.
"""

import asyncio
import os
import sys
from pathlib import Path

from hearthline.server.dashboard.app import application
from hearthline.server.keys import Keyring
from hearthline.server.lifeline import granian_server, until_alone
from hearthline.server.listening import is_loopback

__all__ = ["main"]

_HEADER_S = 5.0


async def main(home: Path, host: str, port: int) -> None:
    """Show the home until standard input ends; with read tokens, or off loopback, only to their holders."""
    ring = Keyring(home)
    allowed = ring.allowed if ring.holds("read") or not is_loopback(host) else None
    app = application(home, allowed)
    server = granian_server(app, host, port, interface="asgi", header_s=_HEADER_S)
    serving = asyncio.create_task(server.serve())
    await until_alone()
    server.stop()
    await serving


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
    os._exit(0)  # granian's threads may outlive the interpreter's end
