"""What a client says, read from the bodies of its packets: CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT.

Pure functions over bytes: a value or `BadPacket`, whatever the bytes are. Versions are protocol levels:
4 is MQTT 3.1.1, 5 is MQTT 5.
"""

from typing import Any, NamedTuple

from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.wire import BadPacket, binary, number, properties_of, take, text_of

__all__ = ["Connect", "Kind", "Publish", "Will", "connect_of", "disconnect_of", "filters_of", "publish_of"]


class Kind:
    """The kinds of packets: the upper half of the first byte."""

    CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
    SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 8, 9, 10, 11
    PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14


_ABOUT = frozenset(
    ("payload_format", "message_expiry", "content_type", "response_topic", "correlation", "user")
)
_CONNECT = frozenset(
    ("session_expiry", "receive_maximum", "maximum_packet", "topic_alias_maximum", "response_information")
) | {"problem_information", "user", "auth_method", "auth_data"}
_WILL = _ABOUT | {"will_delay"}
_PUBLISH = _ABOUT | {"topic_alias"}
_SUBSCRIBE = frozenset(("subscription_id", "user"))
_DISCONNECT = frozenset(("session_expiry", "reason", "user"))


class Will(NamedTuple):
    """What is to be published for a client that goes without a word."""

    topic: bytes
    payload: bytes
    qos: int
    delay_s: int


class Connect(NamedTuple):
    """How a client introduces itself; `keepalive_s` is 0 where it is off."""

    version: int
    client_id: str
    clean: bool
    keepalive_s: int
    user: str | None
    password: bytes | None
    will: Will | None
    properties: dict[str, Any]


class Publish(NamedTuple):
    """One message; `packet_id` is 0 at QoS 0, `alias` is 0 where there is none."""

    topic: bytes
    payload: bytes
    qos: int
    packet_id: int
    alias: int


def connect_of(body: bytes) -> Connect:
    r"""Return what a CONNECT says.

    Raises:
        BadPacket: it is malformed, or of a version that we do not speak.

    >>> connect_of(b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x03tap").client_id
    'tap'
    """
    name, at = text_of(body, 0, "connect")
    version, at = number(body, at, 1, "connect")
    if name != "MQTT" or version not in (4, 5):
        said = f"protocol {name[:8]!r} level {version}"
        raise BadPacket("connect", said, "speak MQTT 3.1.1 or 5", Code.VERSION)
    flags, at = number(body, at, 1, "connect")
    _check_flags(flags, version)
    keepalive, at = number(body, at, 2, "connect")
    properties: dict[str, Any] = {}
    if version == 5:
        properties, at = properties_of(body, at, "connect", _CONNECT)
        _check_connect(properties)
    client_id, at = text_of(body, at, "connect")
    will, at = _will(body, at, flags, version) if flags & 4 else (None, at)
    user, at = text_of(body, at, "connect") if flags & 128 else (None, at)
    password, at = binary(body, at, "connect") if flags & 64 else (None, at)
    if at != len(body):
        raise BadPacket("connect", f"{len(body) - at} bytes too many", "send MQTT")
    return Connect(version, client_id, bool(flags & 2), keepalive, user, password, will, properties)


def _check_flags(flags: int, version: int) -> None:
    will_qos = flags >> 3 & 3
    if flags & 1 or will_qos == 3 or (not flags & 4 and flags & 0x38):
        raise BadPacket("connect", f"flags {flags:#04x} contradict each other", "send MQTT")
    if version == 4 and flags & 64 and not flags & 128:
        raise BadPacket("connect", "a password without a user name", "send a user name, or speak MQTT 5")


def _check_connect(properties: dict[str, Any]) -> None:
    for name in ("receive_maximum", "maximum_packet"):
        if properties.get(name) == 0:
            raise BadPacket("connect", f"{name} is 0", "leave it out, or more than 0", Code.PROTOCOL_ERROR)
    if properties.get("problem_information", 0) > 1 or properties.get("response_information", 0) > 1:
        raise BadPacket("connect", "a flag that is neither 0 nor 1", "send 0 or 1", Code.PROTOCOL_ERROR)


def _will(body: bytes, at: int, flags: int, version: int) -> tuple[Will, int]:
    properties: dict[str, Any] = {}
    if version == 5:
        properties, at = properties_of(body, at, "will", _WILL)
    topic, at = text_of(body, at, "will")
    payload, at = binary(body, at, "will")
    return Will(topic.encode(), payload, flags >> 3 & 3, properties.get("will_delay", 0)), at


def publish_of(flags: int, body: bytes, version: int) -> Publish:
    r"""Return a message; its topic is still to be checked, as it may be an alias.

    Args:
        flags: the lower half of the packet's first byte.
        body: the packet without its head.
        version: 4 or 5.

    Raises:
        BadPacket: it is malformed, or asks for QoS 2.

    >>> publish_of(2, b"\x00\x01t\x00\x07{}", 4)
    Publish(topic=b't', payload=b'{}', qos=1, packet_id=7, alias=0)
    """
    qos = flags >> 1 & 3
    if qos > 1:
        code = Code.QOS if qos == 2 else Code.MALFORMED
        raise BadPacket("publish", f"QoS {qos}", "publish with QoS 0 or 1", code)
    if flags & 8 and not qos:
        raise BadPacket("publish", "a copy (DUP) at QoS 0", "set DUP only with QoS 1")
    topic, at = binary(body, 0, "publish")
    packet_id = 0
    if qos:
        packet_id, at = number(body, at, 2, "publish")
        if not packet_id:
            raise BadPacket("publish", "packet id 0", "count from 1")
    alias = 0
    if version == 5:
        if body[at : at + 1] == b"\0":
            at += 1
        else:
            properties, at = properties_of(body, at, "publish", _PUBLISH)
            alias = properties.get("topic_alias", 0)
            if "topic_alias" in properties and not alias:
                raise BadPacket("publish", "topic alias 0", "count from 1", Code.TOPIC_ALIAS)
    return Publish(topic, body[at:], qos, packet_id, alias)


def filters_of(body: bytes, version: int, *, subscribes: bool) -> tuple[int, int]:
    """Return the packet id of a SUBSCRIBE or UNSUBSCRIBE and how many filters it names.

    Raises:
        BadPacket: it is malformed or names none.
    """
    packet_id, at = number(body, 0, 2, "subscribe")
    if not packet_id:
        raise BadPacket("subscribe", "packet id 0", "count from 1")
    if version == 5:
        allowed = _SUBSCRIBE if subscribes else frozenset(("user",))
        _, at = properties_of(body, at, "subscribe", allowed)
    count = 0
    while at < len(body):
        _, at = text_of(body, at, "subscribe")
        if subscribes:
            _, at = take(body, at, 1, "subscribe")
        count += 1
    if not count:
        raise BadPacket("subscribe", "no filter", "name one", Code.PROTOCOL_ERROR)
    return packet_id, count


def disconnect_of(body: bytes, version: int) -> tuple[int, int | None]:
    """Return the reason of a DISCONNECT, and the session's expiry in seconds where it sets one anew.

    Raises:
        BadPacket: it is malformed.
    """
    if version == 4 or not body:
        if body:
            raise BadPacket("disconnect", "bytes after its head", "send MQTT")
        return Code.OK, None
    code, at = number(body, 0, 1, "disconnect")
    properties: dict[str, Any] = {}
    if at < len(body):
        properties, at = properties_of(body, at, "disconnect", _DISCONNECT)
    if at != len(body):
        raise BadPacket("disconnect", f"{len(body) - at} bytes too many", "send MQTT")
    return code, properties.get("session_expiry")
