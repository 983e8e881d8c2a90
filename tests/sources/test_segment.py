import hmac
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha1

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import named, touch_of
from hearthline.sources._clocks import clocks_of

RECEIVED = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("which", "channel", "stage"),
    [
        ("page_from_a_newsletter", "email", "consideration"),
        ("page_from_nowhere", "direct", "consideration"),
        ("page_from_a_search", "organic-search", "consideration"),
        ("page_within_the_site", None, "consideration"),
        ("page_from_an_ad", "search-ads", "consideration"),
        ("voice_touch", "voice", "consideration"),
        ("screen", "app", "consideration"),
        ("tv_ad", "tv-ads", "awareness"),
        ("order", None, "purchase"),
        ("refund", None, "post_purchase"),
        ("identify", None, "none"),
    ],
)
def test_a_channel_comes_from_the_evidence(read, which, channel, stage):
    (event,) = read(which)
    assert (event.touch.channel, event.stage) == (channel, stage)


def test_an_explicit_channel_wins_over_the_campaign(read, case):
    call = case("page_from_a_newsletter")
    call["properties"]["channel"] = "kitchen-display"
    (event,) = read(call)
    assert (event.touch.channel, event.touch.campaign) == ("kitchen-display", "spring")


def test_an_order_carries_net_revenue_and_no_touch(read):
    (event,) = read("order")
    money = event.commerce
    assert (money.action, money.order, money.revenue, money.total) == (
        "placed",
        "1001",
        Decimal("22.5"),
        Decimal("27.5"),
    )
    assert (money.currency, money.value_known, money.coupon) == ("EUR", True, "SPRING")
    assert money.products[0].quantity == 2
    assert event.layer == "platform"
    assert event.touch.medium == "email"


def test_revenue_falls_back_to_the_subtotal_and_never_to_the_total(read, case):
    call = case("order")
    del call["properties"]["revenue"]
    assert read(call)[0].commerce.revenue == Decimal("22.5")
    del call["properties"]["subtotal"]
    assert read(call)[0].commerce.revenue is None


def test_a_planted_automation_makes_the_order_the_machines(read):
    (event,) = read("machine_order")
    acted = event.automation
    assert (acted.role, acted.kind, acted.ref_id, acted.cycle) == ("act", "replenishment", "SN-1", 2)
    assert (event.initiator.kind, event.modality) == ("machine", "automated")
    assert event.initiator.evidence == "properties.automation_id"


def test_identities_are_namespaced_and_personal_ones_marked(read):
    (event,) = read("identify")
    found = {i.namespace: i.personal for i in event.identifiers}
    assert found == {"segment.user": False, "email": True, "phone": True}
    assert {(h.kind, h.personal) for h in event.household_hints} == {("home", False), ("address", True)}
    assert event.segment == "loyal"
    (order,) = read("order")
    assert ("stripe.customer", "cus_1") in {(i.namespace, i.value) for i in order.identifiers}


def test_an_alias_names_both_ids(read):
    (event,) = read("alias")
    assert [i.value for i in event.identifiers] == ["u-1", "anon-0"]


def test_consent_is_kept_by_purpose_and_absent_is_unknown(read):
    (event,) = read("page_from_a_newsletter")
    assert (event.consent.advertising, event.consent.measurement) == ("denied", "granted")
    assert event.consent.personalisation is None


def test_an_opt_out_of_sale_denies_and_not_opting_out_grants_nothing(read, case):
    def told(answer):
        consent = {"categoryPreferences": {"data_sale_opt_out": answer}}
        return read({**case("voice_touch"), "context": {"consent": consent}})[0].consent.sharing

    assert (told(True), told(False)) == ("denied", None)


