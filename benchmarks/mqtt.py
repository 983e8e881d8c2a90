"""Messages a second at QoS 1 and CPU a message: our listener, with fsync, beside Mosquitto, with none.

The same publisher, in a process of its own, sends the same messages to each in turns over eight connections.
`listener alone` keeps payloads as they are: decoder, group commit, fsync, PUBACK. `whole door` also reads and
admits them, so that the log holds events and no personal identifiers. Rates depend on the machine, so look at
the ratios within one run.
"""

import argparse
import asyncio
import json
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from published import markdown, write_block

MARK = "make bench-mqtt"
BROKER = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
TICKS = os.sysconf("SC_CLK_TCK")
SENDERS = 8
KINDS = {"Mosquitto": "mosquitto", "listener alone": "alone", "whole door": "whole"}
MESSAGE = (
    b'{"id":"reading-%08d","topic":"dt/fridge-7/levels","clientid":"fridge-7","timestamp":1767225600000,'
    b'"household":"home-7","device_kind":"fridge","milk":2,"note":"%s"}'
)


@dataclass(frozen=True)
class Round:
    """One server under load for some seconds."""

    rate: float
    cpu_us: float


# The servers ----------------------------------------------------------------------


def listener(kind: str, port: int, folder: Path) -> None:
    """Run our listener until standard input ends."""
    from hearthline import sources
    from hearthline.server.commit import Commit
    from hearthline.server.mqtt.arrivals import Arrived, Taken
    from hearthline.server.mqtt.door import WriteDoor
    from hearthline.server.mqtt.house import House
    from hearthline.server.mqtt.listener import Address, listen
    from hearthline.store.log import Log

    class Alone(WriteDoor):
        """Keeps payloads as they came."""

        def taken(self, message: Arrived) -> Taken:
            return Taken(message.payload)

        def together(self, messages: Sequence[Arrived]) -> Taken | None:
            return Taken(b"".join(message.payload for message in messages))

    from hearthline.server.mqtt.topics import Topics

    async def run() -> None:
        log = Log(folder / "log")
        door = (Alone if kind == "alone" else WriteDoor)(
            Commit(log), b"k" * 32, Topics({}, sources.names()), open=True
        )
        found = await listen(House(door), [Address("127.0.0.1", port)])
        await asyncio.to_thread(sys.stdin.buffer.read)
        await found.close()

    asyncio.run(run())


@contextmanager
def serving(kind: str, folder: Path) -> Iterator[tuple[int, int]]:
    """Give the port and the process id of a server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    if kind == "mosquitto":
        file = folder / "mosquitto.conf"
        file.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nuser root\n"
        )
        command = [BROKER or "mosquitto", "-c", str(file)]
    else:
        command = [sys.executable, __file__, "--serve", kind, "--port", str(port), "--folder", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(500):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.02)
            yield port, process.pid
        finally:
            process.terminate()


def cpu_s(process: int) -> float:
    """Return the seconds of CPU that a process and its threads have used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


# The publisher --------------------------------------------------------------------


def packet(first: int, body: bytes) -> bytes:
    """Return a packet; its body is shorter than 16 KB."""
    size = len(body)
    length = bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))
    return bytes((first,)) + length + body


def messages(size: int, count: int) -> list[bytes]:
    """Return publications of payloads of about that size."""
    topic = b"hearthline/aws_iot_core"
    head = len(topic).to_bytes(2, "big") + topic
    pad = b"x" * max(0, size - len(MESSAGE % (0, b"")))
    return [
        packet(0x32, head + (1 + number % 60_000).to_bytes(2, "big") + MESSAGE % (number, pad))
        for number in range(count)
    ]


