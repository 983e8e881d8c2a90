import json
from datetime import UTC, datetime

import pytest

from hearthline import sources
from hearthline.schema.errors import BadPayload

RECEIVED = datetime(2026, 3, 12, 9, tzinfo=UTC)
JSON = "application/json"


@pytest.mark.parametrize(("which", "ids"), [
    ("data_is_our_event", ["o-1"]),
    ("data_is_our_groups", ["ce-2"]),
    ("data_is_a_list", ["o-1", "o-2"]),
    ("base64", ["o-3"]),
    ("binary_as_recorded", ["o-4"]),
])  # fmt: skip
def test_data_that_is_ours_is_read_however_it_is_wrapped(read, case, which, ids):
    assert sources.recognise(case(which)) == "cloudevents"
    assert [event.id for event in read(which)] == ids


def test_groups_of_a_type_of_ours_keep_the_senders_source(read):
    (event,) = read("data_is_our_groups")
    assert event.source == "//cloudevents/-/till.example.com.orders"
    assert (event.intent.name, event.touch.channel) == ("reorder", "voice")


def test_a_type_that_nobody_told_us_is_refused_by_name(read):
    with pytest.raises(BadPayload, match=r"^cloudevents\.type: a type that is not ours") as refusal:
        read("unknown")
    assert refusal.value.reason == "not-an-event"


def test_our_own_event_in_an_envelope_is_left_to_its_own_source(case):
    own = {"specversion": "1.0", **case("data_is_our_event")["data"]}
    assert sources.recognise(own) == "canonical"


@pytest.mark.parametrize("mode", ["structured", "batch", "binary"])
def test_every_mode_of_a_request_gives_the_same_event(case, mode):
    event = case("data_is_our_event")
    if mode == "binary":
        headers = {f"ce-{k}": v for k, v in event.items() if k != "data"} | {"content-type": JSON}
        body = event["data"]
    else:
        suffix = "-batch" if mode == "batch" else ""
        headers = {"content-type": f"application/cloudevents{suffix}+json"}
        body = [event] if mode == "batch" else event
    sent = sources.Sent(path="/events", headers=headers, body=json.dumps(body).encode(), received=RECEIVED)
    (payload,) = sources.payloads_of("cloudevents", sent)
    assert sources.recognise(payload) == "cloudevents"
    (read,) = sources.load("cloudevents").read(payload, RECEIVED)
    assert read.id == "o-1"
