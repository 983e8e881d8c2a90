"""What a client that says exactly these bytes hears, and what is kept of it."""

import socket
import time

import pytest

from hearthline.server.mqtt.sessions import Sessions
from hearthline.server.mqtt.stream import Limits
from server.mqtt.spoken import KEY, connect, packet, publish, text

PING, PONG = b"\xc0\x00", b"\xd0\x00"
WELCOME_4 = b"\x20\x02\x00\x00"
ACK = b"\x40\x02\x00"


@pytest.fixture
def old(server, dial):
    """A client of MQTT 3.1.1 that is in."""
    wire = dial(server.port)
    wire.say(connect(4))
    assert wire.hear(4) == WELCOME_4
    return wire


def welcome(wire) -> dict[int, bytes]:
    """Return the properties of a CONNACK of MQTT 5, each as the bytes of its value."""
    first, size = wire.hear(2)
    body = wire.hear(size)
    assert (first, body[1]) == (0x20, 0), body
    widths = {0x11: 4, 0x21: 2, 0x22: 2, 0x24: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
    found, at = {-1: body[:1]}, 3
    while at < len(body):
        width = widths.get(body[at]) or 2 + int.from_bytes(body[at + 1 : at + 3], "big")
        found[body[at]] = body[at + 1 : at + 1 + width]
        at += 1 + width
    return found


@pytest.fixture
def new(server, dial):
    """A client of MQTT 5 that is in."""
    wire = dial(server.port)
    wire.say(connect(5, "tap-5"))
    welcome(wire)
    return wire


def last_words(wire) -> int:
    """Return the reason of the DISCONNECT that ends a connection."""
    heard = wire.rest()
    assert heard[:1] == b"\xe0", heard
    return heard[2]


# Coming in --------------------------------------------------------------------


def test_a_client_of_5_hears_what_it_may_do(server, dial):
    wire = dial(server.port)
    wire.say(connect(5))
    offered = welcome(wire)
    assert offered[0x24] == b"\x01"  # QoS 1 at most
    assert offered[0x21] == (100).to_bytes(2, "big")  # in flight
    assert int.from_bytes(offered[0x27], "big") >= 128 * 1024
    assert offered[0x28] == offered[0x29] == offered[0x2A] == b"\0"  # no subscriptions of any kind


@pytest.mark.parametrize(("version", "refusal"), [(4, b"\x20\x02\x00\x04"), (5, b"\x20\x03\x00\x86\x00")])
def test_a_wrong_password_is_refused_with_its_reason(server, dial, version, refusal):
    wire = dial(server.port)
    wire.say(connect(version, password="wrong"))  # noqa: S106 a password of nobody
    assert wire.rest() == refusal
    assert server.door.kept == []


def test_a_key_may_stand_in_the_user_name(server, dial):
    wire = dial(server.port)
    wire.say(connect(4, user=KEY, password=None))
    assert wire.hear(4) == WELCOME_4


def test_mqtt_3_1_and_a_version_to_come_are_refused_by_name(server, dial):
    for name, level in (("MQIsdp", 3), ("MQTT", 6)):
        wire = dial(server.port)
        wire.say(packet(0x10, text(name) + bytes((level, 2)) + b"\0\x3c" + text("tap")))
        assert wire.rest() == b"\x20\x02\x00\x01"


def test_a_session_without_a_client_id_is_refused(server, dial):
    wire = dial(server.port)
    wire.say(connect(4, "", clean=False))
    assert wire.rest() == b"\x20\x02\x00\x02"


def test_a_client_of_5_without_an_id_is_given_one(server, dial):
    wire = dial(server.port)
    wire.say(connect(5, ""))
    assert welcome(wire)[0x12][2:].startswith(b"hearthline-")


def test_extended_authentication_is_refused_by_name(server, dial):
    wire = dial(server.port)
    wire.say(connect(5, properties=b"\x15" + text("SCRAM-SHA-1")))
    assert wire.rest() == b"\x20\x03\x00\x8c\x00"


def test_who_says_anything_before_connect_is_cut_off(server, dial):
    wire = dial(server.port)
    wire.say(publish("hearthline/segment", b"{}", 1))
    assert wire.rest() == b""
    assert server.door.kept == []


def test_who_says_nothing_is_cut_off(start, dial):
    server = start(Limits(connect_s=0.05))
    assert dial(server.port).rest() == b""


def test_an_introduction_may_not_be_long(start, dial):
    server = start(Limits(connect=200))
    wire = dial(server.port)
    wire.say(connect(4, will=("hearthline/segment", b"x" * 300)))
    assert wire.rest() == b""


def test_one_client_too_many_is_not_let_in(start, dial):
    server = start(Limits(connections=1))
    first, second = dial(server.port), None
    first.say(connect(4))
    assert first.hear(4) == WELCOME_4
    second = dial(server.port)
    assert second.rest() == b""
    first.say(PING)
    assert first.hear(2) == PONG


# Messages ---------------------------------------------------------------------


def test_a_message_is_acknowledged_when_it_is_kept_and_not_before(server, old):
    server.door.hold = True
    old.say(publish("hearthline/segment/shop", b'{"a": 1}', 7) + PING)
    assert old.hear(2) == PONG  # the answer to what came later: no PUBACK before it
    server.wait(lambda: server.door.waiting)
    server.door.release()
    assert old.hear(4) == ACK + b"\x07"
    assert server.door.kept == [b'hearthline/segment/shop {"a": 1}']


def test_acknowledgements_keep_the_order_of_the_messages(server, old):
    server.door.hold = True
    old.say(b"".join(publish("t", b"{}", i) for i in (5, 3, 9)))
    server.wait(lambda: len(server.door.waiting) == 3)
    server.door.release()
    assert old.hear(12) == b"".join(ACK + bytes((i,)) for i in (5, 3, 9))


def test_messages_that_come_together_on_one_topic_are_taken_together(server, old):
    server.door.joins = True
    old.say(
        publish("a", b"{1}", 1)
        + publish("a", b"{2}")
        + publish("a", b"{3}", 3)
        + publish("b", b"{4}", 4)
        + PING
    )
    heard = old.hear(3 * 4 + 2)
    assert heard.replace(PONG, b"") == ACK + b"\x01" + ACK + b"\x03" + ACK + b"\x04"
    assert server.door.kept == [b"{1}+{2}+{3}", b"b {4}"]
    server.wait(lambda: server.house.figures.kept == 4)
    (client,) = server.ask(lambda: list(server.house.open))
    assert client.in_flight == 0


def test_messages_that_came_before_a_goodbye_or_a_bad_packet_are_kept(server, old, new):
    server.door.joins = True
    old.say(publish("a", b"{1}", 1) + publish("a", b"{2}", 2) + b"\xe0\x00")
    assert old.rest() in (b"", ACK + b"\x01" + ACK + b"\x02")
    new.say(publish("a", b"{3}", 1, version=5) + publish("a", b"{4}", 2, version=5) + b"\xf0\x00")
    new.rest()
    assert server.door.kept[:2] == [b"{1}+{2}", b"{3}+{4}"]


def test_a_message_at_qos_0_is_kept_and_not_answered(server, old):
    old.say(publish("t", b"{}") + PING)
    assert old.hear(2) == PONG
    assert server.door.kept == [b"t {}"]


def test_what_cannot_be_stored_is_not_acknowledged_and_the_connection_ends(server, old, dial):
    server.door.broken = True
    old.say(publish("t", b"{}", 7))
    assert old.rest() == b""
    wire = dial(server.port)
    wire.say(connect(5))
    welcome(wire)
    wire.say(publish("t", b"{}", 7, version=5))
    assert last_words(wire) == 0x89  # server busy
    assert server.door.kept == []


def test_what_was_kept_before_the_disk_broke_is_acknowledged(server, old):
    server.door.hold = True
    old.say(publish("t", b"1{}", 1) + publish("t", b"{}", 2))
    server.wait(lambda: len(server.door.waiting) == 2)
    (_, done), (_, failed) = server.door.waiting
    server.door.waiting = []

    def both():
        done(None)
        failed(OSError("no space"))

    server.ask(both)
    assert old.rest() == ACK + b"\x01"


def test_a_message_that_is_no_event_is_kept_as_a_reject_and_5_hears_why(server, old, new):
    old.say(publish("t", b"off", 7))
    assert old.hear(4) == ACK + b"\x07"
    new.say(publish("t", b"off", 7, version=5))
    heard = new.hear(2)
    body = new.hear(heard[1])
    assert body[:3] == b"\0\x07\x99"
    assert b"not JSON" in body
    assert server.door.kept == [b"reject off", b"reject off"]


def test_a_client_of_5_that_wants_no_reasons_hears_none(server, dial):
    wire = dial(server.port)
    wire.say(connect(5, properties=b"\x17\x00"))
    welcome(wire)
    wire.say(publish("t", b"off", 7, version=5))
    assert wire.hear(5) == b"\x40\x03\0\x07\x99"


def test_a_topic_that_a_key_may_not_write_to_is_refused(server, old, new):
    new.say(publish("forbidden/t", b"{}", 7, version=5))
    assert new.hear(2)[0] == 0x40
    assert new.hear(3) == b"\0\x07\x87"
    old.say(publish("forbidden/t", b"{}", 7))
    assert old.rest() == b""  # 3.1.1 knows no other way
    assert server.door.kept == []


def test_a_full_queue_stops_the_reading_and_loses_nothing(server, old):
    server.door.full = True
    old.say(b"".join(publish("t", b'{"n": %d}' % i, i) for i in range(1, 60)))
    server.wait(lambda: server.house.blocked)
    (client,) = server.ask(lambda: list(server.house.open))
    assert server.ask(lambda: client.paused)
    server.door.full = False
    assert old.hear(59 * 4) == b"".join(ACK + bytes((i,)) for i in range(1, 60))
    assert len(server.door.kept) == 59


def test_a_key_that_sends_too_much_is_not_read_for_a_while_and_loses_nothing(server, old):
    server.door.waits_s.append(0.3)
    began = time.monotonic()
    old.say(publish("a/b", b"{}", 1))
    assert old.hear(4) == ACK + b"\x01"
    assert time.monotonic() - began < 0.3
    old.say(publish("a/b", b"{}", 2) + PING)
    assert old.hear(6) in (ACK + b"\x02" + PONG, PONG + ACK + b"\x02")
    assert time.monotonic() - began >= 0.3
    assert (len(server.door.kept), server.house.figures.slowed) == (2, 1)


def test_a_client_of_3_1_1_is_not_read_beyond_its_window(server, old):
    server.door.hold = True
    old.say(b"".join(publish("t", b"{}", i) for i in range(1, 251)))
    server.wait(lambda: len(server.door.waiting) == 100)
    old.say(PING)
    time.sleep(0.02)
    assert len(server.door.waiting) == 100
    for window in (100, 100, 50):
        server.wait(lambda window=window: len(server.door.waiting) == window)
        server.door.release()
    heard = old.hear(250 * 4 + 2)
    assert heard.count(ACK[:2]) == 250
    assert heard.index(PONG) >= 150 * 4  # read only once all messages before it were in the window


def test_a_client_of_5_that_goes_beyond_its_window_is_told_so(server, new):
    server.door.hold = True
    new.say(b"".join(publish("t", b"{}", i, version=5) for i in range(1, 102)))
    assert last_words(new) == 0x93
    assert len(server.door.waiting) == 100


def test_a_payload_of_128_kb_comes_in_and_a_larger_packet_ends_the_connection(server, old, new):
    old.say(publish("t", b"{" + b" " * (128 * 1024 - 2) + b"}", 1))
    assert old.hear(4) == ACK + b"\x01"
    new.say(publish("t", b"x" * (140 * 1024), 1, version=5)[:1000])
    assert last_words(new) == 0x95
    old.say(publish("t", b"x" * (140 * 1024), 2)[:1000])
    assert old.rest() == b""
    assert [problem.code for _, problem, _ in server.door.rejects] == [0x95, 0x95]
    assert [body[:7] for body in server.door.kept[1:]] == [b"packet ", b"packet "]


def test_a_topic_may_be_named_by_an_alias(server, new):
    for payload, topic, alias in ((b"{1}", "t/a", 1), (b"{2}", "", 1), (b"{3}", "t/b", 1), (b"{4}", "", 1)):
        new.say(publish(topic, payload, 9, version=5, properties=b"\x23" + alias.to_bytes(2, "big")))
        assert new.hear(4) == ACK + b"\x09"
    assert server.door.kept == [b"t/a {1}", b"t/a {2}", b"t/b {3}", b"t/b {4}"]


@pytest.mark.parametrize(("topic", "alias", "code"), [("t", 0, 0x94), ("t", 17, 0x94), ("", 3, 0x82)])
def test_an_alias_that_stands_for_nothing_ends_the_connection(new, topic, alias, code):
    new.say(publish(topic, b"{}", 9, version=5, properties=b"\x23" + alias.to_bytes(2, "big")))
    assert last_words(new) == code


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "nul\0", "t" * 1025])
def test_a_topic_that_nobody_can_publish_to_ends_the_connection(new, topic):
    new.say(publish(topic, b"{}", 9, version=5))
    assert last_words(new) == 0x90


