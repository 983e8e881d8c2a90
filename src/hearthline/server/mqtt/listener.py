"""The listener: its sockets, and how it stops."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from ssl import SSLContext

from hearthline.schema.errors import BadConfig
from hearthline.server.mqtt.connection import Connection
from hearthline.server.mqtt.house import House

__all__ = ["Address", "Listener", "listen"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; with a context, by TLS."""

    host: str
    port: int
    tls: SSLContext | None = None


class Listener:
    """Sockets that are listened to, and the house behind them."""

    def __init__(
        self, house: House, servers: Sequence[asyncio.Server], plain: Sequence[asyncio.Server] = ()
    ) -> None:
        self.house, self._servers, self._plain = house, servers, plain

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports, in the order of the addresses that were asked for."""
        return tuple(server.sockets[0].getsockname()[1] for server in self._servers)

    @property
    def addresses(self) -> list[str]:
        """The addresses, as clients write them."""
        found = []
        for server in self._servers:
            host, port = server.sockets[0].getsockname()[:2]
            scheme = "mqtt" if server in self._plain else "mqtts"
            found.append(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
        return found

    async def close(self, grace_s: float = 5.0) -> None:
        """Stop: take no more, acknowledge what becomes durable within the grace, say goodbye."""
        house = self.house
        house.stopping = True
        for server in self._servers:
            server.close()
        for client in house.open:
            client.pause("the server stops")
        ends = asyncio.get_running_loop().time() + grace_s
        while any(client.in_flight for client in house.open) and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(0.005)
        for late in house.wills.values():
            late.cancel()
        for client in list(house.open):
            client.say_goodbye()
        while house.open and asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(0.005)
        for client in list(house.open):
            client.abort()


async def listen(house: House, addresses: Sequence[Address]) -> Listener:
    """Return a listener on these addresses.

    Raises:
        BadConfig: an address or a port cannot be had.
    """
    servers: list[asyncio.Server] = []
    loop = asyncio.get_running_loop()
    for address in addresses:
        make = partial(Connection, house)
        try:
            if address.tls is None:
                servers.append(await loop.create_server(make, address.host, address.port))
                continue
            patience = house.limits.connect_s
            servers.append(
                await loop.create_server(
                    make, address.host, address.port, ssl=address.tls, ssl_handshake_timeout=patience
                )
            )
        except OSError as error:
            for server in servers:
                server.close()
            raise BadConfig(
                f"[mqtt] {address.host}:{address.port}: cannot listen; {error.strerror or error}; "
                "choose another port, or stop what listens there"
            ) from None
    plain = [server for server, address in zip(servers, addresses, strict=True) if address.tls is None]
    return Listener(house, servers, plain)
