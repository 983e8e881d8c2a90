"""Response curves: what a channel brings at another spend, and how sure that is.

A channel that brings R at a spend of x is expected to bring R * (x' / x) ** bend at x'. The bend lies
below 1: more money reaches the same people again. Weeks with different spends show it, but only as far as
the model whose credit is used can: one that gives every touch the same shows none. So the past counts at
most as much as what is believed beforehand, a bend of 0.7 with a standard error of 0.15.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from hearthline.schema.journey import Floats

__all__ = ["BEND", "Responses", "bend_of", "summed"]

BEND: Final = (0.7, 0.15)
"""Mean and standard error of a channel's bend before anything is known of it."""
_LEAST, _MOST = 0.2, 0.98
_DRAWS: Final = 4000
_FEWEST_WEEKS = 4


def bend_of(spend: Floats, credit: Floats) -> tuple[float, float]:
    """Return the mean and the standard error of a channel's bend.

    Args:
        spend: (weeks,) money spent.
        credit: (weeks,) credit of the touches of these weeks.

    >>> spend = np.array([10.0, 20.0, 40.0, 80.0, 10.0, 20.0])
    >>> bend_of(spend, 5 * spend**0.4)[0] < BEND[0], bend_of(spend[:2], spend[:2]) == BEND
    (True, True)
    """
    mean, error = BEND
    known = (spend > 0.0) & (credit > 0.0)
    x, y = np.log(spend[known]), np.log(credit[known])
    spread = float(((x - x.mean()) ** 2).sum()) if len(x) >= _FEWEST_WEEKS else 0.0
    if spread <= 1e-9:
        return mean, error
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    rest = y - y.mean() - slope * (x - x.mean())
    noise = max(float((rest**2).sum()) / (len(x) - 2), 1e-6)
    told, believed = min(spread / noise, error**-2), error**-2
    found = (told * slope + believed * mean) / (told + believed)
    return float(np.clip(found, _LEAST, _MOST)), float((told + believed) ** -0.5)


@dataclass(frozen=True, slots=True)
class Responses:
    """What channels bring a week, as draws of what may be true.

    Attributes:
        spend: (channels,) money a week now.
        revenue: (draws, channels) net revenue a week that the channels cause now.
        bend: (draws, channels).
    """

    spend: Floats
    revenue: Floats
    bend: Floats

    @classmethod
    def drawn(
        cls,
        spend: Floats,
        revenue: Floats,
        covariance: Floats,
        bends: list[tuple[float, float]],
        seed: int = 1,
    ) -> "Responses":
        """Return 4,000 draws; the same seed gives the same ones.

        Args:
            spend: (channels,) money a week now.
            revenue: (channels,) expected net revenue a week.
            covariance: (channels, channels) its covariance.
            bends: the mean and the standard error of each channel's bend.
            seed: of the draws.
        """
        rng = np.random.default_rng(seed)
        normal = rng.standard_normal((_DRAWS, len(spend)))
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        mean, error = (np.array(column) for column in zip(*bends, strict=True))
        bend = np.clip(mean + error * rng.standard_normal((_DRAWS, len(spend))), _LEAST, _MOST)
        return cls(spend, revenue + normal @ root.T, bend)

    def at(self, spend: Floats) -> Floats:
        """Return (draws, channels) net revenue a week at other spends."""
        ratio = spend / self.spend
        found: Floats = self.revenue * np.where(ratio > 0.0, np.maximum(ratio, 1e-12) ** self.bend, 0.0)
        return found

    def gain(self, spend: Floats) -> Floats:
        """Return (draws,) how much more all channels together would bring a week."""
        more: Floats = (self.at(spend) - self.revenue).sum(axis=1)
        return more

    def marginal(self, spend: Floats) -> Floats:
        """Return (channels,) what the next unit of money is expected to bring in each channel."""
        slope: Floats = (self.at(spend) * self.bend).mean(axis=0) / np.maximum(spend, 1e-12)
        return slope


def summed(draws: Floats) -> tuple[float, float, float]:
    """Return the mean of draws and the ends of their 90 % interval.

    >>> summed(np.arange(101.0))
    (50.0, 5.0, 95.0)
    """
    low, high = np.quantile(draws, [0.05, 0.95])
    return float(draws.mean()), float(low), float(high)
