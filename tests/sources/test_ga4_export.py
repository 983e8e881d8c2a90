from decimal import Decimal

import pytest

from hearthline.schema.errors import BadPayload


def test_only_the_first_page_of_a_visit_is_an_arrival(read):
    (landing,), (second,) = read("landing"), read("second_page")
    assert (landing.touch.channel, landing.touch.campaign) == ("search-ads", "spring")
    assert landing.touch.click_ids == {"gclid": "abc"}
    assert second.touch.channel is None


def test_how_a_visitor_came_the_first_time_is_no_evidence_for_now(read, case):
    row = case("second_page")
    assert row["traffic_source"]["medium"] == "cpc"
    assert read(row)[0].touch.source is None


def test_a_purchase_is_an_order_whose_value_is_without_tax_and_shipping(read):
    (event,) = read("purchase")
    money = event.commerce
    assert (money.order, money.revenue, money.currency, money.coupon) == (
        "1001",
        Decimal("22.5"),
        "EUR",
        "SPRING",
    )
    assert (money.products[0].quantity, money.products[0].price) == (Decimal(2), Decimal("11.25"))
    assert event.identifiers[0].namespace == "ga4.user"


def test_numbers_may_be_numbers_or_text(read, case):
    row = case("landing")
    row["event_timestamp"] = int(row["event_timestamp"])
    row["event_params"][1]["value"] = {"int_value": 1}
    (event,) = read(row)
    assert event.touch.channel == "search-ads"
    assert event.time == read("landing")[0].time


def test_rows_without_an_id_get_one_and_two_of_a_bundle_stay_two(read, case):
    row = case("two_of_one_bundle")
    other = row | {"batch_event_index": "3"}
    assert read(row)[0].id == read(row)[0].id
    assert read(row)[0].id != read(other)[0].id


def test_consent_is_what_the_storages_say_and_unset_is_no_answer(read):
    (told,), (unset,) = read("landing"), read("tv_app")
    assert (told.consent.measurement, told.consent.advertising) == ("granted", "denied")
    assert (unset.consent.measurement, unset.consent.source) == (None, None)
    assert (unset.device.kind, unset.touch.channel) == ("tv", "home-display")


def test_a_row_without_an_event_is_refused(read):
    with pytest.raises(BadPayload, match=r"^ga4_export: no 'event_name'"):
        read({"event_timestamp": "1", "user_pseudo_id": "a"})


def test_a_purchase_in_an_app_is_worth_its_dollars(read):
    money = read("in_app")[0].commerce
    assert (money.action, money.order, money.total, money.currency) == (
        "placed",
        "GPA.1",
        Decimal("5.42"),
        "USD",
    )
    assert (money.revenue, money.value_known) == (None, True)


def test_without_dollars_a_purchase_in_an_app_has_no_known_value(read):
    money = read("in_app_without_dollars")[0].commerce
    assert (money.total, money.revenue, money.currency, money.value_known) == (None, None, "EUR", False)


@pytest.mark.parametrize("name", ["app_store_refund", "purchase_refund"])
def test_a_refund_by_another_of_its_names_is_one(read, name):
    assert read("refund", event_name=name)[0].commerce.action == "refunded"
