"""What ties a child process to the server: its standard input, which ends when the server does."""

import asyncio
import sys
from typing import Any

__all__ = ["granian_server", "until_alone"]


async def until_alone() -> None:
    """Return when standard input has ended."""
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    await reader.read()


def granian_server(application: Any, host: str, port: int, *, interface: str, header_s: float) -> Any:
    """Return granian, inside our own event loop, with nothing on that is not needed.

    Raises:
        MissingExtra: the package granian is not installed.
    """
    from hearthline.schema.errors import MissingExtra  # noqa: PLC0415

    try:
        from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415
        from granian.http import HTTP1Settings  # noqa: PLC0415
        from granian.server.embed import Server  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtra(
            "hearthline serve: the package granian is not installed; pip install 'hearthline[serve]'"
        ) from error
    return Server(
        application,
        address=host,
        port=port,
        interface=Interfaces(interface),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=int(header_s * 1000), max_buffer_size=64 * 1024),
        websockets=False,
        log_enabled=False,
        backlog=1024,
        backpressure=1024,
    )
