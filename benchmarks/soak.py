"""Ten minutes of a server's life: events, loader, answers and screens together. Does it grow or fall behind?

    python benchmarks/soak.py [--minutes 10] [--growing 2] [--rate 100] [--before 100000] [--small]
                              [--write docs/write-door-figures.md]

A real `hearthline serve` gets a home with `before` events through its own door, and an answer. Then it lives
through two times. In the first (`minutes`) the home stays as it is: what is sent are events that it has, a
tenth of the rate, and each is kept and counts once. In the second (`growing`) all are new. So growth with
time and growth with data are told apart. In both, events come by HTTP in batches of ten and one in eleven of
them alone by MQTT, an answer is made as often as there is something new, and the screens are read without
rest. Every two seconds the memory of each process is read (anonymous pages: what a process holds itself,
without files that the kernel keeps for it), and how far the lake is behind the log. Now and then an order is
sent and waited for on its screen; when an answer counts it is noted beside.

Growth compares the median of the last fifth of a time with that of its second fifth: by then each process has
done all that it ever does. It ends with exit code 1 where a process grew by 5 % or more while the home did
not, where an order took 5 seconds or more to its screen, or where the lake is behind at the end.
"""

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from published import markdown, write_block
from tormented import free_port

MARK = "make soak"
PROCESSES = ("doors", "keeper", "screens")
PAGES = ("/", "/attribution", "/paths", "/orders", "/stream", "/trust", "/api/reports/overview")
HOMES = 5_000
MOST_GROWTH, MOST_BEHIND_S, MOST_SEEN_S = 0.05, 10.0, 5.0
STILL = 0.1  # part of the rate at which events come again


def event(number: int) -> dict[str, Any]:
    """Return a call of an SDK, of now; one in fifty is an order."""
    order = number % 50 == 0
    properties = {"order_id": f"o{number}", "total": 20, "currency": "EUR"} if order else {"product_id": "p1"}
    return {
        "type": "track",
        "event": "Order Completed" if order else "Product Viewed",
        "messageId": f"soak-{number}",
        "userId": f"user-{number * 7919 % HOMES}",
        "timestamp": datetime.now(UTC).isoformat(),
        "context": {"campaign": {"source": "search", "medium": "cpc", "name": f"c{number % 7}"}},
        "properties": properties,
    }


