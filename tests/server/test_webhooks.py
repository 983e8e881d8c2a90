"""Every source at the door: what it signs is checked, what it asks is answered, what it sends is read."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hearthline import sources
from hearthline.schema.errors import Unproven
from hearthline.server.ingest.fetching import Fetcher

from .conftest import Sender

FIXTURES = Path(__file__).parents[1] / "sources/fixtures"
NAMES = [name for name in sources.names() if (FIXTURES / f"{name}.json").exists()]


def signs(name: str) -> bool:
    source = sources.load(name)
    return hasattr(source, "verify") and not getattr(source, "CLIENT_PATHS", ())


def recorded(name: str) -> Iterator[tuple[str, bytes, dict[str, str], Any]]:
    """Yield the cases of a source's fixture as they would be posted: name, body, headers, payload."""
    for case, payload in json.loads((FIXTURES / f"{name}.json").read_text()).items():
        body, headers = payload, {}
        if isinstance(payload, dict) and set(payload) == {"headers", "body"}:
            body = payload["body"]
            headers = {key.lower(): str(value) for key, value in payload["headers"].items()}
        if isinstance(body, dict | list):
            yield case, json.dumps(body).encode(), headers, payload


class Net:
    """What can be fetched; counts how often each address was asked for."""

    def __init__(self, pages: dict[str, bytes]) -> None:
        self.pages, self.asked = pages, list[str]()

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.pages:
            raise Unproven("door", "not there", "try later")
        return self.pages[url]


class Everywhere(Net):
    """Where everything can be fetched."""

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        return b"{}"


def through(sender: Sender, net: Net) -> Sender:
    """Return a sender whose door fetches from there."""
    door = sender.door
    object.__setattr__(door.prover, "fetcher", Fetcher(net.get))
    return sender


@pytest.mark.parametrize("name", [n for n in NAMES if signs(n)])
def test_a_platform_that_signs_never_comes_in_unsigned(sender: Sender, name: str) -> None:
    for _, body, _, _ in recorded(name):
        answer = sender.send(f"/in/{name}", body)
        assert answer.status in (401, 200)
        if answer.status == 200:  # a handshake that anybody may ask for: answered, never kept
            assert b"accepted" not in answer.body
    kept = sender.kept
    assert (kept.events.num_rows, kept.rejects) == (0, ())


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_by_the_door_is_the_same_event_as_from_a_file(sender: Sender, name: str) -> None:
    _, key = sender.ring.add("write", name)
    sender.ring.add("secret", name, own="what a question is answered with")
    sender = through(sender, Everywhere({}))
    for case, body, headers, payload in recorded(name):
        if headers and not getattr(sources.load(name), "HEADERS", ()):
            continue  # read from files only
        before = sender.kept
        told = payload.get("dashbot", {}) if isinstance(payload, dict) else {}
        query = urlencode(told if name == "dashbot" else {})
        answer = sender.send(f"/in/{name}", body, {**headers, "x-hearthline-key": key}, query=query)
        assert 200 <= answer.status < 300, (case, answer.body)
        if b"accepted" not in answer.body:
            continue  # a question of the platform's
        kept = sender.kept
        events, metrics, refusal = sources.taken(name, payload, datetime.now(UTC))
        new = kept.events.slice(before.events.num_rows)
        assert sorted(zip(new["source"].to_pylist(), new["id"].to_pylist(), strict=True)) == sorted(
            (e.source, e.id) for e in events
        ), case
        assert kept.metrics[len(before.metrics) :] == tuple(
            msgspec.structs.replace(m, received=at.received)
            for m, at in zip(metrics, kept.metrics[len(before.metrics) :], strict=True)
        ), case
        assert len(kept.rejects) - len(before.rejects) == (refusal is not None), case


# Their own proofs -------------------------------------------------------------------------------------


def test_smartcar_is_known_by_its_signature_and_its_challenge_is_answered(sender: Sender) -> None:
    secret = "-".join(("management", "token"))
    sender.ring.add("secret", "smartcar", own=secret)

    def signed(body: dict[str, Any], by: str = secret) -> Any:
        raw = json.dumps(body).encode()
        signature = hmac.new(by.encode(), raw, sha256).hexdigest()
        return sender.send("/in/smartcar", raw, {"sc-signature": signature})

    answer = signed({"eventType": "VERIFY", "data": {"challenge": "c-1"}})
    made = hmac.new(secret.encode(), b"c-1", sha256).hexdigest()
    assert json.loads(answer.body) == {"challenge": made}
    assert sender.kept.events.num_rows == 0
    assert signed({"eventType": "VERIFY", "data": {"challenge": "c-1"}}, "another").status == 401


