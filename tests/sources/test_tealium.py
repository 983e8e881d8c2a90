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
