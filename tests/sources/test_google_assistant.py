"""What people said to the Assistant, what homes were told, and who may send it."""

import base64
import json
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, proven


@pytest.mark.parametrize(
    ("which", "kind", "place", "evidence"),
    [
        ("reorder_spoken", "intent", ("voice", "purchase", "voice"), "rawInputs.inputType"),
        ("search_typed", "intent", ("voice", "awareness", "screen"), "rawInputs.inputType"),
        ("welcome", "launched", ("voice", "consideration", "voice"), "rawInputs.inputType"),
        ("chat", "intent", (None, "post_purchase", "screen"), "originalDetectIntentRequest.source"),
        ("call", "intent", ("voice", "purchase", "voice"), "originalDetectIntentRequest.source"),
        ("heard", "intent", ("voice", "consideration", "voice"), "speechRecognitionConfidence"),
        ("unknown_how", "intent", ("voice", "consideration", "unknown"), "queryResult.queryText"),
        ("first_dialogflow", "intent", ("voice", "purchase", "unknown"), "result.resolvedQuery"),
        ("cx", "intent", ("voice", "purchase", "voice"), "transcript"),
        ("sdk", "launched", ("voice", "consideration", "screen"), "rawInputs.inputType"),
        ("sdk_cancel", "session_ended", (None, "none", "voice"), "rawInputs.inputType"),
        ("builder", "intent", ("voice", "awareness", "unknown"), "intent.query"),
        ("builder_silence", "no_input", (None, "none", "voice"), None),
    ],
)
def test_a_turn_has_its_place_and_says_how_it_is_known(read, which, kind, place, evidence):
    (event,) = read(which)
    assert event.type == f"platform.voice.{kind}"
    assert (event.touch.channel, event.stage, event.modality) == place
    assert (event.initiator.kind, event.initiator.evidence) == ("human" if evidence else "unknown", evidence)


def test_the_words_are_kept_without_the_person_in_them(read):
    (event,) = read("reorder_spoken")
    assert event.intent.slots == {"product": "coffee", "amount": "2", "brands": "a, b"}
    assert event.intent.utterance == "order coffee for ..."
    assert (event.intent.confidence, event.intent.locale) == (0.83, "en-gb")
    assert read("not_understood")[0].intent.handled is False


@pytest.mark.parametrize(
    ("which", "kind"),
    [("reorder_spoken", "speaker"), ("welcome", "display"), ("search_typed", "phone"), ("chat", None)],
)
def test_what_a_device_can_show_tells_its_kind(read, which, kind):
    assert read(which)[0].device.kind == kind


def test_a_home_is_known_where_the_action_keeps_it(read):
    (event,) = read("builder")
    assert [(h.kind, h.value) for h in event.household_hints] == [("home", "home-5")]
    assert [(i.namespace, i.value) for i in event.identifiers] == [("google.user", "U-5")]
    assert event.source == "//google/-/assistant"
    assert read("reorder_spoken")[0].source == "//google/beans/assistant"


def test_an_order_to_a_home_is_one_event_a_device_and_nobody_knows_who_gave_it(read):
    events = read("execute")
    assert [(e.type, e.device.id, e.signal.value) for e in events] == [
        ("device.command.received", "kettle-1", "true"),
        ("device.command.received", "kettle-2", "true"),
    ]
    assert {e.initiator.kind for e in events} == {"unknown"}
    (confirmed,) = read("execute_confirmed")
    assert (confirmed.initiator.kind, confirmed.initiator.evidence) == ("human", "execution.challenge")


def test_an_answer_tells_what_became_of_an_order_and_is_not_its_duplicate(read):
    events = read("execute_answer")
    assert [e.type for e in events] == [
        "device.command.executed",
        "device.state.reported",
        "device.command.failed",
    ]
    assert not {e.id for e in events} & {e.id for e in read("execute")}


def test_states_are_readings_and_never_touches(read):
    states = {e.signal.attribute: (e.signal.number, e.signal.state_change) for e in read("query_answer")}
    assert states == {"online": (None, False), "on": (None, False), "currentFillPercent": (12.5, False)}
    *reported, notified = read("report")
    assert [(h.kind, h.value) for e in reported for h in e.household_hints] == [("account", "U-1")] * 2
    assert (notified.type, notified.time_quality) == ("device.notification.raised", "device")


@pytest.mark.parametrize(
    "which",
    [
        *("sync", "sync_answer", "query", "health_check", "acknowledged", "package"),
        *("own_answer", "builder_answer", "request_sync", "home_error", "proxied"),
    ],
)
def test_what_asks_or_lists_is_no_event(read, which):
    with pytest.raises(BadPayload) as refusal:
        read(which)
    assert refusal.value.reason == "not-an-event"


def test_leaving_is_a_persons_doing(read):
    (event,) = read("disconnect")
    assert (event.type, event.initiator.kind) == ("platform.account.unlinked", "human")


# The door -----------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
KEY = rsa.generate_private_key(65537, 2048)


def _plain(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _token(**claims):
    told = {
        "iss": "https://accounts.google.com",
        "aud": "beans",
        "iat": NOW.timestamp() - 5,
        "exp": NOW.timestamp() + 300,
    } | claims
    head = _plain(json.dumps({"alg": "RS256", "kid": "k1"}).encode())
    signed = f"{head}.{_plain(json.dumps(told).encode())}"
    return f"{signed}.{_plain(KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _keys(url):
    assert url == "https://www.googleapis.com/oauth2/v3/certs"
    numbers = KEY.public_key().public_numbers()
    key = {
        "kid": "k1",
        "kty": "RSA",
        "n": _plain(numbers.n.to_bytes(256)),
        "e": _plain(numbers.e.to_bytes(3)),
    }
    return json.dumps({"keys": [key]}).encode()


ACCOUNT = Account(fetch=_keys, settings={"project": "beans"})


@pytest.mark.parametrize(
    "headers",
    [
        {"google-assistant-signature": _token()},
        {"authorization": _token()},
        {"authorization": f"Bearer {_token()}"},
    ],
)
def test_a_token_for_this_project_lets_a_request_in(headers):
    assert proven("google_assistant", Sent(headers=headers, received=NOW), ACCOUNT).key_id == "beans"


@pytest.mark.parametrize(
    "token",
    ["", "x.y.z", _token(aud="other"), _token(iss="https://example.com"), _token(exp=NOW.timestamp() - 900)],
)
def test_any_other_token_does_not(token):
    with pytest.raises(Unproven):
        proven("google_assistant", Sent(headers={"google-assistant-signature": token}, received=NOW), ACCOUNT)


def test_without_a_project_no_token_is_for_us():
    with pytest.raises(Unproven, match="no project"):
        proven(
            "google_assistant", Sent(headers={"authorization": _token()}, received=NOW), Account(fetch=_keys)
        )


def test_who_tries_an_agent_in_the_console_is_no_touch(read):
    (tried,) = read("tried_in_the_console")
    assert (tried.type, tried.touch.channel) == ("platform.voice.intent", None)
