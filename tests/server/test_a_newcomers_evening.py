"""The promise of the write door, kept from end to end: an SDK and a device send, the server is killed meanwhile.

Every acknowledged event is there once, in the journey of the right household, and on the screen.
"""

import json
import signal
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

import hearthline as hl

from .conftest import free_port, until
from .test_serve import Server, orders_seen

HOMES = 5
START = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients reach this machine without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


class Evening:
    """A server at addresses that stay, and who sends to it."""

    def __init__(self, home: Path) -> None:
        self.home, self.port, self.screens, self.mqtt = home, free_port(), free_port(), free_port()
        self.server = self.begun()
        self.told: set[int] = set()
        self.stop = threading.Event()
        self.failed: list[object] = []
        self.orders: list[str] = []
        self.adverts: list[int] = []

    def begun(self) -> Server:
        """Start the server, whether or not one was killed."""
        ports = ["--port", str(self.port), "--screens-port", str(self.screens), "--mqtt-port", str(self.mqtt)]
        server = Server(self.home, *ports)
        server.port = self.port
        return server

    def killed(self) -> None:
        """Kill the server at once, and start it again."""
        self.server.process.send_signal(signal.SIGKILL)
        self.server.process.wait()
        self.server = self.begun()

    def shops(self) -> None:
        """Buy with Segment's SDK until told to stop; what it gave up is in `failed`."""
        from segment.analytics.client import Client

        shop = Client(
            "any-key",
            host=f"http://127.0.0.1:{self.port}",
            on_error=lambda error, _: self.failed.append(error),
            upload_interval=0.1,
        )
        while not self.stop.wait(0.03):
            number = len(self.orders)
            bought = {"order_id": f"o{number}", "total": 10, "currency": "EUR"}
            shop.track(f"customer-{number % HOMES}", "Order Completed", bought)
            self.orders.append(f"o{number}")
        shop.shutdown()

    def shows(self) -> None:
        """Publish what a fridge's door showed until told to stop; late, and newest first."""
        device = paho.Client(CallbackAPIVersion.VERSION2, client_id="fridge", clean_session=False)
        device.reconnect_delay_set(1, 1)
        device.max_queued_messages_set(0)
        device.on_publish = lambda _client, _data, mid, *_: self.told.add(mid)
        device.connect("127.0.0.1", self.mqtt)
        device.loop_start()
        while not self.stop.wait(0.03):
            sent = device.publish("hearthline/canonical", advert(len(self.adverts)), qos=1)
            self.adverts.append(sent.mid)
        until(lambda: self.told >= set(self.adverts), 60.0)
        device.disconnect()
        device.loop_stop()

    def asked(self, path: str) -> tuple[int, bytes]:
        """Return what the screens answer; status 0 where nobody does."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.screens}{path}", timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""


def advert(number: int) -> bytes:
    """Return what the fridge of one home showed, each a minute before the one that was told before it."""
    event = {
        "specversion": "1.0",
        "id": f"advert-{number}",
        "source": f"//acme/-/fridge-{number % HOMES}",
        "type": "media.ad.shown",
        "time": (START - timedelta(minutes=number)).isoformat(),
        "stage": "awareness",
        "identifiers": [{"namespace": "segment.user", "value": f"customer-{number % HOMES}"}],
        "touch": {"channel": f"fridge-door-{number % HOMES}"},
    }
    return json.dumps(event).encode()


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    """A fresh home, served."""
    found = Evening(tmp_path / "home")
    found.server.ready()
    yield found
    found.stop.set()
    if found.server.process.poll() is None:
        found.server.process.kill()
        found.server.process.communicate()


def sending(evening: Evening) -> list[threading.Thread]:
    threads = [threading.Thread(target=what) for what in (evening.shops, evening.shows)]
    for thread in threads:
        thread.start()
    return threads


def test_an_sdk_and_a_device_send_to_a_server_that_is_killed(evening: Evening) -> None:
    threads = sending(evening)
    grown(lambda: len(evening.told))
    evening.killed()
    evening.server.ready()
    grown(lambda: len(evening.told))
    evening.stop.set()
    for thread in threads:
        thread.join(90)
    assert evening.failed == []
    assert len(evening.orders) > 50
    until(lambda: orders_seen(evening.home) >= len(evening.orders), 60.0)
    sent = len(evening.orders) + len(evening.adverts)
    until(lambda: counted(evening.home).get("events") == sent, 60.0)
    found = hl.open_home(evening.home).sql("SELECT order_id, unit FROM orders ORDER BY time").to_pylist()
    assert sorted(row["order_id"] for row in found) == sorted(evening.orders), (
        "once; nothing that nobody sent"
    )
    assert len({row["unit"] for row in found}) == HOMES
    first = {row["unit"]: row["order_id"] for row in reversed(found)}
    for order in first.values():  # it ends the journey of all that its home's fridge showed, told late
        number = int(order[1:]) % HOMES
        adverts = len(range(number, len(evening.adverts), HOMES))
        until(lambda order=order, adverts=adverts: len(shown(evening, order)) == adverts, 30.0)
        touches = shown(evening, order)  # the screens turn to a new answer a moment after it is there
        assert {touch["channel"] for touch in touches} == {f"fridge-door-{number}"}
        assert [touch["time"] for touch in touches] == sorted(touch["time"] for touch in touches)
        status, page = evening.asked(f"/orders/{order}")
        assert (status, order.encode() in page, touches[0]["channel"].encode() in page) == (200, True, True)


def shown(evening: Evening, order: str) -> list[dict[str, Any]]:
    """Return the touches of an order as the screens tell them."""
    status, body = evening.asked(f"/api/explain/{order}")
    assert status == 200, body
    found: list[dict[str, Any]] = json.loads(body)["touches"]
    return found


def counted(home: Path) -> dict[str, Any]:
    """Return how many events and duplicates the published answer counts; empty where there is none yet."""
    try:
        (found,) = hl.open_home(home).sql("SELECT events, duplicates FROM run").to_pylist()
    except (hl.HearthlineError, OSError):
        return {}
    return dict(found)


def grown(size: Callable[[], int], by: int = 60) -> None:
    """Return when so much more was acknowledged."""
    enough = size() + by
    until(lambda: size() >= enough, 60.0)


def test_an_event_by_http_by_mqtt_and_by_a_file_counts_once(evening: Evening, tmp_path: Path) -> None:
    order = {
        "type": "track",
        "event": "Order Completed",
        "messageId": "m-1",
        "userId": "customer-1",
        "timestamp": START.isoformat(),
        "context": {"library": {"name": "analytics-python", "version": "2.3"}},
        "properties": {"order_id": "o-1", "total": 10, "currency": "EUR"},
    }
    assert evening.server.asked("/v1/track", order)[0] == 200
    assert evening.server.asked("/v1/batch", {"batch": [order, order]})[0] == 200
    device = paho.Client(CallbackAPIVersion.VERSION2, client_id="till")
    device.connect("127.0.0.1", evening.mqtt)
    device.loop_start()
    device.publish("hearthline/segment", json.dumps(order), qos=1).wait_for_publish(20)
    device.disconnect()
    device.loop_stop()
    evening.killed()
    evening.server.ready()
    assert evening.server.asked("/in/segment", order)[0] == 200, "sent again, after a restart"
    file = tmp_path / "calls.ndjson"
    file.write_text(json.dumps(order) + "\n")
    home = hl.open_home(evening.home)
    home.add(file)
    until(lambda: counted(evening.home) == {"events": 1, "duplicates": 5}, 60.0)
    assert orders_seen(evening.home) == 1
