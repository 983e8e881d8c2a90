"""The bridge at a real Mosquitto: what it acknowledged is on the disk, whatever is killed when."""

import subprocess
import sys
import threading
import time

import duckdb
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from hearthline.privacy import admitted_of
from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import BridgeSettings
from hearthline.server.mqtt.bridge import Bridge, Broker, client_id
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from hearthline.store.log import read
from server.mqtt.certificates import Authority
from server.mqtt.conftest import HouseOfTests
from server.mqtt.mosquitto import Mosquitto, needs_mosquitto

pytestmark = needs_mosquitto


@pytest.fixture
def broker(tmp_path):
    """A Mosquitto that anybody may use."""
    running = Mosquitto(tmp_path).start()
    yield running
    running.stop()


class Publisher:
    """Publishes at QoS 1, and knows what the broker acknowledged."""

    def __init__(self, port: int) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
        self.client.max_queued_messages_set(0)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, payloads, topic="hearthline/aws_iot_core") -> None:
        for sent in [self.client.publish(topic, payload, qos=1) for payload in payloads]:
            sent.wait_for_publish(10)


@pytest.fixture
def subscribe(tmp_path):
    """Return a function that starts a bridge over a house of the tests."""
    opened = []

    def begin(port: int, door: HouseOfTests | None = None, **settings) -> tuple[Bridge, HouseOfTests]:
        behind = door or HouseOfTests()
        chosen = BridgeSettings(**{"host": "127.0.0.1", "port": port, **settings})
        bridge = Bridge(Broker(chosen, tmp_path, client_id(chosen, b"key")), behind, lambda *_, **__: None)
        bridge.start()
        opened.append(bridge)
        return bridge, behind

    yield begin
    for bridge in opened:
        bridge.close(grace_s=0.1)


def until(question, seconds: float = 15.0) -> None:
    ends = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < ends, "it never came true"
        time.sleep(0.01)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_messages_are_kept_and_then_acknowledged(broker, subscribe, version):
    bridge, door = subscribe(broker.port, version=version)
    assert bridge.subscribed.wait(10)
    with Publisher(broker.port) as publisher:
        publisher.publish(b'{"n": %d}' % n for n in range(300))
    until(lambda: len(door.kept) == 300)
    bridge.close()
    again, behind = subscribe(broker.port, version=version)
    assert again.subscribed.wait(10)
    time.sleep(0.2)
    assert behind.kept == []  # nothing comes twice: all of it was acknowledged


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_what_is_not_kept_is_not_acknowledged_and_comes_again(broker, subscribe, version):
    first, door = subscribe(broker.port, HouseOfTests(hold=True), version=version)
    assert first.subscribed.wait(10)
    with Publisher(broker.port) as publisher:
        publisher.publish([b"{1}", b"{2}"])
        until(lambda: len(door.waiting) == 2)
        first.close(grace_s=0.1)
        publisher.publish([b"{3}"])  # while nobody is there
    second, behind = subscribe(broker.port, version=version)
    assert second.subscribed.wait(10)
    until(lambda: len(behind.kept) == 3)
    assert sorted(body[-3:] for body in behind.kept) == [b"{1}", b"{2}", b"{3}"]


def test_a_disk_that_fails_breaks_the_connection_until_it_is_mended(broker, subscribe):
    bridge, door = subscribe(broker.port, HouseOfTests(broken=True))
    assert bridge.subscribed.wait(10)
    with Publisher(broker.port) as publisher:
        publisher.publish([b"{1}"])
    until(lambda: bridge.figures.unkept)
    assert door.kept == []
    door.broken = False
    until(lambda: len(door.kept) == 1)


def test_what_became_durable_too_late_does_not_acknowledge_a_message_of_the_next_connection(
    subscribe, broker
):
    bridge, door = subscribe(broker.port, HouseOfTests(hold=True))
    assert bridge.subscribed.wait(10)
    with Publisher(broker.port) as publisher:
        publisher.publish([b"{old}"])
    until(lambda: door.waiting)
    late, door.waiting = door.waiting, []
    broker.stop()  # without persistence: the broker forgets session and message
    broker.start()
    assert not bridge.subscribed.is_set()
    until(bridge.subscribed.is_set)
    with Publisher(broker.port) as publisher:
        publisher.publish([b"{new}"])  # has the packet id that the old one had
    until(lambda: door.waiting)
    late[0][1](None)
    bridge.close(grace_s=0.1)
    again, behind = subscribe(broker.port)
    assert again.subscribed.wait(10)
    until(lambda: behind.kept)
    assert behind.kept[0].endswith(b"{new}")


def test_a_full_queue_stops_the_bridge_and_loses_nothing(broker, subscribe):
    bridge, door = subscribe(broker.port, HouseOfTests(full=True))
    assert bridge.subscribed.wait(10)
    with Publisher(broker.port) as publisher:
        publisher.publish(b'{"n": %d}' % n for n in range(50))
    time.sleep(0.1)
    assert bridge.figures.messages == 1
    door.full = False
    until(lambda: len(door.kept) == 50)


