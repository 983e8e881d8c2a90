"""The bridge: subscribes to a broker and acknowledges what is on our disk, never sooner.

The session is persistent, so a broker keeps what comes while the bridge is away, and what it was not told
about it sends again. Copies are duplicates by their event's id. paho-mqtt speaks to the broker in a thread of
its own; messages are taken in that thread, acknowledged from the thread that writes the log.
"""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearthline.schema.errors import BadConfig, BadPayload, MissingExtra, QueueFull
from hearthline.schema.settings import BridgeSettings
from hearthline.server.mqtt.arrivals import Arrived, Door, Guest
from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.tls import client_context

if TYPE_CHECKING:
    from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

__all__ = ["Bridge", "BridgeFigures", "Broker", "client_id", "filters"]

_AGAIN_S = 0.02
_LONGEST_WAIT_S = 60
_MOST_KEPT = 64 * 1024
Say = Callable[..., None]


@dataclass(slots=True)
class BridgeFigures:
    """What the bridge counted since it started."""

    connections: int = 0
    messages: int = 0
    kept: int = 0
    rejected: int = 0
    unkept: int = 0


@dataclass(frozen=True, slots=True)
class Broker:
    """Whom to subscribe to, and how.

    Attributes:
        settings: of `[bridge]`; its `host` is set.
        home: the home's folder; file names of the settings are relative to it.
        client_id: the bridge's own name.
        payload: bytes that a payload may have; a larger one is kept as a reject.
    """

    settings: BridgeSettings
    home: Path
    client_id: str
    payload: int = 128 * 1024


def client_id(settings: BridgeSettings, key: bytes) -> str:
    """Return the name under which the broker keeps the session: the same after every start.

    >>> client_id(BridgeSettings(), b"key of a home")
    'hearthline-047da7c12b8d811f'
    """
    return (
        settings.client_id or f"hearthline-{blake2b(key, digest_size=8, person=b'mqtt bridge').hexdigest()}"
    )


def filters(settings: BridgeSettings) -> list[str]:
    """Return what to subscribe to, shared with the group where there is one.

    >>> filters(BridgeSettings(topics=("dt/#",), group="g"))
    ['$share/g/dt/#']
    """
    return [f"$share/{settings.group}/{one}" if settings.group else one for one in settings.topics]


