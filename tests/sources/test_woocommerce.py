import base64
import hmac
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven


def test_an_order_is_net_of_tax_and_shipping_and_no_touch(read):
    (event,) = read("order")
    money = event.commerce
    assert (money.order, money.total, money.revenue, money.coupon) == (
        "727",
        Decimal("27.50"),
        Decimal("22.50"),
        "SPRING",
    )
    assert (event.touch.channel, event.touch.source, event.touch.medium) == (None, "newsletter", "email")
    assert event.source == "//woocommerce/shop.example.com/orders"
    assert ("segment.anonymous_id", "anon-1") in {(i.namespace, i.value) for i in event.identifiers}


def test_the_time_is_the_one_in_utc(read):
    assert read("order")[0].time.isoformat() == "2026-03-01T10:00:00+00:00"


@pytest.mark.parametrize(
    ("which", "initiator", "evidence", "role", "reference"),
    [
        ("order", "human", "created_via", None, None),
        ("renewal", "scheduled", "meta_data._subscription_renewal", "act", "800"),
        ("machine_order", "machine", "meta_data.automation_id", "act", "SN-1"),
    ],
)
def test_who_placed_it_is_told_by_how_it_was_made(read, which, initiator, evidence, role, reference):
    event = read(which)[0]
    assert (event.initiator.kind, event.initiator.evidence) == (initiator, evidence)
    assert (event.automation.role, event.automation.ref_id) == (role, reference)


def test_a_refund_follows_its_order_alone_or_inside_it(read):
    inside, alone = read("refunded")[-1], read("refund_by_itself")[0]
    assert (inside.id, alone.id, alone.commerce.refund_of) == ("refund/726", "refund/726", "727")
    assert (inside.commerce.revenue, alone.commerce.revenue) == (Decimal("10.00"), Decimal("9.00"))


def test_an_order_that_waits_for_payment_is_none_yet(read):
    (event,) = read("waiting_for_payment")
    assert (event.type, event.commerce.order, event.commerce.checkout) == (
        "commerce.checkout.pending",
        None,
        "731",
    )


def test_a_paid_order_in_a_status_of_the_shops_own_is_a_sale(read, case):
    body, paid = case("order")["body"], {"date_paid_gmt": "2026-03-01T10:00:05"}
    (event,) = read(body | paid | {"status": "shipped"})
    assert (event.id, event.commerce.action) == ("order/727/placed", "placed")
    for status, told in (("shipped", {"date_paid_gmt": None}), ("failed", paid), ("trash", paid)):
        (none,) = read(body | told | {"status": status})
        assert (none.type, none.commerce.order) == (f"commerce.checkout.{status}", None)


@pytest.mark.parametrize(
    ("lines", "amount", "goods"),
    [
        ({"shipping_lines": [{"total": "-9.00", "total_tax": "-1.00"}]}, "10.00", "0.00"),
        ({"fee_lines": [{"total": "-10.00", "total_tax": "0.00"}]}, "10.00", "0.00"),
        ({"shipping_lines": [{"total": "-4.00", "total_tax": "0.00"}]}, "10.00", "6.00"),
        ({"line_items": [{"total": "0.00", "total_tax": "-1.00"}]}, "1.00", "0.00"),
        ({}, "10.00", "10.00"),
    ],
)
def test_postage_and_fees_that_are_paid_back_are_no_goods(read, lines, amount, goods):
    (event,) = read("refund_by_itself", **({"line_items": [], "amount": amount} | lines))
    assert (event.commerce.revenue, event.commerce.total) == (Decimal(goods), Decimal(amount))


def test_a_subscription_that_nobody_paid_for_enrols_nobody(read, case):
    body = case("subscription")["body"] | {"status": "pending", "last_payment_date_gmt": ""}
    (waiting,) = read(body)
    assert (waiting.type, waiting.automation.role, waiting.initiator.kind) == (
        "commerce.subscription.pending",
        None,
        "unknown",
    )
    (paid,) = read(body | {"last_payment_date_gmt": "2026-03-01T10:00:05"})
    assert paid.automation.role == "enrol"


