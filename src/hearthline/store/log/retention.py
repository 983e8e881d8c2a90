"""Segments that have served their time."""

import time
from pathlib import Path

from hearthline.store.log.frames import Position
from hearthline.store.log.reading import path_of, segments

__all__ = ["retire"]


def retire(folder: Path, loaded: Position, keep_s: float) -> list[int]:
    """Remove segments that were wholly loaded and have not changed for so long; return their numbers.

    The newest segment always stays: it says how the log goes on.

    Args:
        folder: the log.
        loaded: up to where it was loaded.
        keep_s: how long a segment stays after its last frame, in seconds.
    """
    gone = []
    for number in segments(folder)[:-1]:
        path = path_of(folder, number)
        if number < loaded.segment and time.time() - path.stat().st_mtime >= keep_s:
            path.unlink(missing_ok=True)
            gone.append(number)
    return gone
