"""The numeric core of the additive hazard: evidence that adds up, and its penalised maximum likelihood.

The intensity of converting is `a mu[stratum] + sum over touches of sum_k gamma[c, k] exp(-gap / tau_k)`,
`a` being the unit's own factor of the baseline.
In units where every feature was watched for one unit in all, the objective is
`sum_i w_i log(x . load_i) + prior * sum_f log(x_f) - sum_f x_f`: concave, with a maximum inside.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from hearthline.attribution._sums import product
from hearthline.schema.journey import Floats, Ints, Sparse

__all__ = [
    "PRIOR",
    "Evidence",
    "Fit",
    "Objective",
    "Task",
    "ascend",
    "climb",
    "curvature",
    "maximise",
    "task_of",
]

PRIOR = 0.2
_DENSE_FEATURES = 1_500
_ROWS = 8_192
_SWEEPS, _SETTLED = 200, 1e-3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the likelihood needs to know.

    Attributes:
        stratum: (N,) baseline stratum at each conversion.
        factor: (N,) the unit's factor of the baseline at each conversion.
        load: (N, q) sparse loads of each conversion's touches by channel and kernel.
        weight: (N,) how often each conversion counts.
        hours: (strata,) weighted hours watched in each stratum, times the factors.
        exposure: (q,) weighted time integral of every channel's and kernel's loads.
    """

    stratum: Ints
    factor: Floats
    load: Sparse
    weight: Floats
    hours: Floats
    exposure: Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """The maximum in natural units, and what a step from there needs.

    Attributes:
        mu: (strata,) conversions an hour without any touch.
        gamma: (q,) conversions an hour right after a touch, by channel and kernel.
        scale: (strata + q,) exposure with the prior's share; expected conversions = scale * rate.
        active: features that some conversion carries, and all strata.
    """

    mu: Floats
    gamma: Floats
    scale: Floats
    active: Ints


def maximise(evidence: Evidence, mean: Floats, near: Floats | None = None) -> Fit:
    """Return the rates of maximum penalised likelihood.

    Args:
        evidence: with at least one conversion.
        mean: (strata + q,) rates that the gamma prior leans to, with the weight of `PRIOR` conversions
            for each feature.
        near: (strata + q,) rates to start from, near the maximum.
    """
    strata = len(evidence.hours)
    scale = np.concatenate([evidence.hours, evidence.exposure]) + PRIOR / mean
    # a feature that no conversion carries stays at its prior, and need not be solved for
    active = np.concatenate([np.arange(strata), strata + np.unique(evidence.load.indices)])
    task = task_of(evidence, scale, active)
    x = np.full(len(scale), PRIOR)
    if near is None:
        x[active] = climb(task, np.full(len(active), evidence.weight.sum() / len(active) + PRIOR))
    else:
        x[active] = climb(task, near[active] * scale[active], rounds=2)
    rate = x / scale
    return Fit(rate[:strata], rate[strata:], scale, active)


def task_of(evidence: Evidence, scale: Floats, active: Ints) -> "Task":
    """Return the evidence in units of expected conversions, active features only."""
    strata = len(evidence.hours)
    some = active[strata:]
    chosen = evidence.load if len(some) == evidence.load.shape[1] else evidence.load[:, some - strata]
    known = (chosen.data / scale[some][chosen.indices], chosen.indices, chosen.indptr)
    load = sparse.csr_array(known, shape=chosen.shape)
    here = sparse.csr_array(
        (evidence.factor / scale[evidence.stratum], evidence.stratum, np.arange(len(evidence.stratum) + 1)),
        shape=(len(evidence.stratum), strata),
    )
    return Task(here, load, evidence.weight)