class Server:
    """`hearthline serve` with all its doors, and its processes."""

    def __init__(self, folder: Path) -> None:
        self.home, self.port, self.screens, self.mqtt = folder / "home", free_port(), free_port(), free_port()
        ports = ["--port", self.port, "--screens-port", self.screens, "--mqtt-port", self.mqtt]
        command = [sys.executable, "-m", "hearthline", "serve", "--home", str(self.home), *map(str, ports)]
        self._log = (folder / "server.log").open("wb")
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log)

    def pids(self) -> dict[str, int]:
        """Return the process ids by name."""
        found = {"doors": self.process.pid}
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            found |= {name: int(child) for name in PROCESSES if f".{name}".encode() in command}
        return found

    def end(self) -> int:
        """End it as an operator would; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(120)
        self._log.close()
        return code


def asked(port: int, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Return status and body of an answer; 0 where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET" if body is None else "POST", path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def memory_mb(pid: int) -> float:
    """Return the anonymous memory of a process."""
    found = re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


@dataclass
class Life:
    """What was sent, read and measured."""

    server: Server
    rate: float
    sent: int = 0
    again: int = 0
    refused: int = 0
    growing: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    pages: list[tuple[int, float]] = field(default_factory=list)
    memory: dict[tuple[str, bool], list[float]] = field(default_factory=lambda: defaultdict(list))
    behind_s: list[float] = field(default_factory=list)
    seen_s: list[float] = field(default_factory=list)
    counted_s: list[float] = field(default_factory=list)
    uncounted: deque[tuple[str, float]] = field(default_factory=deque)

    def numbers(self, count: int) -> range:
        """Return the numbers of events to send: new ones while the home grows, else some that it has."""
        if self.growing:
            self.sent += count
            return range(self.sent - count, self.sent)
        first = self.again % max(1, self.sent - count)
        self.again += count
        return range(first, first + count)

    def post(self, count: int) -> None:
        """Send a batch, again and again until it is acknowledged."""
        body = json.dumps({"batch": [event(n) for n in self.numbers(count)]}).encode()
        while asked(self.server.port, "/v1/batch", body)[0] != 200:
            self.refused += 1
            time.sleep(0.1)

    def sending(self) -> None:
        """Send by HTTP and MQTT at the rate."""
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        device = paho.Client(CallbackAPIVersion.VERSION2, client_id="soak")
        device.connect("127.0.0.1", self.server.mqtt)
        device.loop_start()
        due = time.monotonic()
        while not self.stop.is_set():
            if time.monotonic() < due:
                time.sleep(0.01)
                continue
            self.post(10)
            device.publish("hearthline/segment", json.dumps(event(self.numbers(1)[0])), qos=1)
            due += 11 / (self.rate if self.growing else self.rate * STILL)
        device.disconnect()
        device.loop_stop()

    def reading(self) -> None:
        """Read the screens, one page after the other."""
        while not self.stop.wait(0.2):
            page = PAGES[len(self.pages) % len(PAGES)]
            began = time.monotonic()
            status, body = asked(self.server.screens, page)
            self.pages.append((status, time.monotonic() - began))
            if status != 200:
                print(f"{page}: {status} {body[:200]!r}", file=sys.stderr)

    def waiting(self) -> None:
        """Send an order and wait for it on its screen, every few seconds, whatever answers do meanwhile."""
        number = 0
        while not self.stop.wait(3.0):
            self.watch(number)
            number += 1

    def counting(self) -> None:
        """Wait for the orders in answers, one after the other as they were sent."""
        while not self.stop.wait(0.1):
            if (
                self.uncounted
                and asked(self.server.screens, f"/api/explain/{self.uncounted[0][0]}")[0] == 200
            ):
                self.counted_s.append(time.monotonic() - self.uncounted.popleft()[1])

    def watch(self, number: int) -> None:
        """Send an order and wait for it on its screen."""
        order = f"watched-{number}"
        call = {**event(0), "messageId": order, "userId": f"watcher-{number}"}
        call["properties"] = {"order_id": order, "total": 20, "currency": "EUR"}
        began = time.monotonic()
        if asked(self.server.port, "/in/segment", json.dumps(call).encode())[0] != 200:
            return
        self.uncounted.append((order, began))
        while asked(self.server.screens, f"/orders/{order}")[0] != 200:
            if self.stop.wait(0.1):
                return
        self.seen_s.append(time.monotonic() - began)

    def measured(self) -> None:
        """Measure every two seconds."""
        while not self.stop.wait(2.0):
            for name, pid in self.server.pids().items():
                self.memory[name, self.growing].append(memory_mb(pid))
            self.behind_s.append(self.behind())

    def behind(self) -> float:
        """Return how many seconds the lake is behind the log."""
        _, told = asked(self.server.port, "/metrics")
        found = re.search(rb"^hearthline_lake_lag_seconds ([\d.e+-]+)$", told, re.MULTILINE)
        return float(found[1]) if found else float("inf")


def wait_for(true: Callable[[], bool], seconds: float) -> bool:
    """Return whether a condition came to hold in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def lived(folder: Path, given: argparse.Namespace) -> tuple[Life, int]:
    """Return what a server's life was like, and its exit code."""
    server = Server(folder)
    if not wait_for(lambda: asked(server.port, "/readyz")[0] == 200, 60):
        raise SystemExit("the server did not get ready within a minute")
    life = Life(server, given.rate, growing=True)
    while life.sent < given.before:
        life.post(min(500, given.before - life.sent))
    life.growing = False
    wait_for(lambda: asked(server.screens, "/api/explain/o0")[0] == 200, 900)
    doing = (life.sending, life.reading, life.waiting, life.counting, life.measured)
    threads = [threading.Thread(target=what) for what in doing]
    for thread in threads:
        thread.start()
    time.sleep(60 * given.minutes)
    life.growing = True
    time.sleep(60 * given.growing)
    life.stop.set()
    for thread in threads:
        thread.join()
    return life, server.end()


