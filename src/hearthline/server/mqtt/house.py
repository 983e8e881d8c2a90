"""What all clients of the listener share: their names, their wills, the queue before the disk, the counts."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from hearthline.schema.errors import BadPayload, QueueFull
from hearthline.server.mqtt.acks import Acks
from hearthline.server.mqtt.arrivals import Arrived, Door, Figures, Guest, Taken
from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.packets import Will
from hearthline.server.mqtt.sessions import Sessions
from hearthline.server.mqtt.stream import Budget, Limits

__all__ = ["Client", "House"]

_AGAIN_S = 0.02
_MOST_RAW = 64 * 1024
_MOST_WILLS = 10_000


class Client(Protocol):
    """A connection, as seen from the house."""

    guest: Guest
    closing: bool
    in_flight: int
    session_s: int

    @property
    def name(self) -> tuple[str, str]:
        """The client by its key and its own id."""
        ...

    @property
    def last_will(self) -> Will | None:
        """What is to be said for it now that it is gone, if anything."""
        ...

    def again(self) -> bool:
        """Hand over what found no room; return whether all of it found some."""
        ...

    def pause(self, reason: str) -> None:
        """Read nothing more."""
        ...

    def taken_over(self) -> None:
        """Make room for the same client on a new connection."""
        ...

    def say_goodbye(self) -> None:
        """Close because the server stops."""
        ...

    def abort(self) -> None:
        """End at once."""
        ...


@dataclass(eq=False)
class House:
    """What all clients share. Everything here happens on one event loop."""

    door: Door
    limits: Limits = field(default_factory=Limits)
    sessions: Sessions = field(default_factory=Sessions)
    figures: Figures = field(default_factory=Figures)
    budget: Budget = field(default_factory=Budget)
    acks: Acks = field(default_factory=Acks)
    open: set[Client] = field(default_factory=set)
    clients: dict[tuple[str, str], Client] = field(default_factory=dict)
    blocked: deque[Client] = field(default_factory=deque)
    wills: dict[tuple[str, str], asyncio.TimerHandle] = field(default_factory=dict)
    stopping: bool = False
    _again: asyncio.TimerHandle | None = None

    def entered(self, client: Client) -> bool:
        """Return whether there is room for one more."""
        if self.stopping or len(self.open) >= self.limits.connections:
            self.figures.refused += 1
            return False
        self.open.add(client)
        return True

    def welcomed(self, client: Client) -> None:
        """Know a client by its name from now on; an older connection of that name ends."""
        self.figures.connections += 1
        older, self.clients[client.name] = self.clients.get(client.name), client
        if older is not None:
            older.taken_over()
        late = self.wills.pop(client.name, None)
        if late is not None:
            late.cancel()

    def gone(self, client: Client) -> None:
        """Forget a client; publish its will if it went without a word, after the delay that it asked for."""
        self.open.discard(client)
        if client in self.blocked:
            self.blocked.remove(client)
        is_newest = self.clients.get(client.name) is client
        if is_newest:
            del self.clients[client.name]
        will = client.last_will
        if will is None or self.stopping:
            return
        arrived = Arrived(client.guest, will.topic, will.payload)
        delay = min(will.delay_s, client.session_s)
        if not delay:
            self.keep_alone(self.taken(arrived).body)
        elif is_newest and len(self.wills) < _MOST_WILLS:
            self.wills[client.name] = asyncio.get_running_loop().call_later(
                delay, partial(self._say_will, client.name, arrived)
            )

    def _say_will(self, name: tuple[str, str], arrived: Arrived) -> None:
        del self.wills[name]
        self.keep_alone(self.taken(arrived).body)

    def taken(self, message: Arrived) -> Taken:
        """Return what a message becomes."""
        taken = self.door.taken(message)
        self.figures.messages += 1
        self.figures.rejected += taken.code != Code.OK
        return taken

    def together(self, messages: Sequence[Arrived]) -> Taken | None:
        """Return what messages become as one frame, or None where each is to be taken alone."""
        taken = self.door.together(messages)
        if taken is not None:
            self.figures.messages += len(messages)
        return taken

    def keep_alone(self, body: bytes | None) -> None:
        """Keep a frame that nobody waits for; try once more in a second when there is no room."""
        if body is None:
            return
        try:
            self.door.keep(body, _nothing)
        except QueueFull:
            if not self.stopping:
                asyncio.get_running_loop().call_later(1.0, self.keep_alone, body)

    def keep_reject(self, guest: Guest, problem: BadPayload, raw: bytes) -> None:
        """Keep bytes that are no packet, at most the first 64 KB, as a reject."""
        try:
            self.door.keep(self.door.rejected(guest, problem, raw[:_MOST_RAW]), _nothing)
        except QueueFull:
            return  # an attacker must not fill what honest clients wait for

    def block(self, client: Client) -> None:
        """Try again for a client as soon as there is room, in the order in which they came."""
        self.blocked.append(client)
        if self._again is None:
            self._again = asyncio.get_running_loop().call_later(_AGAIN_S, self._retry)

    def _retry(self) -> None:
        self._again = None
        for _ in range(len(self.blocked)):
            client = self.blocked.popleft()
            if not client.closing and not client.again():
                self.blocked.appendleft(client)
                break
        if self.blocked and self._again is None:
            self._again = asyncio.get_running_loop().call_later(_AGAIN_S, self._retry)


def _nothing(outcome: object) -> None:
    del outcome
