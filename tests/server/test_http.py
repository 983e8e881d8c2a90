"""The door on a socket: what broken, slow and hostile connections get, and that others never notice."""

import gzip
import json
import socket
import time

import pytest

from .conftest import Served, until

CALL = json.dumps({"type": "track", "event": "Product Viewed", "messageId": "m1", "userId": "u1"}).encode()


def connected(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=10)


def head(size: int | None, *more: str, path: str = "/in/segment") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", *more]
    if size is not None:
        lines.append(f"content-length: {size}")
    return "\r\n".join((*lines, "", "")).encode()


def answered(served: Served, raw: bytes) -> bytes:
    """Return what comes back on a connection of its own."""
    with connected(served) as client:
        client.sendall(raw)
        return received(client)


def received(client: socket.socket) -> bytes:
    """Return one answer; nothing where the connection was closed without one."""
    found = b""
    try:
        while part := client.recv(65536):
            found += part
            top, _, body = found.partition(b"\r\n\r\n")
            sizes = [
                int(x.split(b":")[1]) for x in top.lower().split(b"\r\n") if x.startswith(b"content-length")
            ]
            if b"\r\n\r\n" in found and sizes and len(body) >= sizes[0]:
                break
    except ConnectionResetError:
        pass
    return found


def status(answer: bytes) -> int:
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0


def still_well(served: Served) -> bool:
    return status(answered(served, head(len(CALL)) + CALL)) == 200


def test_a_request_is_answered_when_it_is_in_the_log(served: Served) -> None:
    answer = answered(served, head(len(CALL)) + CALL)
    assert status(answer) == 200
    assert answer.endswith(b'{"accepted":1,"rejected":0}')
    assert served.kept.events.num_rows == 1


def test_a_connection_is_used_again_and_requests_may_follow_at_once(served: Served) -> None:
    with connected(served) as client:
        client.sendall((head(len(CALL)) + CALL) * 3)
        found = b""
        while found.count(b"accepted") < 3:
            part = client.recv(65536)
            assert part
            found += part
    assert served.kept.events.num_rows == 3


def test_a_body_longer_than_allowed_is_refused_before_it_is_read(served: Served) -> None:
    assert status(answered(served, head(10 * 2**20) + b"x" * 1000)) == 413
    assert (
        status(answered(served, head(200_000) + b"x" * 200_000)) == 413
    )  # read, so that it hears the answer
    assert still_well(served)


def test_a_body_without_a_length_is_read_up_to_the_limit_only(served: Served) -> None:
    raw = head(None, "transfer-encoding: chunked")
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    with connected(served) as client:
        client.sendall(raw + chunk * 3)  # 96 KB of 64, and it goes on
        answer = received(client)
    assert status(answer) == 413
    assert status(answered(served, raw + b"0\r\n\r\n")) == 400
    good = b"%x\r\n%s\r\n0\r\n\r\n" % (len(CALL), CALL)
    assert status(answered(served, raw + good)) == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /in/segment HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /in/segment HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST /in/segment HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"POST /in/segment HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /in/segment HTTP/1.1\r\nhost: a\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
        b"POST /in/segment HTTP/1.1\r\nhost: a\r\n" + b"x: y\r\n" * 5_000 + b"\r\n",
        b"POST /" + b"a" * 100_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /in/segment\0 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST /in/segment HTTP/1.1\r\nhost: a\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=range(12),
)
def test_what_is_no_request_keeps_nothing_and_harms_nobody(served: Served, raw: bytes) -> None:
    assert status(answered(served, raw)) != 200
    assert served.kept.events.num_rows == 0
    assert still_well(served)


def test_a_request_cannot_be_smuggled_inside_another(served: Served) -> None:
    inner = head(len(CALL)) + CALL
    outer = head(4, "transfer-encoding: chunked") + b"0\r\n\r\n" + inner
    answered(served, outer)
    assert served.kept.events.num_rows <= 1
    assert still_well(served)


def test_headers_that_come_too_slowly_are_hung_up_on(served: Served) -> None:
    with connected(served) as client:
        client.sendall(b"POST /in/segment HTTP/1.1\r\nhost: a\r\n")
        began = time.monotonic()
        assert status(received(client)) in (0, 408)
        assert time.monotonic() - began < 9.0


def test_a_body_that_comes_too_slowly_is_answered_with_408(served: Served) -> None:
    with connected(served) as client:
        client.sendall(head(1000) + b"{")
        assert status(received(client)) == 408
    assert served.kept.events.num_rows == 0
    assert still_well(served)


def test_a_sender_that_leaves_in_the_middle_leaves_nothing(served: Served) -> None:
    for _ in range(20):
        client = connected(served)
        client.sendall(head(1000) + b"{" * 500)
        client.close()
    assert still_well(served)
    until(lambda: served.door.figures.in_flight == 0)
    assert served.door.figures.flight_bytes == 0


def test_many_slow_senders_do_not_keep_others_out(served: Served) -> None:
    slow = [connected(served) for _ in range(100)]
    for client in slow:
        client.sendall(head(1000) + b"{")
    assert still_well(served)
    for client in slow:
        client.close()


def test_a_bomb_is_refused_while_others_are_served(served: Served) -> None:
    bomb = gzip.compress(b"[" + b" " * (40 << 20), 9)
    assert len(bomb) < 64 * 1024
    assert status(answered(served, head(len(bomb), "content-encoding: gzip") + bomb)) == 413
    assert [r.reason for r in served.kept.rejects] == ["too-large"]
    assert still_well(served)


@pytest.mark.parametrize(
    "path",
    ["/in/..%2f..%2fsecret.key", "/in/segment/%00", "/in/segment/..", "/%2e%2e/keys.json", "/in//segment"],
)
def test_a_path_leads_to_no_file(served: Served, path: str) -> None:
    answer = answered(served, head(len(CALL), path=path) + CALL)
    assert status(answer) in (400, 404)
    assert served.kept.events.num_rows == 0


def test_what_looks_like_sql_formulas_or_scripts_is_data(served: Served) -> None:
    nasty = [
        "'; DROP TABLE events; --",
        "=cmd|' /C calc'!A0",
        "<img src=x onerror=alert(1)>",
        "../../etc/passwd",
    ]
    for number, text in enumerate(nasty):
        call = {"type": "track", "event": text, "messageId": f"{text}{number}", "userId": text}
        body = json.dumps(call).encode()
        assert status(answered(served, head(len(body)) + body)) == 200
    assert served.kept.events.num_rows == len(nasty)
    assert {i[:-1] for i in served.kept.events["id"].to_pylist()} == set(nasty)
