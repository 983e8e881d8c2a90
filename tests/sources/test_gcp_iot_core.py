import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, gcp_iot_core

NOW = 1773306000.0
KEYS = "https://www.googleapis.com/oauth2/v3/certs"
CLAIMS = {
    "iss": "https://accounts.google.com",
    "aud": "https://hearthline.example.com",
    "email": "push@example.com",
    "email_verified": True,
    "sub": "1137",
    "iat": NOW - 60,
    "exp": NOW + 3000,
}


def test_a_push_is_one_event_a_reading(read):
    milk, door = read("pushed")
    assert (milk.signal.attribute, milk.signal.number, door.signal.value) == ("milk.litres", 0.4, "false")
    assert [milk.id, door.id] == ["ps-1", "ps-1#1"]
    assert (milk.source, milk.device.id, milk.device.kind) == (
        "//gcp_iot/home-1/fridges",
        "fridge-1",
        "appliance",
    )
    assert (milk.household_hints[0].value, milk.time.microsecond) == ("h-1", 587000)


@pytest.mark.parametrize("which", ["successor", "cloud_event", "function", "unwrapped"])
def test_the_same_message_is_read_however_it_was_handed_on(read, which):
    (event,) = read(which)
    assert (event.type, event.device.id, event.signal.number) == (
        "device.telemetry.reported",
        "fridge-1",
        0.4,
    )
    assert (event.id_origin, event.time_quality) == ("native", "platform")


def test_each_pulled_message_is_read(read):
    events = read("pulled")
    assert [e.id for e in events] == ["ps-3", "ps-4", "ps-4#1"]
    assert events[1].device.hub == "gw-1"


def test_lines_of_a_gateway_are_readings_at_the_devices_time(read):
    events = read("pushed_lines")
    assert [(e.signal.attribute, e.signal.value) for e in events] == [
        ("milk", "0.4"),
        ("open", "false"),
        ("pods", "3"),
        ("milk", "0.3"),
    ]
    assert {e.time_quality for e in events} == {"device"}
    assert (events[3].time - events[0].time).total_seconds() == 60
    assert events[0].signal.capability == "line"


def test_a_text_is_kept_as_it_is(read):
    (event,) = read("pushed_text")
    assert (event.signal.attribute, event.signal.value) == ("data", "door opened")


@pytest.mark.parametrize("which", ["pushed_nothing", "pushed_bytes"])
def test_data_without_readings_is_refused(read, which):
    with pytest.raises(BadPayload, match=r"^gcp_iot_core\.message: no readings"):
        read(which)


@pytest.mark.parametrize(
    ("which", "kind", "registry"),
    [
        ("created", "device.device.added", "fridges"),
        ("deleted_in_headers", "device.device.removed", "fridges"),
        ("described", "device.device.changed", "fridges"),
    ],
)
def test_the_device_manager_tells_which_devices_there_are(read, which, kind, registry):
    (event,) = read(which)
    assert (event.type, event.device.id) == (kind, "fridge-1")
    assert event.source == f"//gcp_iot/home-1/{registry}"


def test_a_call_that_changes_no_device_is_refused_by_name(read):
    with pytest.raises(BadPayload, match="ModifyCloudToDeviceConfig") as refusal:
        read("configured")
    assert refusal.value.reason == "not-an-event"


def test_a_message_without_a_device_is_anybodys(case):
    payload = case("pushed")
    payload["message"]["attributes"] = {"origin": "batch"}
    assert sources.recognise(payload) is None


@pytest.fixture
def verified(sent, signer):
    def proof(token, **settings):
        told = {"audience": CLAIMS["aud"], "service_account": "push@example.com", **settings}
        account = Account(secrets=("s",), settings=told, fetch={KEYS: signer.jwks}.__getitem__)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return gcp_iot_core.verify(sent(headers=headers, query={"token": "s"}), account)

    return proof


def test_a_push_that_google_signed_comes_in(verified, signer):
    assert verified(signer.token(CLAIMS)).scheme == "google-jwt"


def test_a_secret_in_the_address_is_enough_only_where_no_token_is_asked_for(sent, verified):
    account = Account(secrets=("s",))
    assert gcp_iot_core.verify(sent(query={"token": "s"}), account).scheme == "shared-secret"
    with pytest.raises(Unproven):
        gcp_iot_core.verify(sent(query={"token": "t"}), account)
    with pytest.raises(Unproven, match="no bearer token"):
        verified(None)


@pytest.mark.parametrize(
    "changed",
    [
        {"email": "else@example.com"},
        {"email_verified": False},
        {"iss": "https://example.com"},
        {"aud": "https://else.example.com"},
        {"exp": NOW - 600},
    ],
)
def test_a_push_of_another_account_audience_or_time_is_refused(verified, signer, changed):
    with pytest.raises(Unproven, match=r"^gcp_iot_core: "):
        verified(signer.token({**CLAIMS, **changed}))


def test_a_push_that_a_stranger_signed_is_refused(verified, stranger):
    with pytest.raises(Unproven, match="fits no key"):
        verified(stranger.token(CLAIMS))


@pytest.mark.parametrize("settings", [{"audience": ""}, {"service_account": ""}])
def test_an_audience_alone_proves_nothing(verified, signer, settings):
    with pytest.raises(Unproven, match="set both"):
        verified(signer.token(CLAIMS), **settings)


@pytest.mark.parametrize(
    "which",
    [
        "background_function",
        "background_function_flat",
        "function_of_the_second_generation",
        "event_in_headers",
    ],
)
def test_what_a_function_was_given_is_the_message_in_it(read, case, which):
    assert sources.recognise(case(which)) == "gcp_iot_core"
    (event,) = read(which)
    assert (event.id, event.device.id, event.signal.attribute, event.signal.number) == (
        "fn-2",
        "fridge-1",
        "milk",
        0.4,
    )
    assert (event.time.isoformat(), event.time_quality) == ("2026-03-01T06:00:00.500000+00:00", "platform")
    assert event.source == "//gcp_iot/home-1/fridges"
