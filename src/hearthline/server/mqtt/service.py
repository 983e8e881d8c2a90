"""MQTT as the settings want it: the listener, and the bridge where there is a broker."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hearthline import sources
from hearthline.privacy import Keys, ring_of
from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import MqttSettings, Settings
from hearthline.server.commit import Commit
from hearthline.server.keys import Keyring
from hearthline.server.listening import is_loopback
from hearthline.server.mqtt.arrivals import Counts, Figures
from hearthline.server.mqtt.bridge import Bridge, Broker, client_id
from hearthline.server.mqtt.door import WriteDoor
from hearthline.server.mqtt.house import House
from hearthline.server.mqtt.listener import Address, Listener, listen
from hearthline.server.mqtt.sessions import Sessions
from hearthline.server.mqtt.stream import Limits
from hearthline.server.mqtt.tls import server_context
from hearthline.server.mqtt.topics import Topics
from hearthline.server.rates import Rates

__all__ = ["Behind", "Messages", "addresses", "bridge_of"]

USUAL_PORT = 1883
Say = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Behind:
    """What messages go to.

    Attributes:
        home: the home's folder; file names of the settings are relative to it.
        key: the home's key or ring of keys, for pseudonyms.
        commit: makes frames durable.
        keyring: write keys.
        say: is told what happens, as `say(event, level, **fields)`.
        rates: how much each key may send.
    """

    home: Path
    key: Keys
    commit: Commit
    keyring: Keyring
    say: Say
    rates: Rates = field(default_factory=Rates)

    def door(self, settings: MqttSettings) -> WriteDoor:
        """Return the write door for messages; on loopback clients without a key come in.

        Raises:
            BadConfig: a pattern of the topics leads nowhere.
        """
        return WriteDoor(
            commit=self.commit,
            key=self.key,
            topics=Topics(settings.topics, sources.names()),
            keyring=self.keyring,
            open=is_loopback(settings.host),
            certificates=settings.certificate_opens and settings.client_ca is not None,
            rates=self.rates,
        )


def addresses(settings: MqttSettings, home: Path) -> list[Address]:
    """Return where to listen: plainly, by TLS where there is a certificate, or nowhere.

    Raises:
        BadConfig: keys would travel in clear through a network, or a file is not what it should be.
    """
    tls = server_context(settings, home)
    found = [Address(settings.host, settings.tls_port, tls)] if tls and settings.tls_port else []
    port = USUAL_PORT if settings.port is None else settings.port
    if port:
        if is_loopback(settings.host) or settings.plain_anywhere:
            found.append(Address(settings.host, port))
        elif not found:
            raise BadConfig(
                f"[mqtt] host: {settings.host!r} is no loopback address, and keys would travel in clear; "
                "give a certificate and private_key, or set plain_anywhere = true"
            )
    return found


def bridge_of(settings: Settings, behind: Behind, door: WriteDoor) -> Bridge | None:
    """Return the bridge to the broker of the settings, not yet started, or None where they name none.

    Raises:
        BadConfig: a setting is impossible.
        MissingExtra: paho-mqtt is not installed.
    """
    chosen = settings.bridge
    if chosen.host is None:
        return None
    if chosen.source is not None and chosen.source not in sources.names():
        raise BadConfig(
            f"[bridge] source: no source {chosen.source!r}; choose one of {', '.join(sources.names())}"
        )
    name = client_id(chosen, ring_of(behind.key).every[-1])
    return Bridge(Broker(chosen, behind.home, name, settings.mqtt.payload_bytes), door, behind.say)


class Messages:
    """The listener and the bridge of a running server; either may be off."""

    def __init__(self, listener: Listener | None, bridge: Bridge | None, doors: Sequence[WriteDoor]) -> None:
        self._listener, self._bridge, self._doors = listener, bridge, doors

    @classmethod
    async def opened(cls, settings: Settings, behind: Behind) -> "Messages":
        """Listen and subscribe as the settings want it, on this event loop.

        Raises:
            BadConfig: an address cannot be had, or a setting is impossible.
            MissingExtra: a bridge is wanted and paho-mqtt is not installed.
        """
        doors = [behind.door(settings.mqtt) for _ in range(2)]  # the bridge counts in a thread of its own
        bridge = bridge_of(settings, behind, doors[1])
        listener = await _listening(settings.mqtt, behind, doors[0])
        if bridge is not None:
            bridge.start()
        return cls(listener, bridge, doors)

    @property
    def addresses(self) -> list[str]:
        """Where is listened, as clients write it."""
        return [] if self._listener is None else self._listener.addresses

    @property
    def figures(self) -> Figures:
        """What the listener counted."""
        return Figures() if self._listener is None else self._listener.house.figures

    @property
    def counts(self) -> Counts:
        """Events and rejects of both, at this moment."""
        both = Counts()
        for door in self._doors:
            both.add(door.counts)
        return both

    async def close(self) -> None:
        """Stop both; what becomes durable meanwhile is acknowledged."""
        if self._bridge is not None:
            await asyncio.to_thread(self._bridge.close)
        if self._listener is not None:
            await self._listener.close()


async def _listening(settings: MqttSettings, behind: Behind, door: WriteDoor) -> Listener | None:
    wanted = addresses(settings, behind.home)
    if not wanted:
        return None
    limits = Limits(
        payload=settings.payload_bytes, in_flight=settings.in_flight, connections=settings.connections
    )
    house = House(door, limits, Sessions(behind.home / "mqtt.sessions"))
    try:
        return await listen(house, wanted)
    except BadConfig:
        if settings.port is not None or len(wanted) > 1:
            raise
        # nobody asked for this port: a broker on this computer may well have it
        behind.say(
            "mqtt-off", "warning", why=f"port {USUAL_PORT} is in use; set [mqtt] port, or [bridge] host"
        )
        return None
