import hmac
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven

REF = ("stripe", "subscription", "sub_1")


@pytest.mark.parametrize(
    ("which", "role", "kind", "initiator"),
    [
        ("subscribed", "enrol", "commerce.subscription.created", "human"),
        ("first_invoice", "enrol", "commerce.order.placed", "human"),
        ("renewal", "act", "commerce.order.placed", "scheduled"),
        ("changed", None, "commerce.subscription.updated", "unknown"),
        ("ended", "end", "commerce.subscription.ended", "unknown"),
        ("checkout_of_a_subscription", "enrol", "commerce.checkout.completed", "human"),
    ],
)
def test_a_subscription_is_told_from_its_renewals(read, which, role, kind, initiator):
    (event,) = read(which)
    acted = event.automation
    assert (acted.role, event.type, event.initiator.kind) == (role, kind, initiator)
    assert (acted.ref_system, acted.ref_type, acted.ref_id) == REF


def test_a_renewal_knows_its_cycle_and_comes_by_no_hand(read):
    (event,) = read("renewal")
    assert (event.automation.cycle, event.modality) == (2, "automated")
    assert event.initiator.evidence == "billing_reason"


def test_an_invoices_revenue_is_net_of_tax(read):
    (event,) = read("first_invoice")
    money = event.commerce
    assert (money.order, money.revenue, money.total, money.tax, money.currency) == (
        "in_1",
        Decimal("20.00"),
        Decimal("24.20"),
        Decimal("4.20"),
        "EUR",
    )
    assert (money.products[0].product_id, money.products[0].price) == ("prod_1", Decimal("20.00"))


def test_an_unpaid_invoice_is_no_order(read):
    (event,) = read("unpaid_invoice")
    assert (event.type, event.commerce.action) == ("commerce.invoice.payment_failed", None)


def test_a_checkout_in_yen_has_no_decimals(read):
    (event,) = read("checkout")
    money = event.commerce
    assert (money.action, money.order, money.revenue, money.total) == (
        "placed",
        "pi_1",
        Decimal(2000),
        Decimal(2500),
    )
    assert (event.modality, event.consent.advertising) == ("screen", "granted")
    assert {h.kind for h in event.household_hints} == {"address", "home"}


def test_a_payment_pays_an_order_and_is_none(read):
    (event,) = read("charge")
    assert (event.commerce.action, event.commerce.order, event.commerce.total) == (
        "paid",
        "pi_1",
        Decimal("12.345"),
    )
    (machine,) = read("payment")
    assert (machine.initiator.kind, machine.automation.ref_id) == ("machine", "SN-1")


def test_a_second_refund_counts_what_was_given_back_this_time(read):
    (event,) = read("second_partial_refund")
    assert (event.commerce.refund_of, event.commerce.revenue) == ("pi_1", Decimal("3.000"))


def test_bare_objects_tell_their_whole_state(read):
    enrolled, ended = read("bare_subscription")
    assert (enrolled.automation.role, ended.automation.role) == ("enrol", "end")
    paid, refunded = read("bare_charge")
    assert (paid.commerce.action, refunded.commerce.action) == ("paid", "refunded")
    assert read("bare_refund")[0].commerce.refund_of == "ch_9"


def test_a_list_of_objects_is_read_one_by_one(read):
    assert [e.subject for e in read("list")] == ["ch_3", "ch_4"]


@pytest.mark.parametrize(("which", "what"), [("plan", "plan"), ("thin", r"v2\.core\.event")])
def test_the_catalogue_and_thin_events_are_refused_by_name(read, which, what):
    with pytest.raises(BadPayload, match=rf"^stripe\.{what}") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_test_mode_stays_apart_from_sales(read):
    assert read("first_invoice", livemode=False)[0].source == "//stripe/-/test"
    assert read("first_invoice")[0].source == "//stripe/-/live"


def test_a_signed_webhook_is_proven_for_five_minutes():
    body, at = b'{"object":"event"}', datetime(2026, 3, 1, 10, tzinfo=UTC)
    stamp = str(int(at.timestamp()))
    mac = hmac.new(b"whsec_2", stamp.encode() + b"." + body, sha256).hexdigest()
    headers = {"stripe-signature": f"t={stamp},v1={'0' * 64},v1={mac},v0=1"}
    account = sources.Account(secrets=("whsec_1", "whsec_2"))
    proof = sources.proven("stripe", sources.Sent(headers=headers, body=body, received=at), account)
    assert proof is not None
    assert proof.key_id == sources.key_id("whsec_2")
    for body_sent, received, why in (
        (body, at + timedelta(minutes=6), "signed at another time"),
        (body + b" ", at, "fits no secret"),
    ):
        sent = sources.Sent(headers=headers, body=body_sent, received=received)
        with pytest.raises(Unproven, match=why):
            sources.proven("stripe", sent, account)
    with pytest.raises(Unproven):
        sources.proven("stripe", sources.Sent(body=body, received=at), account)


