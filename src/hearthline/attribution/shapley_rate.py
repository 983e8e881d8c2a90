"""Shapley of the rate game: what a channel adds to the conversion rate of the sets that it joins."""

from dataclasses import dataclass

import numpy as np

from hearthline.attribution._game import shapley_values, subset_sums
from hearthline.attribution._model import Model
from hearthline.attribution._proportional import Proportional, Strengths
from hearthline.attribution._sets import Sets, add_sets, count_sets, masks
from hearthline.attribution._sums import sums_by
from hearthline.attribution._told import Counted, Counts, Resampling, Tells, counting
from hearthline.schema.errors import NothingToAnswer
from hearthline.schema.journey import Floats, Ints, Journeys

MOST_PLAYERS = 20


@dataclass(frozen=True, slots=True)
class Values:
    """The fitted game.

    Attributes:
        value: (channels,) signed Shapley value in conversions per journey; 0 for a channel never seen.
        rate: conversion rate of all journeys with a touch, which the values sum to.
    """

    value: Floats
    rate: float


class ShapleyRate(Proportional):
    """Exact Shapley values when a coalition is worth the conversion rate of the journeys inside it.

    v(S) is the rate among journeys whose channels all lie in S; v(nothing) = 0, and journeys without a
    touch are left out (they would only be seen when they convert). Values may be negative: `solve`
    returns them signed. A journey is shared in proportion to the sizes of its channels' values, each
    counted once; the part that falls to a negative one is left unattributed, never given to others.

    >>> from hearthline.schema.journey import journeys_of
    >>> j = journeys_of([(0,), (0,), (1,), (0, 1)], converted=[True, False, False, True])
    >>> ShapleyRate().solve(ShapleyRate().gather(j)).value.tolist()
    [0.5, 0.0]
    """

    name = "shapley_rate"
    title = "Shapley (conversion rate)"
    paper = "Zhao, Mahboobi & Bagheri (2018), arXiv:1804.05327"
    full = False

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Sets:
        """Return how many journeys of every set of channels there were, and how many converted."""
        return count_sets(journeys, weight)

    def merge(self, left: Sets, right: Sets) -> Sets:
        """Return the table of both."""
        return add_sets(left, right)

    def solve(self, statistics: Sets) -> Values:
        """Return the signed values.

        Raises:
            NothingToAnswer: more than 20 channels were touched.
        """
        seen = int(np.bitwise_or.reduce(statistics.mask, initial=0))
        players = [c for c in range(statistics.channels) if seen >> c & 1]
        if len(players) > MOST_PLAYERS:
            raise NothingToAnswer(
                f"attribution.shapley_rate: too many channels for all coalitions; got {len(players)}; "
                f"group rare ones so that at most {MOST_PLAYERS} remain"
            )
        value = np.zeros(statistics.channels)
        worth = _rates(statistics, players)
        value[players] = shapley_values(worth)
        return Values(value, float(worth[-1]))

    def strength(self, parameters: Values) -> Floats:
        """Return the signed values."""
        return parameters.value

    def resampling(self, point: Values) -> Resampling:
        """Return what refits the game: journeys and conversions by set and unit times the weights."""
        channels = len(point.value)

        def count(journeys: Journeys, index: Ints) -> Tells:
            mask = masks(journeys)
            met = np.flatnonzero(mask)
            columns = [np.ones(len(met)), journeys.converted[met].astype(np.float64)]
            return counting(mask[met], index[met], columns)

        def solve(told: Counts) -> list[Values]:
            seen, bought = np.hsplit(told.sums, 2)
            tables = (np.stack([s, w, w], axis=1) for s, w in zip(seen.T, bought.T, strict=True))
            return [self.solve(Sets(channels, told.key, table)) for table in tables]

        return Strengths(self, Counted(count, solve, point))


def _rates(statistics: Sets, players: list[int]) -> Floats:
    """Return the (2^players,) conversion rate inside each coalition; 0 where no journey lies inside."""
    place = np.zeros(len(statistics.mask), np.int64)
    for i, channel in enumerate(players):
        place |= (statistics.mask >> channel & 1) << i
    size = 1 << len(players)
    every = subset_sums(sums_by(place, statistics.seen[:, 0], size))
    bought = subset_sums(sums_by(place, statistics.seen[:, 1], size))
    return np.divide(bought, every, out=np.zeros(size), where=every > 0.0)


MODEL: Model = ShapleyRate()
