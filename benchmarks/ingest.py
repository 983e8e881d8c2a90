"""The write door by HTTP: how much durable events cost beside a server that does nothing with them.

    python benchmarks/ingest.py [--seconds 5] [--rounds 3] [--connections 32] [--small]
                                [--write docs/write-door-figures.md]

Servers of the same make (granian, RSGI, one process) run in turn, each answering the same requests:

* `empty`: reads the body and answers; nobody who takes a request can do less;
* `unread`: keeps what came as it came, synced: the envelope of each event is decoded, what is in it is not.
  So was the prototype built from which the goals were taken. It is no door of ours: people in clear are on
  the disk, and what cannot be read is found out when its sender is gone;
* `decoded`: decodes the body whole and strictly and answers; nobody who counts what is refused can do less;
* `read`: the whole door (proof, limits, strict decoding, the canonical read, pseudonyms, masks, the frame for
  the log), but the frame is thrown away;
* `durable`: the door as it is, answering when the frame is synced.

Requests are Segment calls of some 530 bytes, 1 or 100 in each, every body another. The load comes from this
process: raw sockets, one request in flight on each, as fast as answers come; for `at one pace` both servers
get the same requests a second, half of what the door just took, timed from when each was due. Then the loader
takes what the door kept into the lake, and the bare parts of a request are timed without a server
(`limits.py`). Rounds alternate, and medians are shown; on a machine with few cores
the load takes from what the server has, so compare CPU time, which is the server's own (from /proc), and the
ratios.
"""

import argparse
import asyncio
import gc
import json
import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import limits
from published import markdown, write_block

KINDS = ("empty", "unread", "decoded", "read", "durable")
PACED = ("durable", "empty")
BATCHES = (1, 100)
MARK = "make bench-ingest"
KEY = "benchmark-write-key-0123456789"
BODIES = 64
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Round:
    """What one server did: events a second, milliseconds at the median and the 99th percentile, CPU."""

    events_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float  # a request
    events: int
    cpu_s: float
    paced_ms: float = 0.0  # the 99th percentile at one pace


def call(number: int) -> dict[str, Any]:
    """Return one call of a shop's page, as an SDK sends it."""
    return {
        "type": "track",
        "event": "Product Viewed",
        "messageId": f"ajs-{number:012d}-5f1e7c",
        "anonymousId": f"anonymous-{number % 977}",
        "userId": f"user-{number % 977}",
        "timestamp": "2026-03-01T12:00:00.123Z",
        "context": {
            "library": {"name": "analytics-python", "version": "2.4.0"},
            "ip": f"203.0.113.{number % 250}",
            "page": {"url": "https://shop.example.com/p/kettle?utm_source=search", "title": "Kettle"},
            "campaign": {"source": "search", "medium": "cpc", "name": "spring"},
        },
        "properties": {"product_id": f"p{number % 50}", "name": "Kettle", "price": 39.5, "currency": "EUR"},
    }


