"""What a request becomes: events and rejects in one frame, admitted."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hearthline.privacy import admitted_of
from hearthline.server.taking import Taken, taken
from hearthline.sources import Proof, Sent

KEY = b"k" * 32
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROOF = Proof(scheme="write-key", key_id="abcd")


def call(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Product Viewed", "messageId": f"m{number}", "userId": "u1", **more}


def take(body: Any, platform: str | None = "segment", **more: Any) -> Taken:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return taken(platform, Sent(path="/v1/batch", body=raw, received=AT), PROOF, KEY, **more)


def test_every_event_is_accepted_or_a_reject() -> None:
    found = take({"batch": [call(1), {"type": "track", "messageId": "m2"}, call(3)]})
    assert (found.accepted, found.rejected, found.malformed) == (2, 1, False)
    admitted = admitted_of([found.body])
    assert admitted.events["id"].to_pylist() == ["m1", "m3"]
    assert len(admitted.rejects) == 1


def test_an_event_says_who_proved_what_and_where_its_raw_payload_is() -> None:
    admitted = admitted_of([take(call(1)).body])
    (row,) = admitted.events.to_pylist()
    assert (row["auth_scheme"], row["auth_verified"], row["auth_key_id"]) == ("write-key", True, "abcd")
    assert row["raw_sha256"] == admitted.raw[0].sha256
    assert row["time_received"] == AT


def test_no_personal_identifier_is_in_the_frame() -> None:
    found = take(call(1, context={"traits": {"email": "ann@example.com"}, "ip": "203.0.113.9"}))
    assert found.accepted == 1
    assert b"ann@" not in found.body
    assert b"203.0.113.9" not in found.body


@pytest.mark.parametrize("body", [b"{", b'{"a": 1e999}', b"\xff", b""])
def test_a_malformed_body_is_a_kept_reject(body: bytes) -> None:
    found = take(body)
    assert (found.accepted, found.rejected, found.malformed) == (0, 1, True)
    (reject,) = admitted_of([found.body]).rejects
    assert (reject.reason, reject.source, reject.received) == ("not-json", "segment", AT)


def test_a_batch_that_is_too_long_is_refused_whole() -> None:
    found = take({"batch": [call(i) for i in range(30)]}, most_items=20)
    assert (found.accepted, found.malformed, found.reasons) == (0, True, {"too-large": 1})


def test_what_can_be_read_but_is_no_event_is_a_reject_and_no_malformed_body() -> None:
    found = take({"hello": "world"})
    assert (found.accepted, found.rejected, found.malformed) == (0, 1, False)


def test_without_a_platform_the_shape_decides() -> None:
    assert take([call(1), {"never": "seen"}], None).reasons == {"unknown-shape": 1}
    assert take([call(1), {"never": "seen"}], None).accepted == 1


def test_what_a_platform_reports_as_an_aggregate_is_a_metric_and_no_reject() -> None:
    told = {"metric": "uniqueCustomers", "timestamps": ["2026-03-01T00:00:00Z"], "values": [7]}
    found = take(told, "alexa_skill_metrics")
    assert (found.accepted, found.rejected, found.malformed) == (1, 0, False)
    admitted = admitted_of([found.body])
    assert (admitted.events.num_rows, admitted.rejects, len(admitted.raw)) == (0, (), 1)
    (metric,) = admitted.metrics
    assert (metric.metric, metric.value, metric.received) == ("uniqueCustomers", 7.0, AT)


def test_bad_items_of_a_batch_are_rejects_and_the_rest_goes_in() -> None:
    found = take(b'{"batch": [' + json.dumps(call(1)).encode() + b', {"type": "track", "event": "\\u0000"}]}')
    assert (found.accepted, found.reasons) == (1, {"bad-value": 1})
