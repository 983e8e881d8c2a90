from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload


def test_a_pending_order_has_no_money_yet(read):
    (event,) = read("pending_order")
    assert (event.commerce.order, event.commerce.value_known) == ("902-1", False)
    assert {h.kind for h in event.household_hints} == {"address"}
    assert event.initiator.kind == "unknown", "Amazon does not say by what the order came"


def test_items_tell_what_was_bought_without_tax_shipping_and_discount(read):
    (event,) = read("items")
    money = event.commerce
    assert (money.action, money.order, money.revenue, money.shipping) == (
        "updated",
        "902-1",
        Decimal("22.50"),
        Decimal("2.50"),
    )
    assert (money.products[0].product_id, money.products[0].price) == ("B01", Decimal("12.5"))


def test_all_answers_about_an_order_share_its_source(read):
    found = [read(which)[0] for which in ("pending_order", "items", "buyer", "order_change", "orders_2026")]
    assert {event.source for event in found} == {"//amazon_sp_api/-/orders"}
    assert read("order_change")[0].id == read("pending_order")[0].id


def test_the_newer_orders_tell_their_money_by_parts(read):
    placed, updated = read("orders_2026")
    assert (placed.commerce.revenue, placed.commerce.tax, placed.commerce.shipping) == (
        Decimal("22.50"),
        Decimal("2.50"),
        Decimal("2.50"),
    )
    assert (updated.type, updated.commerce.action) == ("commerce.order.updated", "updated")


def test_subscribe_and_save_is_told_and_which_delivery_was_decided_is_not(read):
    event = read("orders_2026")[0]
    assert (event.automation.kind, event.automation.role, event.initiator.kind) == (
        "subscription",
        None,
        "unknown",
    )


@pytest.mark.parametrize("which", ["order_change", "order_change_on_a_bus", "order_change_in_a_queue"])
def test_a_notification_reads_alike_however_it_was_carried(read, case, which):
    assert sources.recognise(case(which)) == "amazon_sp_api"
    placed, cancelled = read(which)
    assert (placed.id, cancelled.type) == ("order/902-1/placed", "commerce.order.cancelled")
    assert cancelled.time.isoformat() == "2026-03-02T09:59:00+00:00"


@pytest.mark.parametrize(("which", "place"), [
    ("price_notification", r"amazon_sp_api\.any_offer_changed"),
    ("offers", r"amazon_sp_api\.replenishment"),
])  # fmt: skip
def test_what_tells_of_no_order_is_refused_by_name(read, which, place):
    with pytest.raises(BadPayload, match=f"^{place}") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_subscribe_and_save_numbers_are_metrics(case):
    found = sources.taken("amazon_sp_api", case("subscribe_and_save"), datetime(2026, 3, 12, tzinfo=UTC))
    assert (found.events, found.refusal) == ([], None)
    told = {m.metric: m.value for m in found.metrics}
    assert told["subscribe_and_save.active_subscriptions"] == 120.0
    assert found.metrics[0].dimensions == {"currencyCode": "EUR"}


def test_rows_of_a_report_are_one_order_without_its_cancelled_lines(read):
    placed, updated = read("report")
    money = placed.commerce
    assert (money.revenue, money.shipping, money.discount, money.currency) == (
        Decimal("32.50"),
        Decimal("0.00"),
        Decimal("2.50"),
        "EUR",
    )
    assert [(p.product_id, p.price) for p in money.products] == [("B01", Decimal("12.5")), ("B02", 10)]
    assert placed.id == "order/902-8/placed", "the same as an answer's of the API"
    assert updated.commerce.action == "updated"


def test_what_amazon_sends_for_another_shop_is_a_parcel_and_no_sale(read):
    (sent,) = read("report_of_a_sale_elsewhere")
    assert (sent.type, sent.commerce.order, sent.commerce.action) == (
        "commerce.fulfillment.updated",
        "SHOP-7",
        None,
    )


def test_a_return_pays_nothing_back_unless_the_report_says_what(read):
    (returned,) = read("report_of_a_return")
    assert (returned.type, returned.commerce.action) == ("commerce.return.reported", None)
    (refunded,) = read("report_of_a_refund")
    assert (refunded.commerce.refund_of, refunded.commerce.total) == ("902-8", Decimal("11.25"))
    assert refunded.time == datetime(2026, 3, 9, tzinfo=UTC)


def test_a_refund_that_a_later_report_repeats_is_the_same_refund(read, case):
    (row,) = case("report_of_a_refund")["report"]
    later = row | {"refunded-amount": "20.00", "safet-claim-id": "S1", "return-delivery-date": "12-Mar-2026"}
    (first,), (again,) = read({"report": [row]}), read({"report": [later]})
    assert (first.source, first.id, again.commerce.total) == (again.source, again.id, Decimal("20.00"))
    (asked,) = read({"report": [row | {"refunded-amount": ""}]})
    assert asked.id != first.id, "that it comes back is another event than that it was paid back"
    other = {"amazon-rma-id": "R2"}, {"merchant-sku": "S-2"}, {"asin": "B02"}
    assert first.id not in {read({"report": [row | changed]})[0].id for changed in other}


def test_two_like_rows_of_one_return_are_two_refunds(read, case):
    (row,) = case("report_of_a_refund")["report"]
    assert len({event.id for event in read({"report": [row, row]})}) == 2


def test_a_row_that_is_cut_is_refused_with_what_is_wrong(read):
    with pytest.raises(BadPayload, match=r"amazon_sp_api\.report: 2 columns where the header has 29"):
        read("report_row_that_is_cut")


def test_a_newer_notification_is_refused_by_its_name(read):
    with pytest.raises(BadPayload, match=r"amazon_sp_api\.report_processing_finished: .* no order"):
        read("report_is_ready")
