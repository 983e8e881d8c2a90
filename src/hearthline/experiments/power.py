"""How long and how large: what an experiment of so many households and days can see."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from hearthline.experiments.difference import LEVEL, mixture
from hearthline.schema.journey import Floats, Ints

__all__ = ["Power", "detectable", "needed", "power_of"]

_Z = float(ndtri(0.5 + LEVEL / 2))
_ALWAYS = mixture(1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Power:
    """What an experiment of some days can see.

    Attributes:
        days: how long it lasts.
        expected: the difference a household that is expected.
        error: the standard error that the difference will have.
        once: chance to see the expected difference with one look at the end.
        always: the same for those who look every day, as late as at the end.
        smallest: difference that one look at the end sees in 80 % of cases.
    """

    days: int
    expected: float
    error: float
    once: float
    always: float
    smallest: float


def power_of(expected: float, error: float, always: bool = False) -> float:  # noqa: FBT001, FBT002
    """Return the chance that the interval leaves out 0.

    >>> round(power_of(2.49, 1.0), 2), round(power_of(0.0, 1.0), 2)
    (0.8, 0.1)
    """
    if error <= 0.0:
        return 1.0 if expected else 0.0
    reach, far = _ALWAYS if always else _Z, abs(expected) / error
    return float(ndtr(far - reach) + ndtr(-far - reach))


def detectable(error: float, power: float = 0.8) -> float:
    """Return the difference that is seen with such a chance.

    >>> round(detectable(1.0), 2)
    2.49
    """
    return float((_Z + ndtri(power)) * error)


def needed(history: Floats, off: float, cluster: Ints | None = None) -> Floats:
    """Return the (lengths,) standard errors of a difference over the last days of a history.

    Args:
        history: (n, 2, lengths) what each household brought in during the last days, for each length, and
            in as many days before them; for the lengths that the history is long enough for.
        off: part of the units that will be off.
        cluster: (n,) the key of its region, where regions are to be assigned.
    """
    size, groups = np.ones(len(history)), np.arange(len(history))
    if cluster is not None:
        groups = np.unique(cluster, return_inverse=True)[1]
        size = np.bincount(groups).astype(np.float64)
    errors = []
    for k in range(history.shape[2]):
        y = np.bincount(groups, weights=history[:, 0, k])
        x = np.bincount(groups, weights=history[:, 1, k])
        n = size.sum()
        dy, dx = y - y.sum() / n * size, x - x.sum() / n * size
        down = float((dx * dx).sum())
        rest = dy - (float((dx * dy).sum()) / down if down > 0.0 else 0.0) * dx
        spread = float((rest * rest).sum()) / n**2 * _few(len(size))
        errors.append(np.sqrt(spread * (1.0 / off + 1.0 / (1.0 - off))))
    return np.array(errors)


def _few(groups: int) -> float:
    return groups / max(groups - 2, 1)
