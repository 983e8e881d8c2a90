"""What is left now: every recent reading, with its step and noise, projected to the as-of, on a grid."""

from typing import Final

import numpy as np
from scipy.special import expit

from hearthline.signals._columns import Floats, Ints
from hearthline.signals.supplies.rates import Rates
from hearthline.signals.supplies.readings import Series

__all__ = ["RECENT", "levels_of"]

RECENT: Final = 24
"""So many readings of a stretch are looked at."""
_BATCH: Final = 20_000
_GRID: Final = np.linspace(0.0, 1.0, 51)
_LOGISTIC: Final = 1.702  # a logistic with this slope lies within .01 of the normal distribution


def levels_of(s: Series, rates: Rates) -> tuple[Floats, Floats]:
    """Return (g,) what is left now in packs and its variance; days of `s` are operational.

    A reading says that the level lay within its step, give or take the noise; what went since, by the
    rate and its spread, moves and widens that. At its ends a sensor says *at least* or *at most*.
    """
    g = len(s.first)
    level, variance = np.zeros(g), np.zeros(g)
    for begin in range(0, g, _BATCH):
        some = np.arange(begin, min(begin + _BATCH, g))
        level[some], variance[some] = _batch(s, rates, some)
    return level, variance


def _batch(s: Series, rates: Rates, some: Ints) -> tuple[Floats, Floats]:
    said = np.zeros((len(some), len(_GRID)))
    last, step, rate = s.last[some], s.step[some], rates.rate[some]
    for back in range(RECENT):
        at = np.maximum(last - back, 0)
        here = (last - back >= s.first[some]) & (s.cycle[at] == s.cycle[last])
        if not here.any():
            break
        own = np.flatnonzero(here)
        ago, x, q = -s.day[at[own]], s.x[at[own]], step[own]
        gone = rate[own] * ago
        alone = rates.noise[some][own] + (0.1 * q) ** 2 + (_GRID[1] / 2) ** 2
        b, c = rates.spread[some][own], rates.drift[some][own]
        slope = _LOGISTIC / np.sqrt(alone + b * gone + c * gone**2)
        # what went up to the newest is one error of all older readings: only their own part is news
        since = np.maximum(gone + rate[own] * s.day[last[own]], 0)
        shared = b * since + c * since**2
        weight = (alone + q**2 / 12) / (alone + q**2 / 12 + shared)
        low, high = x - q / 2 - gone, x + q / 2 - gone
        above = np.where(x[:, None] <= q[:, None] / 2, 1.0, expit(slope[:, None] * (_GRID - low[:, None])))
        below = expit(slope[:, None] * (high[:, None] - _GRID))
        below = np.where(x[:, None] >= 1 - q[:, None] / 4, 1.0, below)
        said[own] += weight[:, None] * np.log(np.maximum(above + below - 1, 1e-12))
    said -= said.max(axis=1, keepdims=True)
    chance = np.exp(said)
    chance /= chance.sum(axis=1, keepdims=True)
    mean = chance @ _GRID
    variance = np.maximum(chance @ _GRID**2 - mean**2, (0.02 * step) ** 2 + 1e-5)
    return mean, variance
