"""The settings made into a listener."""

import asyncio

import pytest

from hearthline.schema.errors import BadConfig
from hearthline.schema.settings import MqttSettings
from hearthline.server.commit import Commit
from hearthline.server.mqtt.service import addresses, door, serve
from server.mqtt.certificates import Authority


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


def test_a_port_that_is_taken_is_named_with_a_cure(tmp_path):
    class Paper:
        def append(self, frames):
            return len(frames)

    async def twice():
        commit = Commit(Paper())
        probe = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        settings = MqttSettings(port=probe.sockets[0].getsockname()[1])
        try:
            behind = door(settings, commit, b"key", None, open_=True)
            with pytest.raises(BadConfig, match=r"\[mqtt\] 127.0.0.1:\d+: cannot listen; .*another port"):
                await serve(settings, behind, tmp_path)
        finally:
            probe.close()
            commit.close()

    asyncio.run(twice())