def publish(port: int, seconds: float, window: int, size: int) -> int:
    """Return how many messages were acknowledged within so many seconds."""
    wanted = selectors.DefaultSelector()
    ready = messages(size, 20_000)
    for number in range(SENDERS):
        one = socket.create_connection(("127.0.0.1", port))
        name = b"bench-%d" % number
        one.sendall(packet(0x10, b"\0\4MQTT\4\2\0\x3c" + len(name).to_bytes(2, "big") + name))
        if one.recv(4)[3:] != b"\0":
            raise SystemExit("bench-mqtt: the server refuses the publisher")
        wanted.register(one, selectors.EVENT_READ, [number * 2000])
    acknowledged, ends = 0, time.perf_counter() + seconds
    for key in wanted.get_map().values():
        _send(key, ready, window)
    while time.perf_counter() < ends:
        for key, _ in wanted.select(0.1):
            heard = key.fileobj.recv(65_536)  # type: ignore[union-attr]  # registered above as a socket
            key.data.append(heard)
            whole = b"".join(key.data[1:])
            key.data[1:] = [whole[len(whole) // 4 * 4 :]]
            acknowledged += len(whole) // 4
            _send(key, ready, len(whole) // 4)
    for key in wanted.get_map().values():
        key.fileobj.close()  # type: ignore[union-attr]  # registered above as a socket
    return acknowledged


def _send(key: Any, ready: list[bytes], count: int) -> None:
    start = key.data[0]
    some = [ready[(start + i) % len(ready)] for i in range(count)]
    key.data[0] = start + count
    key.fileobj.sendall(b"".join(some))


def once(kind: str, seconds: float, window: int, size: int) -> Round:
    """Return one round of a server that was just started."""
    with tempfile.TemporaryDirectory() as folder, serving(kind, Path(folder)) as (port, process):
        load = [
            sys.executable,
            __file__,
            "--publish",
            str(port),
            "--window",
            str(window),
            "--size",
            str(size),
        ]
        subprocess.run([*load, "--seconds", str(seconds / 4)], check=True, stdout=subprocess.DEVNULL)  # warm
        began = cpu_s(process)
        told = subprocess.run([*load, "--seconds", str(seconds)], check=True, capture_output=True).stdout
        count = int(json.loads(told))
        return Round(count / seconds, (cpu_s(process) - began) / max(count, 1) * 1e6)


# The table ------------------------------------------------------------------------


def table(kinds: dict[str, str], rounds: int, seconds: float, size: int) -> str:
    """Return what was measured in interleaved rounds, as Markdown."""
    parts = []
    for window in (100, 1):
        found: dict[str, list[Round]] = {name: [] for name in kinds}
        for _ in range(rounds):
            for name, kind in kinds.items():
                found[name].append(once(kind, seconds, window, size))
        rates = {name: statistics.median(r.rate for r in some) for name, some in found.items()}
        first = next(iter(kinds))
        rows = [
            [
                name,
                f"{rates[name]:,.0f}",
                f"{statistics.median(a.rate / b.rate for a, b in zip(some, found[first], strict=True)):.2f}",
                f"{statistics.median(r.cpu_us for r in some):.0f}",
            ]
            for name, some in found.items()
        ]
        heads = [
            f"window {window} x {SENDERS} connections",
            "messages a second",
            f"of {first}",
            "CPU us a message",
        ]
        parts.append(markdown(heads, rows))
    about = f"Medians of {rounds} interleaved rounds of {seconds:g} s, payloads of {size} bytes, QoS 1."
    return "\n\n".join([about, *parts])


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--small", action="store_true", help="a run of seconds")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--seconds", type=float, default=4.0)
    asked.add_argument("--size", type=int, default=520, help="bytes of a payload")
    asked.add_argument("--write", type=Path, metavar="PAGE", help="replace the block of this page")
    for inner in ("--serve", "--folder", "--publish", "--port", "--window"):
        asked.add_argument(inner, help=argparse.SUPPRESS)
    chosen = asked.parse_args()
    if chosen.serve:
        listener(chosen.serve, int(chosen.port), Path(chosen.folder))
        return
    if chosen.publish:
        print(publish(int(chosen.publish), chosen.seconds, int(chosen.window), chosen.size))
        return
    kinds = dict(KINDS)
    if BROKER is None:
        print("mosquitto is not installed, so there is nothing to compare with; apt-get install mosquitto")
        del kinds["Mosquitto"]
    rounds, seconds = (1, 0.4) if chosen.small else (chosen.rounds, chosen.seconds)
    told = table(kinds, rounds, seconds, chosen.size)
    print(told)
    if chosen.write:
        write_block(chosen.write, MARK, told)


if __name__ == "__main__":
    main()
