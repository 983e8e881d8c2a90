import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven

REF = ("amazon_dash", "device", "SN-1")


@pytest.mark.parametrize(
    ("which", "role", "kind", "stage", "initiator"),
    [
        ("registered", "enrol", "replenishment.enrolled", "purchase", "human"),
        ("order", "act", "order.placed", "purchase", "machine"),
        ("cancelled", None, "order.cancelled", "post_purchase", "unknown"),
        ("shipped", None, "order.shipped", "post_purchase", "unknown"),
        ("slots_changed", None, "replenishment.changed", "post_purchase", "human"),
        ("slots_ended", "end", "replenishment.ended", "post_purchase", "human"),
        ("deregistered", "end", "replenishment.ended", "post_purchase", "human"),
    ],
)
def test_an_order_goes_back_to_the_registration_of_its_device(read, which, role, kind, stage, initiator):
    (event,) = read(which)
    acted = event.automation
    assert (acted.role, event.type, event.stage) == (role, f"commerce.{kind}", stage)
    assert event.initiator.kind == initiator
    assert (acted.ref_system, acted.ref_type, acted.ref_id) == REF


def test_an_order_has_products_and_no_price(read):
    (event,) = read("order")
    money = event.commerce
    assert (money.action, money.order, money.value_known) == ("placed", "amzn1.dash.v2.o.1", False)
    assert (money.revenue, money.total) == (None, None)
    assert (money.products[0].product_id, money.products[0].quantity) == ("B000TEST01", Decimal("1.0"))


def test_without_an_asin_the_slot_says_what_was_bought(read):
    product = read("order_without_asin")[0].commerce.products[0]
    assert (product.product_id, product.sku) == (None, "beans")


def test_an_sns_envelope_is_opened(read):
    (event,) = read("by_sns")
    assert event.commerce.order == "amzn1.dash.v2.o.3"


def test_a_slots_status_is_a_level_with_its_device(read):
    left, on_hand = read("slot_status")
    assert (left.signal.number, left.signal.instance, left.device.id) == (3.5, "beans", "SN-1")
    assert (on_hand.signal.number, on_hand.type) == (20.0, "device.inventory.level_reported")
    assert (left.initiator.kind, left.modality) == ("machine", "ambient")


def test_an_answer_to_replenish_is_no_order(read):
    (event,) = read("replenish")
    assert (event.type, event.commerce.action) == ("commerce.replenishment.requested", None)


def test_a_test_order_and_a_handshake_are_refused_by_name(read):
    with pytest.raises(BadPayload, match=r"^amazon_dash\.replenish: a test order"):
        read("test_order")
    with pytest.raises(BadPayload, match=r"^amazon_dash: an SNS handshake"):
        read({"Type": "SubscriptionConfirmation", "TopicArn": "arn", "Message": "confirm"})


# The door -------------------------------------------------------------------------------------------

TOPIC = "arn:aws:sns:eu-west-1:123456789012:dash"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem"
RECEIVED = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """Return a key and a certificate such as Amazon SNS has them."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(RECEIVED - timedelta(days=1))
        .not_valid_after(RECEIVED + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, made.public_bytes(serialization.Encoding.PEM)


def signed(key: rsa.RSAPrivateKey, version: str, **changed: Any) -> dict[str, Any]:
    """Return an SNS message, signed as its documentation says."""
    message = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": "{}",
        "Timestamp": "2026-03-01T10:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
    } | changed
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    lines = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303 # Amazon's version 1
    return message | {
        "Signature": base64.b64encode(key.sign(lines.encode(), padding.PKCS1v15(), digest)).decode()
    }


def sent(message: dict[str, Any]) -> sources.Sent:
    return sources.Sent(body=json.dumps(message).encode(), received=RECEIVED)


def account(pem: bytes, fetched: list[str], topic: str = TOPIC) -> sources.Account:
    def fetch(url: str) -> bytes:
        fetched.append(url)
        return pem

    return sources.Account(settings={"topic": topic}, fetch=fetch)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_message_of_our_topic_is_proven_by_either_version(amazon, version):
    key, pem = amazon
    fetched: list[str] = []
    message = signed(key, version, Subject="order")
    proof = sources.proven("amazon_dash", sent(message), account(pem, fetched))
    assert proof is not None
    assert (proof.scheme, fetched) == (f"sns-v{version}", [CERTIFICATE])
    with pytest.raises(Unproven, match="does not fit"):
        sources.proven("amazon_dash", sent(message | {"Message": "{ }"}), account(pem, []))


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com.example.com/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com:99999/SimpleNotificationService-0a.pem",
        "https://ada@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://sns.eu-west-1.amazonaws.com/../x.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem?x=1",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a.pem#x",
        "https://sns.eu-west-1.amazonaws.com\\@example.com/SimpleNotificationService-0a.pem",
        "https://s3.amazonaws.com/SimpleNotificationService-0a.pem",
        "https://127.0.0.1/SimpleNotificationService-0a.pem",
        "https://[::1/SimpleNotificationService-0a.pem",
        "",
    ],
)
def test_no_certificate_is_fetched_but_from_amazon_sns(amazon, url):
    key, pem = amazon
    fetched: list[str] = []
    with pytest.raises(Unproven):
        sources.proven("amazon_dash", sent(signed(key, "2", SigningCertURL=url)), account(pem, fetched))
    assert fetched == []


def test_a_message_of_anyone_elses_topic_is_refused_whoever_signed_it(amazon):
    key, pem = amazon
    with pytest.raises(Unproven, match="another topic"):
        sources.proven("amazon_dash", sent(signed(key, "2", TopicArn=f"{TOPIC}-x")), account(pem, []))
    with pytest.raises(Unproven, match="no topic is set"):
        sources.proven("amazon_dash", sent(signed(key, "2")), account(pem, [], topic=""))


SUBSCRIBE = f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t"


def test_a_subscription_is_confirmed_at_amazon_and_nowhere_else(amazon):
    key, pem = amazon
    handshake = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": SUBSCRIBE}
    message = signed(key, "2", **handshake)
    fetched: list[str] = []
    assert sources.proven("amazon_dash", sent(message), account(pem, []))
    answer = sources.replied("amazon_dash", sent(message), account(pem, fetched))
    assert answer is not None
    assert (answer.status, fetched) == (200, [SUBSCRIBE])
    assert sources.replied("amazon_dash", sent(signed(key, "2")), account(pem, fetched)) is None
    for url in ("https://example.com/?Action=ConfirmSubscription", SUBSCRIBE.replace("Confirm", "Un")):
        with pytest.raises(Unproven):
            sources.replied("amazon_dash", sent(message | {"SubscribeURL": url}), account(pem, fetched))
    assert fetched == [SUBSCRIBE]


@pytest.mark.parametrize("how", ["order_to_a_lambda", "order_in_a_queue"])
def test_an_order_is_the_same_whatever_handed_it_on(read, how):
    (event,) = read(how)
    assert (event.id, event.commerce.order, event.automation.ref_id) == ("n", "i", "SN")
