import pytest

from hearthline import sources


def test_a_call_of_its_library_is_rudderstacks_and_not_segments(case):
    for which in ("page_from_an_ad", "order", "identify_from_the_server", "batch"):
        assert sources.recognise(case(which)) == "rudderstack"


def test_the_same_call_without_its_marks_is_segments(case):
    call = case("order")
    del call["context"]["library"]
    assert sources.recognise(call) == "segment"
    assert sources.recognise(case("webhook_that_only_its_user_agent_tells")) == "rudderstack"
    assert sources.recognise(case("webhook_that_only_its_user_agent_tells")["body"]) == "segment"


def test_a_visitor_of_both_platforms_is_one_visitor(read, case):
    (event,) = read("order")
    (same,) = sources.load("segment").read(case("order"), event.time_received)
    assert event.identifiers == same.identifiers
    assert (event.source, same.source) == ("//rudderstack/-/-", "//segment/-/-")


@pytest.mark.parametrize(
    ("which", "kind", "channel"),
    [("page_from_an_ad", "platform.page.viewed", "search-ads"), ("order", "platform.order.completed", None)],
)
def test_its_calls_mean_what_segments_mean(read, which, kind, channel):
    (event,) = read(which)
    assert (event.type, event.touch.channel, event.initiator.kind) == (kind, channel, "human")


def test_an_enrolment_names_the_system_that_told_it(read):
    (event,) = read("webhook_that_only_its_user_agent_tells")
    assert (event.automation.role, event.automation.ref_system) == ("enrol", "rudderstack")


def test_consent_is_by_the_ids_that_its_consent_manager_allowed_and_denied(read, case):
    told = {"provider": "oneTrust", "allowedConsentIds": ["C0002", 7], "deniedConsentIds": ["C0004"]}
    context = {**case("order")["context"], "consentManagement": told}
    consent = read("order", context=context)[0].consent
    assert (consent.measurement, consent.advertising, consent.sharing) == ("granted", "denied", None)
