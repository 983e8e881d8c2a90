"""What a stage or a whole process costs: seconds on the wall, seconds of CPU, peak memory."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

__all__ = ["Clock", "in_own_process"]


class Clock:
    """Adds up wall and CPU seconds (user and system, all threads) by stage.

    `lap` is the pipeline's progress callback: each call ends the stage before it. `during` times a block.
    """

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}
        self._open: str | None = None
        self._since = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        used = os.times()
        return perf_counter(), used.user + used.system

    def lap(self, stage: str | None) -> None:
        """End the stage that is open, begin the one named."""
        wall, cpu = self._now()
        if self._open is not None:
            spent = self.spent.setdefault(self._open, [0.0, 0.0])
            spent[0] += wall - self._since[0]
            spent[1] += cpu - self._since[1]
        self._open, self._since = stage, (wall, cpu)

    @contextmanager
    def during(self, stage: str) -> Iterator[None]:
        """Count a block as the stage."""
        self.lap(stage)
        try:
            yield
        finally:
            self.lap(None)

    def told(self) -> dict[str, Any]:
        """Return what was measured so far: stages, their sums, and the process's peak memory in MB."""
        self.lap(None)
        wall, cpu = (sum(s[i] for s in self.spent.values()) for i in (0, 1))
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return {"stages": self.spent, "wall_s": wall, "cpu_s": cpu, "peak_mb": peak_mb}


def in_own_process(script: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """Return the JSON that the script's last line of output holds, run as a process of its own."""
    run = subprocess.run(
        [sys.executable, str(script), *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode:
        raise SystemExit(f"{script.name} {' '.join(arguments)}: failed with exit code {run.returncode}")
    told: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return told
