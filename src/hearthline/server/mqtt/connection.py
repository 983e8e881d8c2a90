"""One client: what its packets mean, what it hears, and when its messages count as taken.

MQTT 3.1.1 (OASIS, 2014) and MQTT 5.0 (OASIS, 2019), for clients that only publish. A PUBACK says that the
message is on the disk, as an event or as a reject. What could not be kept is never acknowledged: the
connection closes instead, and the client sends it again when it is back.
"""

import secrets
from collections import deque
from functools import lru_cache
from typing import Any

from hearthline.schema.errors import QueueFull
from hearthline.server.mqtt.arrivals import Answer, Arrived, Guest, Hello, Taken
from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.house import House
from hearthline.server.mqtt.packets import (
    Connect,
    Kind,
    Publish,
    Will,
    connect_of,
    disconnect_of,
    filters_of,
    publish_of,
)
from hearthline.server.mqtt.replies import PINGRESP, connack, disconnect, puback, suback, unsuback
from hearthline.server.mqtt.stream import Stream
from hearthline.server.mqtt.topics import LONGEST
from hearthline.server.mqtt.wire import BadPacket

__all__ = ["Connection"]

_ALIASES = 16
_LONGEST_SESSION_S = 7 * 86_400
_TOGETHER = 100
_FULL = "the queue is full"
_WINDOW = "too many messages in flight"
_FAST = "more messages than the key may send"
_NOT_BROKEN = (Code.NOT_AUTHORIZED, Code.RECEIVE_MAXIMUM)
_STRANGER = Guest("")


