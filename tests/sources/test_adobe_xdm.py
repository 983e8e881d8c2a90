from decimal import Decimal

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload


def test_a_purchase_is_an_order_net_of_tax_and_shipping(read):
    (event,) = read("purchase")
    money = event.commerce
    assert (money.order, money.total, money.revenue) == ("1001", Decimal("27.5"), Decimal("22.5"))
    assert (money.products[0].sku, money.products[0].price) == ("p-1", Decimal("11.25"))
    assert {(i.namespace, i.personal) for i in event.identifiers} == {
        ("adobe.ecid", False),
        ("email", True),
        ("phone", True),
    }
    assert {h.kind for h in event.household_hints} == {"address", "ip"}


def _event(kind, **told):
    return {"_id": "xdm-1", "timestamp": "2026-03-01T10:00:00Z", "eventType": kind, **told}


def _sold(read, kind, **commerce):
    return read(_event(kind, commerce=commerce))[0].commerce


def test_an_order_without_a_total_comes_to_its_payments(read):
    payments = [{"paymentAmount": 20, "currencyCode": "EUR"}, {"paymentAmount": 7.5, "currencyCode": "EUR"}]
    money = _sold(read, "commerce.purchases", order={"purchaseID": "1001", "payments": payments})
    assert (money.order, money.total, money.currency) == ("1001", Decimal("27.5"), "EUR")
    told = {"purchaseID": "1001", "priceTotal": 30, "currencyCode": "USD", "payments": payments}
    money = _sold(read, "commerce.purchases", order=told)
    assert (money.total, money.currency) == (Decimal(30), "USD")
    payments[1]["currencyCode"] = "USD"
    money = _sold(read, "commerce.purchases", order={"purchaseID": "1001", "payments": payments})
    assert (money.total, money.value_known) == (None, False)
    foreign = {"purchaseID": "1001", "currencyCode": "GBP", "payments": payments[:1]}
    money = _sold(read, "commerce.purchases", order=foreign)
    assert (money.total, money.currency) == (None, "GBP")


def test_an_order_with_a_date_of_its_cancelling_was_not_placed_anew(read):
    order = {"purchaseID": "1001", "cancelDate": "2026-03-01T10:00:00Z"}
    event = {"_id": "xdm-2", "timestamp": "2026-03-01T10:00:00Z", "commerce": {"order": order}}
    assert read(event)[0].commerce.action == "cancelled"


def test_a_no_to_one_way_of_marketing_or_an_unsubscription_is_a_refusal(read):
    marketing = {"preferred": "email", "any": {"val": "u"}, "push": {"val": "n"}}
    event = _event("consent.set", consents={"marketing": marketing})
    assert read(event)[0].consent.advertising == "denied"
    for older in ({"globalOptout": True}, {"https://ns.adobe.com/xdm/channels/email": "out"}):
        assert read(_event("consent.set", optInOut=older))[0].consent.advertising == "denied"
    event = _event("directMarketing.emailUnsubscribed")
    assert read(event)[0].consent.advertising == "denied"


def test_who_produced_it_says_who_set_it_off(read):
    (sold,), (renewed,) = read("purchase"), read("renewal")
    assert (sold.initiator.kind, sold.initiator.evidence) == ("human", "producedBy")
    assert (renewed.initiator.kind, renewed.modality) == ("machine", "automated")


def test_prefixed_and_streamed_spellings_read_alike(read, case):
    (event,) = read("prefixed")
    assert (event.type, event.initiator.evidence) == ("platform.checkout.started", "commerce.checkouts")
    assert (event.touch.channel, event.device.make, event.tz_offset_min) == ("push", "Apple", 60)
    bare = {k.removeprefix("xdm:").replace("@id", "_id"): v for k, v in case("prefixed").items()}
    assert read(bare)[0].identifiers == event.identifiers


def test_a_batch_of_messages_is_many_events(read):
    viewed, added = read("batch")
    assert (viewed.touch.channel, added.type) == ("search-ads", "platform.product.added")


def test_consents_are_by_purpose_and_a_record_tells_who(read):
    (event,) = read("consent_of_a_record")
    assert event.type == "platform.user.identified"
    assert (event.consent.measurement, event.consent.sharing, event.consent.advertising) == (
        "granted",
        "denied",
        "denied",
    )


def test_an_ad_on_tv_was_viewable(read):
    (event,) = read("tv_ad")
    assert (event.layer, event.exposure.ad, event.exposure.viewable) == ("media", "ad-1", True)
    assert (event.device.kind, event.touch.channel) == ("tv", "video-ads")


@pytest.mark.parametrize(
    ("which", "why"), [("part_alone", "a part of an ExperienceEvent"), ("nobodys_record", "names nobody")]
)
def test_parts_and_records_of_nobody_are_refused_by_name(read, case, which, why):
    assert sources.recognise(case(which)) == "adobe_xdm"
    with pytest.raises(BadPayload, match=why) as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


@pytest.mark.parametrize("how", ["edge_event", "edge_events", "edge_alone"])
def test_what_the_edge_network_collects_is_an_experience_event(read, how):
    (event,) = read(how)
    assert event.identifiers[0].namespace == "adobe.ecid"


def memo(**commerce):
    order = {"purchaseID": "123", "currencyCode": "EUR", "priceTotal": 60, "taxAmount": 10}
    return {
        "_id": "e-1",
        "timestamp": "2026-03-02T10:00:00Z",
        "eventType": "commerce.backofficeCreditMemoIssued",
        "commerce": {"order": order, "shipping": {"shippingAmount": 5}} | commerce,
        "productListItems": [{"SKU": "A", "quantity": 1, "priceTotal": 25.5}],
    }


def given(number: str | None, amount: float, code: str | None = "EUR") -> dict[str, object]:
    return {"transactionID": number, "refundAmount": amount, "currencyCode": code, "refundReason": "x"}


def test_a_credit_memo_gives_back_what_its_refunds_say(read):
    (event,) = read(memo(refunds=[given("77", 25.5, "USD")]))
    money = event.commerce
    assert (event.type, event.stage, money.action) == ("platform.order.refunded", "post_purchase", "refunded")
    assert (money.order, money.refund_of, money.total, money.currency) == (
        "123",
        "123",
        Decimal("25.5"),
        "USD",
    )
    assert (money.revenue, money.tax, money.shipping, money.value_known) == (None, None, None, True)


def test_a_refund_that_a_later_memo_lists_again_is_the_same_refund(read):
    first, both = [given("77", 10)], [given("77", 10), given("78", 5)]
    (one,) = read(memo(refunds=first))
    again, second = read(memo(refunds=both) | {"_id": "e-2"})
    assert (again.id, again.source, second.commerce.total) == (one.id, one.source, Decimal(5))
    assert second.id != one.id
    unnumbered = read(memo(refunds=[given(None, 10), given(None, 10)]))
    assert [e.id for e in unnumbered] == ["e-1", "e-1#1"]


def test_a_credit_memo_without_its_refunds_names_its_order(read):
    (event,) = read(memo())
    assert (event.id, event.commerce.refund_of, event.commerce.total) == ("e-1", "123", None)