def requests_of(batch: int, first: int) -> list[bytes]:
    """Return requests, head and body."""
    found = []
    for index in range(BODIES):
        calls = [call(first + index * batch + i) for i in range(batch)]
        body = json.dumps({"batch": calls, "sentAt": "2026-03-01T12:00:01.000Z"}).encode()
        head = (
            "POST /v1/batch HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


# The servers -------------------------------------------------------------------------------------


class Empty:
    """Reads the body and answers."""

    async def __rsgi__(self, scope: Any, transport: Any) -> None:
        """Answer one request."""
        await transport()
        transport.response_bytes(200, [("content-type", "application/json")], b'{"accepted":1,"rejected":0}')


class Unread:
    """Keeps events as they came, each with its envelope decoded and what is in it left as it is."""

    def __init__(self, commit: Any) -> None:
        import msgspec

        class Envelope(msgspec.Struct):
            messageId: str  # noqa: N815 # Segment's name
            type: str
            timestamp: str
            properties: msgspec.Raw = msgspec.Raw()
            context: msgspec.Raw = msgspec.Raw()

        class Batch(msgspec.Struct):
            batch: list[Envelope]

        self._commit, self._decode = commit, msgspec.json.Decoder(Batch).decode

    async def __rsgi__(self, scope: Any, transport: Any) -> None:
        """Answer one request when its body is synced."""
        body = await transport()
        count = len(self._decode(body).batch)
        await self._commit.keep(body)
        answer = b'{"accepted":%d,"rejected":0}' % count
        transport.response_bytes(200, [("content-type", "application/json")], answer)


class Decoded:
    """Decodes the body whole and strictly, and answers."""

    async def __rsgi__(self, scope: Any, transport: Any) -> None:
        """Answer one request."""
        from hearthline.server.strict import strictly

        strictly(await transport(), "body")
        transport.response_bytes(200, [("content-type", "application/json")], b'{"accepted":1,"rejected":0}')


class Nowhere:
    """A log that keeps nothing."""

    def append(self, frames: Any) -> Any:
        """Return a place that is none."""
        from hearthline.store.log import Position

        return Position(0, len(frames))


def application(kind: str, home: Path) -> tuple[Any, Any]:
    """Return the application of a kind, and what is to be closed at the end."""
    if kind == "empty":
        return Empty(), None
    if kind == "decoded":
        return Decoded(), None
    from hearthline.schema.settings import ServeSettings
    from hearthline.server.commit import Commit
    from hearthline.server.ingest import Door, Gate, Rules
    from hearthline.server.ingest.fetching import Fetcher
    from hearthline.server.ingest.proving import Prover
    from hearthline.server.keys import Keyring
    from hearthline.server.rates import Rates
    from hearthline.store.home import HomeFolder
    from hearthline.store.log import Log

    folder = HomeFolder.create(home)
    if kind == "unread":
        keeping = Commit(Log(folder.log))
        return Unread(keeping), keeping
    ring = Keyring(home)
    if not ring.holds("write"):
        ring.add("write", "segment", own=KEY)
    commit: Any = Direct(Nowhere()) if kind == "read" else Commit(Log(folder.log))
    chosen = ServeSettings()
    prover = Prover(ring, Fetcher(), {}, open=False)
    door = Door(folder.key, commit, prover, Rules.of(chosen), rates=Rates(1e9))
    return Gate(door, {}, chosen.body_s, lambda error: print(repr(error), file=sys.stderr)), commit


async def serve(kind: str, home: Path, port: int) -> None:
    """Serve until standard input ends."""
    from hearthline.server.lifeline import granian_server, until_alone

    app, commit = application(kind, home)
    server = granian_server(app, "127.0.0.1", port, interface="rsgi", header_s=60.0)
    gc.freeze()  # as `hearthline serve` does
    serving = asyncio.create_task(server.serve())
    await until_alone()
    server.stop()
    await serving
    if commit is not None:
        commit.close()


class Direct:
    """A commit without a thread: what `read` is measured with."""

    waiting_bytes = 0

    def __init__(self, log: Nowhere) -> None:
        self.log = log

    async def keep(self, body: bytes) -> Any:
        """Return at once."""
        return self.log.append([body])

    def close(self) -> None:
        """Do nothing."""


# The load ----------------------------------------------------------------------------------------


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Load:
    """Sends requests on many connections and takes the time of each answer."""

    def __init__(self, port: int, requests: list[bytes], connections: int) -> None:
        self._requests, self._number = requests, 0
        self._selector = selectors.DefaultSelector()
        self._since: dict[socket.socket, float] = {}
        self._clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        for client in self._clients:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._selector.register(client, selectors.EVENT_READ, client)
        self.seconds: list[float] = []

    def paced(self, seconds: float, per_second: float) -> list[float]:
        """Send so many a second for so long; return the seconds of the answers from when each was due."""
        free, due, waits = list(self._clients), list[float](), []
        began = time.perf_counter()
        count = 0
        while (now := time.perf_counter()) < began + seconds or self._since:
            while count < (now - began) * per_second and now < began + seconds:
                due.append(began + count / per_second)
                count += 1
            while due and free:
                client = free.pop(0)
                self._send(client)
                self._since[client] = due.pop(0)
            for key, _ in self._selector.select(0.0005):
                self._answered(key.data)
                waits.append(time.perf_counter() - self._since.pop(key.data))
                free.append(key.data)
        return sorted(waits)

    @staticmethod
    def _answered(client: socket.socket) -> None:
        answer = client.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"not accepted: {answer[:300]!r}")

    def run(self, seconds: float) -> None:
        """Send for so long; `seconds` of the answers are kept."""
        self.seconds = []
        end = time.perf_counter() + seconds
        for client in self._clients:
            self._send(client)
        while self._since:
            for key, _ in self._selector.select(1.0):
                client = key.data
                self._answered(client)
                now = time.perf_counter()
                self.seconds.append(now - self._since.pop(client))
                if now < end:
                    self._send(client)

    def _send(self, client: socket.socket) -> None:
        self._number += 1
        self._since[client] = time.perf_counter()
        client.sendall(self._requests[self._number % len(self._requests)])


