"""A server with a defect put into it on purpose: what the torture must notice, or must not mind.

    python benchmarks/sabotaged.py DEFECT HOME PORT

`ack-first` acknowledges before it writes. `ailing` has a disk whose every 20th sync fails. `year-off` has a
clock that is a year ahead or behind, another one each time it starts. `none` is the server as it is.
"""

import errno
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

__all__ = ["DEFECTS", "main"]

YEAR_NS = 365 * 86_400 * 10**9


def _ack_first() -> None:
    from hearthline.server import commit
    from hearthline.store.log import Position

    honest = commit.Commit._write

    def dishonest(self: Any) -> None:
        keep = self._enqueue

        def enqueue(body: bytes, done: Any, loop: Any) -> None:
            keep(body, lambda _: None, loop)
            commit._tell([done], Position(1, 0))

        append = self.log.append

        def append_late(frames: Any) -> Position:
            time.sleep(0.05)
            position: Position = append(frames)
            return position

        self._enqueue, self.log.append = enqueue, append_late
        honest(self)

    commit.Commit._write = dishonest  # type: ignore[method-assign] # that is the defect


def _ailing() -> None:
    from hearthline.store.log import Disk

    def sync(_: Disk, handle: int) -> None:
        if random.random() < 0.05:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.fdatasync(handle)

    Disk.sync = sync  # type: ignore[method-assign,assignment] # that is the defect


def _year_off() -> None:
    right, off = time.time_ns, random.choice((-YEAR_NS, YEAR_NS))
    time.time_ns = lambda: right() + off
    time.time = lambda: (right() + off) / 1e9


DEFECTS = {"none": lambda: None, "ack-first": _ack_first, "ailing": _ailing, "year-off": _year_off}


def main(defect: str, home: str, port: str) -> None:
    """Serve with the defect until killed."""
    DEFECTS[defect]()
    from hearthline.cli import main as hearthline

    hearthline(["serve", "--home", home, "--port", port, "--screens-port", "0"])


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1] / "src")]
    main(*sys.argv[1:4])
