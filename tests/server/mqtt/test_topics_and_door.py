"""Where a topic leads, what a key may write, and what a message becomes."""

import dataclasses
from datetime import UTC, datetime

import msgspec
import pytest

from hearthline import sources
from hearthline.privacy import admitted_of
from hearthline.schema.errors import BadConfig
from hearthline.server.commit import Commit
from hearthline.server.keys import Keyring
from hearthline.server.mqtt.arrivals import Arrived, Guest, Hello
from hearthline.server.mqtt.codes import Code
from hearthline.server.mqtt.door import OPEN, WriteDoor
from hearthline.server.mqtt.topics import Route, Topics
from hearthline.server.mqtt.wire import BadPacket
from hearthline.store.log import Log, read

HOME_KEY = b"k" * 32
READING = b'{"topic": "dt/fridge-7/levels", "clientid": "fridge-7", "timestamp": 1767225600000, "milk": 2}'


@pytest.fixture
def house(tmp_path):
    """A door over a real log; its `kept` are the admitted frames on the disk."""
    log = Log(tmp_path / "log", segment_bytes=1 << 20)
    commit = Commit(log)
    topics = Topics({"dt/+/levels": "aws_iot_core", "shop/#": "segment/shop-1"}, sources.names())
    now = datetime(2026, 3, 1, tzinfo=UTC)
    yield WriteDoor(commit, HOME_KEY, topics, Keyring(tmp_path), now=lambda: now)
    commit.close()
    log.close()


def kept(house: WriteDoor, tmp_path):
    """Return what is on the disk."""
    house.commit.close()
    return admitted_of(frame.body for _, frame in read(tmp_path / "log"))


def test_a_topic_leads_by_its_own_words_or_by_the_first_pattern_that_fits():
    topics = Topics({"a/+": "segment", "a/#": "stripe/shop"}, ("segment", "stripe"))
    assert topics.route(b"a/b") == Route("segment")
    assert topics.route(b"a/b/c") == Route("stripe", "shop")
    assert topics.route(b"hearthline/stripe/eu/anything/else") == Route("stripe", "eu")
    assert topics.route(b"hearthline/nobody") is None
    assert topics.route(b"hearthline") is None


@pytest.mark.parametrize("pattern", ["a/b+", "#/a", "a/#/b", "a#"])
def test_a_pattern_that_is_no_filter_is_refused_by_name(pattern):
    with pytest.raises(BadConfig, match="no topic filter"):
        Topics({pattern: "segment"}, ("segment",))


def test_a_pattern_to_nowhere_is_refused_with_the_sources_there_are():
    with pytest.raises(BadConfig, match="no source 'segmnt'; choose one of segment"):
        Topics({"a": "segmnt"}, ("segment",))


def test_a_write_key_opens_as_password_or_as_user_name_and_nothing_else_does(house):
    key, shown = house.keyring.add("write", "aws_iot_core")
    _, reads = house.keyring.add("read", scopes=("read",))
    by_key = Guest(key.id, "write-key", "aws_iot_core", "-")
    assert house.guest(Hello("device", shown, None)) == by_key
    assert house.guest(Hello(shown, None, None)) == by_key
    for wrong in (Hello("device", reads, None), Hello("device", "guess", None), Hello(None, None, None)):
        assert house.guest(wrong) is None
    assert house.guest(Hello(None, None, "fridge-7")) is None  # unless the settings say it is enough


def test_a_certificate_opens_where_it_is_enough_and_its_name_is_not_told(house):
    guest = dataclasses.replace(house, certificates=True).guest(Hello(None, None, "fridge-7"))
    assert guest.scheme == "certificate"
    assert "fridge" not in guest.key


def test_an_open_door_lets_in_who_shows_nothing_but_not_who_shows_a_wrong_key(house):
    opened = dataclasses.replace(house, open=True)
    assert opened.guest(Hello(None, None, None)).scheme == "none"
    assert opened.guest(Hello("device", "wrong", None)) is None


def test_a_message_becomes_events_of_its_source_with_the_key_that_brought_it(house, tmp_path):
    taken = house.taken(Arrived(Guest("key-1"), b"dt/fridge-7/levels", READING))
    assert taken.code == Code.OK
    house.keep(taken.body, lambda _: None)
    (event,) = kept(house, tmp_path).events.to_pylist()
    assert event["type"] == "device.telemetry.reported"
    assert (event["auth_scheme"], event["auth_verified"], event["auth_key_id"]) == (
        "write-key",
        True,
        "key-1",
    )


def test_a_list_of_payloads_is_taken_one_by_one(house, tmp_path):
    taken = house.taken(Arrived(Guest("key-1"), b"dt/x/levels", b"[" + READING + b"," + READING + b"]"))
    house.keep(taken.body, lambda _: None)
    first, again = kept(house, tmp_path).events["id"].to_pylist()
    assert first == again  # the same reading counts once


