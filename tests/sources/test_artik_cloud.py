from datetime import UTC, datetime

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload


def test_a_message_is_one_event_a_reading_at_the_devices_time(read):
    milk, door = read("message")
    assert (milk.signal.attribute, milk.signal.number, door.signal.value) == ("milk.litres", 0.4, "closed")
    assert (milk.id, door.id, milk.source) == ("m-1", "m-1#1", "//artik/-/dt-fridge")
    assert (milk.time.microsecond, milk.time_quality) == (212000, "device")
    assert {i.namespace: i.value for i in milk.identifiers} == {"artik.device": "d-1", "artik.user": "u-1"}
    assert (milk.initiator.kind, milk.modality) == ("unknown", "ambient")


def test_each_message_of_a_list_is_read(read):
    assert [e.id for e in read("list")] == ["m-1", "m-1#1", "m-2"]


def test_one_broken_message_does_not_hide_the_others(case):
    found, refusal = sources.read_all(
        "artik_cloud", case("list_with_a_broken_one"), datetime(2026, 3, 12, tzinfo=UTC)
    )
    assert [e.id for e in found] == ["m-1", "m-1#1"]
    assert refusal.reason == "missing-field"


def test_a_message_as_it_was_sent_has_an_id_made_from_it(read):
    (event,) = read("without_ids")
    assert (event.id_origin, event.signal.value, event.source) == ("derived", "open", "//artik/-/-")
    assert read("message_out")[0].id == "m-4"


def test_an_action_is_a_command_to_its_destination(read):
    on, notify = read("action")
    assert (on.type, on.device.id, on.signal.capability) == ("device.command.sent", "d-2", "dt-kettle")
    assert (on.signal.attribute, notify.signal.attribute) == ("setOn", "notify")
    assert on.initiator.kind == "unknown"


def test_a_snapshot_tells_each_field_at_its_own_time(read):
    door, litres = read("snapshot")
    assert (door.type, door.signal.value, litres.signal.number) == ("device.state.reported", "open", 0.4)
    assert (door.time - litres.time).total_seconds() == 100


@pytest.mark.parametrize("which", ["empty", "register", "notice"])
def test_talk_without_messages_is_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=r"^artik_cloud: ") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_an_action_without_a_name_is_refused(read):
    with pytest.raises(BadPayload, match=r"^artik_cloud\.action: no action has a name"):
        read("action_without_a_name")