# What we do not do ------------------------------------------------------------


def test_a_subscription_is_refused_and_the_client_may_go_on(old, new):
    old.say(packet(0x82, b"\0\x05" + text("a/#") + b"\x01" + text("b") + b"\0") + PING)
    assert old.hear(6 + 2) == b"\x90\x04\0\x05\x80\x80" + PONG
    old.say(packet(0xA2, b"\0\x06" + text("a/#")))
    assert old.hear(4) == b"\xb0\x02\0\x06"
    new.say(packet(0x82, b"\0\x05\0" + text("a/#") + b"\x01"))
    assert new.hear(6) == b"\x90\x04\0\x05\0\x87"
    new.say(packet(0xA2, b"\0\x06\0" + text("a/#")))
    assert new.hear(6) == b"\xb0\x04\0\x06\0\x11"


def test_qos_2_is_refused(old, new):
    new.say(
        publish("t", b"{}", 9, version=5)[:1].replace(b"\x32", b"\x34")
        + publish("t", b"{}", 9, version=5)[1:]
    )
    assert last_words(new) == 0x9B
    old.say(b"\x34" + publish("t", b"{}", 9)[1:])
    assert old.rest() == b""


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\x36\x06\0\x01t\0\x07{", 0x81),  # QoS 3
        (b"\x38\x05\0\x01t\0{", 0x81),  # a copy at QoS 0
        (b"\x32\x06\0\x01t\0\0\0", 0x81),  # packet id 0
        (b"\x30\x03\0\x09t", 0x81),  # a topic that is longer than the packet
        (b"\x30\x04\0\x02\xff\xfe\0", 0x81),  # a topic that is no UTF-8
        (b"\x80\x05\0\x05\0\0\0", 0x81),  # SUBSCRIBE with wrong flags
        (b"\x82\x03\0\x05\0", 0x82),  # SUBSCRIBE to nothing
        (b"\x40\x02\0\x01", 0x82),  # a PUBACK for what we never sent
        (b"\xf0\x00", 0x82),  # AUTH
        (b"\x30\xff\xff\xff\xff\x01", 0x81),  # a length of five bytes
        (b"\x30\x08\0\x01t\x02\x23\x00\x01{", 0x81),  # properties that end inside one
        (b"\x30\x0a\0\x01t\x04\x01\x00\x01\x00{}", 0x82),  # a property given twice
        (b"\x30\x07\0\x01t\x02\x24\x01{", 0x82),  # a property of another packet
        (connect(5), 0x82),  # a second CONNECT
    ],
)
def test_malformed_packets_end_the_connection_with_the_reason_and_are_kept(server, new, raw, code):
    new.say(raw)
    assert last_words(new) == code
    ((guest, problem, kept),) = server.door.rejects
    assert (guest.key, problem.reason, raw.startswith(kept)) == ("key-1", "bad-packet", True)
    assert server.door.kept[0].startswith(b"packet ")