class Connection(Stream):
    """A client of the listener."""

    def __init__(self, house: House) -> None:
        super().__init__(house.limits, house.budget)
        self.house = house
        self.guest = _STRANGER
        self.said: Connect | None = None
        self.version = 4
        self.client_id = ""
        self.in_flight = 0
        self.left = False
        self._introduced = False
        self.session_s = 0
        self._largest_answer = 2**28
        self._came: list[tuple[Publish, Arrived]] = []
        self._aliases: dict[int, bytes] = {}
        self._full: deque[tuple[bytes, Answer]] = deque()

    def connection_made(self, transport: Any) -> None:
        """Come in, if there is room."""
        super().connection_made(transport)
        if not self.house.entered(self):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave; without a DISCONNECT the will is published."""
        super().connection_lost(exc)
        if self.said is not None and self.house.clients.get(self.name) is self:
            self.house.sessions.remember(self.guest.key, self.client_id, self.session_s)
        self.house.gone(self)

    @property
    def name(self) -> tuple[str, str]:
        """The client by its key and its own id: nobody takes over another key's session."""
        return self.guest.key, self.client_id

    @property
    def last_will(self) -> Will | None:
        """What is to be said for it now that it is gone: nothing after a goodbye."""
        return None if self.said is None or self.left else self.said.will

    # Packets ----------------------------------------------------------------------

    def packet(self, first: int, body: bytes) -> None:
        """Act on one packet.

        Raises:
            BadPacket: the connection cannot go on.
        """
        kind, flags = first >> 4, first & 15
        if kind == Kind.PUBLISH:
            self._publish(publish_of(flags, body, self.version))
            return
        if kind == Kind.CONNECT and not self.connected:
            self._connect(connect_of(body))
            return
        if flags != (2 if kind in (Kind.SUBSCRIBE, Kind.UNSUBSCRIBE) else 0):
            raise BadPacket("head", f"first byte {first:#04x}", "send MQTT")
        if kind == Kind.PINGREQ and not body:
            self.write(PINGRESP)
        elif kind in (Kind.SUBSCRIBE, Kind.UNSUBSCRIBE):
            subscribes = kind == Kind.SUBSCRIBE
            packet_id, count = filters_of(body, self.version, subscribes=subscribes)
            self.write((suback if subscribes else unsuback)(packet_id, self.version, count))
        elif kind == Kind.DISCONNECT:
            self._disconnect(*disconnect_of(body, self.version))
        else:
            raise BadPacket("head", f"a packet of kind {kind} here", "only publish", Code.PROTOCOL_ERROR)

    def _connect(self, said: Connect) -> None:
        self.version, self._introduced = said.version, True
        if "auth_method" in said.properties:
            raise BadPacket("connect", "an authentication method", "send a write key", Code.AUTH_METHOD)
        if said.will is not None:
            _check_will(said.will, said.version)
        if not said.client_id and not said.clean and said.version == 4:
            raise BadPacket("connect", "a session without a client id", "send an id", Code.CLIENT_ID)
        password = None if said.password is None else said.password.decode("utf-8", "replace")
        guest = self.house.door.guest(Hello(said.user, password, self._certificate()))
        if guest is None:
            self.house.figures.refused += 1
            raise BadPacket("connect", "no valid key", "send a write key as password", Code.PASSWORD)
        self.guest = guest
        self.client_id = said.client_id or f"hearthline-{secrets.token_hex(8)}"
        self._largest_answer = said.properties.get("maximum_packet", 2**28)
        self._welcome(said)

    def _certificate(self) -> str | None:
        found = self.transport.get_extra_info("peercert") if self.transport else None
        names = [
            value for part in (found or {}).get("subject", ()) for key, value in part if key == "commonName"
        ]
        return names[0] if names else None

    def _welcome(self, said: Connect) -> None:
        asked = said.properties.get("session_expiry", 0) if said.version == 5 else 0
        wanted = asked if said.version == 5 or said.clean else _LONGEST_SESSION_S
        self.session_s = min(wanted, _LONGEST_SESSION_S)
        known = not said.clean and self.house.sessions.knows(self.guest.key, self.client_id)
        self.house.sessions.remember(self.guest.key, self.client_id, self.session_s)
        offered: dict[str, int | str] = {
            "receive_maximum": self.limits.in_flight,
            "maximum_qos": 1,
            "maximum_packet": self.limits.packet,
            "topic_alias_maximum": _ALIASES,
            "wildcards": 0,
            "subscription_ids": 0,
            "shared_subscriptions": 0,
        }
        if asked > self.session_s:
            offered["session_expiry"] = self.session_s
        if not said.client_id:
            offered["assigned_client_id"] = self.client_id
        self.said, self.connected = said, True
        self.silence_s = said.keepalive_s * 1.5
        self.watch()
        self.house.welcomed(self)
        self.write(connack(self.version, Code.OK, offered, known=known))

    def _disconnect(self, code: int, expiry: int | None) -> None:
        if expiry is not None:
            if expiry and not self.session_s:
                raise BadPacket(
                    "disconnect", "a session after none", "ask for one in CONNECT", Code.PROTOCOL_ERROR
                )
            self.session_s = min(expiry, _LONGEST_SESSION_S)
        self.left = code != Code.WITH_WILL
        self.settle()
        self.close()

    # Messages ---------------------------------------------------------------------

    def _publish(self, message: Publish) -> None:
        """Hold a message until everything that came with it is read: messages cost less together."""
        if message.qos and self.version == 5 and self.in_flight >= self.limits.in_flight:
            wrong = f"more than {self.limits.in_flight} messages in flight"
            raise BadPacket("publish", wrong, "wait for PUBACK", Code.RECEIVE_MAXIMUM)
        topic = self._topic(message)
        if self._came and (self._came[0][1].topic != topic or len(self._came) >= _TOGETHER):
            self.settle()
        self._came.append((message, Arrived(self.guest, topic, message.payload)))
        self.in_flight += bool(message.qos)
        if self.in_flight >= self.limits.in_flight and self.version < 5:
            self.pause(_WINDOW)

    def settle(self) -> None:
        """Take what came and hand it over to be kept; read no more for a while where the key sends too much.

        Raises:
            BadPacket: a client of MQTT 3.1.1 may not write there; it can only be told by closing.
        """
        came, self._came = self._came, []
        if came and (wait_s := self.house.door.spent_s(self.guest, len(came))):
            self.house.figures.slowed += _FAST not in self._reasons
            self.pause(_FAST)
            self.loop.call_later(wait_s, self.resume, _FAST)
        if len(came) > 1 and (taken := self.house.together([arrived for _, arrived in came])) is not None:
            acknowledged = [puback(m.packet_id, self.version) for m, _ in came if m.qos]
            self.keep(taken.body or b"", Answer(b"".join(acknowledged), len(acknowledged), len(came)))
            return
        for message, arrived in came:
            taken = self.house.taken(arrived)
            answer = self._answer(message, taken)
            if taken.body is not None:
                self.keep(taken.body, answer)
                continue
            self.in_flight -= answer.window
            if self.version < 5:
                raise BadPacket("publish", taken.reason, "use a key for this source", taken.code)
            self.write(answer.raw)

    def _topic(self, message: Publish) -> bytes:
        """Return the topic of a message, which may be one that an alias stands for."""
        if not message.alias:
            _check_topic(message.topic)
            return message.topic
        if message.alias > _ALIASES:
            raise BadPacket(
                "publish", f"topic alias {message.alias}", f"use 1 to {_ALIASES}", Code.TOPIC_ALIAS
            )
        if message.topic:
            _check_topic(message.topic)
            self._aliases[message.alias] = message.topic
        elif message.alias not in self._aliases:
            raise BadPacket(
                "publish", "an alias without a topic", "name the topic first", Code.PROTOCOL_ERROR
            )
        return self._aliases[message.alias]

    def _answer(self, message: Publish, taken: Taken) -> Answer:
        """Return the PUBACK that a message gets once it is kept; none at QoS 0."""
        if not message.qos:
            return Answer()
        asked = self.said.properties.get("problem_information", 1) if self.said else 1
        answer = puback(message.packet_id, self.version, taken.code, taken.reason[:200] if asked else "")
        if len(answer) > self._largest_answer:
            answer = puback(message.packet_id, self.version, taken.code)
        return Answer(answer, 1)

    def keep(self, body: bytes, answer: Answer) -> None:
        """Hand a frame over; when there is no room, read nothing more from this client until there is."""
        if not self._full:
            try:
                self.house.door.keep(body, self.house.acks.waiter(self, answer))
            except QueueFull:
                self.pause(_FULL)
                self.house.block(self)
            else:
                return
        self._full.append((body, answer))

    def again(self) -> bool:
        """Hand over what found no room; return whether all of it found some."""
        while self._full:
            body, answer = self._full[0]
            try:
                self.house.door.keep(body, self.house.acks.waiter(self, answer))
            except QueueFull:
                return False
            self._full.popleft()
        self.resume(_FULL)
        return True

    def kept(self, answers: list[Answer]) -> None:
        """Acknowledge what is on the disk, in the order in which it came."""
        self.house.figures.kept += sum(answer.messages for answer in answers)
        self.in_flight -= sum(answer.window for answer in answers)
        acknowledged = b"".join(answer.raw for answer in answers)
        if acknowledged:
            self.write(acknowledged)
            if _WINDOW in self._reasons and self.in_flight < self.limits.in_flight:
                self.resume(_WINDOW)

    def unkept(self, reason: Exception) -> None:
        """Close without acknowledging: the client sends again what it has heard nothing about."""
        del reason
        self.house.figures.unkept += 1
        self._last(Code.BUSY, "the message could not be stored; send it again later")

    # Ends -------------------------------------------------------------------------

    def refuse(self, problem: BadPacket, raw: bytes) -> None:
        """Close for a reason; from a client that proved itself, the bytes are kept as a reject."""
        if not self.connected:
            answered = self._introduced or problem.code == Code.VERSION
            self.close(connack(self.version, problem.code) if answered else b"")
            return
        if raw and problem.code not in _NOT_BROKEN:
            self.house.figures.malformed += 1
            self.house.keep_reject(self.guest, problem, raw)
        self._last(problem.code, f"{problem.wrong}; {problem.cure}")

    def taken_over(self) -> None:
        """Make room for the same client on a new connection."""
        self._last(Code.TAKEN_OVER, "the same client id connected again")

    def say_goodbye(self) -> None:
        """Close because the server stops; the will stays unsaid."""
        self.left = True
        self._last(Code.SHUTTING_DOWN, "the server stops")

    def _last(self, code: Code, reason: str) -> None:
        last = disconnect(code, reason) if self.version == 5 else b""
        self.close(last if len(last) <= self._largest_answer else disconnect(code))


def _check_will(will: Will, version: int) -> None:
    if will.qos == 2 and version == 5:
        raise BadPacket("connect", "a will at QoS 2", "ask for QoS 0 or 1", Code.QOS)
    _check_topic(will.topic)


@lru_cache(4096)
def _check_topic(topic: bytes) -> None:
    """Check that a topic can be published to.

    Raises:
        BadPacket: it is empty, too long, no UTF-8, or holds a wildcard or NUL.
    """
    if not topic or len(topic) > LONGEST:
        wrong = f"a topic of {len(topic)} bytes; 1 to {LONGEST} are allowed"
        raise BadPacket("publish", wrong, "publish to a topic", Code.TOPIC_NAME)
    if b"\0" in topic or b"+" in topic or b"#" in topic:
        raise BadPacket("publish", "a wildcard or NUL in a topic", "publish to one topic", Code.TOPIC_NAME)
    try:
        topic.decode("utf-8")
    except UnicodeDecodeError:
        raise BadPacket("publish", "a topic that is no UTF-8", "send UTF-8") from None