ANYWHERE = Guest("key-1")


def arrived(*payloads, guest=ANYWHERE):
    return [Arrived(guest, b"dt/fridge-7/levels", payload) for payload in payloads]


def test_messages_that_come_together_become_the_events_that_they_become_alone(house, tmp_path):
    other = READING.replace(b"milk", b"eggs")
    house.keep(house.together(arrived(READING, other)).body, lambda _: None)
    for one in arrived(READING, other):
        house.keep(house.taken(one).body, lambda _: None)
    rows = kept(house, tmp_path).events.drop_columns(["identity"]).to_pylist()
    assert len(rows) == 4
    assert rows[:2] == rows[2:]
    assert house.counts.accepted == {"aws_iot_core": 4}


@pytest.mark.parametrize(
    "payloads",
    [
        (READING, b"off"),
        (READING, b"{}"),  # no reading in it: a reject
        (READING[:-1], READING[1:]),  # two halves that are one object when a comma joins them
        (READING + b"," + READING[:-1], b'"eggs": 2}'),  # three halves that are two readings then
        (READING, b"[" + READING + b"]"),
        (READING, b'{"topic": "\\u0000", "clientid": "x", "a": 1}'),
    ],
)
def test_messages_of_which_one_has_a_flaw_are_taken_alone(house, payloads):
    assert house.together(arrived(*payloads)) is None
    assert house.counts.accepted == house.counts.rejected == {}


def test_messages_to_a_place_where_the_key_may_not_write_are_taken_alone(house):
    assert house.together(arrived(READING, READING, guest=Guest("k", platform="stripe"))) is None


def test_without_a_route_the_key_says_whose_payload_it_is_and_else_its_shape_does(house, tmp_path):
    for guest in (Guest("key-1", platform="aws_iot_core"), Guest("key-2")):
        taken = house.taken(Arrived(guest, b"anything/at/all", READING))
        assert taken.code == Code.OK
        house.keep(taken.body, lambda _: None)
    assert len(kept(house, tmp_path).events) == 2


@pytest.mark.parametrize(
    ("guest", "topic"),
    [
        (Guest("k", platform="stripe"), b"shop/x"),
        (Guest("k", platform="segment", account="other"), b"shop/x"),
    ],
)
def test_a_key_does_not_write_to_another_source_or_account(house, guest, topic):
    assert house.taken(Arrived(guest, topic, b"{}")).body is None


def test_a_key_has_one_rate_for_both_doors_and_who_needs_none_has_no_limit(house):
    made, shown = house.keyring.add("write", "aws_iot_core", requests_per_second=2.0)
    guest = house.guest(Hello(None, shown, None))
    assert (guest.key, guest.per_second) == (made.id, 2.0)
    assert house.spent_s(guest, 4) == 0.0
    assert house.spent_s(guest, 2) == pytest.approx(1.0, abs=0.1)
    assert house.rates.wait_s(made.id, 2.0) > 1.0  # what the HTTP door asks for the same key
    assert house.spent_s(OPEN, 10**9) == 0.0


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"off", Code.PAYLOAD_FORMAT), (b"", Code.PAYLOAD_FORMAT), (b'{"a": 1}', Code.NOT_WILLING)],
)
def test_what_is_no_event_is_kept_as_a_reject_with_its_reason(house, tmp_path, payload, code):
    taken = house.taken(Arrived(Guest("key-1"), b"shop/x", payload))
    assert taken.code == code
    house.keep(taken.body, lambda _: None)
    (reject,) = kept(house, tmp_path).rejects
    assert reject.source == "segment"
    assert reject.reason in taken.reason


def test_a_packet_that_is_none_is_kept_as_a_reject(house, tmp_path):
    house.keep(house.rejected(Guest("key-1"), BadPacket("publish", "QoS 3", "send 0 or 1"), b"\x36\0"), print)
    (reject,) = kept(house, tmp_path).rejects
    assert (reject.reason, reject.cure) == ("bad-packet", "send 0 or 1")


def test_a_source_that_asks_for_the_topic_gets_it_as_a_header(house, monkeypatch):
    heard = []
    source = sources.load("aws_iot_core")
    monkeypatch.setattr(source, "HEADERS", ("mqtt-topic",), raising=False)
    monkeypatch.setattr(source, "read", lambda payload, _: heard.append(payload) or iter(()))
    house.taken(Arrived(Guest("key-1"), b"dt/fridge-7/levels", b'{"milk": 2}'))
    assert msgspec.json.encode(heard) == (
        b'[{"headers":{"mqtt-topic":"dt/fridge-7/levels"},"body":{"milk":2}}]'
    )
