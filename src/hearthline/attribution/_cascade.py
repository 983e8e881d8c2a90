"""The cascade: touches that earlier touches led to pass credit back to their causes.

A display leads to a search, the search to an order: the search's credit is owed to both. In a chain none
works without those before it, so the Shapley value (1953) gives each of k touches a k-th; chains are
followed for three steps. The sum stays.

Who leads whom is read from order: if `d` leads to `c`, more of `d` lies in the week before a `c` than in the
week after it. Liking, campaigns in the same weeks and needs that both follow put as much on either side, and
a need that rises puts more behind. How often a `c` was led to is then read from rates: how much oftener `c`
comes in the days after a `d` than in the same journey when there was none for a week (Mantel & Haenszel
1959, a journey a stratum), beside the same in reversed time, where nothing is led to; that is never taken
for less than 1, for where few `d` lie in a journey, those that led to a `c` leave fewer to lie behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from scipy import sparse

from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Bools, Floats, Ints, Journeys, Sparse

__all__ = ["LAG_EDGES_H", "Cascade", "Pairs", "cascade_of", "followed", "pairs_of", "passed"]

LAG_EDGES_H = 24.0 * np.array([1.0, 2.0, 3.0, 5.0, 7.0])
_LAGS = len(LAG_EDGES_H)
_WEEK_H = float(LAG_EDGES_H[-1])
_BACK = 64
_CLEAR, _FEW = 3.0, 3.0
_SURELY = 0.99
_STEPS = 3
_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class Pairs:
    """Additive counts of touches by when a touch of another channel came last.

    Counted are touches with a whole week of their journey before and after them. The first axis of channels
    is the earlier one.

    Attributes:
        surplus: (channels, channels) touches of the first in the week before one of the second, less those in
            the week after it.
        spread: (channels, channels) sums over journeys of the squared surplus.
        led: (2, channels, channels, lags) touches of the second by how long ago the last one of the first
            came, forward and in reversed time, each times the part of its journey's hours (in that state or
            in none) without one for a week.
        unled: (2, channels, channels, lags) touches of the second without one of the first for a week, each
            times the part of these hours in that state.
    """

    surplus: Floats
    spread: Floats
    led: Floats
    unled: Floats

    def __add__(self, other: "Pairs") -> "Pairs":
        """Return the counts of both."""
        names = [f.name for f in fields(self)]
        return Pairs(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @staticmethod
    def none(channels: int) -> "Pairs":
        """Return counts of nothing."""
        two, four = (channels, channels), (2, channels, channels, _LAGS)
        return Pairs(*map(np.zeros, (two, two, four, four)))


@dataclass(frozen=True, slots=True)
class Cascade:
    """What leads to what.

    Attributes:
        chance: (channels, channels, lags) chance that a touch of the second channel was led to by the first,
            by how long ago the first's last touch came.
        routes: (r, 2) ways that credit may go between different channels: from, to.
    """

    chance: Floats
    routes: Ints


def pairs_of(journeys: Journeys, weight: Floats) -> Pairs:
    """Return the counts, each journey counted `weight` times."""
    found = Pairs.none(journeys.channels)
    for begin in range(0, journeys.n, _ROWS):
        rows = np.arange(begin, min(begin + _ROWS, journeys.n))
        found = found + _counted(journeys.take(rows), weight[rows])
    return found


def cascade_of(pairs: Pairs) -> Cascade:
    """Return what leads to what: what is clear beyond chance (three standard errors), no more."""
    clear = pairs.surplus > _CLEAR * np.sqrt(np.maximum(pairs.spread, 1.0))
    np.fill_diagonal(clear, val=False)
    forward, reverse = (pairs.led + _FEW) / (pairs.unled + _FEW)
    chance = np.clip(1.0 - np.maximum(reverse, 1.0) / forward, 0.0, 1.0)
    return Cascade(np.where(clear[:, :, None], chance, 0.0), _routes(clear))


def passed(journeys: Journeys, cascade: Cascade) -> Sparse:
    """Return the (m, m) sparse parts of each touch's credit (column) that each touch keeps or gets (row)."""
    m = len(journeys.channel)
    child, parent, chance = _causes(journeys, cascade)
    if not len(child):
        return _diagonal(np.ones(m))
    led = sparse.csr_array((chance, (parent, child)), shape=(m, m))
    on = [np.ones(m)]  # chance that a chain goes on for so many steps or more
    for _ in range(_STEPS):
        on.append(product(led.T, on[-1]))
    ends = [here - further for here, further in pairwise(on)]
    reached, whole = _diagonal(np.ones(m)), sparse.csr_array((m, m))
    for step in range(_STEPS + 1):
        left = _STEPS - step
        part = on[left] / (_STEPS + 1.0)
        for more in range(left):
            part = part + ends[more] / (step + more + 1.0)
        whole = sparse.csr_array(whole + _diagonal(part) @ reached)
        reached = sparse.csr_array(led @ reached)
    return whole


