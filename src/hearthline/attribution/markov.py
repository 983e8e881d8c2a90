"""Markov chain: a channel is worth the conversions that would be lost if it led nowhere."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hearthline.attribution._chain import (
    Removal,
    Walks,
    add_walks,
    count_walks,
    edges_of,
    removal_effects,
)
from hearthline.attribution._model import Model
from hearthline.attribution._proportional import Proportional, Strengths
from hearthline.attribution._told import Counted, Counts, Resampling, Tells, counting
from hearthline.schema.journey import Floats, Ints, Journeys

LEAST = 1e-12
"""Strength of a channel without any effect, so that a journey of such channels only is shared equally."""


@dataclass(frozen=True)
class Markov(Proportional):
    """Removal effects of a chain over channels, shared out inside each journey.

    Journeys that did not convert are part of the chain. A journey's value goes to its distinct channels
    in proportion to their removal effects, so every order can be opened. The classic normalisation over
    all channels is the model `markov_global`.

    Attributes:
        order: how many past channels a state remembers (default 1).

    >>> from hearthline.schema.journey import journeys_of
    >>> j = journeys_of([(0, 1, 2), (0,), (1, 2)], converted=[True, False, False])
    >>> Markov().solve(Markov().gather(j)).effect.round(3).tolist()
    [0.5, 1.0, 1.0]
    """

    order: int = 1
    name: ClassVar[str] = "markov"
    title: ClassVar[str] = "Markov chain"
    paper: ClassVar[str] = (
        "Anderl, Becker, von Wangenheim & Schumann (2016), International Journal of Research in Marketing "
        "33(3), 457-474, doi:10.1016/j.ijresmar.2016.03.001"
    )
    full: ClassVar[bool] = True

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Walks:
        """Return the weighted counts of every step between states."""
        return count_walks(journeys, self.order, weight)

    def merge(self, left: Walks, right: Walks) -> Walks:
        """Return the counts of both."""
        return add_walks(left, right)

    def solve(self, statistics: Walks) -> Removal:
        """Return each channel's removal effect and the chain's conversion rate."""
        return removal_effects(statistics)

    def strength(self, parameters: Removal) -> Floats:
        """Return the removal effects."""
        return np.maximum(parameters.effect, LEAST)

    def resampling(self, point: Removal) -> Resampling:
        """Return what refits the chain: step counts by unit times the units' weights."""

        def count(journeys: Journeys, index: Ints) -> Tells:
            key, row = edges_of(journeys, self.order)
            return counting(key, index[row], [np.ones(len(key))])

        def solve(told: Counts) -> list[Removal]:
            channels = len(point.effect)
            return [self.solve(Walks(channels, self.order, told.key, column)) for column in told.sums.T]

        return Strengths(self, Counted(count, solve, point))


MODEL: Model = Markov()
