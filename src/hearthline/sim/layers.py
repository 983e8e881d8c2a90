"""Layers of life beside touches and orders, each optional: leaving, use, faults, questions in vain.

Every layer draws from streams of its own, so the town's touches and orders are the same draw by draw with
or without it. A home that leaves lives exactly as it would have, until its day; then nothing more is seen of
it. No other layer moves an order or a touch.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from hearthline.sim.draws import BLOCK, Flags, Singles, Whole, generator
from hearthline.sim.labels import home_id
from hearthline.sim.town import START, Homes, homes_of

__all__ = ["NEVER", "SIGNS", "Departures", "Layers", "departures", "departures_of"]

NEVER: Final = 1 << 20
"""The day on which a home leaves that stays."""
SIGNS: Final = ("uses less", "faults", "nothing")
"""What shows before a home leaves."""
_LOTS: Final = (0.5, 0.75)  # upper ends of the lots of the first two signs
_SETTLED: Final = 21  # nobody leaves before


@dataclass(frozen=True, slots=True)
class Layers:
    """What a town tells beside its touches and orders; all zero tells nothing more.

    Attributes:
        leaving: chance a day that a home leaves for good, once it is there for three weeks.
        use: how often a day an average home opens the brand's app, and runs its appliance.
        faults: chance a day that an appliance falls ill for some days; those of some homes that leave do
            before they go.
        mishearing: part of the searches by voice that were not understood at first and asked anew, and of
            other questions that were not understood and given up.
        vain: how often a day an average home with a speaker asks something beside the skill's searches.
    """

    leaving: float = 0.0
    use: float = 0.0
    faults: float = 0.0
    mishearing: float = 0.0
    vain: float = 0.0

    @classmethod
    def lively(cls) -> "Layers":
        """Return the layers of the demo's town.

        >>> Layers.lively().leaving
        0.0012
        """
        return cls(leaving=0.0012, use=0.2, faults=0.0012, mishearing=0.12, vain=0.02)


@dataclass(frozen=True, slots=True)
class Departures:
    """When n homes leave, and what shows before.

    `day` (n,) is the first one without it (`NEVER`: it stays), `sign` (n,) a row in `SIGNS`, `ahead` (n,) how
    many days before `day` the sign begins.
    """

    day: Whole
    sign: Whole
    ahead: Whole

    def there(self, day: int) -> Flags:
        """Return (n,) who is still there on a day."""
        out: Flags = self.day > day
        return out

    def shown(self, day: int, sign: int) -> Singles:
        """Return (n,) how far a sign has gone on a day: from 0 (not begun) to 1 (the last day)."""
        begun = day - (self.day - self.ahead) + 1
        part = np.clip(begun / np.maximum(self.ahead, 1), 0, 1)
        return np.where((self.sign == sign) & (self.day < NEVER), part, 0).astype(np.float32)


def departures(seed: int, homes: Homes, layers: Layers | None) -> Departures:
    """Return who of a block's homes leaves, when, and what shows before.

    >>> some = departures(1, homes_of(1, 0, 500), Layers(leaving=0.002))
    >>> bool((some.day >= 21).all()), bool((departures(1, homes_of(1, 0, 500), None).day == NEVER).all())
    (True, True)
    """
    n = homes.n
    if layers is None or layers.leaving <= 0:
        return Departures(np.full(n, NEVER), np.full(n, 2), np.zeros(n, dtype=np.int64))
    luck = generator(seed, "leave", block=homes.first // BLOCK).random((3, BLOCK))[:, :n]
    wait = np.floor(np.log1p(-luck[0]) / np.log1p(-layers.leaving)).astype(np.int64)
    sign = np.searchsorted(_LOTS, luck[1], side="right")
    sign = np.where((sign == 1) & ~homes.owns["appliance"], 0, sign)
    ahead = np.select([sign == 0, sign == 1], [28 + luck[2] * 21, 12 + luck[2] * 12], 0).astype(np.int64)
    return Departures(_SETTLED + wait, sign, ahead)


def departures_of(homes: int, days: int, seed: int, layers: Layers) -> pa.Table:
    """Return the truth about who left a town within its days: home, name, day (date), sign, ahead (days).

    >>> departures_of(300, 120, 1, Layers.lively()).column_names
    ['home', 'name', 'day', 'sign', 'ahead']
    """
    rows = []
    for first in range(0, homes, BLOCK):
        block = homes_of(seed, first // BLOCK, min(BLOCK, homes - first))
        found = departures(seed, block, layers)
        gone = np.flatnonzero(found.day < days)
        rows += [
            (first + i, home_id(first + i), d, SIGNS[s], a)
            for i, d, s, a in zip(
                gone.tolist(),
                (found.day[gone] + START // 86_400).tolist(),
                found.sign[gone].tolist(),
                found.ahead[gone].tolist(),
                strict=True,
            )
        ]
    columns = list(zip(*rows, strict=True)) or [()] * 5
    kinds = (pa.int64(), pa.string(), pa.int32(), pa.string(), pa.int64())
    arrays = [pa.array(c, kind) for c, kind in zip(columns, kinds, strict=True)]
    arrays[2] = arrays[2].cast(pa.date32())
    return pa.Table.from_arrays(arrays, names=["home", "name", "day", "sign", "ahead"])
