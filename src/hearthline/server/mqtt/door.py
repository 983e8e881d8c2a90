"""The house behind the listener and the bridge: keys, topics, taking, the group commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

import msgspec

from hearthline import sources
from hearthline.privacy import Keys
from hearthline.schema.errors import BadPayload
from hearthline.server.commit import Commit
from hearthline.server.keys import ANY, Keyring
from hearthline.server.mqtt.arrivals import Arrived, Counts, Done, Guest, Hello, Taken
from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.topics import Route, Topics
from hearthline.server.rates import Rates
from hearthline.server.taking import UNKNOWN, refused, taken
from hearthline.server.taking import Taken as Read
from hearthline.sources import Proof, Sent

__all__ = ["OPEN", "WriteDoor"]

OPEN = Guest("-", "none")
"""Who comes in without a key, where the door is open."""


@dataclass(frozen=True, slots=True)
class WriteDoor:
    """The write door of a home, for messages.

    Attributes:
        commit: where frames become durable.
        key: the home's key or ring of keys, for pseudonyms.
        topics: which source a topic belongs to.
        keyring: write keys; without it only certificates open, or nothing has to (`open`).
        open: whether clients without a key come in.
        certificates: whether a verified client certificate is proof enough.
        most_items: how many payloads one message may hold.
        now: the clock.
        counts: what was taken.
        rates: how much each key may send.
    """

    commit: Commit
    key: Keys
    topics: Topics
    keyring: Keyring | None = None
    open: bool = False
    certificates: bool = False
    most_items: int = 1000
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    counts: Counts = field(default_factory=Counts)
    rates: Rates = field(default_factory=Rates)

    def guest(self, hello: Hello) -> Guest | None:
        """Return who this is: by a write key as password or as user name, else by its certificate."""
        for given in (hello.password, hello.user):
            key = self.keyring.write_key(given) if given and self.keyring is not None else None
            if key is not None:
                return Guest(key.id, "write-key", key.platform, key.account, key.requests_per_second)
        if hello.certificate is not None and self.certificates:
            return Guest(sha256(hello.certificate.encode()).hexdigest()[:8], "certificate")
        return OPEN if self.open and not hello.password else None

    def taken(self, message: Arrived) -> Taken:
        """Return what a message becomes: the frame of its events and rejects."""
        route = self._route(message)
        if route is None:
            return Taken(None, Code.NOT_AUTHORIZED, "this key may not write to the topic's source")
        found = self._read(message.guest, route, self._sent(route, message.topic, message.payload))
        self._count(route, found)
        if found.accepted or not found.rejected:
            return Taken(found.body)
        code = Code.PAYLOAD_FORMAT if found.malformed else Code.NOT_WILLING
        return Taken(found.body, code, ", ".join(sorted(found.reasons)))

    def together(self, messages: Sequence[Arrived]) -> Taken | None:
        """Return messages of one guest on one topic as one frame, or None where each must be taken alone."""
        if not all(_is_object(message.payload) for message in messages):
            return None
        first = messages[0]
        route = self._route(first)
        if route is None or _cuts_itself(route.platform):
            return None
        payloads = b"[" + b",".join(message.payload for message in messages) + b"]"
        found = self._read(first.guest, route, self._sent(route, first.topic, payloads))
        if found.rejected:
            return None
        self._count(route, found)
        return Taken(found.body)

    def _read(self, guest: Guest, route: Route, sent: Sent) -> Read:
        platform = None if route.platform == ANY else route.platform
        proof = Proof(scheme=guest.scheme, key_id=guest.key)
        return taken(platform, sent, proof, self.key, most_items=self.most_items)

    def _count(self, route: Route, found: Read) -> None:
        platform = UNKNOWN if route.platform == ANY else route.platform
        self.counts.count(platform, found.accepted, found.reasons)

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

    def spent_s(self, guest: Guest, messages: int) -> float:
        """Count messages; return for how many seconds none should be read. Who needs no key has no limit."""
        return 0.0 if guest == OPEN else self.rates.spent_s(guest.key, messages, guest.per_second)

    def rejected(self, guest: Guest, problem: BadPayload, raw: bytes) -> bytes:
        """Return the frame of bytes that are no packet."""
        platform = None if guest.platform == ANY else guest.platform
        sent = self._sent(Route(guest.platform, guest.account), b"", raw)
        found = refused(platform, sent, problem, self.key)
        self._count(Route(guest.platform), found)
        return found.body

    def keep(self, body: bytes, done: Done) -> None:
        """Queue a frame.

        Raises:
            QueueFull: too much waits already.
        """
        self.commit.keep_nowait(body, done)


@cache
def _cuts_itself(platform: str) -> bool:
    """Return whether a list of payloads may mean something else to a source than one after the other."""
    return platform != ANY and hasattr(sources.load(platform), "payloads")


def _is_object(payload: bytes) -> bool:
    """Return whether a payload alone is one whole JSON object; only then may it stand in a list with others.

    >>> _is_object(b'{"a": 1}'), _is_object(b'{"a": 1'), _is_object(b'{}, {}')
    (True, False, False)
    """
    if not payload.startswith(b"{"):
        return False
    try:
        msgspec.json.decode(payload, type=msgspec.Raw)  # checks the structure, builds nothing
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
