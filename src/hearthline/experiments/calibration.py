"""What a model learns from experiments: a Bayesian update in closed form.

The unknown is what every channel truly caused (theta). Before any experiment it is believed to be

    theta = s * credit + d,    s ~ N(1, shared^2),    d_c ~ N(0, error_c^2 + own^2 * (credit_c^2 + usual^2))

`credit` is what the model says and `error` its bootstrap uncertainty. `s` is the model's scale, which it
may have wrong for all channels together: the shared part of its discrepancy. `d` is what it has
wrong for one channel alone; `usual` is the mean credit of a channel, so that a credit of 0 is doubted, too.
A lift is l = a * theta_c + noise, where `a` is the part of the channel's credit that the model places in the
days and the households of the experiment. All is normal, so theta given the lifts is normal, with mean and
covariance in one line of algebra (Kalman's): no sampling, and the order of experiments has no meaning.
An experiment on some channels moves the scale, and through it all others.

The form is that of Bayesian calibration with a discrepancy term: Kennedy & O'Hagan (2001), Journal of the
Royal Statistical Society B 63(3), 425-464.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from hearthline.experiments.difference import LEVEL
from hearthline.schema.journey import Floats

__all__ = ["OWN", "SHARED", "Belief", "Observed", "agreement", "prior", "updated"]

SHARED: Final = 0.5
"""How far, as a part of its credit, a model may be wrong for all channels together (one standard error)."""
OWN: Final = 0.4
"""How far it may be wrong for one channel alone. Both were set on towns with the seeds 1 to 9."""


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


def prior(credit: Floats, error: Floats, shared: float = SHARED, own: float = OWN) -> Belief:
    """Return what is believed of one kind of orders before any experiment.

    Args:
        credit: (channels,) credited money.
        error: (channels,) its bootstrap standard error.
        shared: the part of the model's discrepancy that all channels have together.
        own: the part that every channel has alone.

    >>> belief = prior(np.array([100.0, 0.0]), np.array([5.0, 0.0]))
    >>> belief.mean.tolist(), bool((belief.error > 0).all())
    ([100.0, 0.0], True)
    """
    usual = float(np.abs(credit).mean()) if len(credit) else 0.0
    alone = error**2 + own**2 * (credit**2 + usual**2)
    return Belief(credit.astype(np.float64), shared**2 * np.outer(credit, credit) + np.diag(alone))


def updated(belief: Belief, seen: Observed) -> Belief:
    """Return what is believed after the lifts.

    >>> before = prior(np.array([100.0, 100.0]), np.array([5.0, 5.0]))
    >>> after = updated(before, Observed(np.array([[1.0, 0.0]]), np.array([50.0]), np.array([1.0])))
    >>> after.mean.round(0).tolist(), bool((after.error < before.error).all())
    ([50.0, 78.0], True)
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
    it asks whether the model, taken at its word, agrees. Beyond 1.64 either way it does not (90 %).

    >>> seen = Observed(np.ones((1, 1)), np.array([50.0]), np.array([10.0]))
    >>> agreement(np.array([100.0]), np.array([0.0]), seen).tolist()
    [-5.0]
    """
    return np.asarray((seen.amount - predicted) / np.sqrt(seen.error**2 + error**2), np.float64)
