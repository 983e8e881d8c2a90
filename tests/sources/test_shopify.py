import base64
import hmac
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven
from hearthline.schema.event import Correlation

RECEIVED = datetime(2026, 3, 12, 9, tzinfo=UTC)


def test_net_revenue_is_after_discounts_without_tax_and_shipping(read):
    (event,) = read("order")
    money = event.commerce
    assert (money.revenue, money.total, money.tax, money.shipping) == (
        Decimal("22.50"),
        Decimal("29.73"),
        Decimal("4.73"),
        Decimal("2.50"),
    )
    assert (event.type, event.time.isoformat(), event.subject) == (
        "commerce.order.placed",
        "2026-03-02T10:00:00+00:00",
        "7001",
    )


def test_tax_inside_the_prices_is_taken_out(read):
    assert read("wrapped_order")[0].commerce.revenue == Decimal("18.30")


def test_a_wrapper_or_a_list_changes_nothing(read, case):
    (bare,) = read("order")
    (wrapped,) = read({"order": case("order")})
    (listed,) = read({"orders": [case("order")]})
    assert bare == wrapped == listed


@pytest.mark.parametrize(
    ("source_name", "kind", "modality"),
    [
        ("web", "human", "screen"),
        ("iphone", "human", "screen"),
        ("pos", "human", "unknown"),
        ("subscription_contract", "scheduled", "automated"),
        ("subscription_contracts", "scheduled", "automated"),
        ("1234567", "unknown", "unknown"),
        (None, "unknown", "unknown"),
    ],
)
def test_the_sales_channel_says_who_placed_it(read, source_name, kind, modality):
    (event,) = read("order", source_name=source_name)
    assert (event.initiator.kind, event.modality) == (kind, modality)


def test_a_renewal_goes_back_to_its_contract(read):
    _, renewal = read("orders")
    (enrolled,) = read("contract")
    (ended,) = read("contract_ended")
    (billed,) = read("billing_attempt")
    roles = [e.automation.role for e in (enrolled, renewal, billed, ended)]
    assert roles == ["enrol", "act", "act", "end"]
    refs = {
        (e.automation.ref_system, e.automation.ref_type, e.automation.ref_id)
        for e in (enrolled, renewal, billed, ended)
    }
    assert refs == {("shopify", "subscription_contract", "9001")}
    assert (billed.commerce.order, billed.commerce.action) == ("7004", None)


def test_planted_attributes_tie_an_order_to_its_home_and_machine(read):
    (event,) = read("order")
    assert ("segment.anonymous_id", "anon-1") in {(i.namespace, i.value) for i in event.identifiers}
    assert ("home", "h-1") in {(h.kind, h.value) for h in event.household_hints}
    (machine,) = read("machine_order")
    acted = machine.automation
    assert (acted.role, acted.ref_system, acted.ref_id, acted.cycle) == ("act", "amazon_dash", "SN-1", 3)
    assert (machine.initiator.kind, machine.modality) == ("machine", "automated")


def test_a_cancelled_order_was_placed_first_and_its_refund_follows(read):
    placed, cancelled, refunded = read("cancelled_and_refunded_order")
    assert [e.commerce.action for e in (placed, cancelled, refunded)] == ["placed", "cancelled", "refunded"]
    assert cancelled.initiator.kind == "unknown"
    assert refunded.commerce.refund_of == placed.commerce.order == "7006"
    assert refunded.source == placed.source
    assert refunded.identifiers == placed.identifiers
    assert placed.time < cancelled.time < refunded.time


def test_a_refund_gives_back_goods_without_tax(read):
    (event,) = read("refund")
    money = event.commerce
    assert (money.revenue, money.total, money.currency) == (Decimal("11.25"), Decimal("13.35"), "EUR")


def test_a_refund_without_lines_gives_back_its_discrepancy(read):
    assert read("refund_without_lines")[0].commerce.revenue == Decimal("5.00")


def test_postage_that_is_paid_back_is_no_revenue(read):
    assert read("refund_with_postage")[0].commerce.revenue == Decimal("10.00")


POSTAGE = {
    "adjustment": {
        "order_adjustments": [{"kind": "shipping_refund", "amount": "-5.00", "tax_amount": "-0.50"}]
    },
    "line": {
        "refund_shipping_lines": [
            {
                "subtotal_amount_set": {"shop_money": {"amount": "5.00", "currency_code": "EUR"}},
                "tax_amount_set": {"shop_money": {"amount": "0.50", "currency_code": "EUR"}},
            }
        ]
    },
}


@pytest.mark.parametrize("told", POSTAGE.values(), ids=POSTAGE)
@pytest.mark.parametrize(("paid", "goods"), [("5.50", "0.00"), ("8.50", "3.00")])
def test_postage_that_is_paid_back_is_no_revenue_nor_is_its_tax(read, case, told, paid, goods):
    deal = {"amount": paid, "kind": "refund", "status": "success", "currency": "EUR"}
    nothing = {"refund_line_items": [], "order_adjustments": [], "transactions": [deal]}
    (event,) = read(case("refund") | nothing | told)
    assert (event.commerce.revenue, event.commerce.total) == (Decimal(goods), Decimal(paid))


