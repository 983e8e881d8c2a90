import pytest

from hearthline.schema.errors import BadPayload


def test_each_event_of_the_list_is_one_event_in_the_home(read):
    events = read("device")
    assert [e.id for e in events] == ["st-1", "st-2", "st-3", "st-4", "st-5"]
    assert {(h.kind, h.value) for e in events for h in e.household_hints} == {("location", "loc-1")}
    assert {e.correlation.root for e in events} == {"exe-1"}


def test_only_evidence_says_who_did_it(read):
    unknown, by_hand, _, button, by_rule = read("device")
    assert unknown.initiator.kind == "unknown"
    assert (by_hand.initiator.kind, by_hand.modality) == ("human", "gesture")
    assert by_hand.initiator.evidence == "deviceEvent.data.method"
    assert (button.type, button.modality) == ("device.button.pressed", "gesture")
    assert (by_rule.initiator.kind, by_rule.modality) == ("machine", "automated")


def test_a_reading_keeps_its_number_and_unit(read):
    reading = read("device")[2].signal
    assert (reading.number, reading.unit, reading.value) == (4.5, "C", "4.5")


@pytest.mark.parametrize(
    ("which", "kind", "value"),
    [
        ("health", "device.health.changed", "OFFLINE"),
        ("lifecycle", "device.device.added", None),
        ("hub", "device.hub.health_changed", "ONLINE"),
        ("timer", "device.timer.fired", "morning"),
        ("arm", "device.security.arm_state_changed", "ARMED_AWAY"),
        ("mode", "device.mode.changed", "away"),
        ("scene", "device.scene.create", "s-1"),
    ],
)
def test_conditions_of_the_home_are_kept(read, which, kind, value):
    (event,) = read(which)
    assert (event.type, event.signal.value, event.stage) == (kind, value, "none")


def test_a_timer_is_set_off_by_a_schedule(read):
    (event,) = read("timer")
    assert (event.initiator.kind, event.modality) == ("scheduled", "automated")
    assert (event.automation.role, event.automation.kind) == ("act", "routine")


def test_the_signed_date_stands_in_for_a_missing_time(read):
    (event,) = read("without_a_time")
    assert (event.time.isoformat(), event.time_quality) == ("2026-03-01T06:31:00+00:00", "platform")


def test_a_clock_that_was_never_set_is_not_believed(read, case):
    payload = case("health")
    payload["eventData"]["events"][0]["eventTime"] = "1970-01-01T00:00:00Z"
    assert read(payload)[0].time_quality == "received"


def test_an_installation_is_set_up_after_the_purchase(read):
    (event,) = read("install")
    assert (event.type, event.stage, event.layer) == ("platform.app.installed", "post_purchase", "platform")
    assert read("uninstall")[0].stage == "none"


@pytest.mark.parametrize("which", ["ping", "confirmation", "configuration", "oauth"])
def test_handshakes_are_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=r"^smartthings\.[A-Z_]+:") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_one_unknown_event_does_not_hide_the_others(case):
    from datetime import UTC, datetime

    from hearthline import sources

    payload = case("device")
    payload["eventData"]["events"].insert(1, {"eventType": "NEW_EVENT", "newEvent": {"eventId": "x"}})
    events, refusal = sources.read_all("smartthings", payload, datetime(2026, 3, 12, tzinfo=UTC))
    assert len(events) == 5
    assert refusal is not None
