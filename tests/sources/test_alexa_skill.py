import pytest

from hearthline.schema.errors import BadPayload


@pytest.mark.parametrize(
    ("which", "kind", "channel", "stage", "modality"),
    [
        ("launch", "voice.launched", "voice", "consideration", "voice"),
        ("search", "voice.intent", "voice", "awareness", "voice"),
        ("reorder", "voice.intent", "voice", "purchase", "voice"),
        ("where_is_it", "voice.intent", None, "post_purchase", "voice"),
        ("stop", "voice.intent", None, "none", "voice"),
        ("ended", "voice.session_ended", None, "none", "voice"),
        ("can_fulfil", "voice.can_fulfil_asked", None, "none", "voice"),
        ("bought", "purchase.accepted", "voice", "purchase", "voice"),
        ("declined", "purchase.declined", None, "purchase", "voice"),
        ("touched", "display.touched", "voice", "consideration", "screen"),
        ("list_items", "household_list.items_created", None, "consideration", "unknown"),
        ("disabled", "skill.disabled", None, "none", "unknown"),
    ],
)
def test_a_request_has_its_place_in_the_journey(read, which, kind, channel, stage, modality):
    (event,) = read(which)
    assert event.type == f"platform.{kind}"
    assert (event.touch.channel, event.stage, event.modality) == (channel, stage, modality)


def test_the_unit_is_the_home_and_a_recognised_voice_the_person(read):
    (event,) = read("search")
    assert [(h.kind, h.value) for h in event.household_hints] == [("unit", "amzn1.alexa.unit.did.P1")]
    assert {i.namespace for i in event.identifiers} == {"alexa.user", "alexa.person", "alexa.device"}
    assert event.person_confidence == 0.75
    (unheard,) = read("launch")
    assert "alexa.person" not in {i.namespace for i in unheard.identifiers}
    assert unheard.person_confidence is None


def test_slots_keep_the_matched_name_and_no_persons_name(read):
    (event,) = read("search")
    assert event.intent.slots == {"product": "Beans"}
    assert (event.intent.name, event.intent.locale) == ("SearchProductIntent", "en-GB")


def test_a_slot_may_refine_the_channel(read, case):
    request = case("search")
    request["request"]["intent"]["slots"]["channel"] = {"name": "channel", "value": "fridge-voice"}
    assert read(request)[0].touch.channel == "fridge-voice"


def test_only_a_fallback_says_that_nothing_was_understood(read):
    assert read("fallback")[0].intent.handled is False
    assert read("search")[0].intent.handled is None


def test_a_purchase_in_the_skill_has_a_product_and_no_price(read):
    (event,) = read("bought")
    assert (event.commerce.action, event.commerce.value_known) == ("placed", False)
    assert event.commerce.products[0].product_id == "amzn1.adg.product.1"
    assert read("declined")[0].commerce.action is None


def test_permissions_are_consent_to_personalisation_alone(read):
    (given,), (taken,) = read("permission"), read("permission_withdrawn")
    assert (given.consent.personalisation, taken.consent.personalisation) == ("granted", "denied")
    assert given.consent.advertising is given.consent.measurement is None


@pytest.mark.parametrize(
    ("which", "kind"), [("launch", "speaker"), ("reorder", "display"), ("can_fulfil", "speaker")]
)
def test_the_kind_of_device_is_kept(read, which, kind):
    assert read(which)[0].device.kind == kind


def test_an_error_report_is_refused_by_name(read):
    with pytest.raises(BadPayload, match=r"alexa_skill\.System\.ExceptionEncountered"):
        read("exception")


def test_an_unknown_request_is_refused(read):
    with pytest.raises(BadPayload, match="an unknown 'type'"):
        read({"request": {"type": "Unheard.Of"}, "context": {"System": {}}})
