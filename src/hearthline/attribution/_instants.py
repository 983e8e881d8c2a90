"""Homes at instants: what loads on them when they buy, and at moments in between that stand for the time.

A hazard needs its integral over all the time watched. It is taken as a sum: each stretch that a journey
spent in one stratum is cut into pieces of up to five days, and the middle of a piece stands for it.
Stretches are laid one after the other in the order of strata, which is how recency goes. Touches that left
the look-back window are known by number only; they count as if spread evenly.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from scipy import sparse

from hearthline.attribution._exposures import Kernels
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse

__all__ = ["Instants", "expired_at", "instants_of", "pieces_of"]

_PIECE_H = 120.0
_MOST = 8


@dataclass(frozen=True, slots=True)
class Instants:
    """Instants of journeys, conversions and others.

    Attributes:
        journey: (r,) row of the journey.
        stratum: (r,) where the home was.
        load: (r, channels * kernels) sparse loads of its touches.
        before_h: (r,) hours before the journey's end.
        hours: (r,) weighted hours that it stands for; 0 at a conversion.
        bought: (r,) weighted conversions at it.
    """

    journey: Ints
    stratum: Ints
    load: Sparse
    before_h: Floats
    hours: Floats
    bought: Floats

    def __add__(self, other: "Instants") -> "Instants":
        """Return the instants of both."""

        def both(name: str) -> Any:
            left, right = getattr(self, name), getattr(other, name)
            if name == "load":
                return sparse.csr_array(sparse.vstack([left, right]))
            return np.concatenate([left, right])

        return Instants(**{f.name: both(f.name) for f in fields(self)})


def instants_of(
    journeys: Journeys, weight: Floats, kernels: Kernels, dice: np.random.Generator | None = None
) -> Instants:
    """Return the instants of journeys, each journey counted `weight` times.

    With dice a piece is stood for by any of its moments and not by its middle: what is seen is then right in
    the mean for anything that comes and goes within a piece.
    """
    bought = np.flatnonzero(journeys.converted & (weight > 0.0))
    ends = Instants(
        journey=bought,
        stratum=journeys.stratum[bought],
        load=kernels.loads(journeys)[bought],
        before_h=np.zeros(len(bought)),
        hours=np.zeros(len(bought)),
        bought=weight[bought],
    )
    journey, stratum, before, hours = pieces_of(journeys, weight, dice)
    load = _touched(journeys, kernels, journey, before) + expired_at(journeys, kernels, journey, before)
    between = Instants(journey, stratum, sparse.csr_array(load), before, hours, np.zeros(len(journey)))
    return ends + between


def pieces_of(
    journeys: Journeys, weight: Floats, dice: np.random.Generator | None = None
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return (r,) journeys, strata, hours before the journey's end, and hours stood for."""
    stay = sparse.csr_array(journeys.strata_h)
    stay.sort_indices()
    row = np.repeat(np.arange(journeys.n), np.diff(stay.indptr))
    kept = (stay.data > 0.0) & (weight[row] > 0.0)
    row, stratum, length = row[kept], stay.indices[kept].astype(np.int64), stay.data[kept]
    counts = np.bincount(row, minlength=journeys.n)
    whole = np.cumsum(length)
    first = np.concatenate([[0.0], whole])[np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)]
    begin = whole - length - first[row]
    total = np.bincount(row, weights=length, minlength=journeys.n)
    number = np.clip(np.ceil(length / _PIECE_H), 1, _MOST).astype(np.int64)
    each = np.repeat(np.arange(len(row)), number)
    nth = np.arange(len(each)) - np.repeat(np.cumsum(number) - number, number)
    piece = (length / number)[each]
    at = np.full(len(each), 0.5) if dice is None else dice.random(len(each))
    before = np.maximum(total[row[each]] - begin[each] - (nth + at) * piece, 0.0)
    return row[each], stratum[each], before, piece * weight[row[each]]


def _touched(journeys: Journeys, kernels: Kernels, journey: Ints, before: Floats) -> Sparse:
    """Return the (r, features) loads of the touches that are known one by one."""
    lengths, size = journeys.lengths[journey], len(kernels)
    row = np.repeat(np.arange(len(journey)), lengths)
    within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    touch = journeys.offsets[journey][row] + within
    gap = journeys.gap_h[touch] - before[row]
    there = (gap >= 0.0) & (gap <= journeys.lookback_h[journeys.channel[touch]])
    row, touch, gap = row[there], touch[there], gap[there]
    data = np.exp(-gap[:, None] / kernels.tau_h).ravel()
    column = kernels.columns(journeys.channel[touch], journeys.again[touch]).ravel()
    shape = (len(journey), journeys.channels * kernels.features)
    return sparse.csr_array((data, (np.repeat(row, size), column)), shape=shape)


def expired_at(journeys: Journeys, kernels: Kernels, journey: Ints, before: Floats) -> Sparse:
    """Return the (r, features) mean loads of touches that left the look-back window before the end."""
    size, late = len(kernels), sparse.csr_array(journeys.expired)
    lengths = np.diff(late.indptr)[journey]
    row = np.repeat(np.arange(len(journey)), lengths)
    within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    entry = late.indptr[journey][row] + within
    channel, count = late.indices[entry].astype(np.int64), late.data[entry]
    back, span = journeys.lookback_h[channel], journeys.span_h[journey[row]]
    at, over = span - before[row], span - back
    start, end = np.maximum(at - back, 0.0), np.minimum(at, over)
    there = (over > 1.0) & (end > start) & (count > 0.0)
    row, channel, count = row[there], channel[there], count[there]
    at, over, start, end = at[there], over[there], start[there], end[there]
    tau = kernels.tau_h
    mean = np.exp(-(at - end)[:, None] / tau) - np.exp(-(at - start)[:, None] / tau)
    data = ((count / over)[:, None] * tau * mean).ravel()
    column = kernels.columns(channel, np.zeros(len(channel), np.bool_)).ravel()
    shape = (len(journey), journeys.channels * kernels.features)
    return sparse.csr_array((data, (np.repeat(row, size), column)), shape=shape)
