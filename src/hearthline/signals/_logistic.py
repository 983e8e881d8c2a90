"""Logistic regression that says why: a penalised fit by Newton's method, and each trait's part of a score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

__all__ = ["Logistic", "calibrated", "fit", "folds", "parts", "scores"]

Floats = NDArray[np.float64]
_RIDGE = 1.0
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Logistic:
    """Weights of k standardised traits, their means and spreads, and the intercept."""

    weight: Floats
    middle: Floats
    spread: Floats
    intercept: float


def fit(traits: Floats, happened: NDArray[np.bool_], ridge: float = _RIDGE) -> Logistic:
    """Return the model fitted to (n, k) traits; the penalty leaves the intercept alone.

    >>> model = fit(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([False, False, True, True]))
    >>> bool(model.weight[0] > 0)
    True
    """
    middle, spread = traits.mean(axis=0), traits.std(axis=0)
    spread = np.where(spread > 1e-12, spread, 1.0)
    x = np.column_stack([np.ones(len(traits)), (traits - middle) / spread])
    penalty = np.r_[1e-9, np.full(traits.shape[1], ridge)]
    point = np.zeros(x.shape[1])
    point[0] = np.log((happened.sum() + 0.5) / ((~happened).sum() + 0.5))
    for _ in range(_STEPS):
        # sums without BLAS: its threads wait longer for each other than such a small sum takes
        chance = expit(np.einsum("nk,k->n", x, point))
        gradient = np.einsum("nk,n->k", x, happened - chance) - penalty * point
        hessian = np.einsum("nk,nl->kl", x * (chance * (1 - chance))[:, None], x) + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        point = point + np.clip(step, -3, 3)
        if np.abs(step).max() < 1e-9:
            break
    return Logistic(point[1:], middle, spread, float(point[0]))


def parts(model: Logistic, traits: Floats) -> Floats:
    """Return (n, k): what each trait adds to the log-odds, against a middling household."""
    out: Floats = (traits - model.middle) / model.spread * model.weight
    return out


def scores(model: Logistic, traits: Floats) -> Floats:
    """Return the log-odds of n rows."""
    out: Floats = parts(model, traits).sum(axis=1) + model.intercept
    return out


def folds(group: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the fold of each row; rows of one group share it, and no run differs from another.

    >>> folds(np.array([4, 9, 4]), 5).tolist()
    [1, 2, 1]
    """
    mixed = (group.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    return (mixed % np.uint64(count)).astype(np.int64)


def calibrated(score: Floats, held_out: Floats, happened: NDArray[np.bool_]) -> Floats:
    """Return chances of scores, by a logistic curve through held-out scores (Platt 1999).

    Too few rows of one kind: the scores' own chances.
    """
    if min(happened.sum(), (~happened).sum()) < 10:
        return np.asarray(expit(score), dtype=np.float64)
    curve = fit(held_out[:, None], happened, ridge=1e-3)
    return np.asarray(expit(scores(curve, score[:, None])), dtype=np.float64)
