"""The settings made into a listener."""

import asyncio

import pytest

from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import BridgeSettings, MqttSettings, Settings
from hearthline.server.commit import Commit
from hearthline.server.keys import Keyring
from hearthline.server.mqtt.service import Behind, Messages, addresses, bridge_of
from server.mqtt.certificates import Authority
from server.mqtt.spoken import connect, publish


def ports(settings, home):
    return [(address.port, address.tls is not None) for address in addresses(settings, home)]


def test_by_default_it_listens_on_loopback_without_tls(tmp_path):
    assert ports(MqttSettings(), tmp_path) == [(1883, False)]
    assert ports(MqttSettings(port=0), tmp_path) == []


def test_keys_do_not_travel_in_clear_unless_somebody_says_so(tmp_path):
    with pytest.raises(BadConfig, match="travel in clear"):
        addresses(MqttSettings(host="0.0.0.0"), tmp_path)  # noqa: S104 that is the point
    anywhere = MqttSettings(host="0.0.0.0", plain_anywhere=True)  # noqa: S104
    assert ports(anywhere, tmp_path) == [(1883, False)]


def test_with_a_certificate_only_tls_leaves_the_machine(tmp_path):
    certificate, key = Authority(tmp_path).issue("localhost")
    at_home = MqttSettings(certificate=certificate, private_key=key)
    assert ports(at_home, tmp_path) == [(8883, True), (1883, False)]
    away = MqttSettings(certificate=certificate, private_key=key, host="0.0.0.0")  # noqa: S104
    assert ports(away, tmp_path) == [(8883, True)]


class Paper:
    def append(self, frames):
        return len(frames)


@pytest.fixture
def behind(tmp_path):
    """What messages go to, and what was said about it."""
    commit, said = Commit(Paper()), []
    yield (
        Behind(tmp_path, b"key", commit, Keyring(tmp_path), lambda event, *_, **__: said.append(event)),
        said,
    )
    commit.close()


def test_a_port_that_is_taken_is_named_with_a_cure_when_it_was_asked_for(behind, monkeypatch):
    async def twice():
        probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        taken = probe.sockets[0].getsockname()[1]
        try:
            with pytest.raises(BadConfig, match=r"\[mqtt\] 127.0.0.1:\d+: cannot listen; .*another port"):
                await Messages.opened(Settings(mqtt=MqttSettings(port=taken)), behind[0])
            monkeypatch.setattr("hearthline.server.mqtt.service.USUAL_PORT", taken)
            messages = await Messages.opened(Settings(), behind[0])
        finally:
            probe.close()
        assert messages.addresses == []
        assert behind[1] == ["mqtt-off"]
        await messages.close()

    asyncio.run(twice())


def test_a_device_needs_no_key_on_loopback_and_is_counted_by_its_platform(behind, dial):
    async def once():
        free = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = free.sockets[0].getsockname()[1]
        free.close()
        await free.wait_closed()
        messages = await Messages.opened(Settings(mqtt=MqttSettings(port=port)), behind[0])
        assert messages.addresses == [f"mqtt://127.0.0.1:{port}"]
        await asyncio.to_thread(talk, port)
        assert messages.counts.accepted == {"aws_iot_core": 1}
        assert messages.counts.rejected == {("aws_iot_core", "not-json"): 1}
        assert (messages.figures.messages, messages.figures.rejected) == (2, 1)
        await messages.close()

    def talk(port):
        wire = dial(port)
        wire.say(connect(4, user=None, password=None))
        reading = b'{"topic": "t", "clientid": "fridge-7", "timestamp": 1767225600000, "milk": 2}'
        wire.say(
            publish("hearthline/aws_iot_core", reading, 1) + publish("hearthline/aws_iot_core", b"off", 2)
        )
        assert wire.hear(12) == b"\x20\x02\0\0\x40\x02\0\x01\x40\x02\0\x02"

    asyncio.run(once())


def test_a_bridge_to_a_source_that_there_is_not_is_refused_by_name(behind):
    settings = Settings(bridge=BridgeSettings(host="localhost", source="nobody"))
    with pytest.raises(BadConfig, match="no source 'nobody'; choose one of"):
        bridge_of(settings, behind[0], behind[0].door(settings.mqtt))