def test_an_event_by_eventbridge_is_the_webhooks_event(read):
    (event,) = read("by_eventbridge")
    assert (event.automation.role, event.automation.ref_id) == ("enrol", "sub_1")


def test_money_on_hold_is_not_paid(read):
    (held,) = read("charge_on_hold")
    assert (held.type, held.commerce.action) == ("commerce.payment.authorised", None)


def test_a_checkout_that_ran_out_was_nobodys_act(read):
    (left,) = read("checkout_left")
    assert (left.type, left.initiator.kind) == ("commerce.checkout.expired", "unknown")


def test_a_renewal_that_failed_is_tied_to_its_subscription(read):
    (failed,) = read("renewal_that_failed")
    assert (failed.automation.ref_id, failed.automation.role, failed.commerce.subscription) == (
        "sub_20",
        None,
        "sub_20",
    )


def test_a_line_without_a_price_has_its_part_of_the_line(read):
    (renewed,) = read("renewal_with_prices_by_line")
    assert renewed.commerce.products[0].price == 12


def test_an_order_of_the_shops_and_a_payment_without_metadata_share_their_payment_intent(read, case):
    envelope = case("checkout")
    session = envelope["data"]["object"] | {"metadata": {"order_id": "6735"}}
    (placed,) = read(envelope | {"data": {"object": session}})
    (refunded,) = read("second_partial_refund")
    assert (placed.commerce.order, refunded.commerce.refund_of) == ("6735", "pi_1")
    assert placed.correlation.token == refunded.correlation.token == "pi_1"  # noqa: S105 - an intent's id
    assert read("subscribed")[0].correlation.token is None


@pytest.mark.parametrize(
    ("status", "paid", "action", "total"),
    [("paid", 2400, "paid", "24.00"), ("open", None, None, "25.00"), ("canceled", None, None, "25.00")],
)
def test_a_payment_of_an_invoice_names_both(read, status, paid, action, total):
    payment = {"id": "inpay_1", "object": "invoice_payment", "invoice": "in_1", "currency": "eur"}
    payment |= {"amount_paid": paid, "amount_requested": 2500, "status": status, "created": 1772440100}
    payment |= {"payment": {"type": "payment_intent", "payment_intent": "pi_4"}}
    envelope = {"id": "evt_4", "object": "event", "type": f"invoice_payment.{status}", "created": 1772440200}
    for payload in (envelope | {"data": {"object": payment}}, payment):
        (event,) = read(payload)
        assert (event.type, event.commerce.action) == (f"commerce.invoice_payment.{status}", action)
        assert (event.commerce.order, event.commerce.total) == ("in_1", Decimal(total))
        assert event.correlation.token == "pi_4"  # noqa: S105 - an intent's id


def test_without_an_intent_an_order_and_its_refund_share_the_charge(read):
    charge = {"id": "ch_7", "object": "charge", "currency": "eur", "amount": 2500, "status": "succeeded"}
    charge |= {"invoice": "in_7", "payment_intent": None}
    refund = {"id": "re_7", "object": "refund", "currency": "eur", "amount": 500, "status": "succeeded"}
    refund |= {"charge": "ch_7", "payment_intent": None}
    invoice = {"id": "in_7", "object": "invoice", "status": "paid", "total": 2500, "currency": "eur"}
    payment = {"id": "inpay_7", "object": "invoice_payment", "invoice": "in_7", "status": "paid"}
    payment |= {"payment": {"type": "charge", "charge": "ch_7"}}
    told = [read(payload)[0] for payload in (charge, refund, invoice | {"charge": "ch_7"}, payment)]
    assert [event.correlation.token for event in told] == ["ch_7"] * 4
    assert [event.commerce.order for event in told] == ["in_7", "ch_7", "in_7", "in_7"]
    assert read(charge | {"payment_intent": "pi_7"})[0].correlation.token == "pi_7"  # noqa: S105 - an id
