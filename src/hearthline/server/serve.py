"""One server: the doors, the keeper and the screens, from the first open port to the last frame written.

The write doors (HTTP, MQTT) run in this process and share one group commit; the keeper and the screens are
children, so neither can hold them up. On SIGTERM or Ctrl-C the doors take no more, what came is written and
answered, and the children end.
"""

import asyncio
import contextlib
import gc
import importlib.util
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from hearthline.schema.settings import Settings
from hearthline.server.children import Child
from hearthline.server.commit import Commit
from hearthline.server.health import Health, House, Keeping
from hearthline.server.ingest import Answer, Door, Gate, Head, Rules
from hearthline.server.ingest.answers import plain, told
from hearthline.server.ingest.fetching import Fetcher
from hearthline.server.ingest.openapi import document
from hearthline.server.ingest.proving import Prover
from hearthline.server.keys import Keyring
from hearthline.server.lifeline import granian_server
from hearthline.server.listening import check_free, check_keys, is_loopback
from hearthline.server.logs import Logs
from hearthline.server.mqtt.service import Behind, Messages
from hearthline.server.rates import Rates
from hearthline.store.home import HomeFolder
from hearthline.store.log import Log

__all__ = ["Started", "serve"]

_DRAIN_S = 20.0
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Started:
    """What the server opened: addresses, and whether senders without a key come in."""

    door: str
    screens: str | None
    open: bool
    mqtt: tuple[str, ...] = ()


def serve(home: HomeFolder, settings: Settings, started: Callable[[Started], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `started` is called when the doors are open.

    Raises:
        BadConfig: another address than a loopback one, and no key; or no address of this computer.
        HomeBusy: another server has this home, or a port is in use.
        MissingExtra: what a server needs is not installed.
    """
    asyncio.run(_Server(home, settings).run(started))


class _Server:
    """What lives as long as the server."""

    def __init__(self, home: HomeFolder, settings: Settings) -> None:
        self._home, self._settings, self._chosen = home, settings, settings.serve
        self._logs = Logs()
        self._ring = Keyring(home.path)
        self._keeping = Keeping()
        self._rates = Rates(self._chosen.requests_per_second)

    async def run(self, started: Callable[[Started], None]) -> None:
        """Open, wait for the signal, close."""
        chosen = self._chosen
        check_keys(chosen.host, has_keys=self._ring.holds("write"))
        ports = [p for p in (chosen.port, self._screens_port()) if p]
        for port in ports:
            check_free(chosen.host, port)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with self._opened() as about:
            mqtt = " ".join(about.mqtt) or None
            self._logs.say("started", door=about.door, screens=about.screens, mqtt=mqtt, open=about.open)
            started(about)
            # what is there by now stays: whoever waits for an answer need not wait until it is looked through
            gc.freeze()
            await stop.wait()
            self._logs.say("stopping")
        self._logs.say("stopped")

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Started]:
        """Open children, log and doors; at the end close them, the last first, so that nothing is lost."""
        chosen = self._chosen
        async with AsyncExitStack() as opened:
            for child in self._children():
                opened.push_async_callback(child.close)
                opened.callback(asyncio.create_task(child.keep()).cancel)
            log = Log(self._home.log, segment_bytes=self._settings.log.segment_bytes)
            opened.push_async_callback(asyncio.to_thread, log.close)
            commit = Commit(log, chosen.queue_bytes)
            opened.push_async_callback(asyncio.to_thread, commit.close)
            keys = self._home.ring.now
            behind = Behind(self._home.path, keys, commit, self._ring, self._logs.say, self._rates)
            messages = await Messages.opened(self._settings, behind)
            opened.push_async_callback(messages.close)
            gate = self._gate(commit, messages)
            server = granian_server(
                gate, chosen.host, chosen.port, interface="rsgi", header_s=chosen.header_s
            )
            opened.push_async_callback(_closed, gate, server, asyncio.create_task(server.serve()))
            yield self._about(gate, messages)

    def _about(self, gate: Gate, messages: Messages) -> Started:
        host = f"[{self._chosen.host}]" if ":" in self._chosen.host else self._chosen.host
        screens = self._screens_port()
        return Started(
            f"http://{host}:{self._chosen.port}",
            f"http://{host}:{screens}" if screens else None,
            gate.door.prover.open and not self._ring.holds("write"),
            tuple(messages.addresses),
        )

    def _gate(self, commit: Commit, messages: Messages) -> Gate:
        chosen = self._chosen
        open_ = is_loopback(chosen.host)
        prover = Prover(self._ring, Fetcher(), chosen.accounts, open_)
        door = Door(self._home.ring.now, commit, prover, Rules.of(chosen), rates=self._rates)
        house = House(self._home.log, commit, self._keeping, door.figures, messages)
        return Gate(door, _pages(house, self._ring, open_=open_), chosen.body_s, self._logs.defect)

    def _screens_port(self) -> int:
        """Return the port of the screens, 0 where they are switched off or not installed."""
        parts = ("starlette", "jinja2", "hearthline.server.dashboard")
        return self._chosen.screens_port if all(map(importlib.util.find_spec, parts)) else 0

    def _children(self) -> list[Child]:
        home = str(self._home.path)
        children = [
            Child("hearthline.server.keeper", [home], self._heard, self._ended("keeper")),
        ]
        if port := self._screens_port():
            arguments = [home, self._chosen.host, str(port)]
            children.append(
                Child("hearthline.server.screens", arguments, self._heard, self._ended("screens"))
            )
        return children

    def _heard(self, said: dict[str, Any]) -> None:
        self._keeping.heard(said)
        if said["event"] != "loaded" or said["frames"]:
            fields = {k: round(v, 3) if isinstance(v, float) else v for k, v in said.items() if k != "event"}
            self._logs.say(said["event"], "warning" if "failed" in said["event"] else "info", **fields)

    def _ended(self, name: str) -> Callable[[int], None]:
        return lambda code: self._logs.say("ended", "error", process=name, code=code)


async def _closed(gate: Gate, server: Any, serving: asyncio.Task[None]) -> None:
    """Answer what came, telling connections that are kept alive to close, then stop to listen."""
    gate.closing = True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_S):
            while gate.door.figures.in_flight:
                await asyncio.sleep(0.01)
    server.stop()
    await serving


def _pages(house: House, ring: Keyring, *, open_: bool) -> dict[str, Callable[[Head], Answer]]:
    health = Health(house)

    def alive(_: Head) -> Answer:
        return plain(200, "text/plain; charset=utf-8", b"alive\n")

    def ready(_: Head) -> Answer:
        problems = health.ready()
        body = msgspec.json.encode({"ready": not problems, "problems": problems})
        return plain(503 if problems else 200, "application/json", body)

    def metrics(head: Head) -> Answer:
        token = head.headers.get("authorization", "").removeprefix("Bearer ")
        if not open_ and not ring.allowed(token, "read"):
            return told(401, "figures need a read token", "make one: hearthline keys add --read")
        return plain(200, _METRICS, health.metrics())

    def described(_: Head) -> Answer:
        return plain(200, "application/json", msgspec.json.encode(document()))

    pages = {"/healthz": alive, "/livez": alive, "/readyz": ready, "/metrics": metrics}
    return {**pages, "/openapi.json": described}
