import pytest

from hearthline.schema.errors import BadPayload


@pytest.mark.parametrize(
    ("which", "initiator", "modality"),
    [
        ("level_by_poll", "machine", "ambient"),
        ("opened_by_hand", "human", "gesture"),
        ("set_by_voice", "human", "voice"),
        ("set_by_app", "human", "screen"),
        ("set_by_rule", "machine", "automated"),
        ("set_by_unknown", "unknown", "unknown"),
        ("scene", "human", "voice"),
        ("doorbell", "human", "gesture"),
        ("consumed", "machine", "ambient"),
    ],
)
def test_the_cause_says_who_set_it_off(read, which, initiator, modality):
    event = read(which)[0]
    assert (event.initiator.kind, event.modality) == (initiator, modality)
    assert event.touch.channel is None


def test_a_level_is_a_number_with_its_unit_and_instance(read):
    event = read("level_by_poll")[0]
    level = event.signal
    assert event.type == "device.inventory.level_reported"
    assert (level.number, level.unit, level.instance, level.state_change) == (3.0, "COUNT", "Pods", True)
    assert (event.time_uncertainty_ms, event.device.kind) == (200, "appliance")


def test_a_change_comes_with_the_states_that_did_not_change(read):
    changed, known = read("level_by_poll")
    assert (known.signal.value, known.signal.state_change) == ("OK", False)
    assert (changed.id, known.id, known.correlation.root) == ("ash-1", "ash-1#1", "ash-1")


def test_a_state_report_changes_nothing(read):
    events = read("state")
    assert [(e.signal.number, e.signal.unit, e.signal.state_change) for e in events] == [
        (40.0, "PERCENT", False),
        (4.0, "CELSIUS", False),
    ]


def test_what_was_used_is_counted(read):
    (event,) = read("consumed")
    assert (event.type, event.signal.number, event.signal.instance) == (
        "device.inventory.consumed",
        2.0,
        "Pods",
    )


@pytest.mark.parametrize("which", ["directive", "grant", "discovery"])
def test_what_asks_or_lists_is_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=r"^alexa_smart_home\.Alexa\.") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_an_unknown_message_is_refused(read, case):
    scene = case("scene")
    scene["event"]["header"]["name"] = "Unheard"
    with pytest.raises(BadPayload, match="an unknown message"):
        read(scene)


def test_the_answer_of_a_security_panel_is_a_state(read):
    (event,) = read("armed")
    assert (event.signal.attribute, event.signal.value, event.signal.state_change) == (
        "armState",
        "ARMED_STAY",
        False,
    )


def test_version_2_tells_no_state(read):
    with pytest.raises(BadPayload, match="version 2") as refusal:
        read("version_2")
    assert refusal.value.reason == "not-an-event"


def test_a_colour_is_told_whole(read):
    (event,) = read("colour")
    assert event.signal.value == '{"brightness":0.6,"hue":350.5,"saturation":0.7}'