@pytest.mark.parametrize(
    ("deals", "given"),
    [
        ([], Decimal(0)),
        ([{"amount": "9.00", "kind": "refund", "status": "failure", "currency": "EUR"}], Decimal(0)),
        (None, None),
    ],
)
def test_a_refund_without_lines_or_payments_gives_nothing_back_and_an_untold_one_is_unknown(
    read, case, deals, given
):
    told = {"refund_line_items": [], "order_adjustments": [], "transactions": deals}
    (event,) = read(case("refund") | told)
    assert (event.commerce.revenue, event.commerce.total) == (given, given)
    assert event.commerce.value_known is (given is not None)


def in_both(shop: str, buyer: str) -> dict[str, dict[str, str]]:
    return {
        "shop_money": {"amount": shop, "currency_code": "EUR"},
        "presentment_money": {"amount": buyer, "currency_code": "JPY"},
    }


YEN = {"kind": "refund", "status": "success", "amount": "2500", "currency": "JPY"}


def test_money_that_was_paid_back_in_the_buyers_currency_counts_in_the_shops(read, case):
    order = case("cancelled_and_refunded_order")
    (refund,) = order["refunds"]
    lines = {"transactions": [YEN]}
    (money,) = [e.commerce for e in read(order | {"refunds": [refund | lines]}) if e.commerce.refund_of]
    assert (money.revenue, money.total, money.currency) == (Decimal("11.25"), None, "EUR")
    both = {"refund_line_items": [], "transactions": [YEN | {"amount_set": in_both("15.50", "2500")}]}
    money = read(order | {"refunds": [refund | both]})[-1].commerce
    assert (money.revenue, money.total, money.currency) == (Decimal("15.50"), Decimal("15.50"), "EUR")


def test_a_payment_that_is_told_in_the_buyers_currency_alone_says_so(read, case):
    order = case("cancelled_and_refunded_order")
    posted = [{"subtotal_amount_set": in_both("3.10", "500"), "tax_amount_set": in_both("0.00", "0")}]
    plain = {"refund_line_items": [], "transactions": [YEN], "refund_shipping_lines": posted}
    money = read(order | {"refunds": [order["refunds"][0] | plain]})[-1].commerce
    assert (money.revenue, money.total, money.currency) == (Decimal(2000), Decimal(2500), "JPY")


def test_goods_that_come_back_without_a_payment_give_nothing_back(read, case):
    none = {"refund_line_items": [], "order_adjustments": [], "transactions": []}
    assert read(case("refund") | none)[0].commerce.revenue == 0
    untold = case("refund") | none
    del untold["transactions"]
    assert read(untold)[0].commerce.revenue is None


def test_shipping_is_what_was_paid_for_it(read):
    lines = [{"price": "10.00", "discounted_price": "0.00"}, {"price": "2.50"}]
    for which in ("order", "checkout"):
        (event,) = read(which, shipping_lines=lines)
        assert event.commerce.shipping == Decimal("2.50")


def test_an_update_counts_beside_its_placement(read):
    placed, updated = read("updated_order_by_webhook")
    assert (placed.type, updated.type) == ("commerce.order.placed", "commerce.order.updated")
    assert placed.source == "//shopify/beans.myshopify.com/admin"
    assert updated.id != placed.id


def test_checkouts_and_carts_are_no_touches(read):
    for which in ("checkout", "cart"):
        (event,) = read(which)
        assert event.touch.channel is None
        assert event.correlation == Correlation(token="cart-1")  # noqa: S106 - a cart's token


def test_a_test_order_stays_apart_from_sales(read):
    assert read("order", test=True)[0].source.endswith("/test")


def test_marketing_consent_is_a_yes_or_a_withdrawal(read):
    assert read("order")[0].consent.advertising == "granted"
    assert read("order", buyer_accepts_marketing=False)[0].consent.advertising is None
    assert read("customer")[0].consent.advertising == "denied"


@pytest.mark.parametrize("which", ["draft_order", "transaction"])
def test_offers_and_money_movements_are_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=rf"shopify\.{which}") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_a_signed_webhook_is_proven_by_either_secret_and_a_changed_one_by_none():
    body = b'{"id":1}'
    account = sources.Account(secrets=("new", "old"))
    for secret in account.secrets:
        mac = base64.b64encode(hmac.new(secret.encode(), body, sha256).digest()).decode()
        sent = sources.Sent(headers={"x-shopify-hmac-sha256": mac}, body=body, received=RECEIVED)
        proof = sources.proven("shopify", sent, account)
        assert proof is not None
        assert proof.key_id == sources.key_id(secret)
        forged = sources.Sent(headers={"x-shopify-hmac-sha256": mac}, body=body + b" ", received=RECEIVED)
        with pytest.raises(Unproven, match="fits no secret"):
            sources.proven("shopify", forged, account)


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact", "shop/redact"])
def test_a_wish_about_privacy_is_refused_by_name_and_is_no_customer(topic):
    body = {
        "shop_id": 1,
        "shop_domain": "shop.example.com",
        "customer": {"id": 7, "email": "ada@example.com"},
    }
    events, refusal = sources.read_all(
        "shopify", {"headers": {"X-Shopify-Topic": topic}, "body": body}, RECEIVED
    )
    assert events == []
    assert refusal is not None
    assert (refusal.reason, refusal.place) == ("not-an-event", f"shopify.{topic.replace('/', '_')}")