def growth(found: list[float]) -> float:
    """Return by which part the last fifth is above the second fifth.

    >>> growth([1.0, 1.0, 100.0, 100.0, 0.0, 0.0, 0.0, 0.0, 104.0, 104.0])
    0.04
    """
    fifth = max(1, len(found) // 5)
    return round(median(found[-fifth:]) / median(found[fifth : 2 * fifth]) - 1, 4)


def quantile(found: list[float], part: float) -> float:
    """Return the value below which that part lies; infinite where there is nothing."""
    return sorted(found)[min(len(found) - 1, int(len(found) * part))] if found else float("inf")


def rows(life: Life, before: int) -> Iterator[tuple[str, str, str, bool]]:
    """Yield the table's rows: what, wanted, found, and whether it is so."""

    def both(found: list[float], late: float, digits: int = 1) -> str:
        return f"{quantile(found, 0.5):.{digits}f}; {quantile(found, late):.{digits}f}"

    for name in PROCESSES:
        grew, mb = growth(life.memory[name, False]), median(life.memory[name, False])
        what = f"memory of the {name} (median {mb:,.0f} MB) grew, the home not, by"
        yield what, "under 5 %", f"{grew:+.1%}", grew < MOST_GROWTH
    for name in PROCESSES:
        after, before_it = (median(life.memory[name, grows][-5:]) for grows in (True, False))
        more = after / before_it - 1
        what = f"memory of the {name}, then, while the home grew by {(life.sent - before) / before:.0%}"
        yield what, "", f"{more:+.1%}", True
    last = max(life.behind_s[-5:])
    yield "the lake is behind the log at the end, s", "no backlog", f"{last:.1f}", last < MOST_BEHIND_S
    yield "... median and 99th percentile", "", both(life.behind_s, 0.99), True
    soon = quantile(life.seen_s, 0.95) < MOST_SEEN_S
    yield "from sending an order to its screen, s, median and 95th", "under 5", both(life.seen_s, 0.95), soon
    yield "... to an answer that counts it", "", both(life.counted_s, 0.95), True
    bad = sum(status != 200 for status, _ in life.pages)
    yield "pages read, and those that failed", "none", f"{len(life.pages):,}; {bad}", not bad
    slow = [seconds for _, seconds in life.pages]
    yield "a page, s, median and 99th percentile", "", both(slow, 0.99, 2), True
    yield "new events, and events sent again", "", f"{life.sent:,}; {life.again:,}", True
    yield "requests that were not acknowledged at once", "", f"{life.refused}", True


def main() -> int:
    """Live, tell, and return the exit code."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--minutes", type=float, default=10.0)
    flags.add_argument("--growing", type=float, default=2.0, help="minutes in which the home grows")
    flags.add_argument("--rate", type=float, default=100.0, help="events a second")
    flags.add_argument("--before", type=int, default=100_000, help="events that are there at first")
    flags.add_argument("--small", action="store_true", help="seconds, for tests: growth is not judged")
    flags.add_argument("--write", type=Path, help="the page whose block to write")
    given = flags.parse_args()
    if given.small:
        given.minutes, given.growing, given.rate, given.before = 0.15, 0.1, 50.0, 500
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    with TemporaryDirectory(prefix="hearthline-soak-") as name:
        life, code = lived(Path(name), given)
    found = list(rows(life, given.before))
    what = (
        f"{given.before:,} events before; {given.minutes:g} minutes in which the home stays as it is, then "
        f"{given.growing:g} with {given.rate:g} new events a second."
    )
    text = what + "\n\n" + markdown(("", "wanted", "found"), [row[:3] for row in found])
    print(text)
    if given.write:
        write_block(given.write, MARK, text)
    judged = found[3:] if given.small else found
    failed = [what for what, _, _, so in judged if not so]
    if failed or code:
        print(f"NOT SO: {'; '.join(failed) or f'exit code {code}'}", file=sys.stderr)
    return int(bool(failed or code))


if __name__ == "__main__":
    sys.exit(main())
