import hmac
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven


def test_what_was_opened_or_clicked_is_a_touch_and_what_was_sent_is_none(read):
    opened, clicked, received = read("webhook")
    assert (opened.touch.channel, opened.touch.campaign, opened.stage) == ("email", "spring", "awareness")
    assert (clicked.touch.channel, clicked.stage) == ("email", "consideration")
    assert received.touch.channel is None
    assert [e.touch.channel for e in read("sms")] == ["sms", None]


def test_an_unsubscription_is_a_refusal(read):
    (event,) = read("unsubscribed")
    assert (event.type, event.consent.advertising) == ("platform.consent.withdrawn", "denied")


@pytest.mark.parametrize(
    ("metric", "answer"),
    [
        ("Unsubscribed", "denied"),
        ("Unsubscribed from SMS", "denied"),
        ("Unsubscribed from WhatsApp Marketing", "denied"),
        ("Marked Email as Spam", "denied"),
        ("Consented to Receive SMS", "granted"),
        ("Subscribed to List", "granted"),
        ("Subscribed to Back in Stock", None),
        ("Clicked Email to Unsubscribe", None),
    ],
)
def test_a_metric_of_consent_is_read_by_any_of_its_names(read, case, metric, answer):
    body = case("created_event")
    body["data"]["attributes"]["metric"]["data"]["attributes"]["name"] = metric
    (event,) = read(body)
    assert (event.consent.advertising, event.touch.channel) == (answer, None)
    assert event.consent.source == ("topic" if answer else None)


def test_an_event_of_the_api_names_its_profile(read):
    (event,) = read("created_event")
    assert (event.id, event.type) == ("kl-7", "platform.product.viewed")
    assert {i.namespace for i in event.identifiers} == {
        "klaviyo.external_id",
        "klaviyo.anonymous_id",
        "email",
        "phone",
    }


def test_a_metric_may_be_named_among_what_is_included(read):
    (event,) = read("pulled")
    assert (event.type, event.commerce.order) == ("platform.order.completed", "1001")
    assert event.commerce.products[0].price == Decimal("11.25")


def test_an_event_that_names_no_metric_is_refused(read):
    with pytest.raises(BadPayload, match=r"^klaviyo\.metric"):
        read("without_a_metric")


def test_the_signature_covers_the_body_and_its_time():
    body, stamp = b'{"data":[]}', "Sun, 01 Mar 2026 10:00:00 GMT"
    account = sources.Account(secrets=("old", "shared"))
    mac = hmac.new(b"shared", body + stamp.encode(), sha256).hexdigest()

    def sent(seconds: int, **changed: str) -> sources.Sent:
        headers = {"klaviyo-signature": mac, "klaviyo-timestamp": stamp} | changed
        return sources.Sent(
            headers=headers, body=body, received=datetime(2026, 3, 1, 10, 0, seconds, tzinfo=UTC)
        )

    proof = sources.proven("klaviyo", sent(30), account)
    assert proof is not None
    assert proof.key_id == sources.key_id("shared")
    with pytest.raises(Unproven, match="fits no secret"):
        sources.proven("klaviyo", sent(30, **{"klaviyo-timestamp": "Sun, 01 Mar 2026 10:00:01 GMT"}), account)
    late = sources.Sent(headers=sent(0).headers, body=body, received=datetime(2026, 3, 1, 10, 6, tzinfo=UTC))
    with pytest.raises(Unproven, match="signed at another time"):
        sources.proven("klaviyo", late, account)


def test_the_id_of_a_click_is_no_order(read):
    assert read("clicked_with_an_id")[0].commerce.order is None


def test_events_of_the_first_api_are_read_and_are_not_stripes(read, case):
    (order,) = read("tracked_by_the_first_api")
    assert (order.type, order.commerce.order, order.commerce.total) == (
        "platform.order.completed",
        "1001",
        27.5,
    )
    (sms,) = read("timeline_of_the_first_api")
    assert (sms.type, sms.time.isoformat()) == ("platform.sms.delivered", "2026-03-01T10:00:00+00:00")
    assert sources.recognise(case("timeline_of_the_first_api")) == "klaviyo"