def measured(
    kind: str, batch: int, home: Path, given: argparse.Namespace, pace: float | None = None
) -> Round:
    """Return what a server of a kind does with a batch size; with a pace, also its lateness at that."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, __file__, "--serve", kind, str(home), str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as server:
        for _ in range(1000):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        load = Load(port, requests_of(batch, given.first), given.connections)
        load.run(min(1.0, given.seconds / 2))
        before, began = cpu_s(server.pid), time.perf_counter()
        load.run(given.seconds)
        wall, cpu = time.perf_counter() - began, cpu_s(server.pid) - before
        waits = sorted(load.seconds)
        count = len(waits)
        late = load.paced(given.seconds, pace or count / wall / 2) if kind in PACED else [0.0]
        server.stdin.close()  # type: ignore[union-attr] # it is a pipe
    return Round(
        count * batch / wall,
        1000 * waits[count // 2],
        1000 * waits[int(count * 0.99)],
        1e6 * cpu / count,
        count * batch,
        cpu,
        1000 * late[int(len(late) * 0.99)],
    )


def loaded(home: Path) -> tuple[int, float]:
    """Return how many events the loader took into the lake, and its CPU seconds."""
    script = (
        "import sys, time; from pathlib import Path\n"
        "from hearthline.pipeline.loading import load; from hearthline.store.home import HomeFolder\n"
        "home = HomeFolder.open(Path(sys.argv[1])); at = time.process_time(); events = 0\n"
        "while True:\n"
        "    found = load(home); events += found.events\n"
        "    if not found.more: break\n"
        "print(events, time.process_time() - at)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(home)], capture_output=True, text=True, check=True
    ).stdout.split()
    return int(done[0]), float(done[1])


# The table ---------------------------------------------------------------------------------------


def rows(rounds: dict[tuple[str, int], list[Round]]) -> Iterator[list[str]]:
    """Yield one row for each kind and batch size: medians of the rounds."""
    for batch in BATCHES:
        for kind in KINDS:
            found = rounds[kind, batch]
            middle = {
                name: median(getattr(r, name) for r in found)
                for name in ("events_s", "p50_ms", "p99_ms", "cpu_us")
            }
            ratios = [r.events_s / e.events_s for r, e in zip(found, rounds["empty", batch], strict=True)]
            yield [
                f"{kind}, {batch} a request",
                f"{middle['events_s']:,.0f}",
                f"{median(ratios):.2f}",
                f"{middle['cpu_us']:,.0f}",
                f"{middle['cpu_us'] / batch:,.1f}",
                f"{middle['p50_ms']:.1f}",
                f"{middle['p99_ms']:.1f}",
            ]


def goals(rounds: dict[tuple[str, int], list[Round]], loader: float) -> Iterator[list[str]]:
    """Yield the ratios that were aimed at, and what they are."""

    def ratio(over: str, under: str, batch: int, name: str) -> float:
        pairs = zip(rounds[over, batch], rounds[under, batch], strict=True)
        return float(median(getattr(a, name) / getattr(b, name) for a, b in pairs))

    for batch, goal in zip(BATCHES, ("0.6", "0.9"), strict=True):
        told = f"{batch} a request"
        for over, under, what, wanted in (
            ("durable", "empty", "durable / empty", f"at least {goal}"),
            ("unread", "empty", "kept unread, as the prototype did / empty", f"at least {goal}"),
            ("durable", "decoded", "durable / decoded strictly, not kept", ""),
            ("durable", "read", "durable / the same read, not kept", ""),
        ):
            yield [f"events a second, {what}, {told}", wanted, f"{ratio(over, under, batch, 'events_s'):.2f}"]
    for batch in BATCHES:
        cpu = ratio("durable", "read", batch, "cpu_us")
        yield [f"CPU of the durable path / read only, {batch} a request", "at most 1.5", f"{cpu:.2f}"]
    for batch in BATCHES:
        for name, how in (("p99_ms", "each as fast as it can"), ("paced_ms", "both at one pace")):
            late = ratio("durable", "empty", batch, name)
            what = f"99th percentile / empty's, {how}, {batch} a request"
            yield [what, "at most 2", f"{late:.1f}"]
    yield ["loader's events per CPU second / the door's, 100 a request", "at least 1.5", f"{loader:.2f}"]


def alone(
    rounds: dict[tuple[str, int], list[Round]], parts: dict[int, list[limits.Bare]], given: argparse.Namespace
) -> list[list[str]]:
    """Return what the parts of a request take without a server, beside the door."""
    door_us = [median(r.cpu_us for r in rounds["durable", b]) for b in BATCHES]
    return limits.rows([parts[b] for b in BATCHES], door_us, given.connections)


def main() -> None:
    """Run the rounds, print the tables."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    flags.add_argument("--seconds", type=float, default=5.0)
    flags.add_argument("--rounds", type=int, default=3)
    flags.add_argument("--connections", type=int, default=32)
    flags.add_argument("--small", action="store_true", help="one short round")
    flags.add_argument("--write", type=Path, help="a page whose block is replaced by the tables")
    flags.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    given = flags.parse_args()
    if given.serve:
        asyncio.run(serve(given.serve[0], Path(given.serve[1]), int(given.serve[2])))
        os._exit(0)
    if given.small:
        given.seconds, given.rounds, given.connections = 0.5, 1, 8
    rounds: dict[tuple[str, int], list[Round]] = {(k, b): [] for k in KINDS for b in BATCHES}
    loader = []
    parts: dict[int, list[limits.Bare]] = {b: [] for b in BATCHES}
    for number in range(given.rounds):
        with TemporaryDirectory(prefix="hearthline-bench-") as folder:
            given.first = number * 10**6
            for batch in BATCHES:
                pace = None
                for kind in reversed(KINDS):  # the door first: it sets the pace
                    home = Path(folder) / f"{kind}-{batch}"
                    found = measured(kind, batch, home, given, pace)
                    pace = pace or found.events_s / batch / 2
                    rounds[kind, batch].append(found)
                bodies = [whole.partition(b"\r\n\r\n")[2] for whole in requests_of(batch, given.first)]
                parts[batch].append(limits.bare(bodies, Path(folder)))
            events, cpu = loaded(Path(folder) / f"durable-{BATCHES[-1]}")
            door = rounds["durable", BATCHES[-1]][-1]
            loader.append((events / cpu) / (door.events / door.cpu_s))
    heads = ["server", "events/s", "/ empty", "CPU us a request", "CPU us an event", "p50 ms", "p99 ms"]
    text = markdown(heads, list(rows(rounds)))
    text += "\n\n" + markdown(["goal", "wanted", "found"], list(goals(rounds, median(loader))))
    text += "\n\n" + markdown(["one request", *(f"of {b}" for b in BATCHES)], alone(rounds, parts, given))
    print(text)
    if given.write:
        write_block(given.write, MARK, text)


if __name__ == "__main__":
    main()
