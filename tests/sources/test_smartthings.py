import base64
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, rsa_fits, smartthings
from hearthline.sources.smartthings.door import signed_texts

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
KEY_ID = "/pl/useast1/59-80-9d-fa-87-6b-f2-bd"
RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "smartthings"


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


@pytest.mark.parametrize("which", ["ping", "confirmation", "configuration", "oauth", "sink_confirmation"])
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


def test_a_sink_gets_one_event_a_request(read):
    (event,) = read("sink_device")
    assert (event.type, event.signal.value, event.id) == ("device.state.reported", "on", "sink-1")
    assert (event.time.isoformat(), event.time_quality) == ("2026-03-01T06:30:00+00:00", "platform")
    assert event.household_hints[0].value == "loc-1"


def test_rooms_and_locations_come_and_go(read):
    (event,) = read("sink_location")
    assert (event.type, event.id, event.household_hints[0].value) == (
        "device.location.added",
        "sink-2",
        "loc-1",
    )


# The door -----------------------------------------------------------------------------------------


def signed(
    signer, body, *, path="/in/smartthings", key=KEY_ID, names="(request-target) digest date", **changed
):
    """Return a request as SmartThings signs it; what is changed is changed after signing."""
    raw = json.dumps(body).encode()
    headers = {
        "date": NOW.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "digest": "SHA-256=" + base64.b64encode(sha256(raw).digest()).decode(),
        "host": "hearthline.example.com",
    }
    told = {"(request-target)": f"post {path}", **headers}
    message = "\n".join(f"{name}: {told[name]}" for name in names.split()).encode()
    value = base64.b64encode(signer.sign(message)).decode()
    headers["authorization"] = (
        f'Signature keyId="{key}",signature="{value}",headers="{names}",algorithm="rsa-sha256"'
    )
    return Sent(path=path, headers=headers, body=raw, received=NOW)


@pytest.fixture
def account(signer):
    """Return an account that can fetch SmartThings' key, and nothing else."""
    return Account(fetch={f"https://key.smartthings.com{KEY_ID}": signer.pem}.__getitem__)


def test_smartthings_own_requests_come_in(signer, account, case):
    proof = smartthings.verify(signed(signer, case("device")), account)
    assert proof.scheme == "http-signature"
    assert smartthings.reply(signed(signer, case("device")), account) is None


def test_a_target_is_signed_with_its_query(signer, account, case):
    request = signed(signer, case("device"), path="/in/smartthings?home=1")
    bare = Sent(
        path="/in/smartthings", query={"home": "1"}, headers=request.headers, body=request.body, received=NOW
    )
    assert smartthings.verify(bare, account).scheme == "http-signature"


def test_an_app_may_have_its_own_key(signer, case):
    request = signed(signer, case("device"), key="/SmartThings/dd:41:39:60")
    own = Account(settings={"public_key": signer.pem.decode()})
    assert smartthings.verify(request, own).scheme == "http-signature"
    with pytest.raises(Unproven, match="not set"):
        smartthings.verify(request, Account())


@pytest.mark.parametrize(
    "changed",
    [
        {"body": b"{}"},
        {"path": "/in/else"},
        {"method": "PUT"},
        {"received": NOW + timedelta(seconds=301)},
        {"received": NOW - timedelta(seconds=301)},
    ],
)
def test_a_changed_moved_or_old_request_is_refused(signer, account, case, changed):
    with pytest.raises(Unproven, match=r"^smartthings: "):
        smartthings.verify(msgspec.structs.replace(signed(signer, case("device")), **changed), account)


@pytest.mark.parametrize("missing", ["authorization", "date", "digest"])
def test_a_request_without_one_of_its_headers_is_refused(signer, account, case, missing):
    request = signed(signer, case("device"))
    headers = {name: value for name, value in request.headers.items() if name != missing}
    with pytest.raises(Unproven):
        smartthings.verify(Sent(path=request.path, headers=headers, body=request.body, received=NOW), account)


@pytest.mark.parametrize("names", ["digest date", "(request-target) date", "(request-target) digest"])
def test_target_digest_and_date_must_all_be_signed(signer, account, case, names):
    with pytest.raises(Unproven, match="is not signed"):
        smartthings.verify(signed(signer, case("device"), names=names), account)


def test_a_stranger_is_refused(stranger, account, case):
    with pytest.raises(Unproven, match="does not fit"):
        smartthings.verify(signed(stranger, case("device")), account)


@pytest.mark.parametrize(
    "key",
    [
        "https://example.com/key",
        "https://key.smartthings.com.example.com/key",
        "//example.com/key",
        "/../key",
        "/pl/../../key",
        "/pl/key?x=1",
        "/pl/key#x",
        "@example.com/key",
        ".example.com/key",
        "/pl/k%2e",
        "/pl/key\\x",
    ],
)
def test_no_key_is_fetched_from_a_foreign_address(signer, case, key):
    asked = []
    with pytest.raises(Unproven, match="foreign address"):
        smartthings.verify(signed(signer, case("device"), key=key), Account(fetch=asked.append))
    assert asked == []


