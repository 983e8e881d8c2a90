"""What an experiment shows so far: on minus off, with an interval for its end and one for every day.

The difference of means is adjusted by what the same units did before (Deng, Xu, Kohavi & Walker 2013,
"Improving the sensitivity of online controlled experiments by utilizing pre-experiment data"), with the
standard error of Neyman (1923), by clusters where regions are assigned. The interval for one look at the
planned end is Student's. Whoever looks more often needs the other one: the normal mixture of Robbins
(1970), Annals of Mathematical Statistics 41(5), in the asymptotic form of Waudby-Smith, Arbour, Sinha,
Kennedy & Ramdas (2024), Annals of Statistics 52(6), on the clock of the estimate's own variance; it
holds on all days at once. It is tightest at the planned end. Its one assumption is that what is added
later does not depend negatively on what is there; `make bench-experiments` measures what that costs.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import lambertw, ndtri, stdtrit

from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Bools, Floats, Ints

__all__ = ["LEVEL", "Difference", "balanced", "difference", "mixture"]

LEVEL: Final = 0.9
_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Difference:
    """What a unit with the channel brought in more than one without it, since the start.

    Attributes:
        each: mean of on minus mean of off, adjusted, in money for one household.
        error: its standard error.
        low, high: the 90 % interval for a single look, at the planned end.
        always_low, always_high: the 90 % interval that holds on all days at once.
        on, off: households in each arm.
        clusters: units that were assigned: regions, or the households themselves.
        saved: part of the variance that the time before took away.
    """

    each: float
    error: float
    low: float
    high: float
    always_low: float
    always_high: float
    on: int
    off: int
    clusters: int
    saved: float


def mixture(variance: float, planned: float) -> float:
    """Return the half-width of the interval that holds at all times; `planned` is the variance at the end.

    >>> round(mixture(1.0, 1.0), 2), round(mixture(0.1, 1.0) / 0.1**0.5, 2)
    (2.76, 3.58)
    """
    alpha = 1.0 - LEVEL
    share = -float(lambertw(-(alpha**2) / np.e, k=-1).real) - 1.0
    rho = planned / share
    return float(np.sqrt((variance + rho) * np.log((variance + rho) / (rho * alpha**2))))


def difference(
    takings: Floats,
    off: Bools,
    before: Floats | None = None,
    cluster: Ints | None = None,
    planned: float | None = None,
) -> Difference:
    """Return what is shown so far.

    Args:
        takings: (n,) what each household brought in since the start.
        off: (n,) whether its arm is off.
        before: (n,) what it brought in before the start.
        cluster: (n,) the key of its region where regions were assigned.
        planned: the variance that was planned for the end; default: the one of today.

    Raises:
        NothingToAnswer: an arm holds fewer than three clusters.

    >>> rng = np.random.default_rng(1)
    >>> usual, off = rng.gamma(2.0, 10.0, 4000), np.arange(4000) % 2 == 0
    >>> found = difference(usual + rng.gamma(1.0, 2.0, 4000) + 1.5 * ~off, off, usual)
    >>> found.low < 1.5 < found.high, found.always_high > found.high, found.saved > 0.9
    (True, True, True)
    """
    groups = np.arange(len(off)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    size = np.bincount(groups).astype(np.float64)
    first = np.zeros(len(size), np.bool_)
    first[groups] = off
    arms = (~first, first)
    if min(int(a.sum()) for a in arms) < _FEWEST:
        counts = ", ".join(str(int(a.sum())) for a in arms)
        raise NothingToAnswer(
            f"experiment: too few units in an arm; got {counts}; assign at least three to each"
        )
    plain = np.bincount(groups, weights=takings).astype(np.float64)
    raw, raw_variance = _contrast(plain, size, arms)
    each, variance = raw, raw_variance
    if before is not None:
        x = np.bincount(groups, weights=before).astype(np.float64)
        slope = _slope(plain, x, size, arms)
        each, variance = _contrast(plain - slope * (x - size * before.mean()), size, arms)
        if variance > raw_variance:
            each, variance = raw, raw_variance
    error = float(np.sqrt(variance))
    few = float(stdtrit(len(size) - 2, 0.5 + LEVEL / 2)) / float(ndtri(0.5 + LEVEL / 2))
    wide = float(ndtri(0.5 + LEVEL / 2)) * few * error
    always = mixture(variance, planned or variance) * few if variance > 0.0 else 0.0
    return Difference(
        *(each, error, each - wide, each + wide, each - always, each + always),
        on=int((~off).sum()),
        off=int(off.sum()),
        clusters=len(size),
        saved=1.0 - variance / raw_variance if raw_variance > 0.0 else 0.0,
    )


def _contrast(sums: Floats, size: Floats, arms: tuple[Bools, Bools]) -> tuple[float, float]:
    """Return the difference of the arms' means a household, and its variance, by clusters."""
    means, variance = [], 0.0
    for arm in arms:
        n, g = size[arm].sum(), int(arm.sum())
        mean = sums[arm].sum() / n
        means.append(mean)
        variance += g / (g - 1) * float(((sums[arm] - mean * size[arm]) ** 2).sum()) / n**2
    return float(means[0] - means[1]), float(variance)


def _slope(y: Floats, x: Floats, size: Floats, arms: tuple[Bools, Bools]) -> float:
    """Return the slope of what came after on what came before, inside the arms."""
    up = down = 0.0
    for arm in arms:
        n = size[arm].sum()
        dx = x[arm] - x[arm].sum() / n * size[arm]
        up += float((dx * (y[arm] - y[arm].sum() / n * size[arm])).sum())
        down += float((dx * dx).sum())
    return up / down if down > 0.0 else 0.0


def balanced(on: int, off: int, part_off: float) -> float:
    """Return how many standard errors the arms' sizes are from what the lot promised; beyond 4, mistrust.

    >>> round(balanced(5000, 5000, 0.5), 1), balanced(5300, 4700, 0.5) < -4
    (0.0, True)
    """
    n = on + off
    return float((off - n * part_off) / np.sqrt(max(n * part_off * (1.0 - part_off), 1e-9)))
