"""Models whose credit is proportional to a fitted strength: one form for crediting and resampling.

A touch loads on features (its channel; or its channel by kernel of decay), every feature has a fitted
strength, and a touch's share is its part of the journey's sum. What a journey owes to no touch (the
baseline) is a feature that belongs to no channel. Crediting all replicates of a bootstrap is then two
sparse products.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from hearthline.attribution._position import times_touched
from hearthline.attribution._sums import product
from hearthline.attribution._told import Refit, Resampling, Solver, Tells
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse

__all__ = ["Design", "Proportional", "Strengths", "by_channel"]


@dataclass(frozen=True, slots=True)
class Design:
    """How n journeys with m touches load on p features.

    Attributes:
        touch: (m, p) sparse loads of the touches.
        base: (n, p) sparse loads of the journeys that no touch earns.
        channel: (p,) channel of each feature; -1 for those of no channel.
    """

    touch: Sparse
    base: Sparse
    channel: Ints


class Proportional:
    """The half of `Model` that models with strengths share."""

    rule: ClassVar[bool] = False
    reaches: ClassVar[bool] = False

    def design(self, journeys: Journeys) -> Design:
        """Return the loads; by default a channel counts once a journey, spread evenly over its touches."""
        return by_channel(journeys)

    def design_at(self, journeys: Journeys, parameters: Any) -> Design:  # noqa: ARG002
        """Return the loads where they depend on the fit; by default they do not."""
        return self.design(journeys)

    def strength(self, parameters: Any) -> Floats:
        """Return the (p,) strengths; a negative one keeps its size from the others, unattributed."""
        raise NotImplementedError

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Any:
        """Return additive statistics."""
        raise NotImplementedError

    def merge(self, left: Any, right: Any) -> Any:
        """Return the statistics of both parts together."""
        raise NotImplementedError

    def solve(self, statistics: Any) -> Any:
        """Return the fitted parameters."""
        raise NotImplementedError

    def solve_beside(self, statistics: Any, other: Any) -> Any:  # noqa: ARG002
        """Return the fit by itself: most models take nothing from another."""
        return self.solve(statistics)

    def credit(self, journeys: Journeys, parameters: Any) -> Floats:
        """Return (m,) shares in proportion to the strengths."""
        won = journeys.take(np.flatnonzero(journeys.converted))
        design, strength = self.design_at(won, parameters), self.strength(parameters)
        part, size = product(design.touch, np.maximum(strength, 0.0)), np.abs(strength)
        whole = won.sum_by_journey(product(design.touch, size)) + product(design.base, size)
        whole = whole[won.row]
        share = np.zeros(len(journeys.channel))
        earned = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)
        share[np.repeat(journeys.converted, journeys.lengths)] = earned
        return share

    def resampling(self, point: Any) -> Resampling:
        """Return what refits the model to weighted homes; by default it is fitted from scratch."""
        return Strengths(self, Solver(self, point))

    def resampler(self, journeys: Journeys, index: Ints, point: Any) -> Callable[[Floats], Floats]:
        """Return what refits the model to homes weighed anew.

        From (rows, b) weights to (features, b) strengths: b replicates of the fit.

        Args:
            journeys: those that the model was fitted to.
            index: (n,) which row of the weights each journey's unit is.
            point: the fit.
        """
        way = self.resampling(point)
        tells = way.tells(journeys, index)
        refit = way.refit([tells])
        return lambda weights: np.asarray(refit([tells(weights)])[0], np.float64)


@dataclass(frozen=True, slots=True)
class Strengths:
    """A resampling whose fits are turned into columns of strengths."""

    model: "Proportional"
    way: Resampling

    def tells(self, journeys: Journeys, index: Ints) -> Tells:
        """Return what a group of homes tells."""
        return self.way.tells(journeys, index)

    def refit(self, usual: Sequence[Tells]) -> Refit:
        """Return what refits to (features, b) strengths."""
        again = self.way.refit(usual)
        return lambda blocks: [self._columns(fits) for fits in again(blocks)]

    def as_fitted(self) -> Floats:
        """Return the (features, 1) strengths."""
        return self._columns(self.way.as_fitted())

    def _columns(self, fits: Sequence[Any]) -> Floats:
        return np.stack([self.model.strength(fit) for fit in fits], axis=1)


def by_channel(journeys: Journeys) -> Design:
    """Return the design in which a journey loads 1 on each channel that it touched.

    >>> from hearthline.schema.journey import journeys_of
    >>> by_channel(journeys_of([(0, 1, 0)])).touch.toarray().tolist()
    [[0.5, 0.0], [0.0, 1.0], [0.5, 0.0]]
    """
    m, channels = len(journeys.channel), journeys.channels
    load = 1.0 / times_touched(journeys)
    touch = sparse.csr_array((load, journeys.channel, np.arange(m + 1)), shape=(m, channels))
    return Design(touch, sparse.csr_array((journeys.n, channels)), np.arange(channels))
