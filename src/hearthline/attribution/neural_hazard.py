"""Neural hazard: a small network over fading memories learns how touches raise the rate of buying."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from hearthline.attribution._cascade import Cascade, Pairs, cascade_of, pairs_of, passed
from hearthline.attribution._exposures import Kernels
from hearthline.attribution._instants import Instants, instants_of
from hearthline.attribution._model import Model
from hearthline.attribution._network import Network, factors_of, trained
from hearthline.attribution._rhythm import Complexes, pace, phases
from hearthline.attribution._sums import product
from hearthline.schema.journey import Floats, Journeys, Sparse


@dataclass(frozen=True, slots=True)
class Gathered:
    """Additive statistics of journeys.

    Attributes:
        instants: homes when they buy, and in between.
        strata: how many strata there are.
        exposure: as of the additive hazard, for the daily rhythm.
        phase: the same.
        pairs: counts of touches that follow each other, for the cascade.
    """

    instants: Instants
    strata: int
    exposure: Complexes
    phase: Complexes
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Learned:
    """The trained network, (features,) how the daily rhythm weighs memories, and what leads to what."""

    network: Network
    rhythm: Floats
    cascade: Cascade


@dataclass(frozen=True)
class NeuralHazard:
    """The rate of buying is a network of what a home remembers of its touches, and of its stratum.

    Other than in the additive hazard, effects may saturate and grow with the home's own rate (`_network`).
    A touch's share is its integrated gradient (Sundararajan, Taly & Yan 2017) from no touch to all touches,
    over the rate; it sums to what the touches add to the baseline, exactly: with one hidden layer the
    integral is a closed form. It equals the Aumann-Shapley value of the touches. Rhythm and cascade are
    those of the additive hazard.

    >>> from hearthline.schema.journey import journeys_of
    >>> j = journeys_of([(0,), (0, 1), (1,), ()], converted=[True, True, False, False])
    >>> fit = NeuralHazard().solve(NeuralHazard().gather(j))
    >>> bool((NeuralHazard().credit(j, fit) <= 1.0).all())
    True
    """

    name: ClassVar[str] = "neural_hazard"
    title: ClassVar[str] = "Neural hazard"
    paper: ClassVar[str] = (
        "Sundararajan, Taly & Yan (2017), Proceedings of Machine Learning Research 70, arXiv:1703.01365"
    )
    rule: ClassVar[bool] = False
    full: ClassVar[bool] = False
    reaches: ClassVar[bool] = True
    asked: ClassVar[bool] = True

    @property
    def kernels(self) -> Kernels:
        """The memories of each channel: half-lives of 6 hours, 1, 3 and 10 days."""
        return Kernels((6.0, 24.0, 72.0, 240.0))

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Gathered:
        """Return the instants of the journeys, and what rhythm and cascade are read from."""
        each = np.ones(journeys.n) if weight is None else weight
        return Gathered(
            instants_of(journeys, each, self.kernels),
            journeys.strata_h.shape[1],
            self.kernels.exposure(journeys, each),
            phases(journeys, each),
            pairs_of(journeys, each),
        )

    def merge(self, left: Gathered, right: Gathered) -> Gathered:
        """Return the statistics of both."""
        sums = (left.exposure + right.exposure, left.phase + right.phase, left.pairs + right.pairs)
        return Gathered(left.instants + right.instants, left.strata, *sums)

    def solve(self, statistics: Gathered) -> Learned | None:
        """Return what was learned; None where nothing converted."""
        if not statistics.instants.bought.sum() > 0.0:
            return None
        rhythm = pace(statistics.exposure, statistics.phase, len(self.kernels))
        network = trained(_in_rhythm(statistics.instants, rhythm), statistics.strata)
        return Learned(network, rhythm, cascade_of(statistics.pairs))

    def solve_beside(self, statistics: Gathered, other: Learned | None) -> Learned | None:  # noqa: ARG002
        """Return what was learned from these alone: nothing is taken from another fit."""
        return self.solve(statistics)

    def credit(self, journeys: Journeys, parameters: Learned | None) -> Floats:
        """Return (m,) shares: each touch's integrated gradient over the rate, part of it passed back."""
        share = np.zeros(len(journeys.channel))
        if parameters is None or not journeys.converted.any():
            return share
        network = parameters.network
        own, added, read = network.parts(self.kernels.loads(journeys), journeys.stratum)
        part = np.divide(added, read, out=np.zeros_like(added), where=read > 0.0)
        part /= (own + added.sum(axis=1))[:, None]
        weight = network.touch.reshape(len(network.size), journeys.channels, len(self.kernels))
        load, row = self.kernels.load(journeys), journeys.row
        for unit, touch in enumerate(weight):
            share += part[row, unit] * (load * touch[journeys.channel]).sum(axis=1)
        share[~journeys.converted[row]] = 0.0
        return product(passed(journeys, parameters.cascade), share)

    def refits(self, journeys: Journeys, weights: Floats, point: Learned | None) -> list[Learned | None]:
        """Return the fits to reweighted journeys: what units read is held, how much they add is found anew.

        Args:
            journeys: those that the network was trained on.
            weights: (n, b) weights of the journeys.
            point: what was learned from the unweighted ones.
        """
        if point is None:
            return [None] * weights.shape[1]
        instants = _in_rhythm(instants_of(journeys, np.ones(journeys.n), self.kernels), point.rhythm)
        own, added, _ = point.network.parts(instants.load, instants.stratum)
        part = np.column_stack([own, added])  # a rate is a sum of these, each times a factor to be found
        nets = [_refit(point.network, instants, part, column[instants.journey]) for column in weights.T]
        return [replace(point, network=net) for net in nets]


def _in_rhythm(instants: Instants, rhythm: Floats) -> Instants:
    """Return the instants with the memories of the time watched as the daily rhythm weighs them."""
    watched = np.repeat(instants.bought <= 0.0, np.diff(instants.load.indptr))
    data = instants.load.data * np.where(watched, rhythm[instants.load.indices], 1.0)
    load = Sparse((data, instants.load.indices, instants.load.indptr), shape=instants.load.shape)
    return replace(instants, load=load)


def _refit(point: Network, instants: Instants, part: Floats, times: Floats) -> Network:
    """Return the network with every unit's size and the baseline found anew; (r,) `times` each instant."""
    factor = factors_of(part, instants.bought * times, point.base * instants.hours * times)
    more = float(np.log(factor[0]))
    size = point.size * factor[1:] * np.exp(-more * point.power)
    return replace(point, home=point.home + more, size=size)


MODEL: Model = NeuralHazard()
