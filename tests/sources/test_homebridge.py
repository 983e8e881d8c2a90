import json

import pytest

from hearthline.schema.errors import BadPayload
from hearthline.sources import homebridge


@pytest.mark.parametrize(
    ("which", "kind", "initiator", "modality"),
    [
        ("from_apple_home", "device.command.sent", "unknown", "unknown"),
        ("by_the_plugin", "device.state.reported", "unknown", "unknown"),
        ("sensed", "device.state.reported", "unknown", "ambient"),
        ("filter", "device.inventory.level_reported", "unknown", "ambient"),
        ("pressed", "device.button.pressed", "human", "gesture"),
    ],
)
def test_a_change_says_as_much_as_homekit_does(read, which, kind, initiator, modality):
    (event,) = read(which)
    assert (event.type, event.initiator.kind, event.modality) == (kind, initiator, modality)
    assert (event.signal.state_change, event.household_hints[0].value) == (True, "h-1")
    assert (event.time.hour, event.time_quality) == (6, "device")


def test_a_change_keeps_what_it_was(read):
    event = read("from_apple_home")[0]
    switch = event.signal
    assert (switch.capability, switch.attribute, switch.value, switch.previous) == (
        "Switch",
        "On",
        "true",
        "false",
    )
    assert (event.id, event.device.make, event.device.kind) == ("chg-1", "Acme", "switch")
    assert event.identifiers[0].value == "h-1/5A1C-1"
    assert read("pressed")[0].signal.value == "double"
    assert read("filter")[0].signal.unit == "PERCENT"


def test_types_may_be_written_as_homekit_writes_them(read):
    (event,) = read("named_only")
    assert (event.signal.attribute, event.signal.value, event.identifiers) == ("On", "true", ())


def test_accessories_are_read_as_the_interface_lists_them(read):
    (event,) = read("listed")
    assert (event.signal.attribute, event.signal.value, event.signal.state_change) == ("On", "1", None)
    assert (event.device.id, event.device.hub) == ("a1b2", "0E:11:22:33:44:55")
    assert [i.value for i in event.identifiers] == ["a1b2"]
    switch, sensor = read("listed_together")
    assert (sensor.signal.number, sensor.signal.unit, sensor.device.kind) == (21.5, "C", "sensor")
    assert switch.modality == "unknown"


def test_the_accessory_protocol_is_read_with_its_codes(read):
    on, brightness = read("wire")
    assert (on.signal.capability, on.signal.attribute, on.signal.value) == ("Lightbulb", "On", "true")
    assert (brightness.signal.number, brightness.identifiers[0].value) == (40.0, "h-1/3")
    (event,) = read("wire_event")
    assert (event.device.id, event.signal.attribute, event.signal.value) == ("3", "9", "false")


def test_a_line_of_the_log_is_as_certain_as_its_clock(read):
    plain, zoned, either = (read(w)[0] for w in ("line", "line_with_a_zone", "line_of_either_day"))
    assert (plain.signal.attribute, plain.signal.value, plain.device.id) == ("On", "true", "Kettle")
    assert (plain.time.hour, plain.time_uncertainty_ms) == (18, 14 * 3_600_000)
    assert (zoned.signal.value, zoned.time.hour, zoned.time_uncertainty_ms) == ("off", 17, None)
    assert (either.signal.attribute, either.signal.value) == ("TargetTemperature", "21.5")
    assert either.time_quality == "received"


@pytest.mark.parametrize("which", ["looked_at", "listed_description", "line_of_text"])
def test_what_sets_nothing_is_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=r"^homebridge: nothing was set") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_names_that_people_gave_are_not_read(read):
    assert "Ada" not in repr(read("listed") + read("listed_together") + read("wire"))


def test_a_log_is_cut_into_its_lines(sent, case):
    log = "[3/1/2026, 6:05:00 PM] [a] Set On to true\n\n[3/1/2026, 6:05:01 PM] [a] hello\n"
    assert [p["line"][-4:] for p in homebridge.payloads(sent(log.encode()))] == ["true", "ello"]
    listed = json.dumps([case("listed"), case("from_apple_home")]).encode()
    assert len(list(homebridge.payloads(sent(listed)))) == 2
    assert list(homebridge.payloads(sent(b" [] "))) == []
