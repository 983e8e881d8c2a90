"""What every home brought in on every day: for experiments whose true effect must be known."""

import numpy as np

from hearthline.sim.draws import BLOCK, Whole
from hearthline.sim.life import ALL_ON, Switches, block_of, live
from hearthline.sim.worlds import World, load

__all__ = ["takings"]


def takings(world: str | World, homes: int | range, days: int, seed: int, on: Switches = ALL_ON) -> Whole:
    """Return (2, days, homes) net cents: orders by hand, then automated ones, on the day of the order.

    `homes` is their number, or the numbers of those that are wanted, which begin with a block (2,048).

    The same homes with other switches are the same homes, with the same draws: what one home takes does
    not depend on another, so the two lives are the two outcomes that an experiment chooses between.

    >>> takings("additive", 30, 20, seed=1).shape
    (2, 20, 30)
    """
    wanted = homes if isinstance(homes, range) else range(homes)
    out = np.zeros((2, days, len(wanted)), dtype=np.int64)
    for first in range(wanted.start, wanted.stop, BLOCK):
        size = min(BLOCK, wanted.stop - first)
        block = block_of(seed, first // BLOCK, size, days)
        here = slice(first - wanted.start, first - wanted.start + size)
        for day in live(block, load(world), on):
            t, kept = day.day, block.kept[day.day]
            out[0, t, here] = day.person * (block.person_cents[t] * kept // 1000)
            out[1, t, here] = day.machine * (block.machine_cents[t] * kept // 1000)
    return out
