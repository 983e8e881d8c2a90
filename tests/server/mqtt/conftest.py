"""A listener on a loop of its own thread, behind it a house of the tests that keeps messages in a list."""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from hearthline.schema.errors import LogUnavailable, QueueFull
from hearthline.server.mqtt.arrivals import Arrived, Guest, Hello, Taken
from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.house import House
from hearthline.server.mqtt.listener import Address, Listener, listen
from hearthline.server.mqtt.sessions import Sessions
from hearthline.server.mqtt.stream import Limits
from server.mqtt.spoken import KEY


@dataclass
class HouseOfTests:
    """A door whose disk is a list: it keeps at once, later (`hold`), not at all (`broken`), or is full."""

    kept: list[bytes] = field(default_factory=list)
    waiting: list = field(default_factory=list)
    rejects: list = field(default_factory=list)
    hellos: list[Hello] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)
    joins: bool = False
    hold: bool = False
    broken: bool = False
    full: bool = False
    waits_s: list[float] = field(default_factory=list)

    def guest(self, hello: Hello) -> Guest | None:
        self.hellos.append(hello)
        if hello.certificate is not None:
            return Guest(f"certificate {hello.certificate}")
        return Guest("key-1") if KEY in (hello.password, hello.user) else None

    def taken(self, message: Arrived) -> Taken:
        if message.topic.startswith(b"forbidden/"):
            return Taken(None, Code.NOT_AUTHORIZED, "this key may not write there")
        if not message.payload.startswith((b"{", b"[")):
            return Taken(b"reject " + message.payload, Code.PAYLOAD_FORMAT, "not JSON")
        return Taken(message.topic + b" " + message.payload)

    def together(self, messages) -> Taken | None:
        if any(not message.payload.startswith(b"{") for message in messages):
            return None
        self.joined.append(len(messages))
        return Taken(b"+".join(message.payload for message in messages)) if self.joins else None

    def spent_s(self, guest, messages) -> float:  # noqa: ARG002 the door's protocol
        return self.waits_s.pop(0) if self.waits_s else 0.0

    def rejected(self, guest, problem, raw) -> bytes:
        self.rejects.append((guest, problem, bytes(raw)))
        return b"packet " + bytes(raw)

    def keep(self, body, done) -> None:
        if self.full:
            raise QueueFull("door: no room; tests; wait")
        if self.hold:
            self.waiting.append((body, done))
        elif self.broken:
            done(LogUnavailable("log: cannot be written; tests; mend the disk"))
        else:
            self.kept.append(body)
            done(None)

    def release(self) -> None:
        """Make everything durable that waits, from this thread, as the writing thread does."""
        waiting, self.waiting = self.waiting, []
        for body, done in waiting:
            self.kept.append(body)
            done(None)


@dataclass
class Running:
    """A listener that runs, and ways to ask it things on its own loop."""

    loop: asyncio.AbstractEventLoop
    house: House
    door: HouseOfTests
    listener: Listener

    @property
    def port(self) -> int:
        return self.listener.ports[0]

    def ask(self, question: Callable[[], object]) -> object:
        """Return the answer to a question about the house, asked on its loop."""

        async def asked():
            return question()

        return asyncio.run_coroutine_threadsafe(asked(), self.loop).result(5)

    def wait(self, question: Callable[[], object], seconds: float = 10.0) -> None:
        """Return when the answer is yes; it is a failure when it never is."""

        async def asked():
            ends = self.loop.time() + seconds
            while not question():
                assert self.loop.time() < ends, "it never came true"
                await asyncio.sleep(0.002)

        asyncio.run_coroutine_threadsafe(asked(), self.loop).result(seconds + 5)

    def stop(self, grace_s: float = 1.0) -> None:
        asyncio.run_coroutine_threadsafe(self.listener.close(grace_s), self.loop).result(20)


@contextmanager
def _running(limits: Limits, tls, sessions: Sessions | None):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    door = HouseOfTests()

    async def begin():
        house = House(door=door, limits=limits, sessions=sessions or Sessions())
        return house, await listen(house, [Address("127.0.0.1", 0, tls)])

    running = Running(loop, *_ordered(door, asyncio.run_coroutine_threadsafe(begin(), loop).result(5)))
    try:
        yield running
    finally:
        running.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _ordered(door, found):
    house, listener = found
    return house, door, listener


@pytest.fixture
def start():
    """Return a function that starts a listener: `start(limits=..., tls=..., sessions=...)`."""
    opened = []

    def begin(limits=None, tls=None, sessions=None) -> Running:
        context = _running(limits or Limits(), tls, sessions)
        opened.append(context)
        return context.__enter__()

    yield begin
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture
def server(start) -> Running:
    """A listener with the usual limits."""
    return start()


@dataclass
class Wire:
    """A client that says exactly the bytes it is told to."""

    socket: socket.socket

    def say(self, raw: bytes) -> None:
        self.socket.sendall(raw)

    def hear(self, size: int) -> bytes:
        """Return so many bytes, fewer where the other side closed."""
        heard = b""
        while len(heard) < size:
            part = self.socket.recv(size - len(heard))
            if not part:
                break
            heard += part
        return heard

    def rest(self) -> bytes:
        """Return everything until the other side closes."""
        heard = b""
        while True:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                return heard
            if not part:
                return heard
            heard += part


@pytest.fixture
def dial():
    """Return a function that opens a socket to a port: `dial(server.port)`."""
    opened = []

    def begin(port: int) -> Wire:
        opened.append(socket.create_connection(("127.0.0.1", port), timeout=10))
        return Wire(opened[-1])

    yield begin
    for one in opened:
        one.close()
