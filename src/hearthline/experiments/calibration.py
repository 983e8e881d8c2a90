"""What a model learns from experiments: a Bayesian update in closed form.

The unknown is what every channel truly caused (theta). Before any experiment it is believed to be

    theta = (1 + s + s_g) * credit + t * (other - credit) + d

`credit` is what the model says. What it may have wrong is normal around 0: `s` its scale for all channels
together, `s_g` its scale for one group of channels (a stage: what comes early earns too little wherever it
works through what comes later), `t` how far another model, `other`, is right where the two differ, and `d`
what is wrong for one channel alone. `d` has the variance of the bootstrap, and that of a part of the credit
and of the usual credit of a channel, so that a credit of 0 is doubted, too. The first three are shared by
all channels and kinds of orders: through them an experiment on some channels moves all others. A lift is
l = a . theta + noise, where `a` says which part of a channel's credit the model places in the days and the
households of the experiment.
All is normal, so theta given the lifts is normal, with mean and covariance in one line of algebra
(Kalman's): no sampling, and the order of experiments has no meaning.

The form is that of Bayesian calibration with a discrepancy term: Kennedy & O'Hagan (2001), Journal of the
Royal Statistical Society B 63(3), 425-464.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from hearthline.experiments.difference import LEVEL
from hearthline.schema.journey import Floats, Ints

__all__ = ["Belief", "Observed", "agreement", "prior", "updated"]

SHARED: Final = 0.2
"""How far, as a part of its credit, a model may be wrong for all channels together (one standard error)."""
KIN: Final = 0.2
"""How far it may be wrong for one group of channels."""
TOWARDS: Final = 1.0
"""How far the other model may be right: 1 is wholly."""
OWN: Final = 0.2
"""How far it may be wrong for one channel alone, as a part of its credit."""
USUAL: Final = 1.0
"""How much of the usual credit counts there as well."""
ALONE: Final = 2.0
"""How many times as far `SHARED`, `KIN` and `OWN` go where no model knows which orders come by themselves.

There is then no other model that could be right, so `TOWARDS` has nothing to reach for.
`benchmarks/experiments.py --prior` prints what simulated towns with tuning seeds say of these figures.
"""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of the true effects: a normal distribution over (p,) unknowns.

    Attributes:
        mean: (p,) expected effects in money.
        covariance: (p, p).
    """

    mean: Floats
    covariance: Floats

    @property
    def error(self) -> Floats:
        """(p,) standard errors."""
        deviation: Floats = np.sqrt(np.maximum(np.diag(self.covariance), 0.0))
        return deviation

    @property
    def ends(self) -> tuple[Floats, Floats]:
        """(p,) lower and upper ends of the 90 % intervals."""
        wide = float(ndtri(0.5 + LEVEL / 2)) * self.error
        return self.mean - wide, self.mean + wide


@dataclass(frozen=True, slots=True)
class Observed:
    """Lifts as they bear on the unknowns.

    Attributes:
        weight: (lifts, p) which part of each unknown a lift shows.
        amount: (lifts,) what was found.
        error: (lifts,) its standard error.
    """

    weight: Floats
    amount: Floats
    error: Floats


def prior(
    credit: Floats,
    error: Floats,
    group: Ints | None = None,
    other: Floats | None = None,
    wide: float = 1.0,
) -> Belief:
    """Return what is believed before any experiment, of (channels,) or of (kinds * channels,) effects.

    Args:
        credit: (channels,) or (kinds, channels) credited money; what is wrong for all channels together is
            wrong for all kinds of orders, too.
        error: its bootstrap standard error, in the same shape.
        group: (channels,) numbers of groups that may be wrong together.
        other: what another model credits, in the same shape.
        wide: how many times as far the model may be wrong by itself (not how far the other may be right).

    >>> belief = prior(np.array([100.0, 0.0]), np.array([5.0, 0.0]))
    >>> belief.mean.tolist(), bool((belief.error > 0).all())
    ([100.0, 0.0], True)
    """
    usual = USUAL * np.abs(credit).sum(axis=-1, keepdims=True) / max(credit.shape[-1], 1)
    covariance = np.diag((error**2 + (wide * OWN) ** 2 * (credit**2 + usual**2)).ravel())
    together = [wide * SHARED * credit]
    if group is not None:
        together += [wide * KIN * np.where(group == number, credit, 0.0) for number in np.unique(group)]
    if other is not None:
        together.append(TOWARDS * (other - credit))
    for wrong in together:
        covariance = covariance + np.outer(wrong, wrong)
    return Belief(credit.ravel().astype(np.float64), covariance)


def updated(belief: Belief, seen: Observed) -> Belief:
    """Return what is believed after the lifts.

    >>> before = prior(np.array([100.0, 100.0]), np.array([5.0, 5.0]))
    >>> after = updated(before, Observed(np.array([[1.0, 0.0]]), np.array([50.0]), np.array([1.0])))
    >>> after.mean.round(0).tolist(), bool((after.error < before.error).all())
    ([50.0, 84.0], True)
    """
    if not len(seen.amount):
        return belief
    gain = _gain(belief, seen)
    mean = belief.mean + gain @ (seen.amount - seen.weight @ belief.mean)
    keep = np.eye(len(belief.mean)) - gain @ seen.weight
    # Joseph's form: symmetric and never negative, whatever the rounding
    covariance = keep @ belief.covariance @ keep.T + (gain * seen.error**2) @ gain.T
    return Belief(mean, covariance)


def _gain(belief: Belief, seen: Observed) -> Floats:
    spread = seen.weight @ belief.covariance @ seen.weight.T + np.diag(seen.error**2)
    return np.asarray(np.linalg.solve(spread, seen.weight @ belief.covariance).T, np.float64)


def agreement(predicted: Floats, error: Floats, seen: Observed) -> Floats:
    """Return (lifts,) how many standard errors each lift is above what the model says.

    The standard error is of the lift's noise and the credit's bootstrap together, without any discrepancy:
    it asks whether the model, taken at its word, agrees. Beyond 1.64 either way it does not (90 %). Give
    the lifts' own errors in `seen`, without what is added to them for learning.

    >>> seen = Observed(np.ones((1, 1)), np.array([50.0]), np.array([10.0]))
    >>> agreement(np.array([100.0]), np.array([0.0]), seen).tolist()
    [-5.0]
    """
    return np.asarray((seen.amount - predicted) / np.sqrt(seen.error**2 + error**2), np.float64)