@pytest.mark.parametrize(
    ("context", "advertising", "sharing"),
    [
        ({"device": {"type": "ios", "attTrackingStatus": 2}}, "denied", None),
        ({"device": {"type": "ios", "attTrackingStatus": 3}}, None, None),
        ({"consent": {"categoryPreferences": {"Advertising": "false"}}}, "denied", None),
        ({"consent": {"gpc": True, "categoryPreferences": {"Sharing": True}}}, None, "denied"),
        ({"consent": {"gpc": False}}, None, None),
    ],
)
def test_a_no_is_kept_however_it_is_told(read, case, context, advertising, sharing):
    consent = read({**case("voice_touch"), "context": context})[0].consent
    assert (consent.advertising, consent.sharing) == (advertising, sharing)
    assert (consent.source is None) is (advertising is None and sharing is None)


@pytest.mark.parametrize(
    "name",
    [
        "Unsubscribed",
        "Email Unsubscribe",
        "User Unsubscribed",
        "Email Marked as Spam",
        "Unsubscribed from SMS",
    ],
)
def test_an_unsubscription_is_a_refusal_whatever_else_is_told_and_no_touch(read, name):
    context = {"campaign": {"medium": "email"}, "consent": {"categoryPreferences": {"Advertising": True}}}
    (event,) = read({"type": "track", "event": name, "userId": "u-1", "messageId": "m", "context": context})
    assert (event.type, event.consent.advertising) == ("platform.consent.withdrawn", "denied")
    assert (event.consent.measurement, event.touch.channel) == (None, None)


def test_a_batch_is_many_events_and_a_bad_call_hides_none(read, case):
    assert [e.id for e in read("batch")] == ["seg-17", "seg-18"]
    batch = case("batch")
    batch["batch"].insert(0, {"type": "track"})
    events, refusal = sources.read_all("segment", batch, RECEIVED)
    assert [e.id for e in events] == ["seg-17", "seg-18"]
    assert refusal is not None
    assert refusal.reason == "missing-field"


def test_a_track_without_a_name_is_refused(read):
    with pytest.raises(BadPayload, match=r"segment\.track: no 'event'"):
        read({"type": "track", "userId": "u"})


@pytest.mark.parametrize(
    ("call", "time", "quality"),
    [
        # The sender's clock is five years ahead.
        (
            {
                "timestamp": "2031-01-01T00:00:00Z",
                "sentAt": "2031-01-01T00:00:05Z",
                "receivedAt": "2026-03-01T12:00:10Z",
            },
            "2026-03-01T12:00:05",
            "platform",
        ),
        # The sender's clock was never set right: 2001.
        (
            {
                "timestamp": "2001-01-01T00:00:00Z",
                "sentAt": "2001-01-01T00:00:05Z",
                "receivedAt": "2026-03-01T12:00:10Z",
            },
            "2026-03-01T12:00:05",
            "platform",
        ),
        # Segment corrected it already.
        (
            {
                "timestamp": "2026-03-01T12:00:05Z",
                "originalTimestamp": "2031-01-01T00:00:00Z",
                "sentAt": "2031-01-01T00:00:05Z",
                "receivedAt": "2026-03-01T12:00:10Z",
            },
            "2026-03-01T12:00:05",
            "platform",
        ),
        # Read from a file months later: our receipt says nothing about the sender's clock.
        (
            {"timestamp": "2025-03-01T12:00:05Z", "sentAt": "2025-03-01T12:00:06Z"},
            "2025-03-01T12:00:05",
            "device",
        ),
        # Nothing waits three thousand years to be sent; the corrected date would lie before the first.
        (
            {"timestamp": "2026-03-01T12:00:05Z", "sentAt": "4951-05-04T00:00:00Z"},
            "2026-03-01T12:00:05",
            "device",
        ),
        ({"timestamp": "2026-03-01T12:00:05+02:00"}, "2026-03-01T10:00:05", "device"),
        ({"timestamp": "yesterday"}, "2026-03-12T09:00:00", "received"),
        ({}, "2026-03-12T09:00:00", "received"),
    ],
)
def test_a_wrong_clock_is_corrected_once(call, time, quality):
    found, clock, _ = clocks_of(call, {}, RECEIVED)
    assert (found.isoformat(), clock) == (f"{time}+00:00", quality)


