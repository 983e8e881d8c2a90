"""90 % intervals of simple proportions and ratios, for counts that no model stands behind."""

from collections.abc import Mapping
from math import isfinite, sqrt
from typing import Any

__all__ = ["RATIO_SUMS", "Z90", "overlaps", "ratio", "wilson"]

Z90 = 1.6448536269514722

RATIO_SUMS = """sum(x)::DOUBLE AS x, sum(y)::DOUBLE AS y, sum(x::DOUBLE * x::DOUBLE) AS xx,
    sum(x::DOUBLE * y::DOUBLE) AS xy, sum(y::DOUBLE * y::DOUBLE) AS yy, count(*) AS n"""
"""What `ratio` needs of a table with one row a household and the columns x and y."""


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the ends of Wilson's 90 % interval of `part / whole` (Wilson 1927).

    >>> [round(end, 3) for end in wilson(5, 10)]
    [0.269, 0.731]
    """
    middle = (part + Z90**2 / 2) / (whole + Z90**2)
    half = Z90 / (whole + Z90**2) * sqrt(part * (whole - part) / whole + Z90**2 / 4)
    value = part / whole
    return max(0.0, min(middle - half, value)), min(1.0, max(middle + half, value))


def ratio(sums: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Return sum(x) / sum(y) over households with its 90 % interval; None where it has no meaning.

    The variance is that of the linearised ratio (Cochran 1977, section 6.4): households are the sample.

    >>> ratio({"x": 10.0, "y": 20.0, "xx": 20.0, "xy": 40.0, "yy": 80.0, "n": 5})
    (0.5, 0.5, 0.5)
    """
    x, y, n = sums["x"], sums["y"], sums["n"]
    if not y or n < 2 or x is None:
        return None
    value = x / y
    spread = sums["xx"] - 2 * value * sums["xy"] + value**2 * sums["yy"]
    half = Z90 * sqrt(max(spread, 0.0) * n / (n - 1)) / abs(y)
    return (value, value - half, value + half) if isfinite(half) else None


def overlaps(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Return whether two intervals share a point: then neither is said to be larger."""
    return one[0] <= other[1] and other[0] <= one[1]
