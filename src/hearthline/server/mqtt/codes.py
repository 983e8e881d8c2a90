"""Reason codes of MQTT 5, by what they mean, and what MQTT 3.1.1 has for them in a CONNACK.

MQTT 5.0 (OASIS, 2019), section 2.4; MQTT 3.1.1 (OASIS, 2014), table 3.1.
"""

from enum import IntEnum

__all__ = ["Code", "old_connack"]


class Code(IntEnum):
    """What a packet of ours says about a connection, a message or a subscription."""

    OK = 0x00
    WITH_WILL = 0x04
    NO_SUBSCRIPTION = 0x11
    UNSPECIFIED = 0x80
    MALFORMED = 0x81
    PROTOCOL_ERROR = 0x82
    NOT_WILLING = 0x83
    VERSION = 0x84
    CLIENT_ID = 0x85
    PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    UNAVAILABLE = 0x88
    BUSY = 0x89
    SHUTTING_DOWN = 0x8B
    AUTH_METHOD = 0x8C
    KEEPALIVE = 0x8D
    TAKEN_OVER = 0x8E
    TOPIC_NAME = 0x90
    RECEIVE_MAXIMUM = 0x93
    TOPIC_ALIAS = 0x94
    TOO_LARGE = 0x95
    QUOTA = 0x97
    PAYLOAD_FORMAT = 0x99
    QOS = 0x9B


_OLD = {
    Code.OK: 0,
    Code.VERSION: 1,
    Code.CLIENT_ID: 2,
    Code.UNAVAILABLE: 3,
    Code.BUSY: 3,
    Code.QUOTA: 3,
    Code.SHUTTING_DOWN: 3,
    Code.PASSWORD: 4,
    Code.NOT_AUTHORIZED: 5,
}


def old_connack(code: Code) -> int:
    """Return the CONNACK code of MQTT 3.1.1 for a reason; 5 (not authorised) where it has none.

    >>> old_connack(Code.PASSWORD), old_connack(Code.QOS)
    (4, 5)
    """
    return _OLD.get(code, 5)