@pytest.mark.parametrize(
    ("source", "medium", "channel"),
    [
        ("google", "cpc", "search-ads"),
        ("Facebook", "CPC", "social-ads"),
        ("youtube", "cpc", "video-ads"),
        ("alexa", "voice", "voice"),
        ("hulu", "ctv", "tv-ads"),
        ("klaviyo", "email", "email"),
        ("newsletter", None, "email"),
        ("partner-site", "referral", "referral"),
        ("fridge", "Smart Display", "smart-display"),
        ("", "(none)", None),
    ],
)
def test_source_and_medium_name_a_channel(source, medium, channel):
    assert named(source, medium) == channel


@pytest.mark.parametrize("url", ["https://[bad", "https://shop.example.com/?utm_source=%zz&utm_medium=email"])
def test_a_strange_address_is_no_reason_to_stop(url):
    assert touch_of({}, {"url": url, "referrer": url}, arrives=True).channel in {"email", "referral"}


@pytest.mark.parametrize(
    ("which", "kind"), [("screen", "phone"), ("page_from_a_newsletter", "browser"), ("tv_ad", "tv")]
)
def test_the_kind_of_device_is_kept(read, which, kind):
    assert read(which)[0].device.kind == kind


def test_a_signed_webhook_is_proven_and_a_changed_one_is_not():
    body = b'{"type":"track","event":"Product Viewed"}'
    account = sources.Account(secrets=("old", "shared"))
    mac = hmac.new(b"shared", body, sha1).hexdigest()
    sent = sources.Sent(headers={"x-signature": mac}, body=body, received=RECEIVED)
    proof = sources.proven("segment", sent, account)
    assert proof is not None
    assert (proof.scheme, proof.key_id) == ("hmac-sha1", sources.key_id("shared"))
    forged = sources.Sent(headers={"x-signature": mac}, body=body + b" ", received=RECEIVED)
    with pytest.raises(Unproven, match=r"^segment: X-Signature fits no secret"):
        sources.proven("segment", forged, account)
    with pytest.raises(Unproven, match="no secret is set"):
        sources.proven("segment", sent, sources.Account())


def test_of_a_signed_batch_the_first_event_is_signed():
    first, second = b'{"type":"page","messageId":"1"}', b'{"type":"page","messageId":"2"}'
    mac = hmac.new(b"shared", first, sha1).hexdigest()
    sent = sources.Sent(
        headers={"x-signature": mac}, body=b"[" + first + b"," + second + b"]", received=RECEIVED
    )
    assert sources.proven("segment", sent, sources.Account(secrets=("shared",)))
    assert len(list(sources.payloads_of("segment", sent))) == 2


def test_a_call_of_an_sdk_is_left_to_its_write_key():
    sent = sources.Sent(headers={"authorization": "Basic d2s6"}, body=b"{}", received=RECEIVED)
    assert sources.proven("segment", sent, sources.Account(secrets=("shared",))) is None
    assert {"segment", "rudderstack"} <= set(sources.client_paths()["/v1/batch"])


def test_a_call_to_the_http_api_has_the_type_of_its_path():
    sent = sources.Sent(path="/v1/track", body=b'{"userId":"u","event":"Product Viewed"}', received=RECEIVED)
    (payload,) = sources.payloads_of("segment", sent)
    assert (payload["type"], sources.recognise(payload)) == ("track", "segment")
    (same,) = sources.payloads_of(
        "segment", sources.Sent(path="/v1/i", body=b'{"type":"alias"}', received=RECEIVED)
    )
    assert same["type"] == "alias"


def test_the_first_edition_of_the_spec_names_its_order_too(read):
    (event,) = read("first_edition_order")
    assert (event.commerce.action, event.commerce.order, event.commerce.products[0].product_id) == (
        "placed",
        "5",
        "p",
    )


def test_an_app_that_an_advertisement_opened_has_its_campaign(read):
    (event,) = read("app_opened_by_an_ad")
    assert (event.touch.channel, event.touch.campaign) == ("meta", "c")


def test_a_single_product_is_a_line_too(read):
    assert [line.product_id for line in read("order_of_one_product")[0].commerce.products] == ["b1"]