def test_strangers_leave_nothing_behind(server, dial):
    wire = dial(server.port)
    wire.say(b"\x10\x0c\0\x04MQTT\x04\x03\0\0\0\0")  # a reserved flag is set
    assert wire.rest() == b""
    assert server.door.rejects == server.door.kept == []


# Time and takeover ------------------------------------------------------------


def test_a_client_that_is_silent_for_too_long_is_cut_off(start, dial):
    server = start()
    wire = dial(server.port)
    wire.say(connect(5, keepalive=1))
    welcome(wire)
    began = time.monotonic()
    assert last_words(wire) == 0x8D
    assert time.monotonic() - began > 1.4


def test_a_packet_that_does_not_end_is_cut_off(start, dial):
    server = start(Limits(packet_s=0.05, connect_s=0.05))
    wire = dial(server.port)
    wire.say(connect(4) + publish("t", b"{}", 1)[:-1])
    assert wire.hear(4) == WELCOME_4
    assert wire.rest() == b""
    assert server.door.kept == []


def test_a_packet_may_come_byte_by_byte(server, old):
    for byte in publish("hearthline/segment", b'{"slow": 1}', 300):
        old.say(bytes((byte,)))
    assert old.hear(4) == b"\x40\x02\x01\x2c"


def test_a_client_that_takes_no_answers_is_not_read_and_then_cut_off(start, dial):
    server = start(Limits(packet_s=0.2, connect_s=0.05, close_s=0.05))
    wire = dial(server.port)
    wire.say(connect(4))
    wire.hear(4)
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    (client,) = server.ask(lambda: list(server.house.open))
    theirs = client.transport.get_extra_info("socket")
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with pytest.raises(OSError, match=r"reset|pipe"):
        wire.say(PING * 4096 * 5000)
    server.wait(lambda: not server.house.open)


