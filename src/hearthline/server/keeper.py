"""The process that keeps the lake and the answer fresh, so that the doors need not wait for either.

`python -m hearthline.server.keeper HOME` loads the log into the lake about every second, and makes the answer
anew when enough is new. Readers go on reading the answer before. It says on standard output what it did, one
JSON object a line, and ends when standard input does: with the server that started it, however that ended.
"""

import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hearthline.pipeline import run, silent, upkeep
from hearthline.pipeline.loading import load
from hearthline.schema.errors import HearthlineError, HomeBusy, NothingToAnswer
from hearthline.server.memory import give_back
from hearthline.store.config import load_settings
from hearthline.store.home import HomeFolder
from hearthline.store.lake import Lake

__all__ = ["Keeper", "main"]

_DEMO_MARK = "demo.json"
_NICE = 5
_TEND_S = 30.0


@dataclass(slots=True)
class Keeper:
    """Keeps one home fresh; `step` does what is due, `stopped` ends the waiting."""

    home: HomeFolder
    stopped: threading.Event = field(default_factory=threading.Event)
    _answered: int = -1
    _next_answer: float = 0.0

    def loading(self) -> None:
        """Load the log until told to stop, as often as the settings say."""
        while not self.stopped.is_set():
            began = time.monotonic()
            more = self._load()
            every_s = load_settings(self.home.settings_file).serve.load_every_s
            if not more:
                self.stopped.wait(max(0.0, every_s - (time.monotonic() - began)))
        self._load()

    def answering(self) -> None:
        """Make the answer anew until told to stop, when enough is new."""
        while not self.stopped.wait(0.2):
            lake = Lake(self.home.lake).snapshot()
            rows = lake.rows("events") + lake.rows("metrics")
            settings = load_settings(self.home.settings_file)
            enough = rows - max(self._answered, 0) >= settings.serve.answer_after
            if not rows or not enough or time.monotonic() < self._next_answer:
                continue
            began = time.monotonic()
            try:
                run(self.home, settings, None, silent, demo=(self.home.path / _DEMO_MARK).exists())
                self._answered = rows
                say("answered", events=rows, seconds=time.monotonic() - began)
            except (HomeBusy, NothingToAnswer):
                self._next_answer = time.monotonic() + 1.0
                continue
            except Exception as error:  # noqa: BLE001 # the next answer may be possible again
                say("answer-failed", kind=type(error).__name__)
            give_back()
            seconds = time.monotonic() - began
            self._next_answer = time.monotonic() + max(settings.serve.answer_every_s - seconds, seconds)

    def tending(self) -> None:
        """Merge small files and retire what is old, until told to stop."""
        while not self.stopped.wait(_TEND_S):
            try:
                kept = upkeep(self.home, load_settings(self.home.settings_file).log)
            except HomeBusy:
                continue
            except Exception as error:  # noqa: BLE001 # what is not merged now is merged later
                say("tend-failed", kind=type(error).__name__)
                continue
            if kept.merged.merges or kept.removed or kept.retired:
                say("tended", merged=kept.merged.batches, removed=kept.removed, retired=kept.retired)

    def _load(self) -> bool:
        """Load what there is; return whether there is more at once."""
        began, at = time.monotonic(), time.time()
        try:
            loaded = load(self.home)
        except HomeBusy:
            say("load-waits")
            return False
        except (HearthlineError, OSError) as error:
            say("load-failed", kind=type(error).__name__)
            return False
        lag_s = (datetime.now(UTC) - loaded.oldest).total_seconds() if loaded.oldest else 0.0
        say(
            "loaded",
            began=at,
            frames=loaded.frames,
            events=loaded.events,
            rejects=loaded.rejects,
            bytes=loaded.size,
            lag_s=lag_s,
            seconds=time.monotonic() - began,
            more=loaded.more,
        )
        return loaded.more


def say(event: str, **fields: str | float | bool) -> None:
    """Tell the server what was done; numbers and kinds only."""
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def main(home: Path) -> None:
    """Keep the home fresh until standard input ends."""
    os.nice(_NICE)  # the doors come first
    keeper = Keeper(HomeFolder.open(home))
    threads = [threading.Thread(target=t) for t in (keeper.loading, keeper.answering, keeper.tending)]
    for thread in threads:
        thread.start()
    sys.stdin.buffer.read()
    keeper.stopped.set()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
