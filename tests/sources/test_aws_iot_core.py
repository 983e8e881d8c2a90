import pytest

from hearthline.schema.errors import BadPayload


@pytest.mark.parametrize(("which", "click"), [("one_click", "DOUBLE"), ("button", "SINGLE")])
def test_a_click_is_a_persons_gesture(read, which, click):
    (event,) = read(which)
    assert (event.type, event.signal.value) == ("device.button.clicked", click)
    assert (event.initiator.kind, event.modality, event.device.kind) == ("human", "gesture", "button")


def test_a_button_is_hinted_by_its_placement(read):
    (event,) = read("one_click")
    assert (event.device.room, event.household_hints[0].value) == ("kitchen", "beans/kitchen")


@pytest.mark.parametrize(
    ("which", "kind"),
    [("connected", "device.connection.opened"), ("disconnected", "device.connection.closed")],
)
def test_presence_is_dated_by_the_broker(read, which, kind):
    (event,) = read(which)
    assert (event.type, event.time.year, event.sequence) == (kind, 2026, "3")
    assert event.time_quality == "platform"


def test_telemetry_is_one_event_a_reading(read):
    events = read("telemetry")
    assert {e.signal.attribute: e.signal.value for e in events} == {
        "temperature": "4.5",
        "door.open": "false",
        "mode": "eco",
    }
    assert [e.id for e in events] == ["6a0e-1", "6a0e-1#1", "6a0e-1#2"]
    assert {(e.device.id, e.device.kind) for e in events} == {("fridge-1", "appliance")}
    assert events[0].household_hints[0].value == "h-1"
    assert events[0].initiator.kind == "unknown"


def test_readings_in_a_payload_are_found(read):
    (event,) = read("telemetry_in_a_payload")
    assert (event.signal.attribute, event.signal.number) == ("pods", 3.0)


def test_a_shadow_reports_each_reading_at_its_own_time(read):
    milk, lamp = read("shadow")
    assert (milk.signal.attribute, milk.signal.number) == ("milk.litres", 0.4)
    assert (lamp.time - milk.time).total_seconds() == 10


def test_shadow_documents_name_their_thing_by_the_topic(read):
    (event,) = read("shadow_documents")
    assert (event.device.id, event.signal.number) == ("fridge-1", 3.0)


@pytest.mark.parametrize("which", ["custom_authorizer", "provisioning"])
def test_what_asks_to_come_in_is_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=r"^aws_iot_core: a ") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"
