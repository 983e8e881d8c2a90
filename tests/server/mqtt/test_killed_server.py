"""A server that is killed while a device publishes to it: what the device was told is kept is there, once."""

import subprocess
import sys
import threading
import time

import duckdb
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake
from server.mqtt.mosquitto import free_port


def reading(number: int) -> bytes:
    return b'{"topic": "t", "clientid": "f7", "timestamp": 1767225600000, "id": "r-%d", "milk": 2}' % number


def test_what_a_device_was_told_is_kept_is_there_once_though_the_server_is_killed(tmp_path):
    home, port = HomeFolder.create(tmp_path / "home"), free_port()
    command = [sys.executable, "-m", "hearthline", "serve", "--home", str(home.path), "--screens-port", "0"]
    command += ["--port", str(free_port()), "--mqtt-port", str(port)]
    device = paho.Client(CallbackAPIVersion.VERSION2, client_id="fridge-7", clean_session=False)
    device.max_inflight_messages_set(50)
    device.max_queued_messages_set(0)
    device.reconnect_delay_set(1, 1)
    told, sent, stop = set(), [], threading.Event()
    device.on_publish = lambda _client, _data, mid, *_: told.add(mid)

    def publish_on() -> None:
        while not stop.is_set():
            if len(sent) - len(told) < 200:
                sent.append(device.publish("hearthline/aws_iot_core", reading(len(sent)), qos=1).mid)
            else:
                time.sleep(0.005)

    def is_told(enough: int) -> None:
        ends = time.monotonic() + 40
        while len(told) < enough:
            assert time.monotonic() < ends, "the device hears nothing any more"
            time.sleep(0.01)

    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    device.connect_async("127.0.0.1", port)
    device.loop_start()
    publisher = threading.Thread(target=publish_on)
    publisher.start()
    try:
        for _ in range(2):
            is_told(len(told) + 100)
            server.kill()
            server.wait()
            server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        is_told(len(told) + 100)
    finally:
        stop.set()
        publisher.join()
    try:
        is_told(len(sent))
        server.terminate()
        assert server.wait(60) == 0
    finally:
        device.disconnect()
        device.loop_stop()
        server.kill()
    files = [str(path) for path in Lake(home.lake).files("events")]
    rows = duckdb.from_parquet(files).project("id, key").fetchall()
    assert {name for name, _ in rows} == {f"r-{number}" for number in range(len(sent))}
    assert len({key for _, key in rows}) == len(sent)  # a copy has the key of what it copies, and counts once