class Bridge:
    """One subscriber; it reconnects by itself until it is closed.

    Args:
        broker: whom to subscribe to.
        door: where messages go.
        say: is told what happens, as `say(event, level, **fields)`.

    Raises:
        MissingExtra: paho-mqtt is not installed.
        BadConfig: a file of the settings is not what it should be.
    """

    def __init__(self, broker: Broker, door: Door, say: Say) -> None:
        self._broker, self._door, self._say = broker, door, say
        self._guest = Guest(broker.client_id, "bridge", broker.settings.source or "*")
        self._pen = threading.Lock()
        self._generation = 0
        self._waiting = 0
        self._broken = -1
        self._closing = False
        self.figures = BridgeFigures()
        self.subscribed = threading.Event()
        self.trouble = ""
        self._client = self._made()

    def start(self) -> None:
        """Connect, and go on connecting, in a thread of its own."""
        settings = self._broker.settings
        port = settings.port or (8883 if settings.tls else 1883)
        more: dict[str, Any] = {}
        if settings.version == "5":
            more = {"clean_start": False, "properties": self._about_the_session()}
        self._client.connect_async(settings.host or "", port, settings.keepalive_s, **more)
        self._client.loop_start()

    def close(self, grace_s: float = 5.0) -> None:
        """Acknowledge what becomes durable within the grace, then leave; the broker keeps the session."""
        self._closing = True
        ends = time.monotonic() + grace_s
        while self._waiting and time.monotonic() < ends:
            time.sleep(_AGAIN_S)
        self._client.disconnect()
        self._client.loop_stop()

    # The client ---------------------------------------------------------------------

    def _made(self) -> "Client":
        try:
            from paho.mqtt.client import Client, MQTTv5, MQTTv311  # noqa: PLC0415
            from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtra(
                "the bridge: the package paho-mqtt is not installed; pip install 'hearthline[serve]'"
            ) from error
        settings = self._broker.settings
        newer = settings.version == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._broker.client_id,
            clean_session=None if newer else False,
            protocol=MQTTv5 if newer else MQTTv311,
            manual_ack=True,
        )
        client.reconnect_delay_set(1, _LONGEST_WAIT_S)
        if settings.user is not None:
            client.username_pw_set(settings.user, self._password())
        tls = client_context(settings, self._broker.home)
        if tls is not None:
            client.tls_set_context(tls)
        client.on_connect, client.on_disconnect = self._connected, self._disconnected
        client.on_connect_fail = self._unreached
        client.on_subscribe, client.on_message = self._heard, self._came
        return client

    def _password(self) -> str | None:
        name = self._broker.settings.password_file
        if name is None:
            return None
        try:
            return (self._broker.home / name).read_text("utf-8").strip()
        except OSError as error:
            raise BadConfig(
                f"[bridge] password_file: {name!r} cannot be read; {error.strerror}; "
                "write the password into that file"
            ) from None

    def _about_the_session(self) -> "Properties":
        from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415
        from paho.mqtt.properties import Properties  # noqa: PLC0415

        settings, said = self._broker.settings, Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's types are partial
        said.SessionExpiryInterval = int(settings.session_days * 86_400)
        said.ReceiveMaximum = settings.in_flight
        return said

    # What paho tells us, in its thread ----------------------------------------------

    def _connected(
        self, client: "Client", _data: Any, flags: "ConnectFlags", reason: "ReasonCode", _more: Any
    ) -> None:
        if reason.is_failure:
            self._troubled(f"the broker refuses us: {reason}")
            return
        self.figures.connections += 1
        self._say("bridge-connected", session=bool(flags.session_present))
        client.subscribe([(one, 1) for one in filters(self._broker.settings)])

    def _heard(
        self, _client: "Client", _data: Any, _mid: int, reasons: "list[ReasonCode]", _more: Any
    ) -> None:
        asked = filters(self._broker.settings)
        refused = [one for one, reason in zip(asked, reasons, strict=False) if reason.is_failure]
        if refused:
            self._troubled(f"the broker refuses the subscription to {', '.join(refused)}")
            return
        self.trouble = ""
        self._say("bridge-subscribed")
        self.subscribed.set()

    def _unreached(self, _client: "Client", _data: Any) -> None:
        settings = self._broker.settings
        self._troubled(f"nobody answers at {settings.host}")

    def _disconnected(
        self, _client: "Client", _data: Any, _flags: "DisconnectFlags", reason: "ReasonCode", _more: Any
    ) -> None:
        # Packet ids begin anew with a connection; what was not acknowledged on the old one comes again.
        with self._pen:
            self._generation += 1
        self.subscribed.clear()
        if not self._closing:
            self._say("bridge-disconnected", "warning", reason=str(reason))

    def _troubled(self, what: str) -> None:
        self.trouble = what
        self._say("bridge-refused", "warning", what=what)

    def _came(self, _client: "Client", _data: Any, message: "MQTTMessage") -> None:
        self.figures.messages += 1
        body = self._body(message)
        done = partial(self._kept, self._generation, message.mid, message.qos)
        with self._pen:
            self._waiting += 1
        while not self._closing:
            try:
                self._door.keep(body, done)
            except QueueFull:
                time.sleep(_AGAIN_S)  # the broker waits, and so do the messages in it
            else:
                return
        with self._pen:
            self._waiting -= 1

    def _body(self, message: "MQTTMessage") -> bytes:
        """Return the frame of a message; one that cannot be taken is kept as a reject."""
        topic, payload = message._topic, bytes(message.payload)  # `.topic` raises where it is no UTF-8
        if len(payload) > self._broker.payload:
            wrong = f"a payload of {len(payload)} bytes; {self._broker.payload} are allowed"
            problem = BadPayload("mqtt.publish", wrong, "send smaller messages", "too-large")
            self.figures.rejected += 1
            return self._door.rejected(self._guest, problem, payload[:_MOST_KEPT])
        taken = self._door.taken(Arrived(self._guest, topic, payload))
        self.figures.rejected += taken.code != Code.OK
        if taken.body is None:
            problem = BadPayload("mqtt.publish", taken.reason, "change [bridge] source", "not-allowed")
            return self._door.rejected(self._guest, problem, payload)
        return taken.body

    # What the writing thread tells us -------------------------------------------------

    def _kept(self, generation: int, message_id: int, qos: int, outcome: object) -> None:
        with self._pen:
            self._waiting -= 1
            if isinstance(outcome, Exception):
                self.figures.unkept += 1
                self._begin_anew(generation)
                return
            self.figures.kept += 1
            if qos and generation == self._generation:
                self._client.ack(message_id, qos)

    def _begin_anew(self, generation: int) -> None:
        """Break the connection once, so that the broker sends again what could not be stored."""
        if generation != self._generation or generation == self._broken:
            return
        self._broken = generation
        broken = self._client.socket()
        if isinstance(broken, socket.socket):
            try:
                broken.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it was broken already
