import pytest

from hearthline.schema.errors import BadPayload


@pytest.mark.parametrize(
    ("which", "initiator", "modality", "evidence"),
    [
        ("by_a_user", "human", "screen", "context.user_id"),
        ("by_an_automation", "machine", "automated", "context.parent_id"),
        ("by_itself", "unknown", "ambient", None),
        ("attributes_only", "unknown", "unknown", None),
        ("bell", "human", "gesture", "new_state.attributes.event_type"),
        ("called", "human", "screen", "context.user_id"),
        ("from_homekit", "unknown", "unknown", None),
        ("homekit_remote", "human", "screen", "data.key_name"),
        ("from_alexa", "unknown", "unknown", None),
        ("from_google", "unknown", "unknown", None),
        ("automation", "machine", "automated", "data.source"),
        ("automation_by_clock", "scheduled", "automated", "data.source"),
        ("script_by_a_user", "human", "screen", "context.user_id"),
        ("script_by_a_rule", "machine", "automated", "context.parent_id"),
        ("notification", "human", "screen", "event_type"),
        ("tag", "human", "gesture", "event_type"),
        ("remote", "human", "gesture", "data.type"),
        ("timer", "scheduled", "automated", "event_type"),
        ("eventstream", "human", "screen", "context.user_id"),
        ("triggered", "human", "screen", "context.user_id"),
        ("logbook_stream", "human", "screen", "context_user_id"),
        ("row", "human", "screen", "context_user_id"),
        ("homekit_row", "unknown", "unknown", None),
        ("automation_row", "scheduled", "automated", "source"),
        ("row_by_an_automation", "scheduled", "automated", "context_event_type"),
    ],
)
def test_the_context_says_who_set_it_off(read, which, initiator, modality, evidence):
    (event,) = read(which)
    assert (event.initiator.kind, event.modality, event.initiator.evidence) == (initiator, modality, evidence)
    assert (event.stage, event.touch.channel) == ("none", None)


def test_a_change_keeps_what_it_was_and_its_unit(read):
    (event,) = read("by_itself")
    milk = event.signal
    assert (milk.value, milk.previous, milk.number, milk.unit) == ("0.4", "0.5", 0.4, "L")
    assert (milk.capability, milk.state_change, event.device.kind) == ("volume", True, "sensor")
    assert event.household_hints[0].value == "h-1"
    assert read("attributes_only")[0].signal.state_change is False
    assert read("first_state")[0].signal.state_change is None


def test_what_an_automation_does_points_at_its_trigger_and_its_rule(read):
    (done,) = read("by_an_automation")
    assert (done.correlation.parent, done.correlation.root) == ("c-2", "c-3")
    assert (done.automation.kind, done.automation.role) == ("rule", "act")
    (ran,) = read("automation")
    assert (ran.automation.ref_type, ran.automation.ref_id) == ("automation", "automation.order_beans")
    (row,) = read("row_by_an_automation")
    assert row.automation.ref_id == "automation.order_beans"


def test_a_command_of_apple_home_is_tied_to_what_it_called(read):
    (command,), (called,) = read("from_homekit"), read("called_by_homekit")
    assert (command.type, command.signal.capability, command.signal.attribute) == (
        "device.command.sent",
        "homekit",
        "lock",
    )
    assert command.correlation.root == called.correlation.root == "c-6"


@pytest.mark.parametrize(
    ("which", "kind", "entity"),
    [
        ("removed", "device.device.removed", "light.hall"),
        ("called", "device.command.sent", "switch.kettle"),
        ("from_alexa", "device.command.sent", "switch.kettle"),
        ("script_by_a_rule", "device.script.started", "script.reorder"),
        ("device_added", "device.device.added", "d-3"),
        ("remote", "device.button.pressed", "d-1"),
        ("remote_by_itself", "device.event.fired", "d-2"),
        ("custom", "device.event.fired", "switch.kettle"),
        ("state", "device.state.reported", "sensor.milk"),
        ("homekit_row", "device.command.sent", "alarm_control_panel.home"),
    ],
)
def test_what_happened_is_named(read, which, kind, entity):
    (event,) = read(which)
    assert (event.type, event.device.id, event.subject) == (kind, entity, entity)


def test_a_person_is_hashed_and_only_home_or_away(read):
    (event,) = read("person", household="h-1")
    assert (event.signal.value, event.signal.previous) == ("not_home", "home")
    assert (event.device.id, event.subject) == (None, None)
    assert event.identifiers[0].personal


def test_an_entity_is_an_identifier_only_in_its_home(read):
    assert [i.value for i in read("by_itself")[0].identifiers] == ["h-1/sensor.milk"]
    assert read("by_an_automation")[0].identifiers == ()


def test_messages_with_many_states_give_one_event_each(read):
    hall, milk = read("compressed")
    assert (hall.signal.value, hall.initiator.kind, hall.time.microsecond) == ("on", "human", 500000)
    assert (milk.signal.value, milk.correlation.root) == ("0.3", "c-16")
    assert [e.device.id for e in read("answer")] == ["light.hall", "sensor.milk"]


def test_one_event_over_two_subscriptions_is_one(read, case):
    payload = case("by_a_user")
    assert read(payload)[0].id == read({**payload, "id": 99})[0].id == read(payload["event"])[0].id


def test_rows_of_older_logbooks_tell_their_state_in_words(read):
    (event,) = read("old_row")
    assert (event.signal.value, event.type) == ("armed_night", "device.state.reported")


@pytest.mark.parametrize(
    "which",
    [
        "command",
        "started",
        "asked_by_alexa",
        "asked_by_google",
        "empty_answer",
        "hello",
        "row_without_a_state",
    ],
)
def test_talk_and_questions_are_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=r"^home_assistant\.[a-z_]+:") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"
