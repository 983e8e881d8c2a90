from datetime import UTC, datetime
from decimal import Decimal

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload


def test_a_batch_is_its_events_about_one_user(read):
    started, screen, order, asked = read("batch")
    assert [e.id for e in (started, screen, order, asked)] == ["mp-1", "mp-2", "mp-3", "mp-4"]
    assert (screen.touch.channel, screen.initiator.kind, screen.modality) == ("app", "human", "screen")
    assert (asked.touch.channel, asked.modality) == ("voice", "voice")
    assert {(i.namespace, i.personal) for i in order.identifiers} == {
        ("mparticle.mpid", False),
        ("mparticle.customer", False),
        ("email", True),
        ("phone", True),
        ("advertising.device", True),
    }
    assert {h.kind for h in order.household_hints} == {"address", "home", "ip"}


def test_a_purchase_is_an_order_without_tax_and_shipping_and_no_touch(read):
    order = read("batch")[2]
    money = order.commerce
    assert (money.order, money.total, money.revenue, money.currency, money.coupon) == (
        "1001",
        Decimal("27.5"),
        Decimal("22.5"),
        "EUR",
        "SPRING",
    )
    assert money.products is not None
    assert (money.products[0].sku, money.products[0].price) == ("p-1", Decimal("11.25"))
    assert order.touch.channel is None


def test_a_total_alone_is_not_taken_for_revenue(read):
    (order,) = read("machine_order")
    assert (order.commerce.total, order.commerce.revenue, order.commerce.value_known) == (
        Decimal("9.99"),
        None,
        True,
    )


def test_an_install_was_brought_by_its_referrer(read):
    (event,) = read("first_run")
    assert (event.type, event.touch.channel, event.touch.campaign) == (
        "platform.app.installed",
        "search-ads",
        "spring",
    )


def test_events_without_id_and_time_take_the_batches_clock_and_stay_two(read):
    first, second = read("minimal_events_of_the_python_sdk")
    assert (first.time_quality, first.id_origin) == ("received", "derived")
    assert first.id != second.id
    assert [e.id for e in read("minimal_events_of_the_python_sdk")] == [first.id, second.id]


def test_consent_is_by_purpose_and_an_opt_out_of_sale_denies_sharing(read):
    consent = read("batch")[0].consent
    assert (consent.measurement, consent.advertising, consent.sharing) == ("granted", "denied", "denied")


def _told(read, case, *events):
    listed = [
        {"event_type": kind, "data": {"source_message_id": f"mp-{number}", **data}}
        for number, (kind, data) in enumerate(events)
    ]
    return read({**case("first_run"), "events": listed})


def test_who_opts_out_refuses_every_purpose(read, case):
    out, back = _told(read, case, ("opt_out", {"is_opted_out": True}), ("opt_out", {"is_opted_out": False}))
    consent = out.consent
    answers = (consent.measurement, consent.advertising, consent.personalisation, consent.sharing)
    assert answers == ("denied",) * 4
    assert (back.consent.measurement, back.consent.personalisation) == ("granted", None)


def test_who_asked_the_phone_not_to_be_tracked_refuses_advertising(read, case):
    agreed = {"gdpr": {"advertising": {"consented": True}}}
    for status, answer in (("denied", "denied"), ("authorized", "granted"), ("not_determined", "granted")):
        phone = {**case("first_run")["device_info"], "att_authorization_status": status}
        assert read("first_run", device_info=phone, consent_state=agreed)[0].consent.advertising == answer


def test_not_having_opted_out_of_a_sale_is_no_consent_to_it(read, case):
    state = {"ccpa": {"data_sale_opt_out": {"consented": False}}}
    assert read("first_run", consent_state=state)[0].consent.sharing is None


@pytest.mark.parametrize(
    ("what", "kind", "channel"),
    [
        ("sent", "platform.push_notification.sent", None),
        ("received", "platform.push_notification.received", None),
        ("action", "platform.push_notification.tapped", "push"),
        ("unknown", "platform.push.message", None),
    ],
)
def test_a_push_is_what_became_of_it_and_a_tap_is_a_touch(read, case, what, kind, channel):
    (event,) = _told(read, case, ("push_message", {"push_message_type": what, "network": "apn"}))
    assert (event.type, event.touch.channel) == (kind, channel)


def test_an_app_that_an_advertisement_opened_has_its_campaign(read, case):
    link = "https://shop.example.com/?utm_source=adwords&utm_medium=cpc&utm_campaign=spring&gclid=g-1"
    opened = {"application_transition_type": "application_initialized", "launch_referral": link}
    left = {"application_transition_type": "application_background"}
    kind = "application_state_transition"
    first, last = _told(read, case, (kind, opened), (kind, left))
    assert (first.touch.channel, first.touch.campaign) == ("search-ads", "spring")
    assert (first.type, last.touch.channel) == ("platform.app.state_changed", None)


def test_a_first_run_is_an_install_once(read, case):
    kind, run = "application_state_transition", {"is_first_run": True}
    (alone,) = _told(read, case, (kind, run))
    assert (alone.type, alone.touch.campaign) == ("platform.app.installed", "spring")
    both = _told(read, case, ("first_run", {}), (kind, run))
    assert [e.type for e in both] == ["platform.app.installed", "platform.app.state_changed"]


def test_a_planted_automation_makes_the_order_the_machines(read):
    (event,) = read("machine_order")
    assert (event.automation.ref_id, event.automation.cycle) == ("SN-1", 2)
    assert (event.initiator.kind, event.modality) == ("machine", "automated")


def test_a_development_batch_stays_apart_from_sales(read):
    assert read("refund")[0].source.endswith("/test")
    assert read("batch")[0].source.endswith("/live")


def test_a_crash_is_refused_by_name_and_hides_no_other_event(case):
    batch = case("batch")
    batch["events"].insert(0, case("crash")["events"][0])
    events, refusal = sources.read_all("mparticle", batch, datetime(2026, 3, 12, 9, tzinfo=UTC))
    assert len(events) == 4
    assert refusal is not None
    assert (refusal.place, refusal.reason) == ("mparticle.crash_report", "not-an-event")


def test_a_batch_of_nobody_we_know_is_refused(read):
    with pytest.raises(BadPayload, match=r"^mparticle: no 'events'"):
        read({"events": [{"name": "x"}]})