def test_a_ping_needs_no_key_and_is_echoed(sent, case):
    request = sent(case("ping"))
    assert smartthings.verify(request, Account()).scheme == "handshake"
    answer = json.loads(smartthings.reply(request, Account()).body)
    assert answer["pingData"]["challenge"] == case("ping")["pingData"]["challenge"]


def test_nothing_but_a_ping_comes_in_unsigned(sent, case):
    for which in ("device", "confirmation", "sink_confirmation", "install"):
        with pytest.raises(Unproven):
            smartthings.verify(sent(case(which)), Account())


def confirmation(url, app="app-1"):
    data = {"appId": app, "confirmationUrl": url}
    return {"lifecycle": "CONFIRMATION", "executionId": "e", "appId": app, "confirmationData": data}


def test_an_app_is_confirmed_at_smartthings(signer):
    url = "https://api.smartthings.com/apps/app-1/confirm-registration?token=t-1"
    asked = []
    fetched = {f"https://key.smartthings.com{KEY_ID}": signer.pem, url: b"{}"}
    account = Account(fetch=lambda address: asked.append(address) or fetched[address])
    request = signed(signer, confirmation(url))
    smartthings.verify(request, account)
    answer = json.loads(smartthings.reply(request, account).body)
    assert answer == {"targetUrl": "https://hearthline.example.com/in/smartthings"}
    assert asked[-1] == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.smartthings.com/apps/a/confirm",
        "https://api.smartthings.com.example.com/apps/a/confirm",
        "https://api.smartthings.com@example.com/apps/a/confirm",
        "https://api.smartthings.com:8080/apps/a/confirm",
        "https://api.smartthings.com/../a",
        "https://example.com/",
        "",
    ],
)
def test_no_confirmation_goes_to_a_foreign_address(signer, account, url):
    request = signed(signer, confirmation(url))
    with pytest.raises(Unproven, match="foreign confirmation"):
        smartthings.verify(request, account)
    assert smartthings.reply(request, account) is None


def test_another_app_is_not_confirmed(signer, account):
    url = "https://api.smartthings.com/apps/app-2/confirm-registration"
    mine = Account(fetch=account.fetch, settings={"app_id": "app-1"})
    with pytest.raises(Unproven, match="foreign confirmation"):
        smartthings.verify(signed(signer, confirmation(url, "app-2")), mine)


def test_a_sink_is_confirmed_by_its_challenge(signer, account, case):
    request = signed(signer, case("sink_confirmation"))
    smartthings.verify(request, account)
    assert json.loads(smartthings.reply(request, account).body) == {"challenge": "c-1"}


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings are not beside this checkout")
def test_a_signature_that_smartthings_made_fits():
    recorded = json.loads((RECORDED / "config_init_sig_pass_request.json").read_text())
    headers = {name.lower(): value for name, value in recorded["headers"].items()}
    request = Sent(path="/", headers=headers, received=NOW)
    value = base64.b64decode(headers["authorization"].split('signature="')[1].split('"')[0])
    (message,) = signed_texts(request, ("(request-target)", "digest", "date"))
    assert rsa_fits((RECORDED / "public_key.pem").read_bytes(), value, message)


def test_a_devices_history_is_read_at_its_own_time(read):
    (event,) = read("history")
    assert (event.device.id, event.signal.value, event.time.isoformat()) == (
        "d1",
        "run",
        "2026-03-01T10:00:00+00:00",
    )


def test_states_that_a_makers_cloud_calls_back_are_readings(read):
    switched, warmed = read("schema_callback")
    assert (switched.device.id, switched.signal.capability, switched.signal.value) == (
        "maker-1",
        "switch",
        "on",
    )
    assert (warmed.signal.number, warmed.signal.unit, warmed.device.kind) == (21.5, "C", "sensor")
    assert switched.time.isoformat() == "2026-03-01T06:50:00+00:00"
    (pressed,) = read("schema_button")
    assert (pressed.type, pressed.initiator.kind, pressed.signal.state_change) == (
        "device.button.pressed",
        "human",
        True,
    )


def test_a_command_through_the_clouds_is_one_and_who_gave_it_is_unknown(read):
    dimmed, switched = read("schema_command")
    assert (dimmed.type, dimmed.signal.capability, dimmed.signal.attribute) == (
        "device.command.sent",
        "switchLevel",
        "setLevel",
    )
    assert dimmed.initiator.kind == "unknown"
    assert dimmed.id != switched.id


@pytest.mark.parametrize("which", ["schema_grant", "schema_discovery"])
def test_talk_between_the_clouds_is_no_event(read, which):
    with pytest.raises(BadPayload, match=r"smartthings\.\w+: a ") as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_a_value_is_of_the_type_that_it_says(read):
    level, colour = read("values_of_other_types")
    assert (level.signal.value, level.signal.number) == ("80", 80.0)
    assert colour.signal.value == '{"hue":1.5,"saturation":3}'
