import hmac
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven

REF = ("recharge", "subscription", "77")


@pytest.mark.parametrize(
    ("which", "at", "role", "kind", "initiator"),
    [
        ("subscription_created", 0, "enrol", "commerce.subscription.created", "human"),
        ("subscription_cancelled", 1, "end", "commerce.subscription.ended", "unknown"),
        ("renewal", 0, "act", "platform.order.completed", "scheduled"),
        ("first_charge_v1", 0, "enrol", "platform.order.completed", "human"),
        ("order", 0, "act", "platform.order.completed", "scheduled"),
    ],
)
def test_a_subscription_is_told_from_its_renewals(read, which, at, role, kind, initiator):
    event = read(which)[at]
    acted = event.automation
    assert (acted.role, event.type, event.initiator.kind) == (role, kind, initiator)
    assert (acted.ref_system, acted.ref_type, acted.ref_id) == REF


def test_a_charge_takes_the_number_of_the_shops_order(read):
    (event,) = read("renewal")
    money = event.commerce
    assert (money.order, money.total, money.revenue, money.coupon) == (
        "8801",
        Decimal("27.50"),
        Decimal("22.50"),
        "LOYAL",
    )
    assert event.id == read("order")[0].id, "a charge and its order are one"


def test_a_charge_of_a_shop_that_tells_nothing_is_the_order_itself(read):
    placed, refunded = read("renewal_of_a_shop_that_tells_nothing")
    assert (placed.type, placed.commerce.order) == ("commerce.order.placed", "503")
    assert (refunded.commerce.refund_of, refunded.commerce.revenue) == ("503", Decimal("5.00"))


def test_the_older_api_reads_as_the_newer(read):
    (event,) = read("first_charge_v1")
    assert (event.commerce.order, event.commerce.revenue) == ("8802", Decimal("22.50"))
    assert event.commerce.products[0].product_id == "p-1"


def test_a_failed_charge_is_no_order(read):
    (event,) = read("failed_charge")
    assert (event.type, event.commerce.action) == ("commerce.charge.failed", None)


def test_a_customer_is_known_in_the_shop_too(read):
    (event,) = read("customer")
    assert {i.namespace for i in event.identifiers} == {
        "recharge.customer",
        "shopify.customer",
        "email",
        "phone",
    }


def test_an_address_is_refused_by_name(read):
    with pytest.raises(BadPayload, match=r"^recharge\.address") as refusal:
        read("address")
    assert refusal.value.reason == "not-an-event"


def test_a_running_total_of_refunds_is_one_refund_of_which_the_largest_counts(read, case):
    charge = case("refunded_charge")["charge"]
    first, later = (
        read({"charge": charge | {"total_refunds": total, "updated_at": at}})[-1]
        for total, at in (("10.00", "2026-03-02T10:00:00"), ("15.00", "2026-03-05T10:00:00"))
    )
    assert (first.source, first.id) == (later.source, later.id)
    assert (first.commerce.revenue, later.commerce.revenue) == (Decimal("10.00"), Decimal("15.00"))


@pytest.mark.parametrize(
    ("lines", "net"),
    [
        ([], "100.00"),
        ([{"tax_due": "9.50"}, {"tax_due": "8.00"}], "101.50"),
        ([{"tax_due": "0.00", "tax_lines": [{"price": "17.00", "rate": "0.19"}]}], "102.00"),
    ],
)
def test_tax_inside_the_prices_is_taken_out(read, case, lines, net):
    charge = case("renewal")["body"]["charge"] | {"taxes_included": True, "line_items": lines}
    (paid,) = read({"charge": charge | {"subtotal_price": "119.00", "total_tax": "19.00"}})
    assert paid.commerce.revenue == Decimal(net)
    (beside,) = read({"charge": charge | {"subtotal_price": "119.00", "taxes_included": False}})
    assert beside.commerce.revenue == Decimal("119.00")


