"""How often customers buy and when they stop: BG/NBD, with covariates, and Pareto/NBD beside it.

A customer is told by three numbers (`History`): how many orders after the first, how old the last one
was, how long the customer is known. Two stories of leaving: after any order with some chance (BG/NBD;
Fader, Hardie & Lee 2005, "Counting your customers the easy way"), or at any moment (Pareto/NBD;
Schmittlein, Morrison & Colombo 1987). Covariates move the rate and the chance of leaving (Fader & Hardie
2007, "Incorporating time-invariant covariates"). Time is in weeks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

__all__ = ["Buying", "Buys", "History", "drawn_orders", "expected_orders", "fit", "history"]

Floats = NDArray[np.float64]
_START: Final = {
    "bg_nbd": np.log([0.3, 5.0, 0.8, 2.5]),
    "pareto_nbd": np.log([0.55, 10.0, 0.6, 11.0]),
}
_PRIOR_SD: Final = 10.0
"""A wide normal prior on the logarithms of the parameters: what the data say wins, what they leave open
(nobody leaves, say) stays finite."""
_COVARIATE_SD: Final = 1.0
_ENOUGH: Final = 20_000
_LEGENDRE: Final = np.polynomial.legendre.leggauss(24)
_POINTS, _WEIGHTS = (1 + _LEGENDRE[0][:, None]) / 2, 1.5 * _LEGENDRE[1][:, None]


@dataclass(frozen=True, slots=True)
class History:
    """n customers: repeat orders, age in weeks of the last order and of the customer, (n, k) covariates."""

    repeats: Floats
    last: Floats
    known: Floats
    traits: Floats

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.repeats)

    def some(self, most: int) -> "History":
        """Return at most so many customers, evenly spread over all."""
        if len(self) <= most:
            return self
        rows = np.linspace(0, len(self) - 1, most).astype(np.int64)
        return History(self.repeats[rows], self.last[rows], self.known[rows], self.traits[rows])


@dataclass(frozen=True, slots=True)
class Buying:
    """A fitted model: its story, the logarithms of its four parameters, weights of traits, covariance."""

    story: str
    point: Floats
    covariance: Floats
    log_likelihood: float

    @property
    def parameters(self) -> Floats:
        """The four parameters: r, alpha, a, b (BG/NBD) or r, alpha, s, beta (Pareto/NBD)."""
        out: Floats = np.exp(self.point[:4])
        return out


@dataclass(frozen=True, slots=True)
class Buys:
    """What n customers are expected to do: the chance that they are still customers, orders to come."""

    alive: Floats
    orders: Floats


def history(customer: NDArray[np.int64], week: Floats, end: float, traits: Floats | None = None) -> History:
    """Return the history of each customer from orders: `customer` numbers from 0, `week` of each order.

    Orders on one day are one (their weeks are equal); orders after `end` are left out by the caller.
    """
    n = int(customer.max()) + 1 if len(customer) else 0
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(first, customer, week)
    np.maximum.at(last, customer, week)
    distinct = np.unique(np.stack([customer.astype(np.float64), week], axis=1), axis=0)
    repeats = np.bincount(distinct[:, 0].astype(np.int64), minlength=n) - 1.0
    given = np.zeros((n, 0)) if traits is None else traits
    return History(repeats.astype(np.float64), last - first, end - first, given)


def _spread(point: Floats, data: History) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the four parameters of each customer; traits raise the rate and lower the leaving."""
    r, alpha, a, b = np.exp(np.clip(point[:4], -20, 20))
    k = data.traits.shape[1]
    rate = np.exp(-np.clip(data.traits @ point[4 : 4 + k], -20, 20))
    leave = np.exp(np.clip(data.traits @ point[4 + k :], -20, 20))
    ones = np.ones(len(data))
    return r * ones, alpha * rate, a * ones, b * leave


def _bg_nbd(point: Floats, data: History) -> Floats:
    r, alpha, a, b = _spread(point, data)
    x, last, known = data.repeats, data.last, data.known
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + known)
    left = betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + last)
    out: Floats = shared + np.logaddexp(stays, np.where(x > 0, left, -np.inf))
    return out


def _dies(point: Floats, data: History) -> tuple[Floats, Floats]:
    """Return the logarithms of Pareto/NBD's two parts: alive at the end, dead since.

    The second is the integral of `s (beta + t)**-(s + 1) (alpha + t)**-(r + x)` over the moment of leaving,
    from the last order to now, by Gauss and Legendre. In `((alpha + last) / (alpha + t))**((r + x + s) / 3)`
    it is smooth: 24 points are good to seven digits, and cost the same wherever the parameters are.
    """
    r, alpha, s, beta = _spread(point, data)
    x, power = data.repeats, r + data.repeats + s
    begin = alpha + data.last
    span = power / 3 * np.log(begin / (alpha + data.known))
    width = -np.expm1(np.minimum(span, -1e-12))
    v = 1 - width * _POINTS
    inside = -(s + 1) * np.log(begin + (beta - alpha) * v ** (3 / power)) + 2 * np.log(v)
    most = inside.max(axis=0)
    whole = np.log((np.exp(inside - most) * _WEIGHTS).sum(axis=0) * width) + most
    alive = -(r + x) * np.log(alpha + data.known) - s * np.log(beta + data.known)
    return alive, np.log(s / power) + (1 - r - x) * np.log(begin) + whole


