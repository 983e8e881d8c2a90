import hmac
import json
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from hearthline.schema.errors import BadPayload, Unproven
from hearthline.sources import Account, Sent, proven, replied

NOW = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)


def test_each_signal_is_a_reading_and_the_one_that_fired_is_a_change(read):
    told = [
        (e.signal.attribute, e.signal.number, e.signal.unit, e.signal.state_change) for e in read("state")
    ]
    assert told == [
        ("StateOfCharge", 78.0, "percent", True),
        ("PreciseLocation", None, None, False),
        ("Tires.values.0.row", 0.0, "kPa", False),
        ("Tires.values.0.column", 1.0, "kPa", False),
        ("Tires.values.0.tirePressure", 220.0, "kPa", False),
        ("IsLocked", None, None, False),
    ]


def test_the_car_and_its_owner_are_known_and_its_place_is_not(read):
    events = read("state")
    assert {i.namespace for i in events[0].identifiers} == {
        "smartcar.vehicle",
        "smartcar.user",
        "smartcar.external_user",
    }
    assert (events[0].device.kind, events[0].device.make) == ("vehicle", "ACME")
    assert [e.time_quality for e in events[:3]] == ["device", "platform", "platform"]
    assert "48.2" not in repr(events)
    assert {(e.modality, e.touch.channel, e.initiator.kind) for e in events} == {("ambient", None, "unknown")}


def test_versions_without_triggers_do_not_say_what_changed(read):
    (event,) = read("third")
    assert (event.signal.number, event.signal.state_change) == (1200.5, None)
    battery, range_, place = read("second")
    assert (battery.signal.attribute, battery.signal.number) == ("percentRemaining", 0.5)
    assert (battery.time_quality, place.time_quality) == ("device", "platform")
    assert (place.signal.attribute, place.signal.value) == ("location", None)
    assert len({battery.id, range_.id, place.id}) == 3


def test_an_error_is_reported_as_one(read):
    (event,) = read("error")
    assert (event.type, event.signal.value) == ("device.error.reported", "SUBSCRIPTION")


@pytest.mark.parametrize("which", ["verify", "second_verify"])
def test_a_challenge_is_no_event_and_is_answered_with_its_hmac(read, case, which):
    with pytest.raises(BadPayload, match="a challenge"):
        read(which)
    body = json.dumps(case(which)).encode()
    signature = hmac.new(b"token-2", body, sha256).hexdigest()
    sent = Sent(headers={"sc-signature": signature}, body=body, received=NOW)
    account = Account(secrets=("token-1", "token-2"))
    assert proven("smartcar", sent, account).scheme == "sc-signature"
    challenge = {"verify": b"c-1", "second_verify": b"c-2"}[which]
    answered = json.loads(replied("smartcar", sent, account).body)
    assert answered == {"challenge": hmac.new(b"token-2", challenge, sha256).hexdigest()}


def test_only_smartcars_own_signature_lets_a_webhook_in(case):
    body = json.dumps(case("state")).encode()
    account = Account(secrets=("token-1",))
    signature = hmac.new(b"token-1", body, sha256).hexdigest()
    good = Sent(headers={"sc-signature": signature}, body=body, received=NOW)
    assert proven("smartcar", good, account)
    assert replied("smartcar", good, account) is None
    for headers, sent in (
        ({}, body),
        ({"sc-signature": "00"}, body),
        ({"sc-signature": signature}, body + b" "),
    ):
        with pytest.raises(Unproven):
            proven("smartcar", Sent(headers=headers, body=sent, received=NOW), account)


def test_a_state_without_signals_is_refused(read):
    with pytest.raises(BadPayload, match="no signals"):
        read("nothing")


def test_a_path_that_failed_is_an_error_and_no_reading(read):
    fuel, odometer = read("second_with_a_path_that_failed")
    assert (fuel.signal.value, odometer.signal.number) == ("error: 501", 3000.5)
