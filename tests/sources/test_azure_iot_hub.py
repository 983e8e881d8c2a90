import pytest

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, azure_iot_hub

KEYS = "https://login.microsoftonline.com/tenant-1/discovery/v2.0/keys"
EVENT_GRID = "4962773b-9cdb-44cf-a8bf-237846a00ab7"
NOW = 1773306000.0
CLAIMS = {
    "iss": "https://sts.windows.net/tenant-1/",
    "aud": "api://hearthline",
    "appid": EVENT_GRID,
    "nbf": NOW - 60,
    "exp": NOW + 3000,
}


def test_telemetry_is_one_event_a_reading(read):
    events = read("telemetry")
    assert {e.signal.attribute: e.signal.value for e in events} == {
        "milk.litres": "0.4",
        "door": "false",
        "mode": "eco",
    }
    assert [e.id for e in events] == ["eg-1", "eg-1#1", "eg-1#2"]
    assert {(e.device.id, e.device.kind, e.source) for e in events} == {
        ("fridge-1", "appliance", "//azure_iot/-/home-hub")
    }
    assert events[0].household_hints[0].value == "h-1"
    assert (events[0].modality, events[0].initiator.kind) == ("ambient", "unknown")


def test_a_body_in_base64_is_read_at_the_devices_own_time(read):
    (event,) = read("telemetry_in_base64")
    assert (event.signal.attribute, event.signal.number, event.signal.capability) == ("filter", 8.0, "filter")
    assert (event.time.second, event.time_quality) == (58, "device")


@pytest.mark.parametrize(
    ("which", "kind"),
    [
        ("created", "device.device.added"),
        ("deleted", "device.device.removed"),
        ("connected", "device.connection.opened"),
        ("routed_life_cycle", "device.device.removed"),
        ("routed_connection", "device.connection.closed"),
    ],
)
def test_what_happens_to_a_device_is_one_event(read, which, kind):
    (event,) = read(which)
    assert (event.type, event.device.id, event.source) == (kind, "fridge-1", "//azure_iot/-/home-hub")


def test_connections_keep_their_order(read):
    assert read("connected")[0].sequence == "000000000000000001D4132452F67CE2"


@pytest.mark.parametrize("which", ["routed_to_storage", "routed_message", "monitored", "analytics"])
def test_a_routed_message_says_the_same_by_any_way(read, which):
    (event,) = read(which)
    assert (event.type, event.signal.number, event.id_origin) == ("device.telemetry.reported", 0.4, "derived")
    assert event.time.isoformat().startswith("2026-03-01T06:00:0")
    assert which == "analytics" or event.household_hints[0].value == "h-1"


def test_a_twin_reports_each_reading_at_its_own_time(read):
    (event,) = read("twin_change")
    assert (event.type, event.signal.attribute, event.time.second) == (
        "device.shadow.reported",
        "batteryLevel",
        2,
    )


@pytest.mark.parametrize(
    ("which", "reason"),
    [
        ("validation", "not-an-event"),
        ("twin_asked_for", "not-an-event"),
        ("job", "not-an-event"),
        ("not_json", "missing-field"),
    ],
)
def test_what_tells_no_event_is_refused_by_name(read, which, reason):
    with pytest.raises(BadPayload, match=r"^azure_iot_hub\.") as refusal:
        read(which)
    assert refusal.value.reason == reason


def test_a_subscription_is_validated_by_its_code(sent, case):
    answer = azure_iot_hub.reply(sent([case("validation")]), Account())
    assert answer.body == b'{"validationResponse":"512d38b6"}'
    assert azure_iot_hub.reply(sent([case("telemetry")]), Account()) is None


def test_cloud_events_are_allowed_to_event_grid_alone(sent):
    def asked(origin, method="OPTIONS"):
        headers = {"webhook-request-origin": origin, "webhook-request-rate": "120"}
        return sent(method=method, headers=headers)

    request = asked("eventgrid.azure.net")
    assert azure_iot_hub.verify(request, Account()).scheme == "handshake"
    allowed = azure_iot_hub.reply(request, Account()).headers
    assert allowed == {"WebHook-Allowed-Origin": "eventgrid.azure.net", "WebHook-Allowed-Rate": "120"}
    for stranger in (
        asked("eventgrid.azure.net.example.com"),
        asked("example.com"),
        asked("eventgrid.azure.net", "POST"),
    ):
        assert azure_iot_hub.reply(stranger, Account()) is None
        with pytest.raises(Unproven):
            azure_iot_hub.verify(stranger, Account(secrets=("s",)))


def test_a_secret_in_the_url_proves_event_grid(sent):
    account = Account(secrets=("s",))
    assert azure_iot_hub.verify(sent(query={"code": "s"}), account).scheme == "shared-secret"
    with pytest.raises(Unproven, match=r"^azure_iot_hub: "):
        azure_iot_hub.verify(sent(query={"code": "t"}), account)


@pytest.fixture
def verified(sent, signer):
    def proof(token, **settings):
        told = {"tenant": "tenant-1", "audience": "api://hearthline", **settings}
        account = Account(secrets=("s",), settings=told, fetch={KEYS: signer.jwks}.__getitem__)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return azure_iot_hub.verify(sent(headers=headers, query={"code": "s"}), account)

    return proof


def test_event_grids_token_proves_it(verified, signer):
    assert verified(signer.token(CLAIMS)).scheme == "entra-jwt"
    second = {**CLAIMS, "iss": "https://login.microsoftonline.com/tenant-1/v2.0", "azp": EVENT_GRID}
    del second["appid"]
    assert verified(signer.token(second)).key_id == EVENT_GRID
    assert verified(signer.token({**CLAIMS, "appid": "mine"}), sender="mine").key_id == "mine"


def test_where_a_token_is_asked_for_a_secret_is_not_enough(verified):
    with pytest.raises(Unproven, match="no bearer token"):
        verified(None)


@pytest.mark.parametrize(
    "changed",
    [
        {"appid": "another"},
        {"appid": None},
        {"iss": "https://sts.windows.net/tenant-2/"},
        {"aud": "api://else"},
        {"exp": NOW - 600},
    ],
)
def test_a_token_of_another_sender_tenant_or_time_is_refused(verified, signer, changed):
    with pytest.raises(Unproven):
        verified(signer.token({**CLAIMS, **changed}))


def test_a_token_of_another_key_is_refused(verified, stranger):
    with pytest.raises(Unproven, match="fits no key"):
        verified(stranger.token(CLAIMS))


@pytest.mark.parametrize("tenant", ["", "../evil", "a/b", "evil.example.com#"])
def test_a_tenant_that_changes_the_address_is_refused(verified, signer, tenant):
    with pytest.raises(Unproven, match="set both"):
        verified(signer.token(CLAIMS), tenant=tenant)
