"""`hearthline serve` as a newcomer runs it: a process that is started, stopped, killed and started again."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import hearthline as hl
from hearthline.schema.errors import HearthlineError

from .conftest import free_port, until

Start = Callable[..., "Server"]


class Server:
    """A running `hearthline serve`."""

    def __init__(self, home: Path, *options: str) -> None:
        self.port, self.home = free_port(), home
        command = [sys.executable, "-m", "hearthline", "serve", "--home", str(home), "--port", str(self.port)]
        ports = ["--screens-port", "0", "--mqtt-port", "0"]
        self.process = subprocess.Popen([*command, *ports, *options], stderr=subprocess.PIPE, text=True)

    def asked(self, path: str, body: Any = None) -> tuple[int, bytes]:
        """Return status and body of an answer; 0 where there is none."""
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.port}{path}", data, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def ready(self) -> "Server":
        """Return itself as soon as it answers."""
        until(lambda: self.process.poll() is not None or self.asked("/healthz")[0] == 200)
        assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
        return self

    def stopped(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Return exit code and log after a signal."""
        self.process.send_signal(number)
        return self.process.wait(30), self.process.communicate()[1]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Start]:
    """Starts servers on one home; all are ended at the end."""
    servers: list[Server] = []

    def start(*options: str, home: Path = tmp_path / "home") -> Server:
        servers.append(Server(home, *options))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


def order(number: int) -> dict[str, Any]:
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": f"o{number}",
        "userId": f"u{number}",
        "properties": {"order_id": f"o{number}", "total": 10, "currency": "EUR"},
    }


def orders_seen(home: Path) -> int:
    """Return how many orders the published answer holds."""
    try:
        table = hl.open_home(home).sql("SELECT count(*) AS n FROM orders")
        return int(table.arrow()["n"][0].as_py()) if hasattr(table, "arrow") else int(table["n"][0].as_py())
    except (HearthlineError, OSError):
        return 0


def test_what_was_acknowledged_before_a_kill_is_in_the_answer_once(started: Start) -> None:
    server = started().ready()
    for number in range(5):
        assert server.asked("/in/segment", order(number))[0] == 200
    server.stopped(signal.SIGKILL)
    server = started().ready()
    assert server.asked("/in/segment", order(4))[0] == 200  # in doubt, so sent again
    assert server.asked("/in/segment", order(5))[0] == 200
    until(lambda: orders_seen(server.home) == 6, 60.0)
    code, log = server.stopped()
    assert code == 0
    said = [json.loads(line) for line in log.splitlines()]
    assert (said[0]["event"], said[-1]["event"]) == ("started", "stopped")
    assert sum(s.get("failures", 0) for s in said) == 0
    assert "u4" not in log


def test_the_keeper_ends_with_a_server_that_is_killed(started: Start) -> None:
    server = started().ready()
    listed = subprocess.run(["ps", "-eo", "ppid,pid"], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()[1:]]
    children = [int(pid) for ppid, pid in rows if int(ppid) == server.process.pid]
    assert children
    server.stopped(signal.SIGKILL)

    def gone(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    until(lambda: all(map(gone, children)), 30.0)


def test_a_second_server_on_the_same_home_or_port_is_told_so(started: Start) -> None:
    first = started().ready()
    second = started()
    assert second.process.wait(60) == 1
    assert "stop it first" in second.process.communicate()[1]
    third = started("--port", str(first.port), home=first.home.parent / "other")
    assert third.process.wait(60) == 1
    assert f"port {first.port}" in third.process.communicate()[1]


def test_another_address_than_loopback_needs_a_key(started: Start) -> None:
    server = started("--host", "0.0.0.0")  # noqa: S104 # it is refused
    assert server.process.wait(60) == 2
    assert "keys add" in server.process.communicate()[1]


def test_figures_and_readiness_are_told(started: Start) -> None:
    server = started().ready()
    server.asked("/in/segment", order(1))
    server.asked("/in/segment", {"hello": 1})
    status, body = server.asked("/readyz")
    assert (status, json.loads(body)) == (200, {"ready": True, "problems": []})
    metrics = server.asked("/metrics")[1].decode()
    for line in (
        'hearthline_events_accepted_total{door="http",platform="segment"} 1.0',
        "hearthline_log_frames_total 2.0",
        "hearthline_fsync_seconds_count",
        "hearthline_queue_bytes 0.0",
        "hearthline_lake_lag_seconds",
    ):
        assert line in metrics
    assert 'platform="segment",reason="' in metrics
    assert "u1" not in metrics


def test_what_is_being_answered_at_sigterm_is_answered(started: Start) -> None:
    server = started().ready()
    before = time.monotonic()
    statuses = [server.asked("/in/segment", order(n))[0] for n in range(3)]
    code, _ = server.stopped()
    assert (statuses, code) == ([200, 200, 200], 0)
    assert time.monotonic() - before < 60
