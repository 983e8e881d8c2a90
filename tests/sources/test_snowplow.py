from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload

RECEIVED = datetime(2026, 3, 12, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("which", "at", "kind", "channel"),
    [
        ("page_view", 0, "platform.page.viewed", "email"),
        ("batch", 0, "platform.page.stayed", None),
        ("batch", 1, "platform.order.completed", None),
        ("structured", 0, "platform.product.added", None),
        ("mobile_screen", 0, "platform.screen.viewed", "app"),
        ("pixel", 0, "platform.page.viewed", "direct"),
        ("enriched", 0, "platform.product.added", "search-ads"),
        ("event_alone", 0, "platform.link.clicked", None),
    ],
)
def test_an_event_means_what_its_kind_or_schema_says(read, which, at, kind, channel):
    event = read(which)[at]
    assert (event.type, event.touch.channel) == (kind, channel)


@pytest.mark.parametrize(("which", "at", "order"), [("batch", 1, "1001"), ("old_transaction", 0, "1002")])
def test_a_transaction_new_or_old_is_an_order_net_of_tax_and_shipping(read, which, at, order):
    money = read(which)[at].commerce
    assert (money.action, money.order, money.currency) == ("placed", order, "EUR")
    assert money.revenue == money.total - money.tax - money.shipping


def test_entities_are_read_plain_and_in_base64(read):
    order, screen = read("batch")[1], read("mobile_screen")[0]
    assert order.correlation.session == "s-1"
    assert order.commerce.products[0].price == Decimal("11.25")
    assert (screen.device.kind, screen.device.make) == ("phone", "Apple")
    assert {i.namespace for i in screen.identifiers} == {
        "snowplow.domain_user",
        "email",
        "advertising.device",
    }


def test_the_time_is_the_devices_and_an_enriched_events_is_corrected(read):
    assert read("page_view")[0].time.isoformat() == "2026-03-01T10:00:00+00:00"
    enriched = read("enriched")[0]
    assert (enriched.time.isoformat(), enriched.time_quality) == ("2026-03-01T10:00:01+00:00", "platform")


def test_selected_consent_grants_what_was_selected(read):
    consent = read("consent")[0].consent
    assert (consent.measurement, consent.advertising) == ("granted", None)


def _consented(read, schema, **data):
    named = f"iglu:com.snowplowanalytics.snowplow/{schema}/jsonschema/1-0-0"
    event = {"schema": "iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0"}
    event["data"] = {"schema": named, "data": data}
    told = read({"e": "ue", "p": "web", "tv": "js-4.0.0", "dtm": "1772359200000", "ue_pr": event})[0].consent
    return (told.measurement, told.advertising, told.personalisation, told.sharing)


_UNKNOWN, _REFUSED = (None,) * 4, ("denied",) * 4


@pytest.mark.parametrize(
    ("what", "scopes", "answers"),
    [
        ("allow_all", ["necessary", "analytics", "advertisement"], ("granted", "granted", None, None)),
        ("allow_selected", ["advertisement"], (None, "granted", None, None)),
        ("withdrawn", ["necessary", "advertisement"], (None, "denied", None, None)),
        ("withdrawn", ["necessary"], _REFUSED),
        ("withdrawn", [], _REFUSED),
        ("deny_all", ["necessary"], _REFUSED),
        ("expired", ["analytics", "marketing"], _UNKNOWN),
        ("pending", ["analytics", "marketing"], _UNKNOWN),
        ("implicit_consent", ["analytics", "marketing"], _UNKNOWN),
    ],
)
def test_only_what_was_given_is_granted_and_what_was_taken_back_is_denied(read, what, scopes, answers):
    told = {"eventType": what, "consentScopes": scopes, "basisForProcessing": "consent"}
    assert _consented(read, "consent_preferences", **told) == answers


def test_a_withdrawal_on_a_phone_denies_what_it_names_and_else_everything(read):
    assert _consented(read, "consent_withdrawn", all=True, name="analytics") == _REFUSED
    assert _consented(read, "consent_withdrawn", all=False) == _REFUSED
    assert _consented(read, "consent_withdrawn", all=False, name="Marketing")[:2] == (None, "denied")
    assert _consented(read, "consent_granted", documentId="7", version="1") == _UNKNOWN


def test_entities_without_an_event_are_refused_by_name(read):
    with pytest.raises(BadPayload, match=r"^snowplow: entities describe an event") as refusal:
        read("entities_alone")
    assert refusal.value.reason == "not-an-event"


def test_the_pixels_query_is_an_event():
    query = {"e": "pv", "p": "web", "tv": "no-js-0.1.0", "url": "https://shop.example.com/"}
    sent = sources.Sent(
        method="GET", path="/i", query=query, headers={"user-agent": "Mozilla"}, received=RECEIVED
    )
    (payload,) = sources.payloads_of("snowplow", sent)
    assert sources.recognise(payload) == "snowplow"
    (event,) = sources.load("snowplow").read(payload, RECEIVED)
    assert (event.type, event.device.kind) == ("platform.page.viewed", "browser")
    assert sources.client_paths()["/i"] == ("snowplow",)


def test_a_failed_event_is_refused_as_one(read):
    with pytest.raises(BadPayload, match=r"snowplow\.badrows: a failed event"):
        read("failed")
