"""The write door, asked without a server: what is answered, and what is on disk then."""

import base64
import gzip
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hearthline.schema.errors import LogUnavailable, QueueFull
from hearthline.server.commit import Commit
from hearthline.server.ingest import Rules
from hearthline.store.log import Frame, Position

from .conftest import Sender, made


def call(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Product Viewed", "messageId": f"m{number}", "userId": "u1", **more}


def batch(number: int) -> bytes:
    return json.dumps({"batch": [call(i) for i in range(number)]}).encode()


def basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def test_what_is_answered_with_200_is_on_disk(sender: Sender) -> None:
    answer = sender.send("/in/segment", batch(3))
    assert (answer.status, json.loads(answer.body)) == (200, {"accepted": 3, "rejected": 0})
    assert sender.kept.events["id"].to_pylist() == ["m0", "m1", "m2"]


def test_a_body_that_nobody_can_read_is_of_no_platform_that_shares_its_path(sender: Sender) -> None:
    key = sender.ring.add("write", "*")[1]
    for path, body, source in (
        ("/v1/track", b'{"a": NaN}', "unknown"),
        ("/v1/track", b'{"userId": "u1"}', "segment"),  # no event's name, but of whom is told
        ("/in/segment", b'{"a": NaN}', "segment"),
    ):
        sender.send(path, body, basic(key))
        assert sender.kept.rejects[-1].source == source


def test_counts_say_what_was_refused_and_the_rest_went_in(sender: Sender) -> None:
    body = json.dumps({"batch": [call(1), {"type": "nothing"}]}).encode()
    answer = json.loads(sender.send("/in/segment", body).body)
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
    assert sum(answer["reasons"].values()) == 1
    assert len(sender.kept.rejects) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 404),
        ("/in/nobody", 404),
        ("/in/segment/../shopify", 404),
        ("/in/segment/a/b", 404),
        ("/in/../../secret.key", 404),
        ("/in/segment\0", 404),
        ("/in/_door", 404),
        ("/in/segment/" + "a" * 65, 404),
        ("/in/segment/shop-1", 200),
        ("/in/segment/", 200),
        ("/in", 200),
    ],
)
def test_only_known_addresses_lead_somewhere(sender: Sender, path: str, status: int) -> None:
    assert sender.send(path, batch(1)).status == status


def test_an_unknown_method_is_refused(sender: Sender) -> None:
    assert sender.send("/in/segment", method="DELETE").status == 405


# Keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["basic", "bearer", "header", "query", "path", "body", "password"])
def test_a_write_key_is_taken_where_clients_put_it(sender: Sender, way: str) -> None:
    key, shown = sender.ring.add("write", "segment")
    wrong = sender.send("/in/segment", batch(1), basic("another-key-0123456789"))
    assert wrong.status == 401
    assert b"another-key" not in wrong.body
    headers: dict[str, str] = {}
    path, query, body = "/in/segment", "", batch(1)
    if way == "basic":
        headers = basic(shown)
    elif way == "password":
        headers = {"authorization": "Basic " + base64.b64encode(f"x:{shown}".encode()).decode()}
    elif way == "bearer":
        headers = {"authorization": f"Bearer {shown}"}
    elif way == "header":
        headers = {"x-hearthline-key": shown}
    elif way == "query":
        query = f"apiKey={shown}"
    elif way == "path":
        path = f"/k/{shown}/in/segment"
    else:
        body = json.dumps({"batch": [call()], "writeKey": shown}).encode()
    assert sender.send(path, body, headers, query=query).status == 200
    (event,) = sender.kept.events.to_pylist()
    assert (event["auth_scheme"], event["auth_key_id"], event["auth_verified"]) == ("write-key", key.id, True)
    assert shown.encode() not in b"".join(f.read_bytes() for f in (sender.folder / "log").glob("*.seg"))


def test_a_key_opens_only_the_source_and_the_account_that_it_was_made_for(sender: Sender) -> None:
    _, shown = sender.ring.add("write", "segment", "shop-1")
    assert sender.send("/in/segment/shop-1", batch(1), basic(shown)).status == 200
    assert sender.send("/in/segment", batch(1), basic(shown)).status == 200
    assert sender.send("/in/segment/shop-2", batch(1), basic(shown)).status == 401
    assert sender.send("/in/canonical", batch(1), basic(shown)).status == 401


def test_once_there_is_a_key_nobody_comes_in_without(sender: Sender) -> None:
    assert sender.send("/in/segment", batch(1)).status == 200
    sender.ring.add("write", "segment")
    sender.ring._looked = -1.0
    assert sender.send("/in/segment", batch(1)).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example.com"},
        {"host": "127.0.0.1.example.com:8310"},
        {"origin": "https://example.com"},
        {"origin": "null"},
        {"x-forwarded-for": "203.0.113.9"},
    ],
)
def test_a_web_page_or_a_stranger_behind_a_proxy_cannot_use_an_open_door(
    sender: Sender, headers: dict[str, str]
) -> None:
    assert sender.send("/in/segment", batch(1), headers).status == 401
    assert sender.kept.events.num_rows == 0


def test_a_read_token_opens_no_write_door(sender: Sender) -> None:
    sender.ring.add("write", "segment")
    _, token = sender.ring.add("read", scopes=("read", "write"))
    assert sender.send("/in/segment", batch(1), {"authorization": f"Bearer {token}"}).status == 401


