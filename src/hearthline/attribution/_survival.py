"""How long enrolments go on: expected orders and money to come, with what is not known.

After each order an enrolment may end. Each has its own chance to end, drawn from a Beta distribution (the
shifted beta-geometric of Fader & Hardie 2007, "How to project customer retention", Journal of Interactive
Marketing 21(1), 76-90), so those that lasted are expected to last. Many platforms tell nobody when a
customer stops: an enrolment that missed three of its usual gaps counts as ended.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln

from hearthline.attribution._sums import sums_by
from hearthline.schema.journey import Bools, Floats, Ints

__all__ = ["Ahead", "Enrolled", "Life", "Survival", "ahead_of", "lives_of", "survival_of"]

DAY_MS = 86_400_000
OPEN = np.iinfo(np.int64).max
"""When an enrolment ended that has not."""
_USUAL_DAYS = 30.0
_SILENT, _LEAST, _MOST = 0.99, 1.5, 4.0
_LEAN = 2.0
_LOG = (-4.0, 7.0)
_DOUBT = 2.0


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Enrolments and their orders.

    Attributes:
        kind: (e,) code of the kind of enrolment.
        began_ms, ended_ms: (e,) UTC milliseconds; `OPEN` where it has not ended.
        of: (o,) row of each order's enrolment.
        order_ms: (o,) when it was placed.
        money: (o,) its net revenue.
    """

    kind: Ints
    began_ms: Ints
    ended_ms: Ints
    of: Ints
    order_ms: Ints
    money: Floats


