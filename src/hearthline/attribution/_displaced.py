"""What an enrolment takes from orders by hand: each home beside itself, before and during.

A home that lets a machine order buys less by hand, so not every machine-placed order is one more. Homes that
enrol differ from those that do not, so each is its own control: of a home's orders by hand, the part that
falls into the enrolment is binomial, whatever the home's own rate is (the self-controlled case series:
Farrington 1995, "Relative incidence estimation from case series for vaccine safety evaluation", Biometrics
51(1), 228-235).
"""

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import gammaincinv

from hearthline.attribution._weights import chosen, replicate_weights
from hearthline.schema.journey import Bools, Floats, Ints

__all__ = ["Estimate", "Spells", "by_itself_an_hour", "displaced_part"]

_ROUNDS, _STILL = 60, 1e-9
_MOST_HOMES = 20_000
_DRAWS = 400
_ENDS = (0.05, 0.95)


@dataclass(frozen=True, slots=True)
class Spells:
    """Homes that enrolled, before and during; hours are as long as their season's orders say.

    Attributes:
        unit: (u,) keys.
        before, during: (u,) orders by hand.
        before_h, during_h: (u,) hours watched.
        automated: (u,) money of the orders that no person placed.
        by_hand: money of one order by hand.
    """

    unit: Ints
    before: Floats
    during: Floats
    before_h: Floats
    during_h: Floats
    automated: Floats
    by_hand: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A part or a rate with its 90 % interval, how many homes it was read from, and draws of it.

    A draw that rests on homes weighs them as the replicate of that number does.
    """

    value: float
    low: float
    high: float
    homes: int
    draws: Floats = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)

    def drawn(self, wide: float = 1.0, most: float = 1.0) -> Floats:
        """Return the draws, `wide` times as far from the value, from 0 to `most`; else the value."""
        far = np.append(self.draws, [self.value] * (not len(self.draws))) - self.value
        return np.asarray(np.clip(self.value + wide * far, 0.0, most), np.float64)


def displaced_part(spells: Spells, replicates: int = 200, seed: int = 1) -> Estimate | None:
    """Return which part of the money of automated orders would have come by hand; None where nothing says.

    Intervals are a household bootstrap; above 20,000 homes a hashed sample of them is resampled.

    >>> homes = np.arange(400)
    >>> few, many = np.ones(400), np.full(400, 2.0)
    >>> halved = Spells(homes, many, few, np.full(400, 9e2), np.full(400, 9e2), many * 10.0, 10.0)
    >>> round(displaced_part(halved).value, 6)
    0.5
    """
    seen = _taken(spells, (spells.before_h > 0.0) & (spells.during_h > 0.0))
    told = int((seen.before + seen.during > 0.0).sum())
    if not told or float(seen.automated.sum()) <= 0.0:
        return None
    once = np.ones((len(seen.unit), 1))
    kept = chosen(seen.unit, _MOST_HOMES, seed)
    point, some = float(_part(seen, once)[0]), _taken(seen, kept)
    draws = _part(some, replicate_weights(some.unit, replicates, seed))
    wide = np.sqrt(kept.mean())
    draws = np.clip(point + (draws - _part(some, once[kept])[0]) * wide, 0.0, 1.0)
    low, high = np.quantile(draws, _ENDS, method="weibull")
    return Estimate(point, min(float(low), point), max(float(high), point), told, draws)


def by_itself_an_hour(came: Floats, hours: Floats, seed: int = 1) -> Estimate:
    """Return how many enrolments an hour come by themselves, in a home that has none, whatever its stratum.

    A home that a touch made enrol would have enrolled later at this rate; its orders are owed to the touch
    until then. Homes that cannot or will not enrol are counted as well, so orders are owed too long rather
    than too short. The interval is of chance in how many came.

    Args:
        came: (strata,) enrolments that came by themselves, in expectation.
        hours: (strata,) hours watched.
        seed: of the draws.

    >>> found = by_itself_an_hour(np.array([30.0, 70.0]), np.array([4e4, 6e4]))
    >>> found.value, bool(found.low < 0.0009 < found.value < 0.0011 < found.high)
    (0.001, True)
    """
    count, watched = float(came.sum()), max(float(hours.sum()), 1.0)
    low, high = (float(gammaincinv(count + 0.5, end)) / watched for end in _ENDS)
    point = count / watched
    draws = np.random.default_rng(seed).gamma(count + 0.5, size=_DRAWS) / watched
    return Estimate(point, min(low, point), max(high, point), 0, draws)


def _taken(spells: Spells, rows: Bools) -> Spells:
    """Return the spells of some homes."""
    names = ("unit", "before", "during", "before_h", "during_h", "automated")
    return replace(spells, **{name: getattr(spells, name)[rows] for name in names})


def _part(spells: Spells, weight: Floats) -> Floats:
    """Return (b,) displaced parts under (u, b) weights of the homes."""
    whole, hours = (spells.before + spells.during)[:, None], spells.during_h[:, None]
    seen, ratio = spells.during @ weight, np.ones(weight.shape[1])

    def alone() -> Floats:
        """Return (b,) orders by hand during enrolments if nothing had been enrolled."""
        return np.asarray((weight * (whole * hours / (spells.before_h[:, None] + ratio * hours))).sum(axis=0))

    for _ in range(_ROUNDS):
        expected = alone()
        new = np.divide(seen, expected, out=np.ones_like(seen), where=expected > 0.0)
        moved, ratio = float(np.abs(new - ratio).max()), new
        if moved < _STILL:
            break
    money = spells.automated @ weight
    lost = (1.0 - ratio) * alone() * spells.by_hand
    part = np.divide(lost, money, out=np.zeros_like(lost), where=money > 0.0)
    return np.asarray(np.clip(part, 0.0, 1.0), np.float64)
