"""`paho-mqtt` as anybody installs it, told nothing but host, port and key."""

import ssl
import threading
from contextlib import suppress

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import MqttSettings
from hearthline.server.mqtt.tls import server_context
from server.mqtt.certificates import Authority
from server.mqtt.spoken import KEY

VERSIONS = {"3.1.1": paho.MQTTv311, "5": paho.MQTTv5}


class Device:
    """A paho client that notes what happened to it."""

    def __init__(self, version: str, password: str | None = KEY, tls: ssl.SSLContext | None = None):
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="fridge-7", protocol=VERSIONS[version]
        )
        self.client.username_pw_set("device", password)
        self.client.max_inflight_messages_set(100)
        self.client.reconnect_delay_set(1, 1)
        self.welcome, self.goodbye = None, None
        self.asked, self.left = threading.Event(), threading.Event()
        self.client.on_connect = self._connected
        self.client.on_disconnect = self._gone
        if tls is not None:
            self.client.tls_set_context(tls)

    def _connected(self, _client, _data, _flags, reason, properties):
        self.welcome, self.properties = reason, properties
        self.asked.set()

    def _gone(self, _client, _data, _flags, reason, _properties):
        self.goodbye = reason
        self.left.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    def connect(self, port: int) -> "Device":
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self.asked.wait(10)
        return self


@pytest.mark.parametrize("version", VERSIONS)
def test_a_window_of_100_is_filled_and_every_message_kept_once(server, version):
    with Device(version) as device:
        device.connect(server.port)
        sent = [device.client.publish("hearthline/segment", b'{"n": %d}' % n, qos=1) for n in range(1000)]
        for one in sent:
            one.wait_for_publish(10)
        assert device.goodbye is None
    assert server.door.kept == [b'hearthline/segment {"n": %d}' % n for n in range(1000)]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_password_is_heard_as_such(server, version):
    with Device(version, password="of somebody else") as device:  # noqa: S106 nobody's
        device.connect(server.port)
        assert str(device.welcome) == "Bad user name or password"


@pytest.mark.parametrize("version", VERSIONS)
def test_what_could_not_be_stored_is_sent_again_and_kept(server, version):
    with Device(version) as device:
        device.connect(server.port)
        server.door.broken = True
        sent = device.client.publish("hearthline/segment", b"{}", qos=1)
        assert device.left.wait(10)
        assert not sent.is_published()
        server.door.broken = False
        sent.wait_for_publish(10)
    assert server.door.kept == [b"hearthline/segment {}"]


def test_a_client_of_5_keeps_to_our_maximum_and_may_use_an_alias(server):
    with Device("5") as device:
        device.connect(server.port)
        assert (device.properties.ReceiveMaximum, device.properties.MaximumQoS) == (100, 1)
        for topic in ("hearthline/segment", ""):
            alias = Properties(PacketTypes.PUBLISH)
            alias.TopicAlias = 3
            device.client.publish(topic, b"{}", qos=1, properties=alias).wait_for_publish(10)
    assert server.door.kept == [b"hearthline/segment {}"] * 2


@pytest.mark.parametrize("version", VERSIONS)
def test_a_subscription_is_refused(server, version):
    with Device(version) as device:
        heard, codes = threading.Event(), []
        device.client.on_subscribe = lambda _client, _data, _mid, reasons, _properties: (
            codes.extend(reasons),
            heard.set(),
        )
        device.connect(server.port)
        device.client.subscribe("hearthline/#", qos=1)
        assert heard.wait(10)
        assert [code.is_failure for code in codes] == [True]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def guarded(start, authority, tmp_path):
    """A listener on TLS that asks for client certificates of the authority."""
    certificate, key = authority.issue("localhost")
    settings = MqttSettings(certificate=certificate, private_key=key, client_ca=authority.file)
    return start(tls=server_context(settings, tmp_path))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_client_certificate_of_the_authority_lets_in(guarded, authority, version):
    tls = ssl.create_default_context(cafile=authority.file)
    tls.load_cert_chain(*authority.issue("fridge-7"))
    with Device(version, password=None, tls=tls) as device:
        device.connect(guarded.port)
        sent = [
            device.client.publish("hearthline/segment", b"{" + b" " * 5000 + b"}", qos=1) for _ in range(200)
        ]
        for one in sent:
            one.wait_for_publish(10)
    assert len(guarded.door.kept) == 200
    assert guarded.door.hellos[0].certificate == "fridge-7"


@pytest.mark.parametrize("stranger", ["nobody", "another authority"])
def test_who_shows_no_certificate_of_the_authority_is_not_let_in(guarded, authority, stranger, tmp_path):
    tls = ssl.create_default_context(cafile=authority.file)
    if stranger == "another authority":
        tls.load_cert_chain(*Authority(tmp_path, "elsewhere").issue("fridge-7"))
    device = Device("5", tls=tls)
    with suppress(OSError):  # where in the handshake it ends is TLS's business
        device.client.connect("127.0.0.1", guarded.port)
        while device.client.loop(1.0) == paho.MQTT_ERR_SUCCESS:
            pass
    assert device.welcome is None
    assert guarded.door.hellos == []


def test_a_certificate_without_its_key_is_named_with_a_cure(authority, tmp_path):
    with pytest.raises(BadConfig, match=r"\[mqtt\] certificate.*PEM"):
        server_context(MqttSettings(certificate=authority.file), tmp_path)
    certificate, key = authority.issue("localhost")
    settings = MqttSettings(certificate=certificate, private_key=key, client_ca="missing.pem")
    with pytest.raises(BadConfig, match=r"client_ca.*No such file"):
        server_context(settings, tmp_path)