def test_event_grid_is_answered_in_both_schemas(sender: Sender) -> None:
    asked = {"webhook-request-origin": "eventgrid.azure.net", "webhook-request-rate": "120"}
    answer = sender.send("/in/azure_iot_hub", b"", asked, method="OPTIONS")
    assert (answer.status, dict(answer.headers)["webhook-allowed-origin"]) == (200, "eventgrid.azure.net")
    foreign = {**asked, "webhook-request-origin": "evil.example.com"}
    assert sender.send("/in/azure_iot_hub", b"", foreign, method="OPTIONS").status == 401
    sender.ring.add("secret", "azure_iot_hub", own="delivery-key-0123456789")
    event = {"eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "7"}}
    body = json.dumps([event]).encode()
    assert sender.send("/in/azure_iot_hub", body).status == 401
    answer = sender.send("/in/azure_iot_hub", body, query="code=delivery-key-0123456789")
    assert json.loads(answer.body) == {"validationResponse": "7"}


CONFIRM = "https://iot.eu-west-1.amazonaws.com/confirmdestination/AYADe"


def confirmation(url: str) -> bytes:
    told = {
        "arn": "arn:aws:iot:eu-west-1:123456789012:ruledestination/http/1",
        "confirmationToken": "AYADe",
        "enableUrl": url,
        "messageType": "DestinationConfirmation",
    }
    return json.dumps(told).encode()


def test_a_rule_destination_of_aws_is_confirmed_once_and_no_other_address_is_asked(sender: Sender) -> None:
    net = Net({CONFIRM: b"{}"})
    sender = through(sender, net)
    for _ in range(2):
        assert sender.send("/in/aws_iot_core", confirmation(CONFIRM)).status == 200
    for url in (
        "https://169.254.169.254/confirmdestination/AYADe",
        "https://amazonaws.com.example.com/x/AYADe",
    ):
        assert sender.send("/in/aws_iot_core", confirmation(url)).status == 401
    assert net.asked == [CONFIRM]
    assert sender.kept.events.num_rows == 0


KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
KEY_PATH = "/pl/useast1/ab-cd"
DEVICE_EVENT = {
    "lifecycle": "EVENT",
    "executionId": "x-1",
    "eventData": {
        "installedApp": {"installedAppId": "app-1", "locationId": "home-1"},
        "events": [
            {
                "eventType": "DEVICE_EVENT",
                "eventTime": "2026-03-01T12:00:00Z",
                "deviceEvent": {
                    "eventId": "e-1",
                    "locationId": "home-1",
                    "deviceId": "d-1",
                    "componentId": "main",
                    "capability": "switch",
                    "attribute": "switch",
                    "value": "on",
                    "stateChange": True,
                },
            }
        ],
    },
}


def smartthings(body: bytes) -> dict[str, str]:
    """Return the headers with which SmartThings would send the body."""
    digest = "SHA-256=" + base64.b64encode(sha256(body).digest()).decode()
    date = format_datetime(datetime.now(UTC), usegmt=True)
    text = f"(request-target): post /in/smartthings\ndigest: {digest}\ndate: {date}"
    signature = base64.b64encode(KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    names = "(request-target) digest date"
    proof = f'Signature keyId="{KEY_PATH}",signature="{signature}",headers="{names}",algorithm="rsa-sha256"'
    return {"digest": digest, "date": date, "authorization": proof}


def test_smartthings_is_known_by_a_key_that_is_fetched_once(sender: Sender) -> None:
    net = Net({f"https://key.smartthings.com{KEY_PATH}": PEM})
    sender = through(sender, net)
    body = json.dumps(DEVICE_EVENT).encode()
    for _ in range(3):
        answer = sender.send("/in/smartthings", body, smartthings(body))
        assert answer.status == 200, answer.body
    assert len(net.asked) == 1
    assert set(sender.kept.events["auth_scheme"].to_pylist()) == {"http-signature"}
    changed = body.replace(b'"on"', b'"off"')
    assert sender.send("/in/smartthings", changed, smartthings(body)).status == 401
    ping = json.dumps({"lifecycle": "PING", "pingData": {"challenge": "c-1"}}).encode()
    assert b"c-1" in sender.send("/in/smartthings", ping).body
    assert sender.kept.events.num_rows == 3


def test_a_key_that_cannot_be_fetched_is_not_asked_for_at_once_again(sender: Sender) -> None:
    net = Net({})
    sender = through(sender, net)
    body = json.dumps(DEVICE_EVENT).encode()
    assert [sender.send("/in/smartthings", body, smartthings(body)).status for _ in range(3)] == [401] * 3
    assert len(net.asked) == 1


def test_a_signed_pixel_is_answered_with_a_point_and_a_forged_one_is_not_kept(sender: Sender) -> None:
    from hearthline.sources import vast

    secret = "-".join(("pixel", "secret"))
    sender.ring.add("secret", "vast", own=secret)
    token = vast.token(secret, campaign="spring", channel="smart-tv")
    query = f"t={token}&event=impression"
    answer = sender.send("/in/vast", query=query, method="GET")
    assert (answer.status, dict(answer.headers)["content-type"]) == (200, "image/gif")
    assert sender.kept.events["touch_campaign"].to_pylist() == ["spring"]
    forged = f"t={vast.token('another-secret', campaign='spring')}&event=impression"
    assert sender.send("/in/vast", query=forged, method="GET").status == 401
    assert sender.kept.events.num_rows == 1


def test_a_payload_that_is_kept_holds_no_key_of_ours(sender: Sender) -> None:
    _, key = sender.ring.add("write", "dashbot")
    body = {"userId": "u1", "text": "hi", "intent": {"name": "GREET", "inputs": []}}
    raw = json.dumps(body).encode()
    assert sender.send("/track", raw, query=f"apiKey={key}&type=incoming&platform=generic").status == 200
    assert all(key.encode() not in msgspec.json.encode(p) for p in sender.kept.raw)
