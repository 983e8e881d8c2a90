"""Common random numbers: every draw has an address, so switching one thing off moves no other draw.

A counter-based generator (Philox, Salmon et al. 2011) is keyed by (seed, process) and its counter
starts at (day, block of homes). What a home draws on a day therefore depends on nothing else: not on
the number of homes or days, not on what happened before, not on which channels are on.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK", "Flags", "Singles", "Whole", "generator", "uniform"]

Singles = NDArray[np.float32]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

BLOCK: Final = 2048
"""Homes that are drawn together; a block's draws are the same in a town of any size."""

_PROCESSES: Final = (
    *("home", "trait", "device", "people", "weather", "use", "order", "enrol", "churn", "rival"),
    *("value", "refund", "clock", "late", "telemetry", "move", "broken", "mail", "spend", "member"),
    *(f"touch{i}" for i in range(16)),
    *(f"hour{i}" for i in range(16)),
    "trial",  # whatever comes later is appended: a process's place is part of its key
    *("leave", "usage", "fault", "question", "later"),
)


def generator(seed: int, process: str, day: int = 0, block: int = 0) -> np.random.Generator:
    """Return the generator at an address; the same address gives the same stream for ever.

    >>> a, b = generator(7, "order", 3, 1), generator(7, "order", 3, 1)
    >>> bool((a.random(4) == b.random(4)).all())
    True
    """
    key = np.array([seed, _PROCESSES.index(process)], dtype=np.uint64)
    counter = np.array([0, 0, day, block], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def uniform(seed: int, process: str, block: int, days: int) -> Singles:
    """Return (days, BLOCK) uniforms in [0, 1) of one process in one block of homes."""
    out = np.empty((days, BLOCK), dtype=np.float32)
    for day in range(days):
        generator(seed, process, day, block).random(out=out[day], dtype=np.float32)
    return out
