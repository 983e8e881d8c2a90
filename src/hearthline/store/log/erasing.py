"""Frames of the log made anew in their place, with less in them, while the log is written to.

A frame that is on the disk is never written to by the log again, so its bytes can be replaced where they
stand: a shorter frame, and an empty one that fills the rest.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from hearthline.store.log.frames import FRONT, HEADER, START, Frame, Position, encoded
from hearthline.store.log.reading import path_of, read

__all__ = ["Cleaned", "erase"]

Cleaned = Callable[[bytes], bytes | None]
"""A frame's body as it must be from now on; None: as it is."""


def erase(folder: Path, cleaned: Cleaned, since: Position = START) -> int:
    """Replace frames after a position by what is left of them, and return how many.

    What is damaged is blanked. A crash in between leaves a frame that nobody can read; call it again then.
    """
    replaced = 0
    for number, offset, frame in _placed(folder, since):
        if frame.kind == "damaged":
            blank = bytes(len(frame.body))
        else:
            body = cleaned(frame.body) if frame.kind == "admitted" else None
            if body is None:
                continue
            blank = _filled(frame._replace(body=body), FRONT + len(frame.body))
        _write(path_of(folder, number), offset, blank)
        replaced += frame.kind == "admitted"
    return replaced


def _placed(folder: Path, since: Position) -> Iterator[tuple[int, int, Frame]]:
    """Yield each frame with the segment and the offset at which it begins."""
    for end, frame in read(folder, since):
        size = len(frame.body) + (0 if frame.kind == "damaged" else FRONT)
        yield end.segment, max(end.offset - size, HEADER), frame


def _filled(frame: Frame, size: int) -> bytes:
    """Return a frame, and behind it an empty one where there is room, together of that size."""
    whole = encoded(frame)
    if len(whole) == size:
        return whole
    rest = size - len(whole) - FRONT
    if rest < 0:
        raise ValueError(f"log: a frame of {size} bytes cannot hold {len(whole)} and an empty one")
    return whole + encoded(Frame("erased", bytes(rest), frame.received, frame.sequence))


def _write(path: Path, offset: int, body: bytes) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # retention was faster
        return
    try:
        os.pwrite(handle, body, offset)
        os.fsync(handle)
    finally:
        os.close(handle)
