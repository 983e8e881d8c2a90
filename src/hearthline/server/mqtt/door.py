"""The house behind the listener and the bridge: keys, topics, taking, the group commit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from hearthline.schema.errors import BadPayload
from hearthline.server.commit import Commit
from hearthline.server.keys import ANY, Keyring
from hearthline.server.mqtt.arrivals import Arrived, Counts, Done, Guest, Hello, Taken
from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.topics import Route, Topics
from hearthline.server.taking import UNKNOWN, refused, taken
from hearthline.sources import Proof, Sent

__all__ = ["OPEN", "WriteDoor"]

OPEN = Guest("-", "none")
"""Who comes in without a key, where the door is open."""


@dataclass(frozen=True, slots=True)
class WriteDoor:
    """The write door of a home, for messages.

    Attributes:
        commit: where frames become durable.
        key: the home's key, for pseudonyms.
        topics: which source a topic belongs to.
        keyring: write keys; without it only certificates open, or nothing has to (`open`).
        open: whether clients without a key come in.
        certificates: whether a verified client certificate is proof enough.
        most_items: how many payloads one message may hold.
        now: the clock.
        counts: what was taken.
    """

    commit: Commit
    key: bytes
    topics: Topics
    keyring: Keyring | None = None
    open: bool = False
    certificates: bool = False
    most_items: int = 1000
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    counts: Counts = field(default_factory=Counts)

    def guest(self, hello: Hello) -> Guest | None:
        """Return who this is: by a write key as password or as user name, else by its certificate."""
        for given in (hello.password, hello.user):
            key = self.keyring.write_key(given) if given and self.keyring is not None else None
            if key is not None:
                return Guest(key.id, "write-key", key.platform, key.account)
        if hello.certificate is not None and self.certificates:
            return Guest(sha256(hello.certificate.encode()).hexdigest()[:8], "certificate")
        return OPEN if self.open and not hello.password else None

    def taken(self, message: Arrived) -> Taken:
        """Return what a message becomes: the frame of its events and rejects."""
        route = self._route(message)
        if route is None:
            return Taken(None, Code.NOT_AUTHORIZED, "this key may not write to the topic's source")
        platform = None if route.platform == ANY else route.platform
        guest = message.guest
        found = taken(
            platform,
            self._sent(route, message.topic, message.payload),
            Proof(scheme=guest.scheme, key_id=guest.key),
            self.key,
            most_items=self.most_items,
        )
        self.counts.count(platform or UNKNOWN, found.accepted, found.reasons)
        if found.accepted or not found.rejected:
            return Taken(found.body)
        code = Code.PAYLOAD_FORMAT if found.malformed else Code.NOT_WILLING
        return Taken(found.body, code, ", ".join(sorted(found.reasons)))

    def _route(self, message: Arrived) -> Route | None:
        """Return where a message leads: by its topic, else by what its key is for; None where it may not."""
        guest = message.guest
        route = self.topics.route(message.topic)
        if route is None:
            return Route(guest.platform, guest.account)
        allowed = guest.platform in (ANY, route.platform) and guest.account in ("-", route.account)
        return route if allowed else None

    def _sent(self, route: Route, topic: bytes, payload: bytes) -> Sent:
        return Sent(
            method="PUBLISH",
            path="/mqtt" if route.platform == ANY else f"/mqtt/{route.platform}/{route.account}",
            headers={"mqtt-topic": topic.decode("utf-8", "replace")},
            body=payload,
            wire=payload,
            received=self.now(),
        )

    def rejected(self, guest: Guest, problem: BadPayload, raw: bytes) -> bytes:
        """Return the frame of bytes that are no packet."""
        platform = None if guest.platform == ANY else guest.platform
        sent = self._sent(Route(guest.platform, guest.account), b"", raw)
        found = refused(platform, sent, problem, self.key)
        self.counts.count(platform or UNKNOWN, 0, found.reasons)
        return found.body

    def keep(self, body: bytes, done: Done) -> None:
        """Queue a frame.

        Raises:
            QueueFull: too much waits already.
        """
        self.commit.keep_nowait(body, done)
