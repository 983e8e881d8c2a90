"""Level readings as arrays: series in parts of a full pack, their steps, refills and crossings."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hearthline.signals import Asked
from hearthline.signals._columns import Floats, Ints, days_of, groups, sorted_by

__all__ = ["Crossings", "Series", "crossings_of", "series_of", "starts"]

Flags = NDArray[np.bool_]
_TINY: Final = 1e-9
_OLDEST: Final = 4000.0


@dataclass(frozen=True, slots=True)
class Series:
    """n readings of g supplies, sorted by supply and time.

    Attributes:
        first: (g,) row of each supply's first reading; `last` of its last one.
        group: (n,) number of the supply.
        day: (n,) days since the as-of, negative.
        x: (n,) what is left, in parts of a full pack.
        pack: (g,) the level of a full pack in the sensor's own measure.
        step: (g,) the sensor's step, in parts of a pack.
        refill: (n,) whether it was refilled since the reading before.
        cycle: (n,) number of the stretch without a refill, over all supplies.
    """

    first: Ints
    last: Ints
    group: Ints
    day: Floats
    x: Floats
    pack: Floats
    step: Floats
    refill: Flags
    cycle: Ints


def starts(group: Ints) -> tuple[Ints, Ints]:
    """Return the first and the last row of each group of neighbours.

    >>> [rows.tolist() for rows in starts(np.array([0, 0, 1]))]
    [[0, 2], [1, 2]]
    """
    first = np.flatnonzero(np.diff(group, prepend=-1))
    return first, np.append(first[1:], len(group))[: len(first)] - 1


def series_of(readings: pa.Table, asked: Asked) -> tuple[pa.Table, Series]:
    """Return the readings sorted, but those after the as-of or ten years old, and their series."""
    rows = sorted_by(readings, "unit", "device", "supply", "time")
    day = days_of(rows["time"], asked.as_of)
    kept = (day <= 0) & (day > -_OLDEST)
    if not kept.all():
        rows, day = rows.filter(pa.array(kept)), day[kept]
    group = groups(rows["unit"], rows["device"], rows["supply"])
    first, last = starts(group)
    level = rows["level"].to_numpy()
    percent = pc.is_in(rows["measure"].take(pa.array(first)), pa.array(["percent", "%", "percentage"]))
    most = np.maximum.reduceat(level, first) if len(first) else level
    pack = np.where(percent.to_numpy(), 100.0, np.maximum(most, _TINY))
    x = level / pack[group]
    step = _steps(group, x, first)
    rise = np.maximum(asked.options["rise"], 1.5 * step)[group]
    refill = np.zeros(len(x), dtype=np.bool_)
    filled = (x[1:] > 1 - _TINY) & (np.diff(x) > 1.5 * step[group[1:]])  # a smaller rise, but to the brim
    refill[1:] = (group[1:] == group[:-1]) & ((np.diff(x) > rise[1:]) | filled)
    cycle = np.cumsum(refill | (np.diff(group, prepend=-1) > 0)) - 1
    return rows, Series(first, last, group, day, x, pack, step, refill, cycle)


def _steps(group: Ints, x: Floats, first: Ints) -> Floats:
    """Return the smallest difference of two levels of each supply; the usual one where there is none."""
    if not len(first):
        return x
    order = np.lexsort((x, group))
    gap = np.diff(x[order], append=np.inf)
    gap[(gap < 1e-4) | (np.diff(group[order], append=-1) != 0)] = np.inf
    step = np.minimum.reduceat(gap, first)
    known = step[np.isfinite(step)]
    step[~np.isfinite(step)] = np.median(known) if len(known) else 0.05
    return np.clip(step, 0.001, 0.5)


@dataclass(frozen=True, slots=True)
class Crossings:
    """Where a reading changed: the level passed the middle of two steps at about the middle of two times.

    Attributes:
        group, cycle: (m,) supply and stretch of each crossing.
        day: (m,) time; `x` (m,) the level passed.
        used: (m,) what went since the crossing before in the same stretch; `span` (m,) the days.
            Both are 0 for the first of a stretch.
    """

    group: Ints
    cycle: Ints
    day: Floats
    x: Floats
    used: Floats
    span: Floats


def crossings_of(s: Series) -> Crossings:
    """Return the crossings of all series, in their order."""
    at = np.flatnonzero((np.diff(s.cycle) == 0) & (np.abs(np.diff(s.x)) > _TINY))
    day, x = (s.day[at] + s.day[at + 1]) / 2, (s.x[at] + s.x[at + 1]) / 2
    cycle = s.cycle[at]
    used, span = np.zeros(len(at)), np.zeros(len(at))
    same = np.diff(cycle) == 0
    used[1:], span[1:] = np.where(same, -np.diff(x), 0), np.where(same, np.diff(day), 0)
    return Crossings(s.group[at], cycle, day, x, used, span)