def test_an_order_of_the_graphql_api_is_the_webhooks_order(read):
    placed, refunded = read("graphql_answer")
    assert (placed.id, placed.commerce.revenue, placed.commerce.total) == (
        "order/5001/placed",
        Decimal("25.0"),
        Decimal("27.50"),
    )
    assert (refunded.commerce.refund_of, refunded.commerce.total) == ("5001", Decimal("5.0"))


def test_a_webhook_by_eventbridge_keeps_its_shop(read):
    (event,) = read("by_eventbridge")
    assert event.source == "//shopify/a.myshopify.com/admin"


def test_an_edited_order_is_told_and_its_money_comes_with_the_order(read):
    (edited,) = read("order_edited")
    assert (edited.type, edited.commerce.order, edited.commerce.action) == (
        "commerce.order.edited",
        "1001",
        None,
    )


def test_a_renewal_that_failed_at_once_is_known_by_its_key_and_timed_by_shopify(read):
    (failed,) = read("billing_failed_before_it_had_an_id")
    assert (failed.type, failed.commerce.subscription) == ("commerce.subscription.billing_failed", "99")
    assert failed.id == "subscription_billing_attempt/try-7/billing_failed"
    assert failed.time.isoformat() == "2026-03-02T10:00:00.123000+00:00"


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [("success", "billed"), ("failure", "billing_failed"), ("challenged", "billing_challenged")],
)
def test_the_topic_says_whether_a_contract_was_billed(read, case, outcome, kind):
    payload = case("billing_failed_before_it_had_an_id")
    body = payload["body"] | {"error_code": None, "error_message": None}
    headers = payload["headers"] | {"X-Shopify-Topic": f"subscription_billing_attempts/{outcome}"}
    (event,) = read({"headers": headers, "body": body})
    assert event.type == f"commerce.subscription.{kind}"
    (failed,) = read(payload)
    assert (event.id == failed.id) is (outcome == "failure"), "a later success is no duplicate of a failure"


@pytest.mark.parametrize(
    ("topic", "status", "kind", "role"),
    [
        ("create", "active", "created", "enrol"),
        ("update", "active", "updated", None),
        ("pause", "paused", "paused", None),
        ("activate", "active", "activated", None),
        ("cancel", "cancelled", "ended", "end"),
        ("expire", None, "ended", "end"),
    ],
)
def test_only_a_new_contract_enrols(read, case, topic, status, kind, role):
    headers = {"X-Shopify-Topic": f"subscription_contracts/{topic}"}
    (event,) = read({"headers": headers, "body": case("contract") | {"status": status}})
    assert (event.type, event.automation.role) == (f"commerce.subscription.{kind}", role)


@pytest.mark.parametrize("kind", ["order", "checkout", "customer"])
def test_what_was_deleted_is_told_and_is_neither_bought_nor_begun(read, kind):
    (event,) = read({"headers": {"X-Shopify-Topic": f"{kind}s/delete"}, "body": {"id": 7}})
    assert (event.type, event.id, event.subject) == (f"commerce.{kind}.deleted", f"{kind}/7/deleted", "7")
    assert (event.commerce.action, event.stage) == (None, "none")


@pytest.mark.parametrize(
    ("topic", "customer", "asked"),
    [
        (
            "customers_email_marketing_consent",
            {"customer_id": 501, "email_address": "a@example.com"},
            "email",
        ),
        ("customers_marketing_consent", {"id": 501, "phone": "+31205550100"}, "sms"),
        ("customers_sms_marketing_consent", {"id": 501, "phone": "+31205550100"}, "sms"),
    ],
)
@pytest.mark.parametrize(
    ("state", "answer"),
    [("subscribed", "granted"), ("unsubscribed", "denied"), ("not_subscribed", None), ("pending", None)],
)
def test_an_answer_about_marketing_is_read(read, topic, customer, asked, state, answer):
    told = {"state": state, "consent_updated_at": "2026-03-01T10:00:00Z"}
    body = customer | {f"{asked}_marketing_consent": told}
    (event,) = read({"headers": {"X-Shopify-Topic": f"{topic}/update"}, "body": body})
    assert (event.type, event.consent.advertising) == ("commerce.consent.changed", answer)
    assert event.time.isoformat() == "2026-03-01T10:00:00+00:00"
    known = {(i.namespace, i.personal) for i in event.identifiers}
    assert known == {("shopify.customer", False), ("email" if asked == "email" else "phone", True)}
