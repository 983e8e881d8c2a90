"""Models whose credit is proportional to a fitted strength: one form for crediting and resampling.

A touch loads on features (its channel; or its channel by kernel of decay), every feature has a fitted
strength, and a touch's share is its part of the journey's sum. What a journey owes to no touch (the
baseline) is a feature that belongs to no channel. Crediting all replicates of a bootstrap is then two
sparse products.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from hearthline.attribution._position import times_touched
from hearthline.attribution._sums import product
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse

__all__ = ["Design", "Proportional", "Resample", "by_channel"]

Resample = Callable[[Floats], Floats]
"""From (units, b) weights to (features, b) strengths: b replicates of the fit."""


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

    def resampler(
        self,
        journeys: Journeys,
        index: Ints,
        point: Any,  # noqa: ARG002
        usual: Journeys | None = None,  # noqa: ARG002
    ) -> Resample:
        """Return what refits the model to weighted units.

        Args:
            journeys: those that the model was fitted to.
            index: (n,) which row of the weights each journey's unit is.
            point: the parameters of the unweighted fit, for models that step from there.
            usual: the journeys that it was fitted to, where they are others.
        """

        def refit(weights: Floats) -> Floats:
            fits = [
                self.strength(self.solve(self.gather(journeys, weights[index, b])))
                for b in range(weights.shape[1])
            ]
            return np.stack(fits, axis=1)

        return refit


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