def _pareto_nbd(point: Floats, data: History) -> Floats:
    r, alpha, s, beta = _spread(point, data)
    shared = gammaln(r + data.repeats) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    out: Floats = shared + np.logaddexp(*_dies(point, data))
    return out


_LIKELIHOODS: Final = {"bg_nbd": _bg_nbd, "pareto_nbd": _pareto_nbd}


def fit(data: History, story: str = "bg_nbd") -> Buying:
    """Return the model of that story (`bg_nbd`, `pareto_nbd`) fitted to the customers.

    Of more than 20,000 customers as many are taken, evenly spread: a handful of numbers needs no more. The
    covariance is the inverse of the Hessian at the mode, by finite differences.
    """
    data = data.some(_ENOUGH)
    likelihood, k = _LIKELIHOODS[story], data.traits.shape[1]
    spread = np.r_[np.full(4, _PRIOR_SD), np.full(2 * k, _COVARIATE_SD)]
    start = np.r_[_START[story], np.zeros(2 * k)]

    def loss(point: Floats) -> float:
        away = (point - start) / spread
        return float(0.5 * away @ away - likelihood(point, data).sum())

    found = minimize(loss, start, method="L-BFGS-B", bounds=[(-12, 12)] * len(start))
    covariance = _inverse(loss, found.x)
    return Buying(story, found.x, covariance, float(likelihood(found.x, data).sum()))


def _inverse(call: Callable[[Floats], float], point: Floats, step: float = 1e-3) -> Floats:
    """Return the inverse Hessian of the loss, made positive definite."""
    n, moves = len(point), step * np.eye(len(point))
    hessian = np.empty((n, n))
    for i in range(n):
        for j in range(i, n):
            up, down = moves[i] + moves[j], moves[i] - moves[j]
            value = call(point + up) - call(point + down) - call(point - down) + call(point - up)
            hessian[i, j] = hessian[j, i] = value / (4 * step * step)
    values, vectors = np.linalg.eigh(hessian)
    out: Floats = (vectors / np.maximum(values, 1 / _PRIOR_SD**2)) @ vectors.T
    return out


def _alive(point: Floats, story: str, data: History) -> Floats:
    if story == "pareto_nbd":
        alive, dead = _dies(point, data)
        return np.exp(alive - np.logaddexp(alive, dead))
    r, alpha, a, b = _spread(point, data)
    x = data.repeats
    odds = a / (b + np.maximum(x, 1) - 1) * ((alpha + data.known) / (alpha + data.last)) ** (r + x)
    return np.where(x > 0, 1 / (1 + odds), 1.0)


def expected_orders(model: Buying, data: History, weeks: float) -> Buys:
    """Return how many orders each customer is expected to place in the coming weeks.

    Closed forms: equation 10 of Fader, Hardie & Lee (2005); equation 41 of Fader & Hardie (2005), "A note
    on deriving the Pareto/NBD model". The first example of the former:

    >>> data = History(*(np.array([v]) for v in (2.0, 30.43, 38.86)), np.zeros((1, 0)))
    >>> published = Buying("bg_nbd", np.log([0.243, 4.414, 0.793, 2.426]), np.eye(4), 0.0)
    >>> round(float(expected_orders(published, data, 39).orders[0]), 3)
    1.226
    """
    r, alpha, a, b = _spread(model.point, data)
    x, alive = data.repeats, _alive(model.point, model.story, data)
    later = alpha + data.known + weeks
    if model.story == "pareto_nbd":
        s, beta = np.where(np.abs(a - 1) < 1e-6, a + 1e-6, a), b
        grown = 1 - ((beta + data.known) / (beta + data.known + weeks)) ** (s - 1)
        orders = alive * (r + x) * (beta + data.known) / ((alpha + data.known) * (s - 1)) * grown
        return Buys(alive, orders)
    a = np.where(np.abs(a - 1) < 1e-6, a + 1e-6, a)
    whole = (a + b + x - 1) / (a - 1)
    kept = ((alpha + data.known) / later) ** (r + x) * hyp2f1(r + x, b + x, a + b + x - 1, weeks / later)
    return Buys(alive, alive * whole * (1 - kept))


def drawn_orders(model: Buying, data: History, weeks: float, draws: int, seed: int) -> NDArray[np.int64]:
    """Return (draws, n) simulated numbers of orders in the coming weeks, parameters drawn as well.

    BG/NBD exactly: the smaller of a Poisson count and a geometric number of orders until leaving.
    Pareto/NBD: a Poisson count up to an exponential death.
    """
    random, n = np.random.default_rng(seed), len(data)
    points = random.multivariate_normal(model.point, model.covariance, draws, method="eigh")
    points = np.clip(points, model.point - 3, model.point + 3)
    out = np.empty((draws, n), dtype=np.int64)
    for i, point in enumerate(points):
        r, alpha, a, b = _spread(point, data)
        rate = random.gamma(r + data.repeats) / (alpha + data.known)
        if model.story == "pareto_nbd":
            life = random.exponential(size=n) * (b + data.known) / np.maximum(random.gamma(a), 1e-12)
            count = random.poisson(rate * np.minimum(life, weeks))
        else:
            leaves = np.clip(random.beta(a, b + data.repeats), 1e-12, 1)
            count = np.minimum(random.poisson(rate * weeks), random.geometric(leaves))
        out[i] = count * (random.random(n) < _alive(point, model.story, data))
    return out
