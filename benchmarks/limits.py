"""What no door can do without: the bare parts of taking a request, each alone, on this machine in this run.

A part of `ingest.py`. Nothing here serves: the same bodies are decoded strictly, and read whole, in a loop of
this process; the frame that the door makes of one is written and synced to a file of the home's disk as the
log writes (space reserved first, one after the other). So a reader sees how far from what is possible it is.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

__all__ = ["Bare", "bare", "rows"]

_SYNCS, _ROOM = 200, 64 << 20
_LEAST_S = 0.2


@dataclass(frozen=True)
class Bare:
    """The parts of one request, alone.

    Attributes:
        decode_us: CPU of decoding the body strictly.
        read_us: CPU of all that is done with it before it is kept.
        sync_ms: waits for a write and sync of its frame.
        frame_bytes: what is kept of it.
    """

    decode_us: float
    read_us: float
    sync_ms: tuple[float, ...]
    frame_bytes: int


def bare(bodies: Sequence[bytes], folder: Path) -> Bare:
    """Return what the parts of one of these requests take."""
    from hearthline.server.strict import strictly
    from hearthline.server.taking import taken
    from hearthline.sources import Proof, Sent

    proof, key = Proof(scheme="write-key", key_id="bench"), b"k" * 32

    def read(body: bytes) -> bytes:
        sent = Sent(path="/v1/batch", body=body, wire=body, received=datetime.now(UTC))
        return taken("segment", sent, proof, key).body

    frame = read(bodies[0])
    return Bare(
        _cpu_us(lambda body: strictly(body, "body"), bodies),
        _cpu_us(read, bodies),
        tuple(_synced(frame, folder / "bare")),
        len(frame),
    )


def _cpu_us(done: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    count, began = 0, time.process_time()
    while (spent := time.process_time() - began) < _LEAST_S:
        for body in bodies:
            done(body)
        count += len(bodies)
    return 1e6 * spent / count


def _synced(frame: bytes, path: Path) -> list[float]:
    """Return how many milliseconds each write and sync took."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(handle, 0, _ROOM)
        os.fsync(handle)
        waits, offset = [], 0
        for _ in range(_SYNCS):
            began = time.perf_counter()
            os.pwrite(handle, frame, offset)
            os.fdatasync(handle)
            waits.append(1000 * (time.perf_counter() - began))
            offset = (offset + len(frame)) % (_ROOM - len(frame))
        return waits
    finally:
        os.close(handle)
        path.unlink()


def rows(found: Sequence[Sequence[Bare]], door_us: Sequence[float], connections: int) -> list[list[str]]:
    """Return the rows of the table: one column a batch size.

    Args:
        found: for each batch size, what each round found.
        door_us: for each batch size, the door's CPU a request.
        connections: how many requests are in flight.
    """

    def part(of: int) -> list[float]:
        return [
            sorted(wait for b in some for wait in b.sync_ms)[int(_SYNCS * len(some) * of / 100)]
            for some in found
        ]

    return [
        [
            "CPU us of decoding a body strictly, alone",
            *(f"{median(b.decode_us for b in s):,.0f}" for s in found),
        ],
        ["CPU us of all that comes before keeping", *(f"{median(b.read_us for b in s):,.0f}" for s in found)],
        ["CPU us of the door", *(f"{us:,.0f}" for us in door_us)],
        ["bytes that are kept of it", *(f"{some[0].frame_bytes:,}" for some in found)],
        ["ms for a write and sync of these, alone, median", *(f"{ms:.2f}" for ms in part(50))],
        ["... 99th percentile", *(f"{ms:.2f}" for ms in part(99))],
        [
            f"ms for {connections} of them one after the other, by the door's CPU alone",
            *(f"{connections * us / 1000:.1f}" for us in door_us),
        ],
    ]
