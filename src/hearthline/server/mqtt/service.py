"""The listener as the settings want it: the one thing that `hearthline serve` starts."""

import ipaddress
from pathlib import Path

from hearthline import sources
from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import MqttSettings
from hearthline.server.commit import Commit
from hearthline.server.keys import Keyring
from hearthline.server.mqtt.door import WriteDoor
from hearthline.server.mqtt.house import House
from hearthline.server.mqtt.listener import Address, Listener, listen
from hearthline.server.mqtt.sessions import Sessions
from hearthline.server.mqtt.stream import Limits
from hearthline.server.mqtt.tls import server_context
from hearthline.server.mqtt.topics import Topics

__all__ = ["addresses", "door", "serve"]


def addresses(settings: MqttSettings, home: Path) -> list[Address]:
    """Return where to listen: plainly, by TLS where there is a certificate, or nowhere.

    Raises:
        BadConfig: passwords would travel in clear through a network, or a file is not what it should be.
    """
    tls = server_context(settings, home)
    found = [Address(settings.host, settings.tls_port, tls)] if tls and settings.tls_port else []
    if settings.port:
        if is_loopback(settings.host) or settings.plain_anywhere:
            found.append(Address(settings.host, settings.port))
        elif not found:
            raise BadConfig(
                f"[mqtt] host: {settings.host!r} is no loopback address, and keys would travel in clear; "
                "give a certificate and private_key, or set plain_anywhere = true"
            )
    return found


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def door(
    settings: MqttSettings, commit: Commit, key: bytes, keyring: Keyring | None, *, open_: bool
) -> WriteDoor:
    """Return the write door for messages; `open_` lets clients in that show no key.

    Raises:
        BadConfig: a pattern of the topics leads nowhere.
    """
    return WriteDoor(
        commit=commit,
        key=key,
        topics=Topics(settings.topics, sources.names()),
        keyring=keyring,
        open=open_,
        certificates=settings.certificate_opens and settings.client_ca is not None,
    )


async def serve(settings: MqttSettings, behind: WriteDoor, home: Path) -> Listener | None:
    """Return a listener that runs on this event loop, or None where the settings switch it off.

    Args:
        settings: of `[mqtt]`.
        behind: the write door.
        home: the home's folder; file names of the settings are relative to it.

    Raises:
        BadConfig: an address cannot be had, or a setting is impossible.
    """
    wanted = addresses(settings, home)
    if not wanted:
        return None
    limits = Limits(
        payload=settings.payload_bytes, in_flight=settings.in_flight, connections=settings.connections
    )
    return await listen(House(behind, limits, Sessions(home / "mqtt.sessions")), wanted)