class Objective(Protocol):
    """What the climb to the maximum asks; every answer is a sum over homes, and of the prior."""

    def height(self, x: Floats) -> float:
        """Return the objective."""
        ...

    def pulled(self, x: Floats) -> Floats:
        """Return the (p,) slopes of the likelihood, what was watched left out."""
        ...

    def bent(self, x: Floats) -> Floats:
        """Return the (p, p) negative second derivative of the likelihood."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """The objective over p features, strata first.

    Attributes:
        here: (N, strata) sparse loads of the conversions on their stratum, one a row.
        load: (N, p - strata) sparse loads of their touches.
        weight: (N,) how often each conversion counts.
    """

    here: Sparse
    load: Sparse
    weight: Floats

    def intensity(self, x: Floats) -> Floats:
        """Return the (N,) intensities at the conversions."""
        strata = self.here.shape[1]
        return product(self.here, x[:strata]) + product(self.load, x[strata:])

    def pull(self, ratio: Floats) -> Floats:
        """Return the (p,) or (p, b) sums of loads times ratio over the conversions."""
        return np.concatenate([product(self.here.T, ratio), product(self.load.T, ratio)])

    def pulled(self, x: Floats) -> Floats:
        """Return the (p,) sums of loads over intensities."""
        return self.pull(self.weight / self.intensity(x))

    def bent(self, x: Floats) -> Floats:
        """Return the (p, p) negative second derivative of the likelihood."""
        return curvature(self, x)

    def height(self, x: Floats) -> float:
        """Return the objective."""
        fit = self.weight @ np.log(self.intensity(x))
        return float(fit + PRIOR * np.log(x).sum() - x.sum())


def curvature(task: Task, x: Floats) -> Floats:
    """Return the (p, p) negative second derivative of the likelihood, the prior left out."""
    curve = task.weight / task.intensity(x) ** 2
    strata, size = task.here.shape[1], len(x)
    found = np.zeros((size, size))
    for begin in range(0, len(curve), _ROWS):
        rows = slice(begin, begin + _ROWS)
        here, load = task.here[rows], task.load[rows]
        bent = load.toarray() * curve[rows, None]
        found[:strata, :strata] += (here.T @ (here * curve[rows, None])).toarray()
        found[:strata, strata:] += product(here.T, bent)
        found[strata:, strata:] += product(load.T, bent)
    found[strata:, :strata] = found[:strata, strata:].T
    return found


def ascend(x: Floats, slope: Floats, bend: Floats) -> Floats:
    """Return the (p, b) maxima of b parabolas with the prior, nothing below 0.

    Each is `slope . d - d . bend d / 2 + PRIOR sum log(x + d)`, solved coordinate by coordinate: with
    all others fixed the maximum is a root of a quadratic.

    Args:
        x: (p,) where the parabolas touch.
        slope: (p, b) their slopes there.
        bend: (p, p) their common curvature.

    >>> ascend(np.array([1.0]), np.array([[0.0]]), np.array([[1.0]])).round(3).tolist()
    [[1.171]]
    """
    pull = slope + (bend @ x)[:, None]
    found = np.repeat(x[:, None], slope.shape[1], axis=1)
    for _ in range(_SWEEPS):
        moved = 0.0
        for feature, own in enumerate(np.diagonal(bend)):
            rest = pull[feature] - bend[feature] @ found + own * found[feature]
            root = np.sqrt(rest * rest + 4.0 * own * PRIOR)
            upper = (rest + root) / max(2.0 * own, 1e-300)
            lower = 2.0 * PRIOR / np.maximum(root - rest, 1e-300)
            new = np.where(rest < 0.0, lower, upper)
            moved = max(moved, float(np.max(np.abs(new - found[feature]) / (1.0 + new))))
            found[feature] = new
        if moved < _SETTLED:
            break
    return found


def climb(task: Objective, x: Floats, rounds: int = 20) -> Floats:
    """Return the maximum: a few rounds of expectation-maximisation, then Newton."""
    for _ in range(rounds):
        x = _expect(task, x)
    if len(x) > _DENSE_FEATURES:
        return _creep(task, x)
    for _ in range(100):
        slope = task.pulled(x) + PRIOR / x - 1.0
        bend = task.bent(x)
        bend[np.diag_indices(len(x))] += PRIOR / x**2
        step = np.asarray(np.linalg.solve(bend, slope), dtype=np.float64)
        gain = float(slope @ step)
        x = _along(task, x, step, gain)
        if gain < 1e-12 * (1.0 + x.sum()):  # steps square: the next would be below rounding
            break
    return x


def _expect(task: Objective, x: Floats) -> Floats:
    return x * task.pulled(x) + PRIOR


def _along(task: Objective, x: Floats, step: Floats, gain: float) -> Floats:
    """Return the next point: as far along the step as the objective rises, never past zero."""
    shrinking = step < 0.0
    far = min(1.0, 0.95 * float(np.min(-x[shrinking] / step[shrinking], initial=np.inf)))
    start = task.height(x)
    while far > 1e-12 and task.height(x + far * step) < start + 1e-4 * far * gain - 1e-9 * (1 + abs(start)):
        far /= 2.0
    return x + far * step


def _creep(task: Objective, x: Floats) -> Floats:
    """Return the maximum for thousands of features: accelerated expectation-maximisation (SQUAREM)."""
    leap: Floats
    for _ in range(500):
        first = _expect(task, x)
        second = _expect(task, first)
        change, bend = first - x, second - 2.0 * first + x
        length = -float(np.linalg.norm(change)) / max(float(np.linalg.norm(bend)), 1e-300)
        leap = x - 2.0 * length * change + length**2 * bend
        x = _expect(task, leap if np.all(leap > 0.0) else second)
        if float(np.max(np.abs(second - first) / (1.0 + first))) < 1e-8:
            break
    return x
