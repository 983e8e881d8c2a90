"""Journeys as sequences side by side: touches, what came before each, and the instants that see them.

Attention wants rectangles. Journeys of about one length go into one block, and what is missing in a shorter
one is filled up with touches that do not act and instants that last no time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy import sparse

from hearthline.attribution._cascade import followed
from hearthline.attribution._exposures import Kernels
from hearthline.attribution._instants import expired_at, pieces_of
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Bools, Floats, Ints, Journeys, Sparse

__all__ = ["CONTEXT", "Block", "Moments", "blocks_of", "contexts", "ends_of", "in_order", "moments_of"]

CONTEXT = Kernels((6.0, 24.0, 72.0))
"""How what came before a touch fades: half-lives in hours; nothing older than a week counts."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Instants of journeys: (r,) `journey`, `stratum`, hours before the end, hours stood for, conversions."""

    journey: Ints
    stratum: Ints
    before_h: Floats
    hours: Floats
    bought: Floats


@dataclass(frozen=True, slots=True)
class Block:
    """j journeys of at most l touches and r instants; `c` channels, `k` kernels, `q` of `CONTEXT`.

    Attributes:
        journey: (j,) rows of the journeys; 0 where there is none.
        touch: (j, l) indices of touches, -1 where there is none.
        moment: (j, r) indices of instants, -1 where there is none.
        channel: (j, l, c) 1 at the touch's channel.
        held: (j,) 1 where an enrolment went on.
        context: (j, l, c * q) loads of earlier touches at the touch.
        load: (j, r, l * k) loads of touches at the instant.
        summed: (j, r, c * k) the same, by channel.
        late: (j, r, c * k) loads of touches that are known by number only.
        stratum, hours, bought: (j, r) those of the instant.
    """

    journey: Ints
    touch: Ints
    moment: Ints
    channel: Floats
    held: Floats
    context: Floats
    load: Floats
    summed: Floats
    late: Floats
    stratum: Ints
    hours: Floats
    bought: Floats


def moments_of(journeys: Journeys, weight: Floats) -> Moments:
    """Return conversions, and instants that stand for the time in between; each counts `weight` times."""
    ends = ends_of(journeys)
    ends = replace(ends, bought=weight[ends.journey])
    row, stratum, before, hours = pieces_of(journeys, weight)
    between = Moments(row, stratum, before, hours, np.zeros(len(row)))
    both = {f.name: np.concatenate([getattr(ends, f.name), getattr(between, f.name)]) for f in fields(ends)}
    return Moments(**both)


def ends_of(journeys: Journeys) -> Moments:
    """Return the conversions."""
    row = np.flatnonzero(journeys.converted)
    none = np.zeros(len(row))
    return Moments(row, journeys.stratum[row], none, none, np.ones(len(row)))


def contexts(journeys: Journeys, seen: Bools | None = None) -> tuple[Sparse, Ints, Ints, Floats]:
    """Return (m, c * q) loads of earlier touches at each touch, and the pairs behind: later, earlier, loads.

    Args:
        journeys: whose touches.
        seen: (m,) earlier touches that count; all where None.
    """
    pairs = list(followed(journeys, np.ones(len(journeys.channel), np.bool_)))
    none = np.zeros(0, np.int64)
    child = np.concatenate([none, *(p[0] for p in pairs)])
    parent = np.concatenate([none, *(p[1] for p in pairs)])
    if seen is not None:
        child, parent = child[seen[parent]], parent[seen[parent]]
    size = len(CONTEXT)
    load = np.exp(-(journeys.gap_h[parent] - journeys.gap_h[child])[:, None] / CONTEXT.tau_h)
    column = journeys.channel[parent][:, None] * size + np.arange(size)
    shape = (len(journeys.channel), journeys.channels * size)
    place = (np.repeat(child, size), column.ravel())
    return sparse.csr_array((load.ravel(), place), shape=shape), child, parent, load


def blocks_of(journeys: Journeys, moments: Moments, kernels: Kernels, rhythm: Floats) -> Iterator[Block]:
    """Yield the journeys that have instants, in blocks.

    Args:
        journeys: those that are meant.
        moments: their instants.
        kernels: how touches fade.
        rhythm: (channels * kernels,) weights of loads at instants of the time in between.
    """
    order = np.argsort(moments.journey, kind="stable")
    count = np.bincount(moments.journey, minlength=journeys.n)
    first = np.concatenate([[0], np.cumsum(count)])
    lengths, known = journeys.lengths, contexts(journeys)[0]
    wide, high = _shelf(lengths, 2), _shelf(count, 4)
    shelf = np.where(count > 0, wide * (count.max(initial=0) * 4 + 32) + high, 0)
    for each in np.unique(shelf[count > 0]):
        mine = np.flatnonzero(shelf == each)
        rows = np.zeros(_rounded(len(mine)), np.int64)
        rows[: len(mine)] = mine
        there = (np.arange(len(rows)) < len(mine)).astype(np.int64)
        touch = _places(journeys.offsets[rows], lengths[rows] * there, int(wide[mine[0]]))
        moment = _places(first[rows], count[rows] * there, int(high[mine[0]]))
        moment = np.where(moment >= 0, order[moment], -1)
        yield _block(journeys, moments, (rows, touch, moment), (kernels, rhythm), known)


