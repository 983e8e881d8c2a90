"""Whatever bytes a client sends: it is heard, it is refused or it is cut off, and nothing else happens."""

import asyncio
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearthline.server.mqtt.arrivals import Guest, Hello, Taken
from hearthline.server.mqtt.connection import Connection
from hearthline.server.mqtt.house import House
from hearthline.server.mqtt.packets import connect_of, disconnect_of, filters_of, publish_of
from hearthline.server.mqtt.stream import Limits
from hearthline.server.mqtt.wire import BadPacket
from server.mqtt.spoken import connect, packet, publish


class Paper(asyncio.Transport):
    """A transport that writes down what is said."""

    def __init__(self):
        super().__init__()
        self.said, self.closed = b"", False

    def write(self, data):
        assert not self.closed
        self.said += bytes(data)

    def close(self):
        self.closed = True

    abort = close

    def pause_reading(self):
        pass

    resume_reading = pause_reading


class Door:
    def __init__(self, joins=False):
        self.kept, self.joins = [], joins

    def guest(self, _: Hello):
        return Guest("key")

    def taken(self, message):
        return Taken(message.payload)

    def spent_s(self, guest, messages):  # noqa: ARG002 the door's protocol
        return 0.0

    def together(self, messages):
        return Taken(b"".join(m.payload for m in messages)) if self.joins else None

    def rejected(self, *_):
        return b"reject"

    def keep(self, body, done):
        self.kept.append(body)
        done(None)


@contextmanager
def a_client(*, joins=False):
    """Give a connection with nobody behind it."""
    with asyncio.Runner() as runner:

        async def made():
            house = House(Door(joins), Limits(payload=2000))
            client = Connection(house)
            client.connection_made(Paper())
            return client

        client = runner.run(made())
        client.settle = lambda: runner.run(asyncio.sleep(0))
        yield client
        client.connection_lost(None)


def feed(client: Connection, raw: bytes) -> None:
    while raw:
        buffer = client.get_buffer(-1)
        part = raw[: len(buffer)]
        buffer[: len(part)] = part
        client.buffer_updated(len(part))
        raw = raw[len(part) :]


def packets_of(raw: bytes) -> list[bytes]:
    """Return what was said as packets; it is a failure when it is none."""
    found = []
    while raw:
        size, at = raw[1] & 127, 2
        if raw[1] > 127:
            size, at = size | raw[2] << 7, 3
        assert len(raw) >= at + size
        assert raw[0] in (0x20, 0x40, 0x90, 0xB0, 0xD0, 0xE0)
        found.append(raw[: at + size])
        raw = raw[at + size :]
    return found


heads = st.sampled_from([0x10, 0x30, 0x31, 0x32, 0x33, 0x34, 0x3A, 0x40, 0x62, 0x82, 0xA2, 0xC0, 0xE0, 0xF0])
bodies = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda topic, rest: len(topic).to_bytes(2, "big") + topic + rest,
        st.binary(max_size=6),
        st.binary(max_size=30),
    ),
)
framed = st.builds(packet, heads, bodies)
good = st.sampled_from(
    [publish("t", b"{}", 7), publish("t", b"{}", 7, version=5), publish("t", b"{}"), b"\xc0\x00"]
)
hello = st.sampled_from([connect(4), connect(5), connect(5, will=("w", b"{}"))])


@st.composite
def bent(draw):
    """A good packet with one byte changed, or cut short."""
    raw = bytearray(draw(st.one_of(good, hello)))
    at = draw(st.integers(0, len(raw) - 1))
    raw[at] = draw(st.integers(0, 255))
    return bytes(raw[: draw(st.integers(1, len(raw)))])


@given(
    first=st.one_of(hello, bent(), st.binary(max_size=50)),
    rest=st.lists(st.one_of(framed, good, bent(), st.binary(max_size=50)), max_size=8),
    cuts=st.lists(st.integers(1, 30), max_size=10),
)
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_heard_or_end_the_connection(first, rest, cuts):
    raw = first + b"".join(rest)
    with a_client() as client:
        at = 0
        for cut in [*cuts, len(raw)]:
            feed(client, raw[at : at + cut])
            at += cut
        client.settle()
        said = packets_of(client.transport.said)
        assert client.closing == client.transport.closed
        assert client.house.budget.held == len(client._rest)
        if not client.connected:
            assert client.house.door.kept == []
        assert all(answer[0] == 0x20 or client.connected for answer in said)
        assert sum(answer[0] == 0xE0 for answer in said) <= 1  # and nothing is said after it


@given(rest=st.lists(good, max_size=20), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_where_the_bytes_are_cut_does_not_matter(rest, cuts):
    raw, heard = connect(4) + b"".join(rest), []
    for parts in ([len(raw)], cuts):
        with a_client(joins=parts is cuts) as client:
            at = 0
            for cut in [*parts, len(raw)]:
                feed(client, raw[at : at + cut])
                at += cut
            client.settle()
            heard.append((sorted(packets_of(client.transport.said)), b"".join(client.house.door.kept)))
    assert heard[0] == heard[1]


READERS = {
    "connect": connect_of,
    "publish": lambda body: publish_of(2, body, 5),
    "filters": lambda body: filters_of(body, 5, subscribes=True),
    "disconnect": lambda body: disconnect_of(body, 5),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_reader_returns_or_refuses_any_body(name, data):
    prefix = data.draw(
        st.sampled_from([b"", connect(5)[2:20], publish("t", b"", 7, version=5)[2:], b"\0\x05\0"])
    )
    body = prefix + data.draw(st.binary(max_size=60))
    with suppress(BadPacket):  # and nothing else
        READERS[name](body)


@pytest.mark.parametrize("version", [4, 5])
def test_a_publication_that_is_cut_short_before_its_payload_is_none(version):
    whole = publish("t", b"", 7, version=version)[2:]
    for size in range(len(whole)):
        with pytest.raises(BadPacket):
            publish_of(2, whole[:size], version)
    assert publish_of(2, whole, version).payload == b""
    with pytest.raises(BadPacket, match="ends 8 bytes early"):
        publish_of(0, b"\0\x09t", version)
