"""What the listener and the bridge ask of the house: who may come in, what a message is, and to keep it.

Two implementations stand behind it: the write door of `hearthline serve`, and a fake in the tests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from hearthline.schema.errors import BadPayload
from hearthline.server.mqtt.codes import Code

__all__ = ["Answer", "Arrived", "Counts", "Done", "Door", "Figures", "Guest", "Hello", "Taken"]

Done = Callable[[object], None]
"""Called once, from any thread: with an exception where the message is not on the disk."""


class Hello(NamedTuple):
    """How a client proves itself: user name and password, and the name in its certificate."""

    user: str | None
    password: str | None
    certificate: str | None


class Guest(NamedTuple):
    """A client that proved itself; `key` names what it proved itself with, and is no secret.

    `platform` and `account` are what it may write to; `*` and `-` stand for all. `per_second` is its key's
    own limit of messages.
    """

    key: str
    scheme: str = "write-key"
    platform: str = "*"
    account: str = "-"
    per_second: float | None = None


class Arrived(NamedTuple):
    """A message as it came."""

    guest: Guest
    topic: bytes
    payload: bytes


class Taken(NamedTuple):
    """What is to be kept of a message, and what its sender hears once it is; without a body: a refusal."""

    body: bytes | None
    code: Code = Code.OK
    reason: str = ""


class Answer(NamedTuple):
    """PUBACKs for a frame that is kept, how many there are, and how many messages are in the frame."""

    raw: bytes = b""
    window: int = 0
    messages: int = 1


class Door(Protocol):
    """The house, as seen from the listener."""

    def guest(self, hello: Hello) -> Guest | None:
        """Return who this is, or None for a stranger."""
        ...

    def taken(self, message: Arrived) -> Taken:
        """Return what a message becomes; it never raises, a message that is no event becomes a reject."""
        ...

    def together(self, messages: Sequence[Arrived]) -> Taken | None:
        """Return what messages of one guest on one topic become as one frame, for they cost less together.

        None where any of them has a flaw: then each is to be taken alone, and hears its own answer.
        """
        ...

    def spent_s(self, guest: Guest, messages: int) -> float:
        """Count messages that came; return for how many seconds no more should be read from this guest."""
        ...

    def rejected(self, guest: Guest, problem: BadPayload, raw: bytes) -> bytes:
        """Return what is to be kept of bytes that are no packet."""
        ...

    def keep(self, body: bytes, done: Done) -> None:
        """Queue a frame; `done` is called when it is on the disk, or cannot be.

        Raises:
            QueueFull: too much waits already; `done` is not called.
        """
        ...


@dataclass(slots=True)
class Counts:
    """Events by platform and rejects by platform and reason, in messages that were handed over to be kept."""

    accepted: dict[str, int] = field(default_factory=dict)
    rejected: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, platform: str, accepted: int, reasons: Mapping[str, int]) -> None:
        """Count one message."""
        if accepted:
            self.accepted[platform] = self.accepted.get(platform, 0) + accepted
        for reason, number in reasons.items():
            self.rejected[platform, reason] = self.rejected.get((platform, reason), 0) + number

    def add(self, other: "Counts") -> None:
        """Add what another door counted."""
        for platform, number in list(other.accepted.items()):
            self.count(platform, number, {})
        for (platform, reason), number in list(other.rejected.items()):
            self.count(platform, 0, {reason: number})


@dataclass(slots=True)
class Figures:
    """What the listener counted since it started."""

    connections: int = 0
    refused: int = 0
    messages: int = 0
    kept: int = 0
    rejected: int = 0
    unkept: int = 0
    malformed: int = 0
    slowed: int = 0
