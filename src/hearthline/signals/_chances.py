"""Shares with intervals, ends of draws, differences over households, and Holm's care for many comparisons."""

from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

__all__ = ["Z90", "difference", "ends_of", "holm", "wilson"]

Floats = NDArray[np.float64]
Z90: Final = 1.6448536269514722


def wilson(part: Floats, whole: Floats) -> tuple[Floats, Floats]:
    """Return the ends of Wilson's 90 % interval of part / whole (Wilson 1927); NaN where whole is 0.

    >>> [round(float(end[0]), 3) for end in wilson(np.array([5.0]), np.array([10.0]))]
    [0.269, 0.731]
    """
    n = np.where(whole > 0, whole, np.nan)
    middle = (part + Z90**2 / 2) / (n + Z90**2)
    half = Z90 / (n + Z90**2) * np.sqrt(part * (n - part) / n + Z90**2 / 4)
    return np.maximum(middle - half, 0), np.minimum(middle + half, 1)


def ends_of(drawn: Floats | NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the (...,) two ends of (draws, ...) between which the next draw falls in 90 % of cases.

    Hence Weibull's plotting positions: between numpy's usual quantiles of 100 draws it is 88 %.

    >>> [round(float(end), 2) for end in ends_of(np.arange(1.0, 101.0))]
    [5.05, 95.95]
    """
    low, high = np.quantile(drawn, (0.05, 0.95), axis=0, method="weibull")
    return low, high


def difference(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[float, float, float]:
    """Return the difference of two ratios of sums over households, its standard error, and p.

    Each is (parts, wholes), a value a household: households are the sample, not sessions (Cochran 1977).
    p is the chance of such a difference if there were none.

    >>> a = (np.array([9.0, 8.0, 9.0]), np.array([10.0, 10.0, 10.0]))
    >>> difference(a, a)[::2]
    (0.0, 1.0)
    """
    value, variance = [], 0.0
    for part, whole in (one, other):
        total, n = whole.sum(), len(whole)
        share = part.sum() / total if total else 0.0
        value.append(share)
        rest = part - share * whole
        variance += float(rest @ rest) * n / max(n - 1, 1) / max(total, 1.0) ** 2
    gap, error = float(value[0] - value[1]), sqrt(variance)
    p = 2 * (1 - float(ndtr(abs(gap) / error))) if error > 0 else 1.0
    return gap, error, p


def holm(p: list[float]) -> list[float]:
    """Return p values that stand when all comparisons are read together (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    out, most = [0.0] * len(p), 0.0
    for rank, i in enumerate(order.tolist()):
        most = max(most, min(1.0, (len(p) - rank) * p[i]))
        out[i] = most
    return out
