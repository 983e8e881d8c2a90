"""A randomised experiment in a simulated town: channels that are off in a drawn part of the homes.

Who is off is drawn by the simulator's own generator, apart for every channel, so that several channels
can be tested in the same homes at once. Everything else is the life that the town leads anyway.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hearthline.sim.channels import NAMES, index
from hearthline.sim.draws import BLOCK, Flags, generator
from hearthline.sim.labels import customer_id

__all__ = ["Trial", "write_arms"]


@dataclass(frozen=True, slots=True)
class Trial:
    """Channels that are tested from a day on.

    Attributes:
        channels: names of the channels, each with a lot of its own.
        first_day: from this day on a tested channel is off in its homes that were drawn for it.
        seed: the seed of the lot; another one draws other homes in the same town.
        off: part of the homes in which a tested channel is off.
    """

    channels: tuple[str, ...]
    first_day: int = 30
    seed: int = 0
    off: float = 0.5

    def is_off(self, channel: str, block: int, n: int) -> Flags:
        """Return (n,) whether a channel is off in the first n homes of a block once the trial began.

        >>> trial = Trial(("smart-tv",))
        >>> bool(trial.is_off("smart-tv", 0, 2000).mean() > 0.4), bool(trial.is_off("wearable", 0, 9).any())
        (True, False)
        """
        if channel not in self.channels:
            return np.zeros(n, dtype=np.bool_)
        lot = generator(self.seed, "trial", day=index(channel), block=block).random(BLOCK)
        out: Flags = lot[:n] < self.off
        return out

    def on(self, block: int, n: int) -> Callable[[int], Flags]:
        """Return what gives the (channels, n) switches of a day."""
        before = np.ones((len(NAMES), n), dtype=np.bool_)
        during = np.stack([~self.is_off(name, block, n) for name in NAMES])
        return lambda day: during if day >= self.first_day else before


def write_arms(trial: Trial, homes: int, folder: Path | str, namespace: str = "customer") -> list[Path]:
    """Write who is on and who is off, one `arms-<channel>.csv` for each tested channel; return the files.

    Columns `identifier` (of the home's first account holder) and `arm` (`on` or `off`).

    Args:
        trial: the trial.
        homes: number of homes of the town.
        folder: where to write; made when absent.
        namespace: what the town's accounts are called: `customer` in a lake, `segment.user` in payloads.
    """
    place, files = Path(folder), []
    place.mkdir(parents=True, exist_ok=True)
    for channel in trial.channels:
        file = place / f"arms-{channel}.csv"
        with file.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(("identifier", "arm"))
            for first in range(0, homes, BLOCK):
                off = trial.is_off(channel, first // BLOCK, min(BLOCK, homes - first)).tolist()
                writer.writerows(
                    (f"{namespace}:{customer_id(first + i, 0)}", "off" if gone else "on")
                    for i, gone in enumerate(off)
                )
        files.append(file)
    return files
