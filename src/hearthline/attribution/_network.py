"""A small network over fading memories: a rate of buying that adds, saturates and multiplies.

The first layer is recurrent and linear: for each channel, memories that every touch sets and time fades
(`_exposures`). Hidden units read them and answer in proportion or saturate, and a unit's part grows with a
power of the home's own rate, from 0 (adds to it) to 1 (multiplies it), which is learned. Weights of touches
are never negative, so a touch never calms, and no unit answers ever more steeply: where units could, they
took homes that meet much and buy much for touches that strengthen each other.

    rate = base (exp(a_s) + sum_h v_h f_h(w_h . load) exp(g_h a_s)),   f(z) = z or 1 - exp(-z)

Trained on all instants at once by L-BFGS: no step size, no batches, the same input gives the same weights.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from hearthline.attribution._instants import Instants
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Floats, Ints, Sparse

__all__ = ["Network", "factors_of", "trained"]

_PLAIN = 3
UNITS = 6
_CALM, _CALM_STRATA, _CALM_UNITS = 0.05, 1.0, 0.05
_POWERS = (0.0, 0.5, 1.0)
_ROUNDS = 300
_DIGITS = 10
_LEAN, _REFITS = 0.2, 12


@dataclass(frozen=True, slots=True)
class Network:
    """The weights.

    Attributes:
        base: conversions an hour that rates are relative to.
        home: (strata,) `a`, the logarithm of a stratum's own rate.
        touch: (units, features) `w`.
        power: (units,) `g`.
        size: (units,) `v`.
    """

    base: float
    home: Floats
    touch: Floats
    power: Floats
    size: Floats

    def parts(self, load: Sparse, stratum: Ints) -> tuple[Floats, Floats, Floats]:
        """Return (r,) baselines, (r, units) what each unit adds, and (r, units) what it reads.

        Baselines and additions are relative to `base`; their sum is the rate.
        """
        read = product(load, self.touch.T)
        home = self.home[stratum]
        return np.exp(home), self.size * _answer(read) * np.exp(home[:, None] * self.power), read


def trained(instants: Instants, strata: int) -> Network:
    """Return the network of maximum penalised likelihood, from a fixed start.

    Args:
        instants: with at least one conversion.
        strata: how many strata there are.
    """
    channels, rows = _in_order(instants)
    features = rows.load.shape[1]
    count, hours = float(rows.bought.sum()), max(float(rows.hours.sum()), 1e-9)
    start = _start(strata, features, count / hours)
    task = _Task(rows, strata, features, count / hours, count)
    limits = [(-6.0, 6.0), (0.0, 50.0), (0.0, 1.0), (0.0, 50.0)]
    point = np.concatenate([start.home, start.touch.ravel(), start.power, start.size])
    lengths = [strata, UNITS * features, UNITS, UNITS]
    bounds = [limit for limit, length in zip(limits, lengths, strict=True) for _ in range(length)]
    found, _, _ = fmin_l_bfgs_b(task.loss, point, bounds=bounds, maxiter=_ROUNDS, factr=1e5, pgtol=1e-7)
    return _reordered(task.network(np.asarray(found)), np.argsort(channels))


def factors_of(part: Floats, bought: Floats, hours: Floats) -> Floats:
    """Return the factors of a rate's parts under which what was bought is likeliest, leaning to 1.

    Args:
        part: (r, parts) of the rates at instants.
        bought: (r,) weighted conversions at them.
        hours: (r,) weighted hours that they stand for, times what the rates are relative to.
    """
    won, watched = np.flatnonzero(bought > 0.0), hours @ part
    factor = np.ones(part.shape[1])
    for _ in range(_REFITS):
        pulled = (bought[won] / np.maximum(part[won] @ factor, 1e-300)) @ part[won]
        factor = (factor * pulled + _LEAN) / (watched + _LEAN)
    return factor


@dataclass(frozen=True, slots=True)
class _Task:
    rows: Instants
    strata: int
    features: int
    base: float
    count: float

    def network(self, point: Floats) -> Network:
        """Return the network of these weights."""
        home, touch, power, size = np.split(point, np.cumsum([self.strata, UNITS * self.features, UNITS]))
        return Network(self.base, home, touch.reshape(UNITS, self.features), power, size)

    def loss(self, point: Floats) -> tuple[float, Floats]:
        """Return the penalised negative log-likelihood a conversion, and its slope."""
        net, rows = self.network(point), self.rows
        own, added, read = net.parts(rows.load, rows.stratum)
        rate = own + added.sum(axis=1)
        told = float(rows.bought @ np.log(rate)) - self.base * float(rows.hours @ rate)
        strayed = ((net.size - 1.0) ** 2).sum() + ((net.power - 0.5) ** 2).sum()
        calm = float(
            _CALM * (net.touch**2).sum() + _CALM_STRATA * (net.home**2).sum() + _CALM_UNITS * strayed
        )
        pull = self.base * rows.hours - rows.bought / rate
        gate = np.exp(net.home[rows.stratum][:, None] * net.power) * pull[:, None]
        steep = gate * net.size * _slope(read)
        of_home = pull * (own + added @ net.power)
        slope = np.concatenate(
            [
                sums_by(rows.stratum, of_home, self.strata) + 2.0 * _CALM_STRATA * net.home,
                (product(rows.load.T, steep).T + 2.0 * _CALM * net.touch).ravel(),
                (pull * net.home[rows.stratum]) @ added + 2.0 * _CALM_UNITS * (net.power - 0.5),
                (gate * _answer(read)).sum(axis=0) + 2.0 * _CALM_UNITS * (net.size - 1.0),
            ]
        )
        return (float(calm) - told) / self.count, slope / self.count


def _answer(read: Floats) -> Floats:
    """Return what the first units answer in proportion, and the others up to 1."""
    return np.concatenate([read[:, :_PLAIN], -np.expm1(-read[:, _PLAIN:])], axis=1)


def _slope(read: Floats) -> Floats:
    return np.concatenate([np.ones_like(read[:, :_PLAIN]), np.exp(-read[:, _PLAIN:])], axis=1)


def _start(strata: int, features: int, base: float) -> Network:
    """Return the weights to start from: channels alike, units and memories not."""
    unit = np.arange(UNITS)
    ramp = 0.4 + 0.3 * np.cos(1.0 + 2.1 * unit[:, None] + 1.3 * (np.arange(features) % 4))
    return Network(base, np.zeros(strata), ramp, np.resize(_POWERS, UNITS), np.ones(UNITS))


def _reordered(net: Network, features: Ints) -> Network:
    return Network(net.base, net.home, net.touch[:, features], net.power, net.size)


def _in_order(instants: Instants) -> tuple[Ints, Instants]:
    """Return features and rows in an order of their own; rows that are alike become one.

    Names of channels and the order of journeys do not change it, so the training sees the same numbers in
    the same order, to the bit, and finds the same weights.
    """
    kernels = 4
    load = sparse_sorted(instants.load)
    load.data = np.round(load.data, _DIGITS)  # sums in another order differ behind these
    weight = instants.hours + instants.bought
    total = np.stack([product(load.T, w) for w in (instants.bought, instants.hours, weight**2)], axis=1)
    key = np.round(total.reshape(-1, kernels * 3) / (1e-9 + np.abs(total).max()), 10)
    channel = np.lexsort(key.T)
    features = (channel[:, None] * kernels + np.arange(kernels)).ravel()
    load = sparse_sorted(load[:, features])
    mark = np.cos(1.0 + 1.7 * np.arange(load.shape[1]))
    told = product(load, mark)
    order = np.lexsort((instants.bought > 0.0, told, instants.stratum))
    same = np.ones(len(order), np.bool_)
    same[1:] = (
        (np.diff(told[order]) != 0.0)
        | (np.diff(instants.stratum[order]) != 0)
        | (np.diff((instants.bought > 0.0)[order].astype(np.int8)) != 0)
    )
    group = np.cumsum(same) - 1
    first = order[same]
    return features, Instants(
        journey=instants.journey[first],
        stratum=instants.stratum[first],
        load=load[first],
        before_h=instants.before_h[first],
        hours=np.round(sums_by(group, instants.hours[order], len(first)), _DIGITS),
        bought=sums_by(group, instants.bought[order], len(first)),
    )


def sparse_sorted(matrix: Sparse) -> Sparse:
    """Return the matrix with each row's entries in the order of columns, duplicates added up."""
    found = Sparse(matrix)
    found.sum_duplicates()
    found.sort_indices()
    return found