def _shelf(number: Ints, step: int) -> Ints:
    """Return the least of 8, 8 step, 8 step^2, ... that is not smaller."""
    found: Ints = 8 * step ** np.ceil(np.log(np.maximum(number, 8) / 8.0) / np.log(step) - 1e-9).astype(
        np.int64
    )
    return found


def _block(
    journeys: Journeys,
    moments: Moments,
    at: tuple[Ints, Ints, Ints],
    fading: tuple[Kernels, Floats],
    known: Sparse,
) -> Block:
    rows, touch, moment = at
    kernels, rhythm = fading
    (j, length), r, c, k = touch.shape, moment.shape[1], journeys.channels, len(kernels)
    acts, there = touch >= 0, moment >= 0
    channel = journeys.channel[touch] if len(journeys.channel) else np.zeros((j, length), np.int64)

    def of_touch(values: Floats | Bools) -> Floats:
        return np.where(acts, values[touch] if len(values) else 0.0, 0.0).astype(np.float64)

    gap = np.where(acts, of_touch(journeys.gap_h), np.inf)
    gap = gap[:, None, :] - moments.before_h[moment][:, :, None]
    seen = (gap >= 0.0) & (gap <= journeys.lookback_h[channel][:, None, :]) & there[:, :, None]
    load = np.exp(-np.where(seen, gap, np.inf)[..., None] / kernels.tau_h)
    watched = there & (moments.bought[moment] <= 0.0)
    pace = rhythm.reshape(c, k)[channel][:, None]
    load *= np.where(watched[:, :, None, None], pace, 1.0)
    owner = ((channel[:, :, None] == np.arange(c)) & acts[:, :, None]).astype(np.float64)
    late = np.zeros((j, r, c * k))
    if journeys.expired.nnz:
        past = expired_at(journeys, kernels, moments.journey[moment[there]], moments.before_h[moment[there]])
        late[there] = past.toarray() * np.where(watched[there][:, None], rhythm, 1.0)
    context = np.zeros((j, length, known.shape[1]))
    context[acts] = known[touch[acts]].toarray()
    return Block(
        journey=rows,
        touch=touch,
        moment=moment,
        channel=owner,
        held=journeys.held[rows].astype(np.float64),
        context=context,
        load=load.reshape(j, r, length * k),
        summed=np.einsum("jrlk,jlc->jrck", load, owner, optimize=True).reshape(j, r, c * k),
        late=late,
        stratum=np.where(there, moments.stratum[moment], 0),
        hours=np.where(there, moments.hours[moment], 0.0),
        bought=np.where(there, moments.bought[moment], 0.0),
    )


def _places(first: Ints, count: Ints, width: int) -> Ints:
    """Return (n, width) numbers from `first` on, as many as `count` says, then -1."""
    step = np.arange(width)
    return np.where(step < count[:, None], first[:, None] + step, -1)


def _rounded(number: int) -> int:
    """Return a number at least as large with few digits in base two: so shapes come again."""
    unit = max(16, 1 << max(number.bit_length() - 3, 0))
    return -(-number // unit) * unit


def in_order(
    journeys: Journeys, weight: Floats, exposure: Floats, channels: int
) -> tuple[Ints, Journeys, Floats]:
    """Return channels in an order of their own, and journeys in theirs, alike ones as one, with weights.

    Names of channels and the order of journeys do not change it, so the training sees the same numbers in the
    same order, to the bit, and finds the same weights. Channels without a touch fill up to `channels`.
    """
    each = weight[journeys.row]
    won = each * journeys.converted[journeys.row]
    told = [
        sums_by(journeys.channel, x, journeys.channels) for x in (each, won, won / (1.0 + journeys.gap_h))
    ]
    key = np.column_stack(
        [*told, product(journeys.expired.T, weight), exposure.reshape(journeys.channels, -1)]
    )
    order = np.lexsort(np.round(key / (1e-9 + np.abs(key).max(axis=0)), 10).T)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    more = channels - journeys.channels
    expired = sparse.hstack([journeys.expired[:, order], sparse.csr_array((journeys.n, more))])
    named = replace(
        journeys,
        channel=place[journeys.channel],
        expired=sparse.csr_array(expired),
        lookback_h=np.concatenate([journeys.lookback_h[order], np.ones(more)]),
        direct=np.zeros(channels, np.bool_),
    )
    rows = np.lexsort(_marks(named).T)
    kept = rows[weight[rows] > 0.0]
    mark = _marks(named)[kept]
    new = np.ones(len(kept), np.bool_)
    new[1:] = (np.diff(mark, axis=0) != 0.0).any(axis=1)
    summed = sums_by(np.cumsum(new) - 1, weight[kept], int(new.sum()))
    return order, named.take(kept[new]), summed


def _marks(journeys: Journeys) -> Floats:
    """Return (n, 5) numbers that tell journeys apart."""
    within = np.arange(len(journeys.channel)) - journeys.offsets[journeys.row]
    wave = 1.0 + 1.7 * journeys.channel + 0.3 * within + 0.5 * journeys.again + 0.013 * journeys.gap_h
    stays = product(journeys.strata_h, np.cos(1.0 + np.arange(journeys.strata_h.shape[1])))
    gone = product(journeys.expired, np.cos(2.0 + np.arange(journeys.channels)))
    state = journeys.stratum + 0.5 * journeys.converted + 0.25 * journeys.held
    touched = journeys.sum_by_journey(np.cos(wave))
    return np.column_stack([touched, stays + gone, journeys.span_h, state, journeys.unit])
