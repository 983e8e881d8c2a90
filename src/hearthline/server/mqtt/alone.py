"""The bridge as a process of its own, for a home that no `hearthline serve` runs."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import Settings
from hearthline.server.children import Child
from hearthline.server.commit import Commit
from hearthline.server.keys import Keyring
from hearthline.server.logs import Logs
from hearthline.server.mqtt.service import Behind, bridge_of
from hearthline.store.home import HomeFolder
from hearthline.store.log import Log

__all__ = ["bridge"]


def bridge(home: HomeFolder, settings: Settings, started: Callable[[], None]) -> None:
    """Take messages from the broker of the settings until SIGTERM or Ctrl-C; `started` once it is subscribed.

    Lake and answer are kept fresh meanwhile, as by a server.

    Raises:
        BadConfig: no broker is named, or a setting is impossible.
        HomeBusy: a server has this home; it takes over the bridge itself when `[bridge]` is set.
        MissingExtra: paho-mqtt is not installed.
    """
    asyncio.run(_bridge(home, settings, started))


async def _bridge(home: HomeFolder, settings: Settings, started: Callable[[], None]) -> None:
    stop, loop, logs = asyncio.Event(), asyncio.get_running_loop(), Logs()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    log = Log(home.log)
    commit = Commit(log, settings.serve.queue_bytes)
    keeper = Child("hearthline.server.keeper", [str(home.path)], _heard(logs), _ended(logs))
    keeping = None
    try:
        behind = Behind(home.path, home.ring.now, commit, Keyring(home.path), logs.say)
        subscriber = bridge_of(settings, behind, behind.door(settings.mqtt))
        if subscriber is None:
            raise BadConfig("[bridge] host: no broker is named; set it, or give --broker")
        keeping = asyncio.create_task(keeper.keep())
        subscriber.start()
        try:
            await _subscribed(subscriber.subscribed.is_set, stop)
            if not stop.is_set():
                started()
            await stop.wait()
        finally:
            await asyncio.to_thread(subscriber.close)
    finally:
        await asyncio.to_thread(commit.close)
        await asyncio.to_thread(log.close)
        await keeper.close()
        if keeping is not None:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping


async def _subscribed(is_subscribed: Callable[[], bool], stop: asyncio.Event) -> None:
    while not is_subscribed() and not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.05)


def _heard(logs: Logs) -> Callable[[dict[str, Any]], None]:
    def heard(said: dict[str, Any]) -> None:
        if said["event"] != "loaded" or said["frames"]:
            fields = {key: value for key, value in said.items() if key != "event"}
            logs.say(said["event"], "warning" if "failed" in said["event"] else "info", **fields)

    return heard


def _ended(logs: Logs) -> Callable[[int], None]:
    return lambda code: logs.say("ended", "error", process="keeper", code=code)
