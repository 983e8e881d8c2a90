"""The door behind granian (RSGI): bodies are read within a bound and a deadline."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from hearthline.server.ingest.answers import Answer, not_taken, told
from hearthline.server.ingest.door import Door
from hearthline.server.ingest.heads import Head

__all__ = ["Gate", "Page"]

Page = Callable[[Head], Answer]
"""What answers a GET beside the door, as `/healthz`."""

_SWEEP_S = 0.5
_MOST_FORGOTTEN = 8  # times the limit
_SLOW = told(408, "the body came too slowly", "send it within the deadline")
_BROKEN = told(500, "a defect of ours", "send it again later")
_READS = ("GET", "HEAD")
_WRONG_METHOD = not_taken(*_READS)
_LEFT = ("RSGIProtocolClosed", "RSGIProtocolError")


class Transport(Protocol):
    """What granian gives us of a connection."""

    async def __call__(self) -> bytes:
        """Return the whole body."""
        ...

    def __aiter__(self) -> Any:
        """Iterate over the body's parts."""
        ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Answer."""
        ...


@dataclass(eq=False, slots=True)
class Gate:
    """An RSGI application: `pages` by path, everything else through the door.

    Args:
        door: takes what is sent.
        pages: answers to GET.
        body_s: within how many seconds a body must have come.
        tell: is told of defects: the error's type, and where it was.
    """

    door: Door
    pages: Mapping[str, Page]
    body_s: float
    tell: Callable[[BaseException], None]
    closing: bool = False
    _reading: dict[asyncio.Task[Any], float] = field(default_factory=dict)
    _sweeper: asyncio.Task[None] | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start to watch the clock."""
        self._sweeper = loop.create_task(self._sweep())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stop to watch it."""
        del loop
        if self._sweeper is not None:
            self._sweeper.cancel()

    async def __rsgi__(self, scope: Any, transport: Transport) -> None:
        """Answer one request."""
        if scope.proto != "http":
            return
        figures = self.door.figures
        figures.in_flight += 1
        try:
            head = Head(scope.method, scope.path, scope.query_string, dict(scope.headers.items()))
            answer = await self._answer(head, transport)
            headers = [*answer.headers, ("connection", "close")] if self.closing else [*answer.headers]
            transport.response_bytes(answer.status, headers, answer.body)
        except Exception as error:  # noqa: BLE001 # granian would print a traceback with the request in it
            if type(error).__name__ not in _LEFT:
                self.tell(error)
                transport.response_bytes(_BROKEN.status, [*_BROKEN.headers], _BROKEN.body)
        finally:
            figures.in_flight -= 1

    async def _answer(self, head: Head, transport: Transport) -> Answer:
        if head.path in self.pages:
            return self.pages[head.path](head) if head.method in _READS else _WRONG_METHOD
        turned = self.door.turned_away(head)
        if turned is not None:
            return turned
        figures, said = self.door.figures, _length(head)
        size = min(said or 0, self.door.rules.body_bytes)
        figures.flight_bytes += size
        try:
            found = await self._body(transport, head, said)
            if found is None:
                figures.answers[_SLOW.status] += 1
                return _SLOW
            wire, whole = found
            return await self.door.handle(head, wire, whole=whole)
        finally:
            figures.flight_bytes -= size

    async def _body(self, transport: Transport, head: Head, said: int | None) -> tuple[bytes, bool] | None:
        """Return the body and whether that is all of it; None where it came too slowly."""
        if said is None and "transfer-encoding" not in head.headers:
            return b"", True
        most = self.door.rules.body_bytes
        if said is not None and said > _MOST_FORGOTTEN * most:
            return b"", False
        task = cast("asyncio.Task[Any]", asyncio.current_task())  # granian makes one for each request
        self._reading[task] = time.monotonic() + self.body_s
        parts = _Parts(most)
        try:
            if said is not None and said <= most:
                return await transport(), True
            await parts.read(transport)
        except asyncio.CancelledError:
            if task in self._reading:
                raise  # not by the sweeper: the server itself is going
            task.uncancel()
            return parts.found if parts.size > most else None
        finally:
            self._reading.pop(task, None)
        return parts.found

    async def _sweep(self) -> None:
        """Interrupt whoever reads beyond the deadline."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            now = time.monotonic()
            for task in [t for t, until in self._reading.items() if until < now]:
                del self._reading[task]
                task.cancel()


class _Parts:
    """A body that comes in parts.

    What is beyond the limit is read and forgotten for a while: a sender that still sends would not hear that
    it was refused.
    """

    def __init__(self, most: int) -> None:
        self._most, self._kept, self.size = most, list[bytes](), 0

    async def read(self, transport: Transport) -> None:
        """Read all of it, or until it is far too long."""
        async for part in transport:
            if self.size <= self._most:
                self._kept.append(part)
            self.size += len(part)
            if self.size > _MOST_FORGOTTEN * self._most:
                return

    @property
    def found(self) -> tuple[bytes, bool]:
        """What was read, up to the limit, and whether that is all."""
        return b"".join(self._kept)[: self._most], self.size <= self._most


def _length(head: Head) -> int | None:
    said = head.headers.get("content-length", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None
