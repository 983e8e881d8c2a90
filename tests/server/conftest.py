"""A write door over a real log, asked as it is; and one behind the real HTTP server on a free port."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hearthline.privacy import Admitted, admitted_of
from hearthline.server.commit import Commit
from hearthline.server.ingest import Answer, Door, Gate, Head, Rules
from hearthline.server.ingest.fetching import Fetcher
from hearthline.server.ingest.proving import Prover
from hearthline.server.keys import Keyring
from hearthline.server.lifeline import granian_server
from hearthline.store.log import Log, read

KEY = b"k" * 32


@dataclass
class Sender:
    """Sends to a door as a program would, and reads what it kept."""

    door: Door
    folder: Path

    def send(
        self,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "POST",
        query: str = "",
        whole: bool = True,
    ) -> Answer:
        """Return the answer to one request."""
        head = Head(method, path, query, {"host": "127.0.0.1:8310", **(headers or {})})
        turned = self.door.turned_away(head)
        return turned or asyncio.run(self.door.handle(head, body, whole=whole))

    @property
    def kept(self) -> Admitted:
        """Everything that is in the log."""
        return admitted_of(frame.body for _, frame in read(self.folder / "log"))

    @property
    def ring(self) -> Keyring:
        """The keys of the home."""
        return self.door.prover.ring


def made(folder: Path, commit: Commit, *, open_: bool = True, **rules: Any) -> Door:
    """Return a door over a log."""
    prover = Prover(Keyring(folder), Fetcher(), {}, open_)
    return Door(KEY, commit, prover, Rules(**rules))


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    """A door that is open, with a real log behind it."""
    log = Log(tmp_path / "log", segment_bytes=1 << 20)
    commit = Commit(log)
    yield Sender(made(tmp_path, commit), tmp_path)
    commit.close()
    log.close()


@dataclass
class Served(Sender):
    """The same door behind granian."""

    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(true: Any, seconds: float = 20.0) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A real HTTP server with a door, in a thread; closed at the end."""
    log = Log(tmp_path / "log", segment_bytes=1 << 20)
    commit = Commit(log)
    gate = Gate(made(tmp_path, commit, body_bytes=64 * 1024), {}, 1.0, lambda _: None)
    port, loop = free_port(), asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    servers: list[Any] = []

    async def serve() -> None:
        servers.append(granian_server(gate, "127.0.0.1", port, interface="rsgi", header_s=1.0))
        await servers[0].serve()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    until(answers)
    yield Served(gate.door, tmp_path, port)
    loop.call_soon_threadsafe(servers[0].stop)
    thread.join()
    loop.close()
    asyncio.set_event_loop(None)
    commit.close()
    log.close()
