"""A fitted intensity near its maximum: under other weights of homes it climbs its likelihood's parabola."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from hearthline.attribution._exposures import Kernels
from hearthline.attribution._hazard import Evidence, Fit, Task, ascend, curvature, task_of
from hearthline.attribution._intensity import Intensity, joined, spread
from hearthline.attribution._sums import product
from hearthline.attribution._told import Refit, Resampling, Tells
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse

__all__ = ["parabola_of"]


class Process(Protocol):
    """What is asked of the model whose intensity it is."""

    @property
    def kernels(self) -> Kernels:
        """The kernels that effects are mixed from."""
        ...

    def sources(self, parameters: Intensity) -> Ints:
        """Return for each feature of the design which fitted rate it has."""
        ...

    def watched(self, journeys: Journeys, index: Ints, point: Intensity) -> Sparse:
        """Return the (strata + features, units) exposures."""
        ...


def parabola_of(model: Process, point: Intensity) -> Resampling:
    """Return how an intensity moves; one of nothing does not."""
    return Still(model, point) if point.fit is None else Parabola(model, point, point.fit)


@dataclass(frozen=True, slots=True)
class Still:
    """Where nothing converted, nothing moves."""

    model: Process
    point: Intensity

    def tells(self, journeys: Journeys, index: Ints) -> Tells:  # noqa: ARG002
        """Return what tells nothing, once for each replicate."""
        return lambda weights: np.zeros((0, weights.shape[1]))

    def refit(self, usual: Sequence[Tells]) -> Refit:  # noqa: ARG002
        """Return what finds no rates."""
        size = len(self.model.sources(self.point))
        return lambda blocks: [np.zeros((size, told.shape[1])) for told in blocks]

    def as_fitted(self) -> Floats:
        """Return the (features, 1) rates."""
        return np.zeros((len(self.model.sources(self.point)), 1))


@dataclass(frozen=True, slots=True)
class Slopes:
    """What a group of homes tells the parabola; p are the fit's active features.

    Attributes:
        task: the conversions' loads.
        ratio: (N,) one over their intensities.
        unit: (N,) whose they are.
        watched: (p, units) expected conversions by unit, in the fit's own measure.
    """

    task: Task
    ratio: Floats
    unit: Ints
    watched: Sparse

    def __call__(self, weights: Floats) -> Floats:
        """Return (p, b) slopes of the likelihood."""
        seen = self.task.pull(self.ratio[:, None] * weights[self.unit])
        return seen - product(self.watched, weights[: self.watched.shape[1]])


@dataclass(frozen=True, slots=True)
class Parabola:
    """The likelihood near its maximum."""

    model: Process
    point: Intensity
    fit: Fit

    @property
    def x(self) -> Floats:
        """The fit's (p,) active rates, as the conversions that each would bring."""
        rates = np.concatenate([self.fit.mu, self.fit.gamma])
        return rates[self.fit.active] * self.fit.scale[self.fit.active]

    def tells(self, journeys: Journeys, index: Ints) -> Slopes:
        """Return the slopes that a group of homes adds."""
        model, point, fit, mix = self.model, self.point, self.fit, _mix(self.point)
        won = np.flatnonzero(journeys.converted)
        acting = sparse.diags_array(np.where(journeys.held[won], point.held, 1.0))
        load = model.kernels.loads(journeys.take(won))
        evidence = Evidence(
            stratum=journeys.stratum[won],
            factor=point.frailty.of(journeys.unit[won]),
            load=sparse.csr_array(acting @ load @ mix),
            weight=np.ones(len(won)),
            hours=np.zeros(len(fit.mu)),
            exposure=np.zeros(0),
        )
        task = task_of(evidence, fit.scale, fit.active)
        watched = _mixed(model.watched(journeys, index, point), mix, len(fit.mu))[fit.active]
        each = sparse.csr_array(sparse.diags_array(1.0 / fit.scale[fit.active]) @ watched)
        return Slopes(task, 1.0 / task.intensity(self.x), index[won], each)

    def refit(self, usual: Sequence[Tells]) -> Refit:
        """Return what climbs from what was told to (features, b) rates."""
        x, fit, strata = self.x, self.fit, len(self.fit.mu)
        groups = [tells for tells in usual if isinstance(tells, Slopes)]
        bend = np.sum([curvature(group.task, x) for group in groups], axis=0)
        # the slopes at unweighted homes are 0 but for the prior and what strata lean to, which no home tells
        fixed = np.sum([product(g.watched, np.ones(g.watched.shape[1])) for g in groups], axis=0) - 1.0
        if self.point.leaning is not None:
            bend[np.arange(strata), np.arange(strata)] += self.point.leaning.weight / x[:strata] ** 2
            fixed[:strata] += self.point.leaning.weight / x[:strata]
        mix, sources = _mix(self.point), self.model.sources(self.point)

        def again(blocks: Sequence[Floats]) -> list[Floats]:
            told = np.hstack(blocks)
            rate = np.repeat(np.concatenate([fit.mu, fit.gamma])[:, None], told.shape[1], axis=1)
            rate[fit.active] = ascend(x, told + fixed[:, None], bend) / fit.scale[fit.active][:, None]
            found = np.concatenate([rate[:strata], product(mix, rate[strata:])])[sources]
            return np.hsplit(found, np.cumsum([block.shape[1] for block in blocks])[:-1])

        return again

    def as_fitted(self) -> Floats:
        """Return the (features, 1) rates."""
        rates = np.concatenate([self.point.mu, self.point.gamma.ravel()])
        return rates[self.model.sources(self.point)][:, None]


def _mixed(watched: Sparse, mix: Sparse, strata: int) -> Sparse:
    """Return exposures of strata as they are, and of the fit's features as they are made of kernels."""
    return sparse.csr_array(sparse.vstack([watched[:strata], mix.T @ watched[strata:]]))


def _mix(point: Intensity) -> Sparse:
    """Return the (channels * kernels, features) sparse mix that makes the fit's features of kernels."""
    if point.fading is not None:
        return spread(point.fading)
    return joined(len(point.gamma), point.gamma.shape[1] // 2, point.again)
