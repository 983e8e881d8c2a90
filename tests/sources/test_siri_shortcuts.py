import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
import pytest

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, key_id, siri_shortcuts

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
ACCOUNT = Account(secrets=("old", "new"))


@pytest.mark.parametrize(
    ("which", "initiator", "modality", "channel"),
    [
        ("by_siri", "human", "voice", "voice"),
        ("by_widget", "human", "screen", "home-widget"),
        ("by_nfc", "human", "gesture", None),
        ("by_arriving", "machine", "automated", None),
        ("by_time", "scheduled", "automated", None),
        ("untold", "unknown", "unknown", None),
        ("by_something_new", "unknown", "unknown", None),
    ],
)
def test_how_it_was_started_says_who_did_it(read, which, initiator, modality, channel):
    (event,) = read(which)
    assert (event.initiator.kind, event.modality, event.touch.channel) == (initiator, modality, channel)
    assert event.initiator.evidence == (None if initiator == "unknown" else "invoked_by")


def test_the_action_says_its_stage_and_names_nobody(read):
    (event,) = read("by_siri")
    assert (event.type, event.stage, event.intent.name) == (
        "platform.shortcut.ran",
        "purchase",
        "ReorderCoffee",
    )
    assert (event.intent.slots, event.intent.locale) == ({"product": "beans", "bags": "2"}, "de-DE")
    assert (event.time.hour, event.time_quality, event.id) == (6, "device", "run-1")
    assert {i.namespace for i in event.identifiers} == {"shopify.customer", "apple.vendor_device"}
    assert event.household_hints[0].value == "h-1"
    assert read("untold")[0].stage == "consideration"


def test_what_an_automation_does_flows_back_to_who_added_it(read):
    (added,), (acts,), (ended,) = (read(w) for w in ("automation_added", "by_time", "automation_removed"))
    references = {(e.automation.ref_type, e.automation.ref_id) for e in (added, acts, ended)}
    assert references == {("automation", "weekly-beans")}
    assert [e.automation.role for e in (added, acts, ended)] == ["enrol", "act", "end"]
    assert (added.initiator.kind, added.initiator.evidence, added.touch.channel) == ("human", "event", None)


def test_a_shop_may_name_its_own_standing_decision(read):
    automation = read("by_time_for_a_replenishment")[0].automation
    assert (automation.kind, automation.role, automation.ref_id, automation.cycle) == (
        "subscription",
        "act",
        "sub-1",
        3,
    )


def test_what_failed_is_no_touch(read):
    (event,) = read("failed")
    assert (event.type, event.stage, event.touch.channel) == ("platform.shortcut.failed", "none", None)
    assert event.intent.handled is False


def test_a_person_is_named_by_a_hash_only(read):
    told = {i.namespace: i.personal for i in read("of_a_person")[0].identifiers}
    assert told == {"segment.anonymous_id": False, "email": True, "apple.vendor_device": False}


def test_an_order_is_only_named(read):
    assert read("ordered")[0].commerce.order == "1001"


@pytest.mark.parametrize(
    ("which", "reason"),
    [("test", "not-an-event"), ("without_an_action", "missing-field"), ("unknown_event", "missing-field")],
)
def test_what_is_not_of_the_form_is_refused_by_name(read, which, reason):
    with pytest.raises(BadPayload, match=r"^siri_shortcuts\.[a-z]+:") as refusal:
        read(which)
    assert refusal.value.reason == reason


# The door -----------------------------------------------------------------------------------------


def by_hmac(secret, stamp, body):
    return "v1=" + hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()


def by_two_hashes(secret, stamp, body):
    """Return what a Shortcut makes with two actions Generate Hash."""
    inner = sha256(f"{secret}.{stamp}.".encode() + body).hexdigest()
    return "n1=" + sha256(f"{secret}.{inner}".encode()).hexdigest()


def signed(body, *, how=by_hmac, by="new", stamp="2026-03-12T09:00:10Z"):
    headers = {"hearthline-timestamp": stamp, "hearthline-signature": how(by, stamp, body)}
    return Sent(headers=headers, body=body, received=NOW)


@pytest.mark.parametrize("how", [by_hmac, by_two_hashes])
@pytest.mark.parametrize("stamp", ["2026-03-12T09:00:10Z", "2026-03-12T10:00:10+01:00", "1773306010"])
def test_a_signed_request_comes_in_by_either_secret(case, how, stamp):
    body = json.dumps(case("by_siri")).encode()
    for secret in ("old", "new"):
        request = signed(body, how=how, by=secret, stamp=stamp)
        assert siri_shortcuts.verify(request, ACCOUNT).key_id == key_id(secret)


@pytest.mark.parametrize("how", [by_hmac, by_two_hashes])
@pytest.mark.parametrize(
    "changed",
    [
        {"body": b'{"schema": "hearthline.shortcut/1"}'},
        {"received": NOW + timedelta(seconds=311)},
        {"received": NOW - timedelta(seconds=291)},
        {"headers": {}},
    ],
)
def test_a_changed_or_old_request_is_refused(how, changed):
    with pytest.raises(Unproven, match=r"^siri_shortcuts: "):
        siri_shortcuts.verify(msgspec.structs.replace(signed(b"{}", how=how), **changed), ACCOUNT)


@pytest.mark.parametrize("missing", ["hearthline-timestamp", "hearthline-signature"])
def test_a_request_without_one_of_its_headers_is_refused(missing):
    request = signed(b"{}")
    headers = {name: value for name, value in request.headers.items() if name != missing}
    with pytest.raises(Unproven, match=r"^siri_shortcuts: no "):
        siri_shortcuts.verify(Sent(headers=headers, body=b"{}", received=NOW), ACCOUNT)


@pytest.mark.parametrize("how", [by_hmac, by_two_hashes])
def test_a_stranger_is_refused(how):
    with pytest.raises(Unproven, match="no signature fits"):
        siri_shortcuts.verify(signed(b"{}", how=how, by="guess"), ACCOUNT)


@pytest.mark.parametrize(
    "stated", ["v1=", "n1=", "v1=zz", "n1=é", "v2=00", "none", "v1=00,n1=00", "n1=" + "0" * 64]
)
def test_what_is_no_signature_is_refused(stated):
    headers = {"hearthline-timestamp": "2026-03-12T09:00:00Z", "hearthline-signature": stated}
    with pytest.raises(Unproven):
        siri_shortcuts.verify(Sent(headers=headers, body=b"{}", received=NOW), ACCOUNT)


def test_two_hashes_of_one_secret_do_not_stand_for_an_hmac():
    stamp, body = "2026-03-12T09:00:00Z", b"{}"
    wrong = by_two_hashes("new", stamp, body).replace("n1=", "v1=")
    headers = {"hearthline-timestamp": stamp, "hearthline-signature": wrong}
    with pytest.raises(Unproven, match="no signature fits"):
        siri_shortcuts.verify(Sent(headers=headers, body=body, received=NOW), ACCOUNT)
