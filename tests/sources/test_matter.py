import pytest

from hearthline.schema.errors import BadPayload


def test_a_changed_attribute_is_one_reading_of_its_home(read):
    (event,) = read("attribute")
    assert (event.signal.capability, event.signal.attribute, event.signal.value) == ("OnOff", "onOff", "true")
    assert (event.signal.instance, event.signal.state_change, event.device.id) == ("1", True, "5")
    assert (event.household_hints[0].value, event.identifiers[0].value) == ("h-1", "h-1/5")
    assert (event.initiator.kind, event.time_quality) == ("unknown", "platform")


@pytest.mark.parametrize("which", ["attribute_unscaled", "report_in_a_path"])
def test_a_reading_is_scaled_to_its_unit(read, which):
    (event,) = read(which)
    assert (event.signal.number, event.signal.unit, event.signal.value) == (21.5, "C", "21.5")
    assert (event.modality, event.device.kind) == ("ambient", "sensor")


def test_a_node_identifies_nothing_without_its_home_or_fabric(read):
    assert read("attribute_of_a_maker")[0].identifiers == ()
    assert read("attribute_unscaled")[0].identifiers[0].value == "99/5"


def test_an_attribute_of_a_maker_is_kept_by_its_number(read):
    (event,) = read("attribute_of_a_maker")
    assert (event.signal.capability, event.signal.attribute, event.signal.number) == (
        "319486977",
        "319422480",
        7.5,
    )


@pytest.mark.parametrize(
    ("which", "kind", "initiator", "modality", "evidence"),
    [
        ("press", "device.button.pressed", "human", "gesture", "event_id"),
        ("double_press", "device.button.clicked", "human", "gesture", "event_id"),
        ("locked_by_hand", "device.lock.operated", "human", "gesture", "data.operationSource"),
        ("locked_by_plan", "device.lock.operated", "scheduled", "automated", "data.operationSource"),
        ("locked_from_afar", "device.lock.operated", "unknown", "unknown", None),
        ("unreachable", "device.connection.closed", "unknown", "unknown", None),
        ("started", "device.health.changed", "unknown", "unknown", None),
        ("unknown_event", "device.event.fired", "unknown", "unknown", None),
    ],
)
def test_an_event_says_who_set_it_off_where_it_can(read, which, kind, initiator, modality, evidence):
    (event,) = read(which)
    assert (event.type, event.initiator.kind, event.modality) == (kind, initiator, modality)
    assert event.initiator.evidence == evidence


def test_an_event_has_its_number_and_a_clock_only_if_it_is_of_the_world(read):
    pressed, double = read("press")[0], read("double_press")[0]
    assert (pressed.id, pressed.id_origin, pressed.sequence) == ("h-1/5/65540", "native", "65540")
    assert (pressed.time.microsecond, pressed.time_quality) == (123000, "device")
    assert (double.signal.number, double.time_quality) == (2.0, "received")


def test_a_node_that_is_added_is_told_with_its_readings(read):
    added, temperature, alarm, filter_left, filter_word = read("node_added")
    assert (added.type, added.time.isoformat()) == ("device.device.added", "2026-02-01T10:00:00+00:00")
    assert (added.device.make, added.device.model, added.device.room) == ("Acme", "Fridge 7", "kitchen")
    assert (temperature.signal.number, temperature.device.kind) == (4.5, "appliance")
    assert alarm.signal.capability == "RefrigeratorAlarm"
    assert (filter_left.type, filter_left.signal.number, filter_left.signal.unit) == (
        "device.inventory.level_reported",
        12.0,
        "PERCENT",
    )
    assert filter_word.modality == "ambient"
    assert {i.value for i in added.identifiers} == {"h-1/5", "ACME7"}


@pytest.mark.parametrize(("which", "count"), [("answer", 4), ("diagnostics", 4)])
def test_a_dump_is_read_wherever_it_lies(read, which, count):
    events = read(which)
    assert len(events) == count
    assert {e.signal.state_change for e in events} == {None}


def test_older_dumps_name_their_clusters(read):
    (event,) = read("older_node")
    assert (event.signal.capability, event.signal.value, event.device.room) == (
        "BooleanState",
        "true",
        "hall",
    )
    assert (event.device.kind, event.device.make) == ("sensor", "Acme")
    (wrapped,) = read("wrapped_node")
    assert (wrapped.signal.capability, wrapped.signal.value) == ("OnOff", "false")


def test_reports_may_name_what_they_are_about(read):
    (event,) = read("report_by_names")
    assert (event.signal.capability, event.signal.value, event.device.id) == ("OnOff", "true", "5")
    assert [e.sequence for e in read("events_in_a_path")] == ["21", "22"]


@pytest.mark.parametrize(
    "which",
    [
        "attribute_null",
        "attribute_of_administration",
        "greeting",
        "empty_answer",
        "shutdown",
        "controllers_only",
    ],
)
def test_what_tells_nothing_of_a_home_is_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=r"^matter: ") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_the_label_that_a_person_gave_is_not_read(read):
    assert "Ada" not in repr(read("node_added"))
