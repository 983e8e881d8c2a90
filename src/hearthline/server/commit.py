"""Durable frames: everything that came while the disk was busy is written by one append and one fsync.

The doors hand over frames and wait; one thread writes. A frame is kept when `Log.append` returned, not
before. The thread is woken when the event loop has nothing more to read at once: what came together is
written together, and a frame that came alone waits for nobody.
"""

import asyncio
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hearthline.schema.errors import QueueFull
from hearthline.store.log import Frame, Position

__all__ = ["BOUNDS_S", "Commit", "Done", "Figures", "Writes"]

Done = Callable[[Position | Exception], None]
"""What is called when a frame is durable, with its place in the log, or cannot be, with the reason."""

BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_GROUP_BYTES = 8 * 2**20
_GROUP_FRAMES = 4096
_FRAME_BYTES = 64  # what a queued frame costs beside its body
_TOGETHER_S, _LONGEST_S = 0.005, 0.001  # how long frames may gather, and wait for what may not come


class Writes(Protocol):
    """The one thing that is asked of a log."""

    def append(self, frames: Sequence[Frame]) -> Position:
        """Return where the frames lie; they are durable then."""
        ...


@dataclass(slots=True)
class Figures:
    """What the thread counted: groups, frames, bytes, seconds inside `append`, and what failed.

    `within` counts groups by the first of `BOUNDS_S` that their append did not exceed; the last is for longer
    ones. `healthy`: whether the newest append succeeded; `kept_at`: when one did last (Unix time).
    """

    groups: int = 0
    frames: int = 0
    bytes: int = 0
    seconds: float = 0.0
    failures: int = 0
    within: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    healthy: bool = True
    kept_at: float = 0.0


class Commit:
    """A queue of frames before the log, and the thread that writes them in groups.

    Args:
        log: where frames are appended.
        most_bytes: with more than this waiting, a frame is refused at once (`QueueFull`).

    >>> class Paper:
    ...     def append(self, frames):
    ...         return len(frames)
    >>> commit = Commit(Paper())
    >>> asyncio.run(commit.keep(b"frame"))
    1
    >>> commit.close()
    """

    def __init__(self, log: Writes, most_bytes: int = 64 * 2**20) -> None:
        self.log, self.most_bytes = log, most_bytes
        self.figures = Figures()
        self.waiting_bytes = 0
        self._waiting: list[tuple[bytes, Done | asyncio.Future[Position]]] = []
        self._changed = threading.Condition()
        self._ready = self._closing = False
        self._crowd, self._took_s = 1, 0.0  # frames of the last group, and how long the disk took for them
        self._thread = threading.Thread(target=self._write, name="commit", daemon=True)
        self._thread.start()

    async def keep(self, body: bytes) -> Position:
        """Return the frame's place in the log as soon as it is durable.

        Raises:
            QueueFull: too much waits already; nothing was kept, send it again later.
            LogUnavailable: the disk is full or broken; nothing was kept.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Position] = loop.create_future()
        self._enqueue(body, future, loop)
        return await future

    def keep_nowait(self, body: bytes, done: Done) -> None:
        """Queue the frame; `done` is called once, from the writing thread, and must not block.

        Raises:
            QueueFull: as for `keep`; `done` is not called.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        self._enqueue(body, done, loop)

    def close(self) -> None:
        """Write what waits, then stop. Frames that come later are refused."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _enqueue(
        self, body: bytes, done: Done | asyncio.Future[Position], loop: asyncio.AbstractEventLoop | None
    ) -> None:
        size = len(body) + _FRAME_BYTES
        with self._changed:
            if self._closing or (self._waiting and self.waiting_bytes + size > self.most_bytes):
                what = "the door is closing" if self._closing else f"{self.waiting_bytes} bytes wait already"
                raise QueueFull(f"door: no room for another frame; {what}; send it again in a second")
            self.waiting_bytes += size
            self._waiting.append((body, done))
            first = len(self._waiting) == 1
            if first and loop is None:
                self._wake()
        if first and loop is not None:
            loop.call_soon(self._gather, loop, 1, loop.time() + _TOGETHER_S)

    def _gather(self, loop: asyncio.AbstractEventLoop, before: int, until: float) -> None:
        """Wake the thread, unless more came in the loop's last round: then more may come in the next.

        Where several came together before, they are waited for, as long as the disk took then, but not longer
        than a timer's tick.
        """
        count, now = len(self._waiting), loop.time()
        if before < count < _GROUP_FRAMES and now < until:
            loop.call_soon(self._gather, loop, count, until)
        elif count < self._crowd and now < until:
            loop.call_later(self._took_s, self._gather, loop, count, now)
        else:
            with self._changed:
                self._wake()

    def _wake(self) -> None:
        self._ready = True
        self._changed.notify()

    def _write(self) -> None:
        while group := self._next_group():
            frames = [Frame(kind="admitted", body=body) for body, _ in group]
            started = time.perf_counter()
            try:
                outcome: Position | Exception = self.log.append(frames)
            except Exception as error:  # noqa: BLE001 # the thread must outlive whatever a disk does
                outcome = error
            self._count(frames, time.perf_counter() - started, kept=not isinstance(outcome, Exception))
            _tell([done for _, done in group], outcome)

    def _next_group(self) -> list[tuple[bytes, Done | asyncio.Future[Position]]]:
        """Return what waits, up to the size of a group; empty when the queue is closed and drained."""
        with self._changed:
            while not (self._ready and self._waiting) and not self._closing:
                self._changed.wait()
            taken = size = 0
            for body, _ in self._waiting[:_GROUP_FRAMES]:
                if taken and size + len(body) > _GROUP_BYTES:
                    break
                taken, size = taken + 1, size + len(body)
            group, self._waiting = self._waiting[:taken], self._waiting[taken:]
            self._ready = bool(self._waiting)
            return group

    def _count(self, frames: Sequence[Frame], seconds: float, *, kept: bool) -> None:
        size = sum(len(f.body) for f in frames)
        with self._changed:
            self.waiting_bytes -= size + _FRAME_BYTES * len(frames)
        self._crowd, self._took_s = len(frames), min(seconds, _LONGEST_S)
        figures = self.figures
        figures.groups += 1
        figures.seconds += seconds
        figures.within[bisect_left(BOUNDS_S, seconds)] += 1
        figures.healthy = kept
        if kept:
            figures.frames += len(frames)
            figures.bytes += size
            figures.kept_at = time.time()
        else:
            figures.failures += 1


def _tell(waiters: Sequence[Done | asyncio.Future[Position]], outcome: Position | Exception) -> None:
    """Tell everyone of a group; each event loop is woken once, however many of its tasks wait."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[Position]]] = {}
    for waiter in waiters:
        if isinstance(waiter, asyncio.Future):
            loops.setdefault(waiter.get_loop(), []).append(waiter)
        else:
            waiter(outcome)
    for loop, futures in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, futures, outcome)


def _settle(futures: Sequence[asyncio.Future[Position]], outcome: Position | Exception) -> None:
    for future in futures:
        if future.done():  # whoever waited has left; the frame is kept all the same
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
