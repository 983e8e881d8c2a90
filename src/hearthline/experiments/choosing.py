"""Which channels to test first: those whose lift is expected to leave least doubt about all of them."""

import numpy as np

from hearthline.experiments.calibration import Belief, Observed, updated
from hearthline.schema.journey import Floats, Ints

__all__ = ["chosen"]


def chosen(belief: Belief, weight: Floats, error: Floats, count: int) -> Ints:
    """Return the (count,) channels to test, best first, by the total variance that they leave.

    The variance after an experiment does not depend on what it finds, so it is known beforehand.

    Args:
        belief: what is believed now.
        weight: (channels,) the part of each channel's effect that its experiment would show.
        error: (channels,) the standard error that its lift would have.
        count: how many.

    >>> from hearthline.experiments.calibration import prior
    >>> belief = prior(np.array([100.0, 10.0, 60.0]), np.zeros(3))
    >>> chosen(belief, np.ones(3), np.full(3, 5.0), 2).tolist()
    [0, 2]
    """
    rest, best = set(range(len(weight))), []
    for _ in range(min(count, len(weight))):
        after = {c: updated(belief, _planned(c, weight, error, len(belief.mean))) for c in sorted(rest)}
        next_one = min(after, key=lambda c: float(np.trace(after[c].covariance)))
        belief = after[next_one]
        rest.remove(next_one)
        best.append(next_one)
    return np.array(best, np.int64)


def _planned(channel: int, weight: Floats, error: Floats, unknowns: int) -> Observed:
    row = np.zeros((1, unknowns))
    row[0, channel] = weight[channel]
    return Observed(row, np.zeros(1), error[[channel]])
