"""What we say to a client, as bytes: CONNACK, PUBACK, SUBACK, UNSUBACK, PINGRESP, DISCONNECT."""

from collections.abc import Mapping

from hearthline.server.mqtt.codes import Code, old_connack
from hearthline.server.mqtt.packets import Kind
from hearthline.server.mqtt.wire import join, written

__all__ = ["PINGRESP", "connack", "disconnect", "puback", "suback", "unsuback"]

PINGRESP = bytes((Kind.PINGRESP << 4, 0))


def connack(
    version: int, code: Code, properties: Mapping[str, int | str] | None = None, *, known: bool = False
) -> bytes:
    r"""Return a CONNACK; `known` says that we remember the client's session.

    >>> connack(4, Code.OK), connack(4, Code.PASSWORD)
    (b' \x02\x00\x00', b' \x02\x00\x04')
    """
    first = bytes((known and code == Code.OK,))
    if version < 5:
        return join(Kind.CONNACK << 4, first, bytes((old_connack(code),)))
    return join(Kind.CONNACK << 4, first, bytes((code,)), written(properties or {}))


def puback(packet_id: int, version: int, code: Code = Code.OK, reason: str = "") -> bytes:
    r"""Return a PUBACK; MQTT 3.1.1 has no reasons, there it is the plain one.

    >>> puback(7, 5), puback(7, 5, Code.TOPIC_NAME)
    (b'@\x02\x00\x07', b'@\x03\x00\x07\x90')
    """
    named = packet_id.to_bytes(2, "big")
    if code == Code.OK or version < 5:
        return b"@\x02" + named
    return join(Kind.PUBACK << 4, named, bytes((code,)), written({"reason": reason}) if reason else b"")


def suback(packet_id: int, version: int, count: int) -> bytes:
    """Return a SUBACK that refuses every filter."""
    refused = Code.NOT_AUTHORIZED if version == 5 else Code.UNSPECIFIED
    none = b"\0" if version == 5 else b""
    return join(Kind.SUBACK << 4, packet_id.to_bytes(2, "big"), none, bytes((refused,)) * count)


def unsuback(packet_id: int, version: int, count: int) -> bytes:
    """Return an UNSUBACK: there was no subscription."""
    rest = b"\0" + bytes((Code.NO_SUBSCRIPTION,)) * count if version == 5 else b""
    return join(Kind.UNSUBACK << 4, packet_id.to_bytes(2, "big"), rest)


def disconnect(code: Code, reason: str = "") -> bytes:
    """Return a DISCONNECT of MQTT 5; a server of MQTT 3.1.1 has none and just closes."""
    return join(Kind.DISCONNECT << 4, bytes((code,)), written({"reason": reason} if reason else {}))
