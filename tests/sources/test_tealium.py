from decimal import Decimal

import pytest

from hearthline.schema.errors import BadPayload


@pytest.mark.parametrize(
    ("which", "kind", "channel"),
    [
        ("page_view_of_the_tag", "platform.page.viewed", "email"),
        ("server_page_view", "platform.page.viewed", None),
        ("collect_tag", "platform.page.viewed", "organic-search"),
        ("of_the_python_library", "platform.voice_query.asked", "voice"),
        ("recorded_exchange", "platform.screen.viewed", "app"),
        ("order", "platform.order.completed", None),
    ],
)
def test_an_event_means_what_its_name_says(read, which, kind, channel):
    (event,) = read(which)
    assert (event.type, event.touch.channel) == (kind, channel)


def test_parallel_lists_become_lines_and_a_short_one_leaves_gaps(read):
    (event,) = read("order")
    lines = event.commerce.products
    assert lines is not None
    assert [(line.product_id, line.name, line.price) for line in lines] == [
        ("p-1", "Beans", Decimal("10.00")),
        ("p-2", "Filter", None),
    ]
    assert (event.commerce.revenue, event.commerce.total) == (Decimal("22.50"), Decimal("27.50"))


def test_a_bulk_shares_its_envelope_and_one_product_is_a_list_of_one(read):
    viewed, added = read("bulk")
    assert (viewed.type, added.type) == ("platform.product.viewed", "platform.product.added")
    assert viewed.identifiers == added.identifiers
    assert viewed.id != added.id
    assert added.commerce.products[0].price == Decimal(10)


def test_consent_is_what_the_consent_manager_tells(read):
    (allowed,), (refused,) = read("page_view_of_the_tag"), read("refused_consent")
    assert (allowed.consent.measurement, allowed.consent.advertising) == ("granted", None)
    assert (refused.consent.measurement, refused.consent.advertising) == ("denied", "denied")


_REFUSED, _UNSOLD = ("denied",) * 4, (None, None, None, "denied")
_CATEGORIES = ["analytics", "affiliates", "display_ads", "search", "email", "personalization", "crm"]


@pytest.mark.parametrize(
    ("event", "told", "answers"),
    [
        ("decline_consent", {"policy": "gdpr", "consent_categories": []}, _REFUSED),
        ("decline_consent", {"policy": "ccpa", "do_not_sell": [1, 2]}, _UNSOLD),
        ("grant_partial_consent", {"policy": "ccpa", "do_not_sell": [1, 42]}, _UNSOLD),
        ("page_view", {"policy": "ccpa", "do_not_sell": True}, _UNSOLD),
        ("page_view", {"policy": "ccpa", "do_not_sell": False}, (None,) * 4),
        ("page_view", {"policy": "ccpa", "consent_status": "notConsented", "do_not_sell": True}, _REFUSED),
        ("grant_full_consent", {"policy": "ccpa", "consent_categories": []}, (None, None, None, "granted")),
        (
            "grant_full_consent",
            {"policy": "gdpr", "consent_categories": _CATEGORIES},
            ("granted",) * 3 + (None,),
        ),
        (
            "grant_partial_consent",
            {"policy": "gdpr", "consent_categories": ["display_ads"]},
            (None, "granted", None, None),
        ),
    ],
)
def test_what_was_declined_is_denied_and_a_sale_is_told_apart(read, event, told, answers):
    body = {"tealium_event": event, "tealium_visitor_id": "v-1", **told}
    consent = read(body)[0].consent
    assert (consent.measurement, consent.advertising, consent.personalisation, consent.sharing) == answers


def test_a_list_of_one_is_its_value(read):
    (event,) = read("order", order_id=["o-9"], order_currency_code=["EUR"], order_total=["27.50"])
    assert (event.commerce.order, event.commerce.currency) == ("o-9", "EUR")
    assert event.commerce.total == Decimal("27.50")


def test_an_event_without_a_name_is_refused(read):
    with pytest.raises(BadPayload, match=r"^tealium\.tealium_event: no event's name"):
        read("without_a_name")


@pytest.mark.parametrize(
    ("which", "kind", "who"),
    [
        ("app_launch", "platform.app.launched", "human"),
        ("app_wake", "platform.app.woken", "human"),
        ("app_sleep", "platform.app.slept", "unknown"),
    ],
)
def test_the_life_of_an_app_is_usage_and_no_touch(read, which, kind, who):
    (event,) = read(which)
    assert (event.type, event.stage, event.initiator.kind) == (kind, "post_purchase", who)
    assert (event.touch.channel, event.commerce.action) == (None, None)
