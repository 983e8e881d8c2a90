"""Additive hazard: every touch raises the rate of buying for a while; the rest is the baseline's."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from hearthline.attribution._cascade import pairs_of, passed
from hearthline.attribution._exposures import Kernels, hours_by_unit
from hearthline.attribution._intensity import (
    Gathered,
    Intensity,
    found_alone,
    found_beside,
)
from hearthline.attribution._model import Model
from hearthline.attribution._parabola import parabola_of
from hearthline.attribution._proportional import Design, Proportional
from hearthline.attribution._rhythm import phases
from hearthline.attribution._told import Resampling
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse


@dataclass(frozen=True)
class AdditiveHazard(Proportional):
    """A journey's conversion is the first event of a process that touches excite and time calms.

    The intensity is `a_h mu[stratum] + sum over touches of sum_k gamma[channel, k] 2**(-gap / half_life[k])`
    inside the look-back window, `a_h` being what this home is inclined to beyond its stratum (`_frailty`).
    How fast an effect fades is estimated: a mixture of half-lives; that people touch and buy by day is
    allowed for (`_rhythm`); so is that a touch may do less within a day after another of its channel.
    Rates are those of maximum likelihood over all journeys, also those that did
    not convert, with a gamma prior of a fifth of a conversion for every rate that leans to the mean over
    channels. While an enrolment goes on, all touches do a part of what they do otherwise (`touch_parts`).
    Enrolments are few, so their fit takes from orders how touches fade (`_intensity`). A touch's
    share is its part of the intensity at the conversion; the part of `a_h mu` stays unattributed. Where
    touches led to touches, each of a chain gets as much of what was led to (`_cascade`).

    Attributes:
        half_lives_h: half-lives of the kernels in hours (default 0.25, 1, 3 and 10 days).

    >>> from hearthline.schema.journey import journeys_of
    >>> j = journeys_of([(0,), (0,), (1,), ()], converted=[True, True, False, False])
    >>> fit = AdditiveHazard().solve(AdditiveHazard().gather(j))
    >>> bool(fit.gamma[0].sum() > fit.gamma[1].sum()), bool((AdditiveHazard().credit(j, fit) < 1).all())
    (True, True)
    """

    half_lives_h: tuple[float, ...] = (6.0, 24.0, 72.0, 240.0)
    name: ClassVar[str] = "additive_hazard"
    title: ClassVar[str] = "Additive hazard"
    paper: ClassVar[str] = (
        "Zhang, Wei & Ren (2014), IEEE International Conference on Data Mining, 687-696; "
        "Shender, Nasiri Amini, Bao, Dikmen & Wang (2023), Journal of Data Science, doi:10.6339/23-JDS1101"
    )
    full: ClassVar[bool] = False
    reaches: ClassVar[bool] = True

    @property
    def kernels(self) -> Kernels:
        """The kernels that effects are mixed from."""
        return Kernels(self.half_lives_h, repeats=True)

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Gathered:
        """Return the conversions' loads, and the time that every feature was watched."""
        each = np.ones(journeys.n) if weight is None else weight
        bought, held = np.flatnonzero(journeys.converted & (each > 0.0)), np.flatnonzero(journeys.held)
        units, index = np.unique(journeys.unit, return_inverse=True)
        return Gathered(
            stratum=journeys.stratum[bought],
            unit=journeys.unit[bought],
            load=self.kernels.loads(journeys)[bought],
            weight=each[bought],
            units=units,
            hours=hours_by_unit(journeys.strata_h, index, each, len(units)),
            exposure=self.kernels.exposure(journeys, np.where(journeys.held, 0.0, each)),
            held=journeys.held[bought],
            exposure_held=self.kernels.exposure(journeys.take(held), each[held]),
            phase=phases(journeys, each),
            pairs=pairs_of(journeys, each),
        )

    def merge(self, left: Gathered, right: Gathered) -> Gathered:
        """Return the statistics of both."""
        return left + right

    def solve(self, statistics: Gathered) -> Intensity:
        """Return the rates of maximum penalised likelihood; all 0 where nothing converted."""
        return found_alone(statistics, len(self.kernels))

    def solve_beside(self, statistics: Gathered, other: Intensity | None) -> Intensity:
        """Return the rates of few conversions, which fade as those of the other fit do."""
        kernels = len(self.kernels)
        return found_alone(statistics, kernels) if other is None else found_beside(statistics, kernels, other)

    def baseline(self, parameters: Intensity) -> tuple[Floats, Floats]:
        """Return (strata,) conversions that came by themselves, and hours watched times homes' factors."""
        strata = len(parameters.mu)
        hours = np.zeros(strata) if parameters.fit is None else parameters.fit.scale[:strata]
        return parameters.mu * hours, hours

    def design_at(self, journeys: Journeys, parameters: Intensity) -> Design:
        """Return loads of touches by channel and kernel, and of every journey on its stratum.

        What a touch passes back loads the touch that caused it, on a feature of its own: the rate is that
        of the later channel, the credit goes to the earlier one.
        """
        kernels, strata, m = self.kernels.features, journeys.strata_h.shape[1], len(journeys.channel)
        routes = parameters.cascade.routes
        owner = np.concatenate([np.arange(journeys.channels), routes[:, 1]])
        features = strata + len(owner) * kernels
        moved = sparse.coo_array(passed(journeys, parameters.cascade))
        way = _ways(journeys.channels, routes)[journeys.channel[moved.col], journeys.channel[moved.row]]
        acting = np.where(journeys.held, parameters.held, 1.0)[journeys.row[moved.col]]
        load = self.kernels.load(journeys)[moved.col] * (moved.data * acting)[:, None]
        column = strata + self.kernels.columns(way, journeys.again[moved.col])
        row = np.repeat(moved.row, load.shape[1])
        touch = sparse.csr_array((load.ravel(), (row, column.ravel())), shape=(m, features))
        base = sparse.csr_array(
            (parameters.frailty.of(journeys.unit), journeys.stratum, np.arange(journeys.n + 1)),
            shape=(journeys.n, features),
        )
        return Design(touch, base, np.concatenate([np.full(strata, -1), np.repeat(owner, kernels)]))

    def strength(self, parameters: Intensity) -> Floats:
        """Return the rates: strata first, then channels, then those of credit that is passed back."""
        rates = np.concatenate([parameters.mu, parameters.gamma.ravel()])
        return rates[self.sources(parameters)]

    def sources(self, parameters: Intensity) -> Ints:
        """Return for each feature of the design which fitted rate it has."""
        kernels, strata = self.kernels.features, len(parameters.mu)
        fitted = np.arange(strata + parameters.gamma.size)
        routed = strata + parameters.cascade.routes[:, :1] * kernels + np.arange(kernels)
        return np.concatenate([fitted, routed.ravel()])

    def resampling(self, point: Intensity) -> Resampling:
        """Return what moves the fit to the maximum of the likelihood's parabola under other weights.

        The score bootstrap of Kline & Santos (2012), Journal of Econometric Methods 1(1), 23-41: scores
        at the fit are reweighted by unit, the curvature is kept, and no rate falls below 0. So nothing
        is gathered again. Rhythm, cascade and homes' factors are those of the fit. Scores of other homes
        than those of the fit are what they say beyond what those let expect.
        """
        return parabola_of(self, point)

    def watched(self, journeys: Journeys, index: Ints, point: Intensity) -> Sparse:
        """Return the (strata + channels * kernels, units) sparse exposures; `index` is each journey's unit.

        A fit's rates times a column are the conversions that it foretells of that unit.
        """
        hours = sparse.coo_array(journeys.strata_h)
        inclined = hours.data * point.frailty.of(journeys.unit)[hours.row]
        acting = np.where(journeys.held, point.held, 1.0)
        touched = self.kernels.watched(journeys, index, point.rhythm, acting)
        shape = (hours.shape[1], touched.shape[1])
        base = sparse.csr_array((inclined, (hours.col, index[hours.row])), shape=shape)
        return sparse.csr_array(sparse.vstack([base, touched]))


def _ways(channels: int, routes: Ints) -> Ints:
    """Return (channels, channels) the number of the way from a touch's channel to a channel that earns."""
    way = np.zeros((channels, channels), np.int64)
    np.fill_diagonal(way, np.arange(channels))
    way[routes[:, 0], routes[:, 1]] = channels + np.arange(len(routes))
    return way


MODEL: Model = AdditiveHazard()