def test_a_key_has_a_rate(sender: Sender) -> None:
    _, shown = sender.ring.add("write", "segment", requests_per_second=1.0)
    statuses = [sender.send("/in/segment", batch(1), basic(shown)).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    answer = sender.send("/in/segment", batch(1), basic(shown))
    assert int(dict(answer.headers)["retry-after"]) >= 1


# Bodies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "", "GZIP "])
def test_compressed_bodies_are_inflated_also_where_nobody_says_so(sender: Sender, encoding: str) -> None:
    body = zlib.compress(batch(2)) if encoding == "deflate" else gzip.compress(batch(2))
    headers = {"content-encoding": encoding, "content-type": "application/x-www-form-urlencoded"}
    assert sender.send("/in/segment", body, headers).status == 200
    assert sender.kept.events.num_rows == 2


BOMB = gzip.compress(b"[" + b" " * (64 << 20), mtime=0)


@pytest.mark.parametrize(
    ("body", "encoding", "status", "reason"),
    [
        (BOMB, "gzip", 413, "too-large"),
        (gzip.compress(batch(1), mtime=0)[:-4], "gzip", 415, "bad-encoding"),
        (gzip.compress(batch(1), mtime=0) * 2, "gzip", 415, "bad-encoding"),
        (gzip.compress(batch(1), mtime=0) + b"x", "gzip", 415, "bad-encoding"),
        (b"not gzip", "gzip", 415, "bad-encoding"),
        (batch(1), "br", 415, "bad-encoding"),
        (gzip.compress(gzip.compress(batch(1), mtime=0), mtime=0), "gzip, gzip", 415, "bad-encoding"),
        (b'{"a": 1e999}', "", 400, "not-json"),
        (b'{"a": "\\u0000"}', "", 400, "bad-value"),
        (b"[" * 10_000, "", 400, "not-json"),
        (batch(1001), "", 413, "too-large"),
        (b"", "", 400, "not-json"),
    ],
    ids=lambda v: str(v)[:12],
)
def test_a_malformed_body_is_refused_and_kept(
    sender: Sender, body: bytes, encoding: str, status: int, reason: str
) -> None:
    answer = sender.send("/in/segment", body, {"content-encoding": encoding})
    assert answer.status == status
    (reject,) = sender.kept.rejects
    assert (reject.reason, reject.source) == (reason, "segment")
    assert len(reject.raw) <= 65_536


def test_a_body_that_was_cut_is_refused_and_kept_where_a_key_proves_its_sender(sender: Sender) -> None:
    assert sender.send("/in/segment", b"{", whole=False).status == 413
    assert sender.kept.rejects == ()
    _, shown = sender.ring.add("write", "segment")
    assert sender.send("/in/segment", b"{", basic(shown), whole=False).status == 413
    assert [r.reason for r in sender.kept.rejects] == ["too-large"]


def test_nothing_of_an_unproven_sender_is_kept(sender: Sender) -> None:
    sender.ring.add("write", "segment")
    assert sender.send("/in/segment", b"{").status == 401
    assert sender.kept.rejects == ()
    assert sender.door.figures.unproven == {"segment": 1}


def test_nothing_is_reflected_that_a_browser_could_run(sender: Sender) -> None:
    script = "<script>alert(1)</script>"
    answers = [
        sender.send("/" + script),
        sender.send("/in/segment", b'{"' + script.encode() + b'": 1}', {"content-encoding": script}),
        sender.send("/in/stripe", script.encode(), {"stripe-signature": script}),
        sender.send("/in", json.dumps({script: 1}).encode()),
        sender.send("/in/segment", json.dumps({"batch": [{"type": script}]}).encode()),
    ]
    for answer in answers:
        assert b"<" not in answer.body
        assert dict(answer.headers)["content-type"] == "application/json"
        assert dict(answer.headers)["x-content-type-options"] == "nosniff"


# The disk ----------------------------------------------------------------------------------------------


class Paper:
    """A log that does what it is told."""

    def __init__(self, problem: Exception | None) -> None:
        self.problem = problem

    def append(self, frames: Sequence[Frame]) -> Position:
        if self.problem:
            raise self.problem
        return Position(1, len(frames))


@pytest.mark.parametrize("problem", [LogUnavailable("log: disk full"), OSError(5, "I/O error")])
def test_a_broken_disk_is_answered_with_503_and_it_heals_by_itself(
    tmp_path: Path, problem: Exception
) -> None:
    paper = Paper(problem)
    commit = Commit(paper)
    sender = Sender(made(tmp_path, commit), tmp_path)
    answer = sender.send("/in/segment", batch(1))
    assert (answer.status, dict(answer.headers)["retry-after"]) == (503, "5")
    assert sender.door.figures.accepted == {}
    paper.problem = None
    assert sender.send("/in/segment", batch(1)).status == 200
    commit.close()


def test_a_full_queue_is_answered_with_429_and_a_time(tmp_path: Path) -> None:
    class Full(Commit):
        async def keep(self, body: bytes) -> Position:
            raise QueueFull(f"door: no room for {len(body)}; send it again")

    commit = Full(Paper(None))
    answer = Sender(made(tmp_path, commit), tmp_path).send("/in/segment", batch(1))
    assert (answer.status, dict(answer.headers)["retry-after"]) == (429, "1")
    commit.close()


def test_when_too_much_is_being_sent_new_requests_are_turned_away(sender: Sender) -> None:
    sender.door.figures.flight_bytes = Rules().flight_bytes + 1
    assert sender.send("/in/segment", batch(1)).status == 429
