"""Platforms' own clients, unmodified, set up with nothing but our address and a key of ours."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from .conftest import Served, until

MARCH = "2026-03-01T12:00:00Z"


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients reach this machine without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def key_of(served: Served, platform: str) -> str:
    return served.ring.add("write", platform)[1]


def events(served: Served, number: int = 1) -> list[dict[str, Any]]:
    """Return what is in the log as soon as it is so many events."""
    until(
        lambda: served.kept.events.num_rows >= number or served.kept.rejects or served.door.figures.unproven
    )
    kept = served.kept
    assert (kept.rejects, served.door.figures.unproven) == ((), {})
    rows: list[dict[str, Any]] = kept.events.to_pylist()
    assert all(row["auth_verified"] for row in rows)
    return rows


@pytest.mark.parametrize("gzip", [False, True])
def test_segment_for_python(served: Served, gzip: bool) -> None:
    from segment.analytics.client import Client

    client = Client(key_of(served, "segment"), host=served.url, gzip=gzip, max_retries=1)
    for number in range(3):
        client.track(
            f"user-{number}", "Product Viewed", {"product_id": "p1", "price": 9.5, "currency": "EUR"}
        )
    client.identify("user-1", {"email": "ann@example.com"})
    client.shutdown()
    rows = events(served, 4)
    assert {row["type"] for row in rows} == {"platform.product.viewed", "platform.user.identified"}
    assert {row["raw_adapter"] for row in rows} == {"segment"}


@pytest.mark.parametrize("gzip", [False, True])
def test_rudderstack_for_python(served: Served, gzip: bool) -> None:
    from rudderstack.analytics.client import Client

    client = Client(key_of(served, "rudderstack"), host=served.url, gzip=gzip, max_retries=1)
    client.track("user-1", "Order Completed", {"order_id": "o1", "total": 9.5, "currency": "EUR"})
    client.page("user-1", None, "Home", {"url": "https://shop.example.com/"})
    client.shutdown()
    assert {row["commerce_order"] for row in events(served, 2)} == {"o1", None}


@pytest.mark.parametrize("method", ["post", "get"])
def test_snowplow_for_python(served: Served, method: Any) -> None:
    from snowplow_tracker import Emitter, PageView, Subject, Tracker

    endpoint = f"{key_of(served, 'snowplow')}:-@127.0.0.1"
    emitter = Emitter(endpoint, protocol="http", port=served.port, method=method, batch_size=1)
    tracker = Tracker("shop", emitter, subject=Subject().set_user_id("user-1"), app_id="kettle")
    tracker.track(PageView("https://shop.example.com/kettles", "Kettles"))
    tracker.flush()
    (row,) = events(served)
    assert row["type"] == "platform.page.viewed"


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_mparticle_for_python(served: Served) -> None:
    import mparticle

    configuration = mparticle.Configuration()
    configuration.host = f"{served.url}/v2"
    configuration.api_key, configuration.api_secret = key_of(served, "mparticle"), "unused"
    batch = mparticle.Batch()
    batch.environment = "production"
    batch.user_identities = mparticle.UserIdentities(customerid="user-1")
    event = mparticle.CommerceEvent(
        product_action=mparticle.ProductAction(
            action="purchase", transaction_id="o1", total_amount=9.5, products=[]
        ),
        currency_code="EUR",
    )
    batch.events = [event]
    mparticle.EventsApi(configuration).upload_events(batch)
    (row,) = events(served)
    assert row["commerce_order"] == "o1"


def test_dashbot_for_python(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHBOT_SERVER_ROOT", served.url)
    from dashbot import generic

    generic.generic(key_of(served, "dashbot")).logIncoming(
        {"userId": "user-1", "text": "order coffee", "intent": {"name": "OrderIntent", "inputs": []}}
    )
    (row,) = events(served)
    assert row["modality"] in ("voice", "unknown", "screen")
    assert row["intent_name"] == "OrderIntent"


def test_tealium_for_python(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from tealium import Tealium

    address = served.url.replace("//", f"//{key_of(served, 'tealium')}:-@")
    monkeypatch.setattr(Tealium, "T_BASE_URL", f"{address}/event")
    Tealium("acme", "main").trackEvent(
        "purchase",
        Tealium.EVENT_TYPE_CONVERSION,
        {"order_id": "o1", "order_total": "9.50", "order_currency": "EUR"},
    )
    (row,) = events(served)
    assert row["commerce_order"] == "o1"


CLOUD_EVENT = {
    "id": "e1",
    "source": "https://till.example.com/7",
    "type": "commerce.order.placed",
    "time": MARCH,
}
DATA = {"commerce": {"action": "placed", "order": "o1", "total": "9.50", "currency": "EUR"}}


@pytest.mark.parametrize("mode", ["structured", "binary", "batch"])
def test_cloudevents_for_python(served: Served, mode: str) -> None:
    from cloudevents.v1.conversion import to_binary, to_dict, to_structured
    from cloudevents.v1.http import CloudEvent

    event = CloudEvent(CLOUD_EVENT, DATA)
    if mode == "batch":
        headers: dict[str, str] = {"content-type": "application/cloudevents-batch+json"}
        body: Any = json.dumps([to_dict(event)]).encode()
    else:
        headers, body = to_structured(event) if mode == "structured" else to_binary(event)
    sent = {**headers, "authorization": f"Bearer {key_of(served, 'cloudevents')}"}
    answer = requests.post(f"{served.url}/events", data=body, headers=sent, timeout=10)
    assert answer.json() == {"accepted": 1, "rejected": 0}
    (row,) = events(served)
    assert (row["id"], row["commerce_order"]) == ("e1", "o1")


def test_one_key_for_all_lets_the_payload_tell_who_shares_a_path(served: Served) -> None:
    key = key_of(served, "*")
    for library in ("analytics-node", "RudderLabs JavaScript SDK"):
        call = {
            "type": "track",
            "event": "Product Viewed",
            "userId": "u1",
            "messageId": library,
            "context": {"library": {"name": library, "version": "1"}},
        }
        requests.post(f"{served.url}/v1/track", json=call, auth=(key, ""), timeout=10).raise_for_status()
    assert {row["raw_adapter"] for row in events(served, 2)} == {"segment", "rudderstack"}


NODE = Path(__file__).parent / "node"
CLIENTS = "@segment/analytics-node and @rudderstack/rudder-sdk-node"


@pytest.fixture(scope="session")
def node() -> str:
    """The path of node, with the clients installed from their lock; skipped where either cannot be had."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        pytest.skip(f"{CLIENTS} were not tried: node and npm are not installed")
    if not (NODE / "node_modules/.package-lock.json").exists():
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=NODE, capture_output=True, text=True, check=False, timeout=180)
        if done.returncode:
            pytest.skip(f"{CLIENTS} were not tried: npm ci failed, perhaps without a registry")
    return program


@pytest.mark.parametrize(("client", "number"), [("segment", 3), ("rudderstack", 2)])
def test_clients_for_node(served: Served, node: str, client: str, number: int) -> None:
    command = [node, str(NODE / f"{client}.js"), served.url, key_of(served, client)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    rows = events(served, number)
    assert {row["raw_adapter"] for row in rows} == {client}
    assert "platform.product.viewed" in {row["type"] for row in rows}