def test_a_group_shares_the_messages(broker, subscribe):
    pair = [subscribe(broker.port, group="homes", client_id=name) for name in ("one", "two")]
    assert all(bridge.subscribed.wait(10) for bridge, _ in pair)
    with Publisher(broker.port) as publisher:
        publisher.publish(b'{"n": %d}' % n for n in range(200))
    until(lambda: sum(len(door.kept) for _, door in pair) == 200)
    assert len({body for _, door in pair for body in door.kept}) == 200
    assert all(len(door.kept) > 20 for _, door in pair)


def test_a_payload_that_is_too_large_is_kept_as_a_reject(broker, subscribe):
    bridge, door = subscribe(broker.port)
    assert bridge.subscribed.wait(10)
    with Publisher(broker.port) as publisher:
        publisher.publish([b"{" + b" " * 200_000 + b"}", b"{}"])
    until(lambda: len(door.kept) == 2)
    ((_, problem, raw),) = door.rejects
    assert (problem.reason, len(raw)) == ("too-large", 65_536)


def test_tls_with_a_client_certificate_and_a_password(tmp_path, subscribe):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("localhost")
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "bridge", "of the bridge"], check=True)
    guarded = Mosquitto(
        tmp_path,
        f"cafile {authority.file}\ncertfile {certificate}\nkeyfile {key}\nrequire_certificate true\n"
        f"password_file {passwords}\nallow_anonymous false\n",
    ).start()
    (tmp_path / "password").write_text("of the bridge\n")
    ours, our_key = authority.issue("bridge")
    known = {"tls": True, "ca": authority.file, "certificate": ours, "private_key": our_key, "user": "bridge"}
    try:
        bridge, _ = subscribe(guarded.port, **known, password_file="password")  # noqa: S106 a name
        assert bridge.subscribed.wait(10)
        stranger, _ = subscribe(guarded.port, **known, client_id="stranger")
        until(lambda: "refuses us: Not authorized" in stranger.trouble)
        assert not stranger.subscribed.is_set()
    finally:
        guarded.stop()


def test_a_broker_that_is_not_there_yet_is_waited_for(tmp_path, subscribe):
    late = Mosquitto(tmp_path)
    bridge, _ = subscribe(late.port)
    until(lambda: "nobody answers" in bridge.trouble)
    late.start()
    try:
        assert bridge.subscribed.wait(10)
    finally:
        late.stop()


def test_a_password_file_that_is_missing_is_named(tmp_path):
    chosen = BridgeSettings(host="localhost", user="x", password_file="missing")  # noqa: S106 a name
    with pytest.raises(BadConfig, match=r"password_file: 'missing' cannot be read"):
        Bridge(Broker(chosen, tmp_path, "name"), HouseOfTests(), print)


def reading(number: int) -> bytes:
    """Return one message of a device, with an id of its own."""
    return (
        b'{"topic": "dt/f", "clientid": "f7", "timestamp": 1767225600000, "id": "reading-%d", "milk": %d}'
        % (number, number % 9)
    )


def test_killed_three_times_it_loses_nothing_and_doubles_nothing(broker, tmp_path):
    home = HomeFolder.create(tmp_path / "home")
    command = [sys.executable, "-m", "hearthline", "bridge", "--home", str(home.path)]
    command += ["--broker", f"127.0.0.1:{broker.port}"]
    said, sent, stop = tmp_path / "said", [], threading.Event()

    def start() -> subprocess.Popen:
        with said.open("ab") as errors:
            return subprocess.Popen(command, stderr=errors)

    def publish_on():
        with Publisher(broker.port) as publisher:
            while not stop.is_set():
                some = range(len(sent), len(sent) + 20)
                publisher.publish(map(reading, some))
                sent.extend(some)

    def frames() -> int:
        return sum(1 for _ in read(home.log)) if home.log.exists() else 0

    def distinct() -> int:
        return len(set(admitted_of(f.body for _, f in read(home.log)).events["id"].to_pylist()))

    def grow() -> None:
        enough = frames() + 50
        until(lambda: frames() > enough, 30)

    bridge = start()
    until(lambda: said.read_text().count("bridge-subscribed") == 1, 30)
    publisher = threading.Thread(target=publish_on)
    publisher.start()
    try:
        for _ in range(3):
            grow()
            bridge.kill()
            bridge.wait()
            time.sleep(0.1)  # the broker goes on alone
            bridge = start()
        grow()
    finally:
        stop.set()
        publisher.join()
    try:
        until(lambda: distinct() >= len(sent), 60)  # frames alone would count what came again
        bridge.terminate()
        assert bridge.wait(60) == 0
    finally:
        bridge.kill()
    files = [str(path) for path in Lake(home.lake).files("events")]
    rows = duckdb.from_parquet(files).project("id, key").fetchall()
    assert {name for name, _ in rows} == {f"reading-{number}" for number in sent}
    assert len({key for _, key in rows}) == len(sent)  # a copy has the key of what it copies, and counts once
