"""The cascade: touches that earlier touches caused pass half of that credit back to their causes.

A display leads to a search, the search to an order: the search's credit is owed to both. In a chain of
two neither works without the other, so the Shapley value (1953) gives each a half, and half of the
caused part of a touch's credit goes to what caused it; chains are followed for three steps. The sum stays.

Which touches were caused is read from who leads whom. If `d` causes `c`, then `c` follows `d` more often
than it precedes it. Liking, targeting, campaigns in the same weeks and needs that both follow make
pairs in either order alike, so the pairs in reverse order are what would be there anyway. Where
touches crowd towards an order this is corrected by the crowding of each channel alone. Of two channels that
cause each other only the stronger direction is seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from scipy import sparse

from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Bools, Floats, Ints, Journeys, Sparse

__all__ = ["Cascade", "Pairs", "cascade_of", "followed", "pairs_of", "passed"]

LAG_EDGES_H = 24.0 * np.array([1.0, 2.0, 3.0, 5.0, 7.0])
_LAG_DAYS = ((0, 1), (1, 2), (2, 3), (3, 4, 5), (5, 6, 7))
_FAR_H = float(LAG_EDGES_H[-1])
_DAYS = 45
_BACK = 64
_CLEAR, _FEW = 3.0, 5.0
_STEPS = 3
_ROWS = 65_536
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Pairs:
    """Additive counts of touches and of pairs of them in one journey, up to a week apart.

    Attributes:
        ordered: (channels, channels, lags) pairs: the earlier, the later, how far apart.
        spread: (channels, channels) sums over journeys of the squared difference of pairs in this order
            and in reverse.
        touches: (2, channels, days) by days to the end, in open and in converted journeys.
        journeys: (2, days) journeys that were watched on that day.
    """

    ordered: Floats
    spread: Floats
    touches: Floats
    journeys: Floats

    def __add__(self, other: "Pairs") -> "Pairs":
        """Return the counts of both."""
        names = [f.name for f in fields(self)]
        return Pairs(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True, slots=True)
class Cascade:
    """What leads to what.

    Attributes:
        chance: (channels, channels, lags) chance that the later touch of such a pair was caused by the
            earlier one.
        routes: (r, 2) ways that credit may go between different channels: from, to.
    """

    chance: Floats
    routes: Ints


def pairs_of(journeys: Journeys, weight: Floats) -> Pairs:
    """Return the counts, each journey counted `weight` times."""
    channels, lags = journeys.channels, len(LAG_EDGES_H)
    ordered, spread = np.zeros(channels**2 * lags), np.zeros((channels, channels))
    each, row, own = weight[journeys.row], journeys.row, _own(journeys)
    for child, parent, lag in _blocks(journeys):
        first, then = journeys.channel[parent], journeys.channel[child]
        ordered += sums_by((first * channels + then) * lags + lag, each[child], len(ordered))
        spread += _spread(row[child], first, then, weight, channels)
    won = journeys.converted.astype(np.int64)
    day = np.minimum(journeys.gap_h // 24.0, _DAYS - 1).astype(np.int64)
    touch = ((won[row] * channels + journeys.channel) * _DAYS + day)[own]
    last = np.clip(journeys.span_h // 24.0, 0, _DAYS - 1).astype(np.int64)
    ended = sums_by(won * _DAYS + last, weight, 2 * _DAYS).reshape(2, _DAYS)
    counts = sums_by(touch, each[own], 2 * channels * _DAYS)
    return Pairs(
        ordered=ordered.reshape(channels, channels, lags),
        spread=spread,
        touches=counts.reshape(2, channels, _DAYS),
        journeys=ended[:, ::-1].cumsum(axis=1)[:, ::-1],
    )


def cascade_of(pairs: Pairs) -> Cascade:
    """Return what leads to what: what is clear beyond chance (three standard errors), no more."""
    back = pairs.ordered.transpose(1, 0, 2)
    alone = _alone(pairs)
    crowding = (alone + _FEW) / (alone.transpose(1, 0, 2) + _FEW)
    excess = pairs.ordered - crowding * back
    clear = excess.sum(axis=2) > _CLEAR * np.sqrt(np.maximum(pairs.spread, 1.0))
    np.fill_diagonal(clear, val=False)
    part = np.divide(excess, pairs.ordered, out=np.zeros_like(excess), where=pairs.ordered > 0.0)
    return Cascade(np.where(clear[:, :, None], np.clip(part, 0.0, 1.0), 0.0), _routes(clear))


def passed(journeys: Journeys, cascade: Cascade) -> Sparse:
    """Return the (m, m) sparse parts of each touch's credit (column) that each touch keeps or gets (row)."""
    m = len(journeys.channel)
    won = np.repeat(journeys.converted, journeys.lengths)
    children, parents, chances = [], [], []
    for child, parent, lag in followed(journeys, won):
        chance = cascade.chance[journeys.channel[parent], journeys.channel[child], lag]
        some = chance > 0.0
        children.append(child[some])
        parents.append(parent[some])
        chances.append(chance[some])
    if not children:
        return _diagonal(np.ones(m))
    child, chance = np.concatenate(children), np.concatenate(chances)
    caused = sums_by(child, chance, m)
    give = _SHARE * chance / np.maximum(caused, 1.0)[child]
    given = sparse.csr_array((give, (np.concatenate(parents), child)), shape=(m, m))
    kept = _diagonal(1.0 - _SHARE * np.minimum(caused, 1.0))
    moved, whole = _diagonal(np.ones(m)), sparse.csr_array((m, m))
    for _ in range(_STEPS):
        whole = sparse.csr_array(whole + kept @ moved)
        moved = sparse.csr_array(given @ moved)
    return sparse.csr_array(whole + moved)


