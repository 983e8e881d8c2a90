"""Markov chains over channels: transition counts that add up, and exact removal effects.

A state is the last `order` channels, coded as a number in base channels + 1 with the latest channel in
the lowest digit; 0 is the start of a journey. One key of an edge is `source * span + target + 2`, with
the targets -1 (lost) and -2 (bought).
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import bicgstab

from hearthline.attribution._closed_form import closed_form
from hearthline.attribution._sums import sums_by
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Bools, Floats, Ints, Journeys, Sparse

__all__ = ["Chain", "Removal", "Walks", "add_walks", "chain_of", "count_walks", "edges_of", "removal_effects"]

LOST, BOUGHT = -1, -2
MOST_CHANNELS = 4_000
_TOLERANCE = 1e-14
_ROUNDS = 2_000
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Walks:
    """How often each step was taken: sorted distinct edge keys and their weighted counts."""

    channels: int
    order: int
    key: Ints
    count: Floats

    @property
    def span(self) -> int:
        """How many states can be told apart, with the two ends."""
        return _span(self.channels, self.order)


@dataclass(frozen=True, slots=True)
class Removal:
    """The fitted chain.

    Attributes:
        effect: (channels,) part of the conversions lost if the channel led nowhere, 0 to 1.
        conversion: probability that a journey ends in a conversion.
    """

    effect: Floats
    conversion: float


@dataclass(frozen=True, slots=True)
class Chain:
    """Transition probabilities between the states that occur, self-loops taken out.

    A self-loop changes how long a state is stayed in, never where it leads.
    """

    step: Sparse
    buy: Floats
    start: Floats
    start_buy: float
    channel: Ints


def _span(channels: int, order: int) -> int:
    span: int = (channels + 1) ** order + 2
    if span > 3_000_000_000:
        raise NothingToAnswer(
            f"attribution.markov: too many states; got {channels} channels at order {order}; "
            "lower the order or group rare channels"
        )
    return span


def edges_of(journeys: Journeys, order: int) -> tuple[Ints, Ints]:
    """Return the (e,) key of every step of every journey, and the (e,) journey that took it."""
    span = _span(journeys.channels, order)
    row, n = journeys.row, journeys.n
    state = np.zeros(len(row), np.int64)
    for back in range(order):
        earlier = journeys.channel[: len(row) - back] + 1
        same = row[back:] == row[: len(row) - back]
        state[back:] += np.where(same, earlier, 0) * (journeys.channels + 1) ** back
    first = np.zeros(len(row), np.bool_)
    filled = journeys.lengths > 0
    first[journeys.offsets[:-1][filled]] = True
    before = np.where(first, 0, np.roll(state, 1))
    last = np.zeros(n, np.int64)
    last[filled] = state[journeys.offsets[1:][filled] - 1]
    end = np.where(journeys.converted, BOUGHT, LOST)
    key = np.concatenate([before * span + state + 2, last * span + end + 2])
    return key, np.concatenate([row, np.arange(n)])


def count_walks(journeys: Journeys, order: int, weight: Floats | None = None) -> Walks:
    """Return the weighted step counts of the journeys; those without a touch go straight to their end."""
    key, row = edges_of(journeys, order)
    each = np.ones(len(key)) if weight is None else weight[row]
    return _summed(journeys.channels, order, key, each)


def add_walks(left: Walks, right: Walks) -> Walks:
    """Return the counts of both."""
    key, count = np.concatenate([left.key, right.key]), np.concatenate([left.count, right.count])
    return _summed(left.channels, left.order, key, count)


def _summed(channels: int, order: int, key: Ints, count: Floats) -> Walks:
    size = _span(channels, order) ** 2
    if size <= 4_000_000:
        total = sums_by(key, count, size)
        kept = np.flatnonzero(total)
        return Walks(channels, order, kept, total[kept])
    distinct, place = np.unique(key, return_inverse=True)
    return Walks(channels, order, distinct, sums_by(place, count, len(distinct)))


def chain_of(walks: Walks) -> Chain:
    """Return the transition probabilities of the steps that were counted."""
    source, target = walks.key // walks.span, walks.key % walks.span - 2
    kept = (source != target) & (walks.count > 0.0)
    source, target, count = source[kept], target[kept], walks.count[kept]
    states = np.unique(np.concatenate([source, target]))
    states = states[states > 0]
    size = len(states)
    # the start is the row after the last state
    place = np.where(source == 0, size, np.searchsorted(states, source))
    total = sums_by(place, count, size + 1)
    share = count / total[place]
    buy = sums_by(place[target == BOUGHT], share[target == BOUGHT], size + 1)
    inner = target > 0
    there = np.searchsorted(states, target[inner])
    step = sparse.csr_array((share[inner], (place[inner], there)), shape=(size + 1, max(size, 1)))
    return Chain(
        step=step[:size],
        buy=buy[:size],
        start=step[[size]].toarray()[0, :size],
        start_buy=float(buy[size]),
        channel=states % (walks.channels + 1) - 1,
    )


def removal_effects(walks: Walks) -> Removal:
    """Return each channel's exact removal effect: closed form at order 1, else by a fixed point.

    At order 1 with N = inv(I - Q): effect_c = N[s, c] h[c] / (N[c, c] h[s]).

    Raises:
        NothingToAnswer: there are more channels than can be solved exactly.
    """
    chain = chain_of(walks)
    effect = np.zeros(walks.channels)
    if not len(chain.channel):
        return Removal(effect, chain.start_buy)
    used = np.unique(chain.channel)
    if len(used) > MOST_CHANNELS:
        raise NothingToAnswer(
            f"attribution.markov: too many channels; got {len(used)}; group rare ones so that at most "
            f"{MOST_CHANNELS} remain"
        )
    if walks.order == 1:
        conversion, effect[chain.channel] = closed_form(
            chain.step.toarray(), chain.buy, chain.start, chain.start_buy
        )
        return Removal(effect, conversion)
    nothing_removed = np.ones((len(chain.channel), 1), np.bool_)
    conversion = float(chain.start @ _reach(chain, nothing_removed)[:, 0]) + chain.start_buy
    if conversion > 0.0:
        effect[used] = 1.0 - _without(chain, used) / conversion
    return Removal(np.clip(effect, 0.0, 1.0), conversion)


def _without(chain: Chain, removed: Ints) -> Floats:
    left = np.zeros(len(removed))
    for begin in range(0, len(removed), _BLOCK):
        some = removed[begin : begin + _BLOCK]
        reach = _reach(chain, chain.channel[:, None] != some[None, :])
        left[begin : begin + _BLOCK] = chain.start @ reach + chain.start_buy
    return left


def _reach(chain: Chain, open_: Bools) -> Floats:
    """Return (states, columns) chances to buy when a column's closed states lead nowhere."""
    buy = np.where(open_, chain.buy[:, None], 0.0)
    reach = buy.copy()
    for _ in range(_ROUNDS):
        ahead = np.where(open_, chain.step @ reach, 0.0) + buy
        moved = float(np.max(ahead - reach, initial=0.0))
        reach = ahead
        if moved < _TOLERANCE:
            return reach
    return _krylov(chain, open_, reach)


def _krylov(chain: Chain, open_: Bools, reach: Floats) -> Floats:
    """Return the same for chains with very long loops, where the fixed point creeps."""
    size = len(chain.channel)
    for column in range(open_.shape[1]):
        mask = sparse.diags_array(open_[:, column].astype(np.float64))
        system = sparse.eye_array(size, format="csr") - sparse.csr_array(mask @ chain.step)
        right = np.where(open_[:, column], chain.buy, 0.0)
        found, _ = bicgstab(system, right, x0=reach[:, column], rtol=1e-13, maxiter=5_000)
        reach[:, column] = found
    return np.clip(reach, 0.0, 1.0)