def test_unfinished_packets_of_all_clients_share_one_budget(start, dial):
    server = start(Limits(held=150_000))
    wires = []
    for name in ("a", "b"):
        wire = dial(server.port)
        wire.say(connect(5, name))
        welcome(wire)
        wire.say(publish("t", b"x" * 100_000, 1, version=5)[:-10])
        wires.append(wire)
        server.wait(lambda: server.house.budget.held > 99_000)
    assert last_words(wires[1]) == 0x97
    assert server.ask(lambda: server.house.budget.held) < 101_000


def test_the_same_client_on_a_new_connection_takes_over(server, new, dial):
    second = dial(server.port)
    second.say(connect(5, "tap-5"))
    welcome(second)
    assert last_words(new) == 0x8E
    second.say(publish("t", b"{}", 1, version=5))
    assert second.hear(4) == ACK + b"\x01"
    assert len(server.ask(lambda: list(server.house.clients))) == 1


def test_a_session_is_remembered_over_a_restart(start, dial, tmp_path):
    path, answers = tmp_path / "sessions", []
    for _ in range(2):
        server = start(sessions=Sessions(path))
        for _ in range(2):
            wire = dial(server.port)
            wire.say(connect(4, clean=False) + b"\xe0\x00")
            answers.append(wire.rest())
        server.stop()
    assert answers == [WELCOME_4] + [b"\x20\x02\x01\x00"] * 3
    assert b"tap" not in path.read_bytes()


