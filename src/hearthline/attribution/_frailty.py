"""Frailty: what homes are inclined to that no trait shows, one factor of the baseline for each.

A unit's baseline rate is multiplied by `a ~ Gamma(nu, nu)`: mean 1, variance `1 / nu`. Given the rates,
the factor's expectation is `(nu + its baseline conversions) / (nu + those expected)`; given the factors,
the rates are those of maximum likelihood. How much homes differ is read from the fit in which they are
alike: a home's baseline conversions less those expected are a martingale, so its squares exceed their
predictable variation by `expected^2 / nu` on average (the score for homogeneity of Commenges & Andersen
1995, Lifetime Data Analysis 1, 145-156).
"""

from dataclasses import dataclass

import numpy as np

from hearthline.schema.journey import Floats, Ints

__all__ = ["Frailty", "alike", "surplus", "variance_from", "variance_of"]

_CLEAR = 2.0
_MOST = 2.0


@dataclass(frozen=True, slots=True)
class Frailty:
    """Factors of units.

    Attributes:
        unit: keys, ascending.
        factor: of each unit; others have 1.
    """

    unit: Ints
    factor: Floats

    def of(self, unit: Ints) -> Floats:
        """Return the factors of the given keys, 1 for one never seen.

        >>> Frailty(np.array([3, 5]), np.array([0.5, 2.0])).of(np.array([5, 4, 3])).tolist()
        [2.0, 1.0, 0.5]
        """
        if not len(self.unit):
            return np.ones(len(unit))
        at = np.minimum(np.searchsorted(self.unit, unit), len(self.unit) - 1)
        return np.where(self.unit[at] == unit, self.factor[at], 1.0)


def alike() -> Frailty:
    """Return the frailty of homes that do not differ."""
    return Frailty(np.zeros(0, np.int64), np.zeros(0))


def variance_of(seen: Floats, noise: Floats, expected: Floats) -> float:
    """Return the variance of the factors; 0 where chance alone could have made it.

    Args:
        seen: (units,) baseline conversions, in expectation: sums of the baseline's part of each.
        noise: (units,) sums of those parts' squares.
        expected: (units,) baseline conversions expected of a factor of 1.

    >>> dice = np.random.default_rng(1)
    >>> seen = dice.poisson(5.0 * dice.gamma(2.0, 0.5, 4000)).astype(float)
    >>> round(variance_of(seen, seen, np.full(4000, 5.0)), 1)
    0.5
    >>> alike = dice.poisson(5.0, 4000).astype(float)
    >>> variance_of(alike, alike, np.full(4000, 5.0))
    0.0
    """
    return variance_from(surplus(seen, noise, expected))


def surplus(seen: Floats, noise: Floats, expected: Floats) -> Floats:
    """Return the (3,) sums over units that their variance follows from."""
    excess = (seen - expected) ** 2 - noise
    return np.array([excess.sum(), (excess**2).sum(), (expected**2).sum()])


def variance_from(sums: Floats) -> float:
    """Return the variance of the factors from the `surplus` of all units."""
    excess, squares, size = (float(s) for s in sums)
    clear = excess > _CLEAR * float(np.sqrt(squares))
    return min(excess / size, _MOST) if clear and size > 0.0 else 0.0
