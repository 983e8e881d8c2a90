from decimal import Decimal

import pytest

from hearthline.schema.errors import BadPayload

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