@dataclass(frozen=True, slots=True)
class Survival:
    """The chance to end after an order, over enrolments: Beta(`ends`, `lasts`).

    Attributes:
        ends, lasts: the parameters.
        doubt: (2, 2) covariance of their logarithms.
    """

    ends: float
    lasts: float
    doubt: Floats

    def expected(self, orders: Floats, most: Floats) -> Floats:
        """Return the expected number of further orders of enrolments still on.

        Args:
            orders: (e,) orders so far.
            most: (e,) orders that there would be in the horizon if none ended; the last may be a part.

        >>> fixed = Survival(80.0, 920.0, np.zeros((2, 2)))  # every order is the last in 8 of 100
        >>> fixed.expected(np.array([0.0]), np.array([1.0])).round(2).tolist()
        [0.92]
        """
        found, chance = np.zeros(len(orders)), np.ones(len(orders))
        for step in range(int(np.ceil(most.max(initial=0.0)))):
            lasts = self.lasts + orders + step
            chance = chance * lasts / (self.ends + lasts)
            found += chance * np.clip(most - step, 0.0, 1.0)
        return found

    def drawn(self, orders: Floats, most: Floats, draws: int, seed: int) -> Floats:
        """Return (draws, e) numbers of further orders: chance, and doubt about the parameters."""
        dice = np.random.default_rng(seed)
        point = np.log([self.ends, self.lasts])
        found = np.empty((draws, len(orders)))
        for draw, (ends, lasts) in enumerate(np.exp(dice.multivariate_normal(point, self.doubt, draws))):
            chance = np.clip(dice.beta(ends, lasts + orders), 1e-9, 1.0 - 1e-9)
            whole = np.floor(most) + (dice.random(len(orders)) < most % 1.0)
            found[draw] = np.minimum(dice.geometric(chance) - 1, whole)
        return found

    def lives(self, most: float, draws: int, seed: int) -> Floats:
        """Return (draws,) expected orders of an enrolment that begins now: doubt about the parameters only.

        Args:
            most: orders that there would be in the horizon if it did not end; the last may be a part.
            draws: how many.
            seed: of the draws.

        >>> fixed = Survival(80.0, 920.0, np.zeros((2, 2)))
        >>> fixed.lives(1.5, 2, 1).round(2).tolist()  # 0.92, and half of 0.92 * 921 / 1001
        [1.34, 1.34]
        """
        dice = np.random.default_rng(seed)
        point = np.log([self.ends, self.lasts])
        ends, lasts = np.exp(dice.multivariate_normal(point, self.doubt, draws)).T
        found, chance = np.zeros(draws), np.ones(draws)
        for step in range(int(np.ceil(most))):
            chance = chance * (lasts + step) / (ends + lasts + step)
            found += chance * min(most - step, 1.0)
        return found


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of the life of an enrolment of one kind that begins now.

    Attributes:
        known: how many of the kind it was learned from.
        survival: the chance to end after an order.
        gap_days: usual days from order to order.
        each: mean net revenue of an order.
        error: its standard error; orders of one enrolment are alike.
    """

    known: int
    survival: Survival
    gap_days: float
    each: float
    error: float


@dataclass(frozen=True, slots=True)
class Ahead:
    """What enrolments are expected to bring, as known at one moment.

    Attributes:
        known: (e,) whether it had begun.
        on: (e,) whether it is taken to go on.
        orders: (e,) orders so far.
        more: (e,) expected orders in the horizon.
        each: (e,) expected net revenue of one of them.
        drawn: (draws, e) drawn net revenue in the horizon.
        survival: by code of kind.
    """

    known: Bools
    on: Bools
    orders: Ints
    more: Floats
    each: Floats
    drawn: Floats
    survival: dict[int, Survival]

    @property
    def money(self) -> Floats:
        """(e,) expected net revenue in the horizon."""
        return self.more * self.each


def survival_of(orders: Floats, ended: Bools) -> Survival:
    """Return the distribution of the chance to end, by maximum likelihood with a wide prior.

    Args:
        orders: (e,) orders so far.
        ended: (e,) whether it ended after them.

    >>> dice = np.random.default_rng(1)
    >>> lasted = dice.geometric(0.1, 3000) - 1.0
    >>> found = survival_of(np.minimum(lasted, 12.0), lasted <= 12)
    >>> round(found.ends / (found.ends + found.lasts), 1)
    0.1
    """

    def loss(point: Floats) -> float:
        a, b = np.exp(point)
        told = betaln(a + ended, b + orders) - betaln(a, b)
        return float(0.5 * (((point - start) / _DOUBT) ** 2).sum() - told.sum())

    start = np.array([0.0, 2.0])  # one in some eight, and any of them
    found = minimize(loss, start, method="L-BFGS-B", bounds=[_LOG] * 2)
    moves = 1e-2 * np.eye(2)
    bend = np.array([[_bend(loss, found.x, i, j) / 4e-4 for j in moves] for i in moves])
    values, vectors = np.linalg.eigh(bend)
    doubt = (vectors / np.maximum(values, 1.0 / _DOUBT**2)) @ vectors.T
    return Survival(float(np.exp(found.x[0])), float(np.exp(found.x[1])), doubt)


def _bend(loss: Callable[[Floats], float], at: Floats, one: Floats, other: Floats) -> float:
    return loss(at + one + other) + loss(at - one - other) - loss(at + one - other) - loss(at - one + other)


def ahead_of(
    enrolled: Enrolled, as_of_ms: int, horizon_days: float, draws: int = 200, seed: int = 1
) -> Ahead:
    """Return what enrolments are expected to bring in the horizon, by what was known at that moment."""
    count = len(enrolled.kind)
    seen = enrolled.order_ms <= as_of_ms
    of, at, money = enrolled.of[seen], enrolled.order_ms[seen], enrolled.money[seen]
    known = enrolled.began_ms <= as_of_ms
    orders = np.bincount(of, minlength=count)
    last = enrolled.began_ms.copy()
    np.maximum.at(last, of, at)
    gap = _gaps(enrolled.kind, enrolled.began_ms, last, orders)
    silent = _silences(enrolled.kind, enrolled.began_ms, of, at, gap) * gap * DAY_MS
    over = known & ((enrolled.ended_ms <= as_of_ms) | (as_of_ms - last > silent))
    on = known & ~over
    more, drawn = np.zeros(count), np.zeros((draws, count))
    survival = {}
    for kind in np.unique(enrolled.kind[known]):
        own = known & (enrolled.kind == kind)
        survival[int(kind)] = fit = survival_of(orders[own].astype(np.float64), over[own])
        rows = np.flatnonzero(own & on)
        have, most = orders[rows].astype(np.float64), horizon_days / gap[rows]
        more[rows] = fit.expected(have, most)
        drawn[:, rows] = fit.drawn(have, most, draws, seed + int(kind))
    each = _each(enrolled.kind, orders, sums_by(of, money, count))
    return Ahead(known, on, orders, more, each, drawn * each, survival)


def lives_of(enrolled: Enrolled, on: Bools) -> dict[int, Life]:
    """Return by kind what the life of an enrolment that begins now is like.

    Args:
        enrolled: all enrolments, and all orders that they brought.
        on: (e,) whether it is taken to go on, as `Ahead` says: silence may have ended it.
    """
    count = len(enrolled.kind)
    orders = np.bincount(enrolled.of, minlength=count)
    money = sums_by(enrolled.of, enrolled.money, count)
    last = enrolled.began_ms.copy()
    np.maximum.at(last, enrolled.of, enrolled.order_ms)
    usual = _usual_gaps(enrolled.kind, enrolled.began_ms, last, orders)
    found = {}
    for kind in np.unique(enrolled.kind):
        own = enrolled.kind == kind
        fit = survival_of(orders[own].astype(np.float64), ~on[own])
        each, error = _mean_of(orders[own], money[own])
        found[int(kind)] = Life(int(own.sum()), fit, usual[int(kind)], each, error)
    return found


def _mean_of(orders: Ints, money: Floats) -> tuple[float, float]:
    """Return the mean money of an order and its standard error, by enrolments."""
    total, some = max(int(orders.sum()), 1), int((orders > 0).sum())
    each = float(money.sum()) / total
    rest = float(((money - each * orders) ** 2).sum()) * some / max(some - 1, 1)
    return each, float(np.sqrt(rest)) / total


def _usual_gaps(kind: Ints, began: Ints, last: Ints, orders: Ints) -> dict[int, float]:
    """Return by kind the usual days from order to order, at least one."""
    days = np.maximum(last - began, 0) / DAY_MS
    found = {}
    for code in np.unique(kind):
        often = (kind == code) & (orders > 0)
        usual = float(np.median(days[often] / orders[often])) if often.any() else _USUAL_DAYS
        found[int(code)] = max(usual, 1.0)
    return found


def _gaps(kind: Ints, began: Ints, last: Ints, orders: Ints) -> Floats:
    """Return the (e,) days from order to order: each enrolment's own mean, leaning to its kind's median."""
    days = np.maximum(last - began, 0) / DAY_MS
    found = np.full(len(kind), _USUAL_DAYS)
    for code, usual in _usual_gaps(kind, began, last, orders).items():
        own = kind == code
        found[own] = np.maximum((days[own] + _LEAN * usual) / (orders[own] + _LEAN), 1.0)
    return found


def _silences(kind: Ints, began: Ints, of: Ints, at: Ints, gap: Floats) -> Floats:
    """Return the (e,) silence that ends an enrolment, in its own gaps, by how gaps of its kind vary."""
    order = np.lexsort((at, of))
    of, at = of[order], at[order]
    before = np.concatenate([[0], at[:-1]])[: len(at)]
    first = np.concatenate([[True], of[1:] != of[:-1]])[: len(at)]
    days = (at - np.where(first, began[of], before)) / DAY_MS
    found = np.full(len(kind), _MOST)
    for code in np.unique(kind[of]):
        ratio = (days / gap[of])[kind[of] == code]
        found[kind == code] = np.clip(np.quantile(ratio, _SILENT), _LEAST, _MOST)
    return found


def _each(kind: Ints, orders: Ints, money: Floats) -> Floats:
    """Return the (e,) revenue of an order to come: the enrolment's own mean, leaning to its kind's."""
    found = np.zeros(len(kind))
    for code in np.unique(kind):
        own = kind == code
        usual = float(money[own].sum()) / max(int(orders[own].sum()), 1)
        found[own] = (money[own] + _LEAN * usual) / (orders[own] + _LEAN)
    return found