def test_an_order_that_waits_for_its_day_is_none_yet(read, case):
    order = case("order")["order"]
    queued = {"status": "queued", "processed_at": None, "is_prepaid": True, "scheduled_at": "2026-09-01"}
    for changed, kind in (
        (queued, "platform.order.queued"),
        (queued | {"status": "cancelled"}, "platform.order.cancelled"),
        ({"status": "error"}, "platform.order.error"),
        ({"status": "cancelled", "is_prepaid": True}, "platform.order.cancelled"),
    ):
        (event,) = read({"order": order | changed})
        assert (event.type, event.commerce.action, event.commerce.order) == (kind, None, None)


@pytest.mark.parametrize("status", ["cancelled", "success"])
def test_a_cancelled_order_is_no_sale(read, case, status):
    order = case("order")["order"] | {"status": status, "updated_at": "2026-04-03T08:00:00+00:00"}
    (event,) = read({"headers": {"x-recharge-topic": "order/cancelled"}, "body": {"order": order}})
    assert (event.type, event.commerce.action, event.commerce.order) == (
        "platform.order.cancelled",
        "cancelled",
        "8801",
    )
    assert event.time.isoformat() == "2026-04-03T08:00:00+00:00"


def test_what_was_deleted_is_neither_bought_nor_enrolled(read):
    (order,) = read({"headers": {"x-recharge-topic": "order/deleted"}, "body": {"order": {"id": 7}}})
    assert (order.type, order.commerce.action, order.commerce.order) == ("commerce.order.deleted", None, None)
    body = {"subscription": {"id": 7}}
    (ended,) = read({"headers": {"x-recharge-topic": "subscription/deleted"}, "body": body})
    assert (ended.type, ended.automation.role) == ("commerce.subscription.ended", "end")


BODY, AT = b'{"charge":{}}', datetime(2026, 3, 1, 10, tzinfo=UTC)
ACCOUNT = sources.Account(secrets=("old", "shared"))


def test_the_newer_signature_covers_its_time():
    stamp = str(int(AT.timestamp()))
    mac = hmac.new(b"shared", stamp.encode() + b"." + BODY, sha256).hexdigest()
    headers = {"x-recharge-webhook-signature": f"t={stamp},v1={mac}"}
    proof = sources.proven("recharge", sources.Sent(headers=headers, body=BODY, received=AT), ACCOUNT)
    assert proof is not None
    assert (proof.scheme, proof.key_id) == ("hmac-sha256", sources.key_id("shared"))
    late = sources.Sent(headers=headers, body=BODY, received=datetime(2026, 3, 4, tzinfo=UTC))
    with pytest.raises(Unproven, match="signed at another time"):
        sources.proven("recharge", late, ACCOUNT)


def test_the_older_signature_is_a_plain_hash_of_secret_and_body():
    made = sha256(b"shared" + BODY).hexdigest()
    sent = sources.Sent(headers={"x-recharge-hmac-sha256": made}, body=BODY, received=AT)
    assert sources.proven("recharge", sent, ACCOUNT)
    as_hmac = hmac.new(b"shared", BODY, sha256).hexdigest()
    for given in (as_hmac, "", "zz"):
        wrong = sources.Sent(headers={"x-recharge-hmac-sha256": given}, body=BODY, received=AT)
        with pytest.raises(Unproven, match="fits no secret"):
            sources.proven("recharge", wrong, ACCOUNT)


def test_a_newer_signature_that_is_wrong_is_not_saved_by_an_older_one():
    headers = {
        "x-recharge-webhook-signature": "t=1,v1=00",
        "x-recharge-hmac-sha256": sha256(b"shared" + BODY).hexdigest(),
    }
    with pytest.raises(Unproven):
        sources.proven("recharge", sources.Sent(headers=headers, body=BODY, received=AT), ACCOUNT)


def test_a_topic_tells_whose_a_short_charge_is(read):
    (charged,) = read("charge_told_by_its_topic")
    assert (charged.commerce.order, charged.commerce.total, charged.automation.ref_id) == ("445", 23, "5")