def _diagonal(value: Floats) -> Sparse:
    m = len(value)
    return sparse.csr_array((value, np.arange(m), np.arange(m + 1)), shape=(m, m))


def followed(journeys: Journeys, wanted: Bools) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield later touches, earlier ones of the same journey, and the class of their lag."""
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
        near = lag < _FAR_H
        alive = alive[near]
        if not len(alive):
            return
        after = near & (lag > 0.0)
        yield child[after], parent[after], np.searchsorted(LAG_EDGES_H, lag[after], side="right")


def _own(journeys: Journeys) -> Bools:
    """Return (m,) which touches fall into their journey, and do not only reach it.

    Pairs are counted between these alone: an order ends the need that both follow, so pairs on either side of
    one are not alike in both orders.
    """
    gap = journeys.gap_h
    own: Bools = (gap <= journeys.span_h[journeys.row]) & (gap <= journeys.lookback_h[journeys.channel])
    return own


def _blocks(journeys: Journeys) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Yield all pairs of some journeys at a time, every journey's at once."""
    for begin in range(0, journeys.n, _ROWS):
        part = journeys.take(np.arange(begin, min(begin + _ROWS, journeys.n)))
        own = _own(part)
        found = [(c[own[p]], p[own[p]], lag[own[p]]) for c, p, lag in followed(part, own)]
        if any(len(child) for child, _, _ in found):
            child, parent, lag = (np.concatenate(column) for column in zip(*found, strict=True))
            yield child + journeys.offsets[begin], parent + journeys.offsets[begin], lag


def _spread(row: Ints, first: Ints, then: Ints, weight: Floats, channels: int) -> Floats:
    """Return (channels, channels) weighted sums of each journey's squared surplus of one order."""
    low, high = np.minimum(first, then), np.maximum(first, then)
    sign = np.sign(then - first).astype(np.float64)
    begin = int(row.min())
    shape = (int(row.max()) - begin + 1, channels**2)
    surplus = sparse.csr_array((sign, (row - begin, low * channels + high)), shape=shape)
    squared = sparse.csr_array((surplus.data**2, surplus.indices, surplus.indptr), shape=shape)
    found = product(squared.T, weight[begin : begin + shape[0]]).reshape(channels, channels)
    return found + found.T


def _alone(pairs: Pairs) -> Floats:
    """Return the (channels, channels, lags) pairs if each channel only crowded towards the end by itself."""
    found = np.zeros(pairs.ordered.shape)
    rate = pairs.touches / np.maximum(pairs.journeys, 1e-9)[:, None, :]
    for lag, offsets in enumerate(_LAG_DAYS):
        for offset in offsets:
            earlier, later = rate[:, :, offset:], pairs.touches[:, :, : _DAYS - offset]
            found[:, :, lag] += np.einsum("kdb,kcb->dc", earlier, later) / len(offsets)
    return found


def _routes(clear: Bools) -> Ints:
    """Return (r, 2) from which channel to which credit may go in as many steps as are followed."""
    step = clear.T.astype(np.int64)
    reach, walk = step > 0, step
    for _ in range(_STEPS - 1):
        walk = ((walk @ step) > 0).astype(np.int64)
        reach = reach | (walk > 0)
    np.fill_diagonal(reach, val=False)
    return np.argwhere(reach)