def test_a_subscription_names_the_order_that_enrolled(read, case):
    assert read("subscription")[0].commerce.order == "727"
    body = case("subscription")["body"] | {"parent_id": 0}
    assert read(body)[0].commerce.order is None
    up = {"_links": {"up": [{"href": "https://shop.example.com/wp-json/wc/v3/orders/1299"}]}}
    assert read(body | up)[0].commerce.order == "1299"


def test_a_switched_subscription_ended(read, case):
    body = case("subscription")["body"] | {"status": "switched", "end_date_gmt": "2026-05-06T10:44:41"}
    ended = read(body)[-1]
    assert (ended.automation.role, ended.time.isoformat()) == ("end", "2026-05-06T10:44:41+00:00")


def test_a_subscription_is_enrolled_and_ended(read):
    assert [e.automation.role for e in read("subscription_ended")] == ["enrol", "end"]
    assert [e.id for e in read("subscription")] == [read("subscription_ended")[0].id]


def test_a_ping_is_answered_and_is_no_event(read):
    with pytest.raises(BadPayload, match=r"^woocommerce: the topic tells no event"):
        read("ping")


ACCOUNT = sources.Account(secrets=("old", "shared"))


def sent(body: bytes, **headers: str) -> sources.Sent:
    return sources.Sent(headers=headers, body=body, received=datetime(2026, 3, 1, tzinfo=UTC))


def test_a_signed_webhook_is_proven_and_an_unsigned_ping_is_let_in():
    body = b'{"id":1}'
    mac = base64.b64encode(hmac.new(b"shared", body, sha256).digest()).decode()
    proof = sources.proven("woocommerce", sent(body, **{"x-wc-webhook-signature": mac}), ACCOUNT)
    assert proof is not None
    assert proof.key_id == sources.key_id("shared")
    ping = sent(b"webhook_id=3")
    assert sources.proven("woocommerce", ping, ACCOUNT)
    answer = sources.replied("woocommerce", ping, ACCOUNT)
    assert answer is not None
    assert answer.status == 200
    assert sources.replied("woocommerce", sent(body), ACCOUNT) is None
    for wrong in (
        sent(body),
        sent(b"webhook_id=3&x=1"),
        sent(b'{"id":2}', **{"x-wc-webhook-signature": mac}),
    ):
        with pytest.raises(Unproven):
            sources.proven("woocommerce", wrong, ACCOUNT)


def test_an_address_with_a_stray_bracket_names_no_shop_and_breaks_nothing(read):
    body = {"id": 7, "date_created_gmt": "2026-03-03T10:00:00", "total": "10.00", "currency": "EUR"}
    body |= {"status": "processing", "line_items": [], "number": "7"}
    body["_links"] = {"self": [{"href": "https://shop.example.]com/wp-json/wc/v3/orders/7"}]}
    _, refusal = sources.read_all("woocommerce", body, datetime(2026, 3, 12, tzinfo=UTC))
    assert refusal is None or refusal.reason != "defect"


@pytest.mark.parametrize(
    ("which", "orders"),
    [("old_api", ["645"]), ("old_api_list", ["645", "646"]), ("old_api_bare", ["645"])],
)
def test_an_order_of_the_old_api_is_woocommerces_and_in_utc(read, case, which, orders):
    assert sources.recognise(case(which)) == "woocommerce"
    events = read(which)
    assert [e.commerce.order for e in events] == orders
    money = events[0].commerce
    assert (money.total, money.revenue, money.tax) == (Decimal("79.87"), Decimal("63.97"), Decimal("5.90"))
    assert (events[0].time.isoformat(), events[0].time_quality) == ("2026-03-01T10:00:00+00:00", "platform")
    assert events[0].source == "//woocommerce/shop.example.com/orders"
    assert {i.namespace for i in events[0].identifiers} == {"woocommerce.customer", "email", "phone"}


def test_an_order_without_its_key_is_no_shopify_order(read, case):
    payload = case("wrapped_without_a_key")
    assert [name for name in sources.names() if sources.load(name).recognises(payload)] == ["woocommerce"]
    assert read("wrapped_without_a_key")[0].commerce.revenue == Decimal("22.50")