def followed(journeys: Journeys, wanted: Bools) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield later touches, earlier ones of the same journey, and the class of their lag, nearest first."""
    m, gap = len(journeys.channel), journeys.gap_h
    order = np.arange(m)
    if np.any((np.diff(gap) > 0.0) & (np.diff(journeys.row) == 0)):
        order = np.lexsort((-gap, journeys.row))
    place = np.arange(m) - np.repeat(journeys.offsets[:-1], journeys.lengths)
    alive = np.flatnonzero(wanted[order])
    for back in range(1, _BACK + 1):
        alive = alive[place[alive] >= back]
        child, parent = order[alive], order[alive - back]
        lag = gap[parent] - gap[child]
        near = lag < _WEEK_H
        alive = alive[near]
        if not len(alive):
            return
        after = near & (lag > 0.0)
        yield child[after], parent[after], np.searchsorted(LAG_EDGES_H, lag[after], side="right")


def _causes(journeys: Journeys, cascade: Cascade) -> tuple[Ints, Ints, Floats]:
    """Return touches before an order, the last earlier one of each channel, and the chance that it led there.

    Where several channels may have led to a touch, any of them may alone: none did with the product of their
    chances not to.
    """
    m, channels = len(journeys.channel), journeys.channels
    met = np.zeros(m * channels, np.bool_)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for child, parent, lag in followed(journeys, np.repeat(journeys.converted, journeys.lengths)):
        key = child * channels + journeys.channel[parent]
        last = ~met[key]
        met[key] = True
        chance = cascade.chance[journeys.channel[parent], journeys.channel[child], lag]
        some = last & (chance > 0.0)
        found.append((child[some], parent[some], chance[some]))
    child, parent = (np.concatenate([part[i] for part in found]) for i in (0, 1))
    missed = -np.log1p(-np.minimum(np.concatenate([chance for _, _, chance in found]), _SURELY))
    both = sums_by(child, missed, m)[child]
    return child, parent, missed / np.maximum(both, 1e-300) * -np.expm1(-both)


def _diagonal(value: Floats) -> Sparse:
    m = len(value)
    return sparse.csr_array((value, np.arange(m), np.arange(m + 1)), shape=(m, m))


def _own(journeys: Journeys) -> Bools:
    """Return (m,) which touches fall into their journey, and do not only reach it.

    Counts are of these alone: an order ends the need that both follow, so touches on either side of one are
    not alike in both orders.
    """
    gap = journeys.gap_h
    own: Bools = (gap <= journeys.span_h[journeys.row]) & (gap <= journeys.lookback_h[journeys.channel])
    return own


def _counted(journeys: Journeys, weight: Floats) -> Pairs:
    """Return the counts of some journeys."""
    channels, found = journeys.channels, Pairs.none(journeys.channels)
    own, span = _own(journeys), journeys.span_h
    row, channel = journeys.row[own], journeys.channel[own]
    at = (span[journeys.row] - journeys.gap_h)[own]
    begin = np.concatenate([[0.0], np.cumsum(span + 2.0 * _WEEK_H)])[:-1]  # no week reaches another journey
    inside = (at >= _WEEK_H) & (span[row] - at >= _WEEK_H)
    line = _Line(begin[row] + at, row, channel, begin, span, channels)
    back = _Line(-line.time, row, channel, -(begin + span), span, channels)
    later = np.flatnonzero(inside)
    to, unit = channel[later], row[later]
    for first in range(channels):
        surplus = line.near(first, later) - back.near(first, later)
        each = sums_by(unit * channels + to, surplus, journeys.n * channels).reshape(-1, channels)
        found.surplus[first], found.spread[first] = weight @ each, weight @ each**2
        for way, clock in enumerate((line, back)):
            found.led[way, first], found.unled[way, first] = clock.rates(first, later, weight)
    return found


@dataclass(frozen=True, slots=True)
class _Line:
    """Touches of many journeys on one line of time, forward or reversed.

    Attributes:
        time: (m,) hours; row: (m,) journeys; channel: (m,).
        begin: (n,) hours at which each journey begins; span: (n,) for how long it goes on.
        channels: how many there are.
    """

    time: Floats
    row: Ints
    channel: Ints
    begin: Floats
    span: Floats
    channels: int

    def _earlier(self, first: int) -> tuple[Floats, Ints]:
        """Return the times and journeys of a channel's touches, in order."""
        some = np.flatnonzero(self.channel == first)
        some = some[np.argsort(self.time[some], kind="stable")]
        return self.time[some], self.row[some]

    def near(self, first: int, later: Ints) -> Floats:
        """Return for each later touch how many of a channel came within a week before it."""
        times, here = self._earlier(first)[0], self.time[later]
        return (np.searchsorted(times, here) - np.searchsorted(times, here - _WEEK_H)).astype(np.float64)

    def rates(self, first: int, later: Ints, weight: Floats) -> tuple[Floats, Floats]:
        """Return the (channels, lags) later touches that `Pairs` calls led, and those it calls unled."""
        times, owner = self._earlier(first)
        hours = self._hours(times, owner)
        none = np.maximum(self.span - 2.0 * _WEEK_H, 0.0) - hours.sum(axis=1)
        both = np.maximum(none[:, None] + hours, 1e-9)
        without, within = none[:, None] / both * weight[:, None], hours / both * weight[:, None]
        here, row, to = self.time[later], self.row[later], self.channel[later]
        last = np.append(-np.inf, times)[np.searchsorted(times, here)]
        lag = np.searchsorted(LAG_EDGES_H, here - last, side="right")
        led, unled = lag < _LAGS, lag == _LAGS
        counts = sums_by(to[led] * _LAGS + lag[led], without[row[led], lag[led]], self.channels * _LAGS)
        rest = [sums_by(to[unled], within[row[unled], k], self.channels) for k in range(_LAGS)]
        return counts.reshape(self.channels, _LAGS), np.stack(rest, axis=1)

    def _hours(self, times: Floats, owner: Ints) -> Floats:
        """Return the (n, lags) hours by how long ago the last touch came, but for a week at either end."""
        until = np.minimum(np.append(times[1:], np.inf), (self.begin + self.span - _WEEK_H)[owner])
        since = (self.begin + _WEEK_H)[owner]
        edges = np.append(0.0, LAG_EDGES_H)
        hours = [
            np.maximum(np.minimum(times + high, until) - np.maximum(times + low, since), 0.0)
            for low, high in pairwise(edges)
        ]
        return np.stack([sums_by(owner, part, len(self.span)) for part in hours], axis=1)


def _routes(clear: Bools) -> Ints:
    """Return (r, 2) from which channel to which credit may go in as many steps as are followed."""
    step = clear.T.astype(np.int64)
    reach, walk = step > 0, step
    for _ in range(_STEPS - 1):
        walk = ((walk @ step) > 0).astype(np.int64)
        reach = reach | (walk > 0)
    np.fill_diagonal(reach, val=False)
    return np.argwhere(reach)
