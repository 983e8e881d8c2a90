"""What an experiment shows so far: on minus off, with an interval for its end and one for every day.

The difference of means is adjusted by what the same units did before (Deng, Xu, Kohavi & Walker 2013,
"Improving the sensitivity of online controlled experiments by utilizing pre-experiment data"), with the
standard error of Neyman (1923), by clusters where regions are assigned. The interval for one look at the
planned end is Student's, with the degrees of freedom of Satterthwaite (1946), Biometrics Bulletin 2(6), and
Welch (1947), Biometrika 34(1-2): few units in one arm are few, however many are in the other. Whoever looks
more often needs the other one: the normal mixture of Robbins (1970), Annals of Mathematical Statistics
41(5), in the asymptotic form of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), Annals of Statistics
52(6), on the clock of the estimate's own variance; it holds on all days at once. It is tightest at the
planned end, whose variance must not be chosen anew at each look: it is planned, or today's is carried on by
the days. Its one assumption is that what is added later does not depend negatively on what is there;
`make bench-experiments` measures what that costs.
"""

from dataclasses import dataclass
from math import log, sqrt
from typing import Final

import numpy as np
from scipy.special import lambertw, ndtri, stdtrit

from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Bools, Floats, Ints

__all__ = ["LEVEL", "Difference", "balanced", "difference", "mixture"]

LEVEL: Final = 0.9
_FEWEST = 3
_SHARE = -float(lambertw(-((1.0 - LEVEL) ** 2) / np.e, k=-1).real) - 1.0


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
        saved: part of the variance that the time before took away; a little below 0 where it tells nothing.
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
    rho = planned / _SHARE
    return sqrt((variance + rho) * log((variance + rho) / (rho * (1.0 - LEVEL) ** 2)))


def difference(
    takings: Floats,
    off: Bools,
    before: Floats | None = None,
    cluster: Ints | None = None,
    planned: float | None = None,
    over: float = 1.0,
) -> Difference:
    """Return what is shown so far.

    Args:
        takings: (n,) what each household brought in since the start.
        off: (n,) whether its arm is off.
        before: (n,) what it brought in before the start.
        cluster: (n,) the key of its region where regions were assigned.
        planned: the variance that was planned for the end; default: today's, carried on by `over`.
        over: the part of the planned days that is over, above 0 and up to 1; asked where nothing was planned.

    Raises:
        NothingToAnswer: an arm holds fewer than three clusters, or a cluster is in both arms.

    >>> rng = np.random.default_rng(1)
    >>> usual, off = rng.gamma(2.0, 10.0, 4000), np.arange(4000) % 2 == 0
    >>> found = difference(usual + rng.gamma(1.0, 2.0, 4000) + 1.5 * ~off, off, usual)
    >>> found.low < 1.5 < found.high, found.always_high > found.high, found.saved > 0.9
    (True, True, True)
    """
    groups = np.arange(len(off)) if cluster is None else np.unique(cluster, return_inverse=True)[1]
    size = np.bincount(groups).astype(np.float64)
    arms = _arms(groups, size, off)
    plain = np.bincount(groups, weights=takings).astype(np.float64)
    each, parts = _contrast(plain, size, arms)
    raw_variance = float(parts.sum())
    if before is not None:
        x = np.bincount(groups, weights=before).astype(np.float64)
        each, parts = _contrast(plain, size, arms, x)
    variance = float(parts.sum())
    error = sqrt(variance)
    few = float(stdtrit(_freedom(parts, arms), 0.5 + LEVEL / 2)) / float(ndtri(0.5 + LEVEL / 2))
    wide = float(ndtri(0.5 + LEVEL / 2)) * few * error
    end = planned or variance / over
    always = mixture(variance, end) * few if end > 0.0 else 0.0
    return Difference(
        *(each, error, each - wide, each + wide, each - always, each + always),
        on=int((~off).sum()),
        off=int(off.sum()),
        clusters=len(size),
        saved=1.0 - variance / raw_variance if raw_variance > 0.0 else 0.0,
    )


def _arms(groups: Ints, size: Floats, off: Bools) -> tuple[Bools, Bools]:
    """Return (clusters,) which ones are on, and which ones off."""
    part = np.bincount(groups, weights=off, minlength=len(size)) / size
    torn = int(((part > 0.0) & (part < 1.0)).sum())
    if torn:
        raise NothingToAnswer(
            f"experiment: regions that are in both arms; got {torn} of {len(size)}; put each region into one"
        )
    arms = (part == 0.0, part == 1.0)
    if min(int(a.sum()) for a in arms) < _FEWEST:
        counts = ", ".join(str(int(a.sum())) for a in arms)
        raise NothingToAnswer(
            f"experiment: too few units in an arm; got {counts}; assign at least three to each"
        )
    return arms


def _contrast(
    sums: Floats, size: Floats, arms: tuple[Bools, Bools], past: Floats | None = None
) -> tuple[float, Floats]:
    """Return the difference of the arms' means a household, and each arm's part of its variance, by clusters.

    Adjusted by the past it is that less slope times what the past differs. The slope is estimated, too:
    what pulls it counts as more doubtful (HC2 of MacKinnon & White 1985), and it is used whether it
    helps or not, for the smaller one of two estimated variances is too small.
    """
    each, rest = _gap(sums, size, arms), _inside(sums, size, arms)
    weight = np.where(arms[0], 1.0 / size[arms[0]].sum(), -1.0 / size[arms[1]].sum())
    free = np.ones(len(size))
    if past is not None:
        x = _inside(past, size, arms)
        down = float(x @ x)
        if down > 0.0:
            slope, gap = float(x @ rest) / down, _gap(past, size, arms)
            each, rest, weight = each - slope * gap, rest - slope * x, weight - gap * x / down
            free = np.maximum(1.0 - x**2 / down, 1e-9)
    square = (weight * rest) ** 2 / free
    parts = [g / (g - 1) * float(square[arm].sum()) for arm in arms for g in [int(arm.sum())]]
    return each, np.array(parts, np.float64)


def _gap(sums: Floats, size: Floats, arms: tuple[Bools, Bools]) -> float:
    """Return the mean a household where it is on, minus the one where it is off."""
    on, off = (float(sums[arm].sum() / size[arm].sum()) for arm in arms)
    return on - off


def _inside(sums: Floats, size: Floats, arms: tuple[Bools, Bools]) -> Floats:
    """Return (clusters,) what each has more than the mean of its arm."""
    rest = sums.copy()
    for arm in arms:
        rest[arm] -= sums[arm].sum() / size[arm].sum() * size[arm]
    return rest


def _freedom(parts: Floats, arms: tuple[Bools, Bools]) -> float:
    """Return the degrees of freedom of the sum of two variances (Welch and Satterthwaite)."""
    each = np.array([arm.sum() - 1 for arm in arms], np.float64)
    down = float((parts**2 / each).sum())
    return float(parts.sum() ** 2 / down) if down > 0.0 else float(each.min())


def balanced(on: int, off: int, part_off: float) -> float:
    """Return how many standard errors the arms' sizes are from what the lot promised; beyond 4, mistrust.

    >>> round(balanced(5000, 5000, 0.5), 1), balanced(5300, 4700, 0.5) < -4
    (0.0, True)
    """
    n = on + off
    return float((off - n * part_off) / np.sqrt(max(n * part_off * (1.0 - part_off), 1e-9)))