def test_a_session_that_has_expired_or_was_cleaned_is_forgotten(server, dial):
    hour = b"\x11" + (3600).to_bytes(4, "big")
    heard = []
    for clean, properties, leaving in (
        (False, hour, b"\xe0\x00"),
        (False, hour, b"\xe0\x07\x00\x05\x11\0\0\0\0"),
        (False, hour, b"\xe0\x00"),
        (True, b"", b"\xe0\x00"),
        (False, hour, b"\xe0\x00"),
    ):
        wire = dial(server.port)
        wire.say(connect(5, clean=clean, properties=properties))
        heard.append(welcome(wire)[-1][0])
        wire.say(leaving)
        assert wire.rest() == b""
        server.wait(lambda: not server.house.open)
    assert heard == [0, 1, 0, 0, 0]


# Wills ------------------------------------------------------------------------


def test_a_will_is_taken_when_a_client_goes_without_a_word(server, dial):
    wire = dial(server.port)
    wire.say(connect(4, will=("home/tap", b'{"gone": 1}')))
    wire.hear(4)
    wire.socket.close()
    server.wait(lambda: server.door.kept == [b'home/tap {"gone": 1}'])


@pytest.mark.parametrize(("goodbye", "said"), [(b"\xe0\x00", False), (b"\xe0\x02\x04\x00", True)])
def test_a_will_is_not_taken_after_a_goodbye_unless_the_client_says_so(server, dial, goodbye, said):
    wire = dial(server.port)
    wire.say(connect(5, will=("home/tap", b"{}")))
    welcome(wire)
    wire.say(goodbye)
    wire.rest()
    server.wait(lambda: not server.house.open)
    assert server.door.kept == ([b"home/tap {}"] if said else [])


def test_a_late_will_is_not_said_when_the_client_is_back_in_time(server, dial):
    late, hour = b"\x18" + (1).to_bytes(4, "big"), b"\x11" + (3600).to_bytes(4, "big")
    for _ in range(2):
        wire = dial(server.port)
        wire.say(connect(5, properties=hour, will=("home/tap", b"{}"), will_properties=late))
        welcome(wire)
        if not server.ask(lambda: server.house.wills):
            wire.socket.close()
            server.wait(lambda: server.house.wills or len(server.house.clients) == 1)
    assert server.door.kept == []


# The end ----------------------------------------------------------------------


def test_a_server_that_stops_acknowledges_what_it_has_and_says_goodbye(server, new):
    server.door.hold = True
    new.say(publish("t", b"{}", 1, version=5))
    server.wait(lambda: server.door.waiting)
    server.loop.call_soon_threadsafe(lambda: server.loop.call_later(0.05, server.door.release))
    server.stop(5.0)
    heard = new.rest()
    assert heard[:4] == ACK + b"\x01"
    assert heard[4:7:2] == b"\xe0\x8b"
