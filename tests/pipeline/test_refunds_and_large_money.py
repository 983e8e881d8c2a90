"""What is given back is taken off the right order, at its own rate; what cannot be is shown; money of any size adds up."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from hearthline.api import Home
from hearthline.schema.errors import BadConfig
from hearthline.schema.event import Automation, Commerce, Correlation
from tests.pipeline.conftest import Story, credit

Answered = Callable[..., Home]
SHOP, EU, US, STRIPE = "//test/town", "//shopify/eu", "//shopify/us", "//stripe/a"


def refund(story: Story, of: str | None, amount: str | None, source: str = SHOP, **more: Any) -> None:
    """Tell of a refund: a shop's, or with a `layer` somebody else's."""
    value = None if amount is None else Decimal(amount)
    told = {"currency": "EUR", "layer": "commerce", **more}
    currency = told.pop("currency")
    commerce = Commerce(
        action="refunded", order=of, refund_of=of, revenue=value, total=value, currency=currency
    )
    story._tell("commerce.order.refunded", 9, "a", source=source, commerce=commerce, **told)


def nets(home: Home) -> dict[tuple[str, str], float]:
    rows = home.sql("SELECT order_id, shop, CAST(net AS DOUBLE) AS net FROM orders").to_pylist()
    return {(r["shop"], r["order_id"]): r["net"] for r in rows}


def check(home: Home, name: str) -> tuple[int, str, str]:
    (row,) = home.sql(f"SELECT found, severity, message FROM checks WHERE name = '{name}'").to_pylist()
    return row["found"], row["severity"], row["message"]


def found(home: Home) -> dict[str, int]:
    rows = home.sql("SELECT name, found FROM checks WHERE found > 0").to_pylist()
    return {r["name"]: r["found"] for r in rows if "refund" in r["name"] or "zero" in r["name"]}


@pytest.fixture
def alike() -> Story:
    """Two shops, each with an order 1001."""
    story = Story()
    story.touch(0)
    story.order(1, number="1001", net="10.00", source=EU)
    story.order(1, home="b", number="1001", net="50.00", source=US)
    return story


def test_a_refund_is_of_the_order_of_its_own_shop(answered: Answered, alike: Story) -> None:
    refund(alike, "1001", "10.00", source=EU)
    home = answered(alike)
    assert nets(home) == {(EU, "1001"): 0.0, (US, "1001"): 50.0}
    assert found(home) == {}


def test_a_refund_that_several_shops_could_mean_is_of_none_and_is_shown(
    answered: Answered, alike: Story
) -> None:
    refund(alike, "1001", "10.00", source=STRIPE)
    home = answered(alike)
    assert nets(home) == {(EU, "1001"): 10.0, (US, "1001"): 50.0}
    assert check(home, "refunds without order")[:2] == (1, "warning")


def test_a_refund_that_a_payment_platform_tells_finds_the_one_shop_that_has_the_number(
    answered: Answered,
) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="7", net="10.00", source=EU)
    story.order(1, number="8", net="50.00", source=US)
    refund(story, "8", "20.00", source=STRIPE)
    assert nets(answered(story)) == {(EU, "7"): 10.0, (US, "8"): 30.0}


def test_a_refund_told_by_the_shop_and_by_others_counts_once(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="7", net="100.00")
    refund(story, "7", "10.00")
    refund(story, "7", "5.00")
    refund(story, "7", "12.00", source=STRIPE)
    refund(story, "7", "12.00", source="//segment/a", layer="platform")
    story.order(1, number="8", net="100.00")
    refund(story, "8", "12.00", source=STRIPE)
    refund(story, "8", "11.00", source="//segment/a", layer="platform")
    story.order(1, number="9", net="100.00")
    refund(story, "9", None)
    refund(story, "9", "12.00", source=STRIPE)
    home = answered(story)
    assert nets(home) == {(SHOP, "7"): 85.0, (SHOP, "8"): 88.0, (SHOP, "9"): 88.0}
    assert found(home) == {}


def test_a_payment_platform_that_only_pays_back_does_not_take_the_order_away(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="7", net="100.00", source="//segment/a", layer="platform")
    refund(story, "7", "30.00", source=STRIPE)
    assert nets(answered(story)) == {("", "7"): 70.0}


MONEY = '[money]\ncurrency = "EUR"\nrates = { SEK = 0.09, DKK = 0.13 }\n'


@pytest.mark.parametrize("first", ["alone", "inside"])
def test_postage_given_back_is_no_goods_however_often_it_is_told(answered: Answered, first: str) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="7", net="50.00")
    goods = {"alone": Decimal("0.00"), "inside": None}
    for told in sorted(goods, reverse=first == "inside"):
        commerce = Commerce(
            action="refunded",
            order="7",
            refund_of="7",
            revenue=goods[told],
            total=Decimal("4.99"),
            currency="EUR",
        )
        story._tell("commerce.order.refunded", 9, "a", id="refund/1", layer="commerce", commerce=commerce)
    assert nets(answered(story)) == {(SHOP, "7"): 50.0}


def paid(story: Story, order: str | None, payment: str, action: str = "paid", source: str = STRIPE) -> None:
    """Tell of a payment, or of an order, that names its payment."""
    commerce = Commerce(action=action, order=order, revenue=Decimal(50), total=Decimal(50), currency="EUR")
    told = {"layer": "commerce", "commerce": commerce, "correlation": Correlation(token=payment)}
    story._tell(f"commerce.order.{action}", 1, "a", source=source, **told)


def told(home: Home, order: str) -> list[str]:
    """Return what the explanation of an order lists, oldest first."""
    return [event["type"] for event in home.explain(order).events]


@pytest.mark.parametrize("action", ["placed", "paid"])
def test_a_refund_that_names_the_payment_finds_its_order(answered: Answered, action: str) -> None:
    story = Story()
    story.touch(0)
    if action == "paid":
        story.order(1, number="1001", net="50.00", source=US)
    paid(story, "1001", "pi_1", action)
    refund(story, "pi_1", "20.00", source=STRIPE)
    home = answered(story)
    assert nets(home) == {(US if action == "paid" else STRIPE, "1001"): 30.0}
    assert found(home) == {}
    assert told(home, "1001")[-2:] == [f"commerce.order.{action}", "commerce.order.refunded"]


def test_a_payment_that_does_not_know_its_order_does_not_stand_between_the_order_and_its_refund(
    answered: Answered,
) -> None:
    story = Story()
    story.touch(0)
    paid(story, "1001", "pi_1", "placed")
    paid(story, "pi_1", "pi_1")
    refund(story, "pi_1", "20.00", source=STRIPE)
    home = answered(story)
    assert nets(home) == {(STRIPE, "1001"): 30.0}
    assert told(home, "1001") == ["commerce.order.placed", "commerce.order.refunded"]
    (row,) = home.sql("SELECT source, payment, order_id FROM payments").to_pylist()
    assert tuple(row.values()) == (STRIPE, "pi_1", "1001")


def test_an_answer_of_an_earlier_version_explains_without_payments(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    paid(story, "1001", "pi_1", "placed")
    refund(story, "pi_1", "20.00", source=STRIPE)
    home = answered(story)
    (file,) = (home.path / "answers").glob("*.duckdb")
    with duckdb.connect(str(file)) as con:
        con.execute("DROP TABLE payments")
    assert told(home, "1001") == ["commerce.order.placed"]


def test_a_refund_of_a_payment_that_is_an_order_itself_stays_there(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1001", net="50.00", source=US)
    paid(story, "pi_1", "pi_1", "placed")
    paid(story, "1001", "pi_1")
    refund(story, "pi_1", "20.00", source=STRIPE)
    home = answered(story)
    assert nets(home) == {(US, "1001"): 50.0, (STRIPE, "pi_1"): 30.0}
    assert told(home, "1001") == ["commerce.order.placed", "commerce.order.paid"]
    assert told(home, "pi_1") == ["commerce.order.placed", "commerce.order.refunded"]


def test_a_payment_of_several_orders_says_nothing_of_whose_refund_it_is(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    paid(story, "1001", "pi_1", "placed")
    paid(story, "1002", "pi_1", "placed")
    refund(story, "pi_1", "20.00", source=STRIPE)
    home = answered(story)
    assert nets(home) == {(STRIPE, "1001"): 50.0, (STRIPE, "1002"): 50.0}
    assert told(home, "1001") == told(home, "1002") == ["commerce.order.placed"]
    assert check(home, "refunds without order")[:2] == (1, "warning")


def test_each_refund_counts_at_the_rate_of_its_own_currency(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1", net="100.00")
    refund(story, "1", "100.00", currency="SEK")
    refund(story, "1", "10.00")
    refund(story, "1", "10.00", currency="DKK")
    story.order(2, number="2", net="1000.00", currency="SEK")
    refund(story, "2", "500.00", currency=None)
    home = answered(story, MONEY)
    assert nets(home) == {(SHOP, "1"): pytest.approx(79.7), (SHOP, "2"): pytest.approx(45.0)}
    (row,) = home.sql("SELECT refunded FROM orders WHERE order_id = '1'").to_pylist()
    assert row["refunded"] == Decimal("20.300000")


def test_a_refund_in_a_currency_without_a_rate_is_set_aside_and_shown(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1", net="100.00")
    refund(story, "1", "20.00", currency="NOK")
    story.order(2, number="2", net="500.00", currency="NOK")
    refund(story, "2", "200.00", currency="NOK")
    home = answered(story, MONEY)
    rows = home.sql("SELECT net, refunded, set_aside FROM orders ORDER BY order_id").to_pylist()
    assert [tuple(r.values()) for r in rows] == [(100, 0, None), (None, None, 300)]
    assert check(home, "refunds in other currencies")[:2] == (1, "warning")
    assert check(home, "other currencies")[0] == 1


def test_what_was_given_back_beyond_what_was_paid_is_shown_with_its_amount(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1", net="10.00")
    refund(story, "1", "14.00")
    story.order(1, number="2", net="-5.00")
    told = Commerce(action="placed", order="3", revenue=Decimal(100), total=Decimal(120), currency="EUR")
    story.order(1, commerce=told)
    refund(story, "3", "120.00")
    home = answered(story)
    assert set(nets(home).values()) == {0.0}
    number, severity, message = check(home, "orders below zero")
    assert (number, severity) == (2, "warning")
    assert "€9.00" in message
    shown = home.report("data_quality").figure
    assert any("orders below zero: 2 of 3" in note and "€9.00" in note for note in shown.notes)
    behind = home.sql("SELECT order_id FROM orders WHERE refunded > gross ORDER BY order_id")
    assert behind["order_id"].to_pylist() == ["1", "2"]


def test_a_refund_that_names_no_amount_takes_nothing_off_and_is_shown(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1", net="10.00")
    refund(story, "1", None)
    home = answered(story)
    assert nets(home) == {(SHOP, "1"): 10.0}
    assert check(home, "refunds without amount")[:2] == (1, "warning")


def test_a_cancelled_order_needs_no_amount_to_count_as_nothing(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1", net="10.00")
    gone = Commerce(action="cancelled", order="1")
    story._tell("commerce.order.cancelled", 2, "a", layer="commerce", commerce=gone)
    refund(story, "1", None)
    home = answered(story)
    assert nets(home) == {(SHOP, "1"): 0.0}
    assert found(home) == {}


def test_a_refund_of_an_order_that_is_not_here_is_counted_once(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1", net="10.00")
    refund(story, "not-here", "4.00")
    refund(story, None, None)
    home = answered(story)
    assert found(home) == {"refunds without order": 2}


@pytest.mark.parametrize("net", ["1000000.00", "9999999999.99", "3000000000000.0001"])
def test_an_order_of_any_size_adds_up(answered: Answered, net: str) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1", net=net, currency="IDR")
    refund(story, "1", "1000000.00", currency="IDR")
    home = answered(story)
    (row,) = home.sql("SELECT gross, refunded, net FROM orders").to_pylist()
    given = Decimal(1_000_000)
    assert (row["gross"], row["refunded"], row["net"]) == (Decimal(net), given, Decimal(net) - given)
    assert sum(credit(home).values()) == pytest.approx(float(row["net"]))


def test_large_and_small_rates_lose_no_digit(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.order(1, number="1", net="25000000000.0001", currency="VND")
    story.order(1, number="2", net="1234567.8901", currency="KWD")
    rates = '[money]\ncurrency = "EUR"\nrates = { VND = 0.00003741, KWD = 85000.12345678 }\n'
    rows = answered(story, rates).sql("SELECT net FROM orders ORDER BY order_id").to_pylist()
    exact = [Decimal("25000000000.0001") * Decimal("0.00003741")]
    exact.append(Decimal("1234567.8901") * Decimal("85000.12345678"))
    assert [r["net"] for r in rows] == [e.quantize(Decimal("1e-6")) for e in exact]


def test_more_than_can_be_added_up_is_refused_with_the_cure(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    for number in ("1", "2"):
        story.order(1, number=number, net="4000000000000.00", currency="IDR")
    with pytest.raises(BadConfig, match=r"8,000,000,000,000 .* set \[money\] currency"):
        answered(story)


def test_a_machine_s_order_gives_back_in_its_own_shop(answered: Answered) -> None:
    story = Story()
    story.touch(0)
    story.enrol(1)
    acts = Automation(kind="replenishment", role="act", ref_system="dash", ref_id="r1")
    for shop, net in ((EU, "20.00"), (US, "30.00")):
        story.order(3, number="1", net=net, source=shop, automation=acts)
    refund(story, "1", "5.00", source=US)
    assert nets(answered(story)) == {(EU, "1"): 20.0, (US, "1"): 25.0}
