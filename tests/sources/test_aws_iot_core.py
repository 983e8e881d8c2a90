import pytest

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, aws_iot_core


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


@pytest.mark.parametrize(
    ("which", "attribute", "value"),
    [("telemetry_in_base64", "milk", "0.4"), ("telemetry_in_text", "value", "opened")],
)
def test_a_payload_may_be_encoded_or_a_plain_text(read, which, attribute, value):
    (event,) = read(which)
    assert (event.signal.attribute, event.signal.value) == (attribute, value)


def test_a_shadow_reports_each_reading_at_its_own_time(read):
    milk, lamp = read("shadow")
    assert (milk.signal.attribute, milk.signal.number) == ("milk.litres", 0.4)
    assert (lamp.time - milk.time).total_seconds() == 10


def test_shadow_documents_name_their_thing_by_the_topic(read):
    (event,) = read("shadow_documents")
    assert (event.device.id, event.signal.number) == ("fridge-1", 3.0)


def test_a_thing_of_the_registry_is_a_device_that_came(read):
    (event,) = read("thing_created")
    assert (event.type, event.device.id, event.device.model) == ("device.device.added", "fridge-1", "fridge")
    assert (event.id, event.sequence) == ("f5ae-1", "1")


@pytest.mark.parametrize("which", ["custom_authorizer", "provisioning", "confirmation", "thing_group"])
def test_what_asks_or_administers_is_refused_by_name(read, which):
    with pytest.raises(BadPayload, match=r"^aws_iot_core: a") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


# The door -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "told", "why"),
    [
        ("update/delta", {"state": {"t": 5}, "metadata": {}}, "wanted to be"),
        ("update/rejected", {"code": 400, "message": "no"}, "refused a request"),
        ("delete/accepted", {}, "deleted"),
        ("delete", {"payload": "{}"}, "deleted"),
    ],
)
def test_a_wish_a_refusal_and_a_deletion_are_no_state_of_a_device(read, asked, told, why):
    topic = f"$aws/things/fridge-7/shadow/{asked}"
    with pytest.raises(BadPayload, match=why):
        read({"topic": topic, "version": 3, "timestamp": 1772359200, **told})


def test_a_rule_shows_its_secret(sent, case):
    account = Account(secrets=("s",))
    request = sent(case("telemetry"), headers={"x-hearthline-key": "s"})
    assert aws_iot_core.verify(request, account).scheme == "shared-secret"
    assert aws_iot_core.reply(request, account) is None
    for headers in ({}, {"x-hearthline-key": "t"}):
        with pytest.raises(Unproven, match=r"^aws_iot_core: "):
            aws_iot_core.verify(sent(case("telemetry"), headers=headers), account)


def test_a_destination_is_confirmed_at_aws(sent, case):
    asked = []
    account = Account(secrets=("s",), settings={"aws_account": "123456789012"}, fetch=asked.append)
    request = sent(case("confirmation"))
    assert aws_iot_core.verify(request, account).scheme == "handshake"
    assert aws_iot_core.reply(request, account).status == 200
    assert asked == [case("confirmation")["enableUrl"]]


@pytest.mark.parametrize(
    "url",
    [
        "http://iot.us-east-1.amazonaws.com/confirmdestination/AYADe-1",
        "https://example.com/confirmdestination/AYADe-1",
        "https://iot.us-east-1.amazonaws.com.example.com/confirmdestination/AYADe-1",
        "https://iot.us-east-1.amazonaws.com@example.com/confirmdestination/AYADe-1",
        "https://iot.us-east-1.amazonaws.com:8443/confirmdestination/AYADe-1",
        "https://s3.us-east-1.amazonaws.com/confirmdestination/AYADe-1",
        "https://iot.us-east-1.amazonaws.com/other/AYADe-1",
        "https://iot.us-east-1.amazonaws.com/confirmdestination/../AYADe-1",
        "https://iot.us-east-1.amazonaws.com/confirmdestination/other",
        "https://iot.us-east-1.amazonaws.com/confirmdestination/AYADe-1?x=1",
        "https://[::1/confirmdestination/AYADe-1",
        None,
    ],
)
def test_no_confirmation_leads_elsewhere(sent, case, url):
    asked = []
    account = Account(secrets=("s",), fetch=asked.append)
    request = sent({**case("confirmation"), "enableUrl": url})
    with pytest.raises(Unproven, match="foreign confirmation"):
        aws_iot_core.verify(request, account)
    assert aws_iot_core.reply(request, account) is None
    assert asked == []


def test_the_destination_of_another_account_is_not_confirmed(sent, case):
    account = Account(settings={"aws_account": "999999999999"})
    with pytest.raises(Unproven, match="foreign confirmation"):
        aws_iot_core.verify(sent(case("confirmation")), account)


def test_a_number_in_words_is_a_number_and_a_code_is_none(read):
    found = {event.signal.attribute: event.signal.number for event in read("telemetry_in_words")}
    assert (found["temperature"], found["zone"]) == (22.5, None)
