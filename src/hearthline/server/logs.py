"""What the server says about itself: one JSON object a line, without a word of what senders sent."""

import json
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

__all__ = ["Logs"]

_MOST_A_SECOND = 20


class Logs:
    """Lines on a stream, standard error by default; at most twenty a second of one kind.

    >>> Logs(sys.stdout).say("started", port=8310)  # doctest: +ELLIPSIS
    {"time": "...", "level": "info", "event": "started", "port": 8310}
    """

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stderr
        self._pen = threading.Lock()
        self._second: dict[str, tuple[int, int]] = {}

    def say(
        self,
        event: str,
        level: Literal["info", "warning", "error"] = "info",
        **fields: str | float | bool | None,
    ) -> None:
        """Write one line. Fields are names, counts, seconds, statuses: never a value of a payload."""
        with self._pen:
            skipped = self._skipped(event)
            if skipped is None:
                return
            more = {"skipped": skipped} if skipped else {}
            line = {"time": datetime.now(UTC).isoformat(), "level": level, "event": event, **fields, **more}
            try:
                self._stream.write(json.dumps(line) + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                return  # a log that cannot be written must not stop the door

    def defect(self, error: BaseException) -> None:
        """Write what kind of error it was and where; its text may hold what was sent, so it is left out."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        self.say("defect", "error", kind=type(error).__name__, where=where)

    def _skipped(self, event: str) -> int | None:
        """Return how many lines of this kind were left out before this one; None: leave this out too."""
        now = int(time.monotonic())
        second, said = self._second.get(event, (now, 0))
        if second != now:
            skipped = max(0, said - _MOST_A_SECOND)
            self._second[event] = (now, 1)
            return skipped
        self._second[event] = (now, said + 1)
        return 0 if said < _MOST_A_SECOND else None
