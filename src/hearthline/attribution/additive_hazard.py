"""Additive hazard: every touch raises the rate of buying for a while; the rest is the baseline's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from hearthline.attribution._cascade import Cascade, Pairs, cascade_of, pairs_of, passed
from hearthline.attribution._frailty import Frailty, alike, variance_of
from hearthline.attribution._hazard import PRIOR, Evidence, Fit, information, maximise, task_of
from hearthline.attribution._model import Model
from hearthline.attribution._proportional import Design, Proportional, Resample
from hearthline.attribution._rhythm import Complexes, in_rhythm, integrals, phases, profile
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse

_ROUNDS, _STILL = 8, 0.02


@dataclass(frozen=True, slots=True)
class Gathered:
    """Additive statistics of journeys.

    Attributes:
        stratum: (N,) baseline stratum at each conversion.
        unit: (N,) whose conversion it is.
        load: (N, q) sparse loads of each conversion's touches by channel and kernel.
        weight: (N,) how often each conversion counts.
        units: (u,) keys; one may come again in another batch.
        hours: (u, strata) sparse weighted hours that each spent in each stratum.
        exposure: (q, 1 + harmonics) weighted integrals of the loads, plain and times daily waves.
        phase: (channels, 1 + harmonics) of long gaps to conversions.
        pairs: counts of touches that follow each other.
    """

    stratum: Ints
    unit: Ints
    load: Sparse
    weight: Floats
    units: Ints
    hours: Sparse
    exposure: Complexes
    phase: Complexes
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Intensity:
    """The fitted rates, in conversions an hour.

    Attributes:
        mu: (strata,) without any touch, in a home of factor 1.
        gamma: (channels, kernels) added right after a touch; each kernel fades with its half-life.
        frailty: the homes' factors of the baseline.
        rhythm: (channels, 1 + harmonics) coefficients of the channels' daily profiles.
        cascade: which touches led to others.
        fit: the maximum as found, for replicates that step from it; None where nothing converted.
    """

    mu: Floats
    gamma: Floats
    frailty: Frailty
    rhythm: Complexes
    cascade: Cascade
    fit: Fit | None = None


@dataclass(frozen=True)
class AdditiveHazard(Proportional):
    """A journey's conversion is the first event of a process that touches excite and time calms.

    The intensity is `a_h mu[stratum] + sum over touches of sum_k gamma[channel, k] 2**(-gap / half_life[k])`
    inside the look-back window, `a_h` being what this home is inclined to beyond its stratum (`_frailty`).
    How fast an effect fades is estimated: a mixture of half-lives; that people touch and buy by day is
    allowed for (`_rhythm`). Rates are those of maximum likelihood over all journeys, also those that did
    not convert, with a gamma prior of a fifth of a conversion for every rate that leans to the mean over
    channels. A touch's share is its part of the intensity at the conversion; the part of `a_h mu` stays
    unattributed. Where touches led to touches, half of what was led to is passed back (`_cascade`).

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

    @property
    def tau_h(self) -> Floats:
        """The (kernels,) time constants in hours."""
        tau: Floats = np.array(self.half_lives_h) / np.log(2.0)
        return tau

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Gathered:
        """Return the conversions' loads, and the time that every feature was watched."""
        each = np.ones(journeys.n) if weight is None else weight
        bought = np.flatnonzero(journeys.converted & (each > 0.0))
        units, index = np.unique(journeys.unit, return_inverse=True)
        return Gathered(
            stratum=journeys.stratum[bought],
            unit=journeys.unit[bought],
            load=self._loads(journeys)[bought],
            weight=each[bought],
            units=units,
            hours=_by_unit(journeys.strata_h, index, each, len(units)),
            exposure=self._exposure(journeys, each),
            phase=phases(journeys, each),
            pairs=pairs_of(journeys, each),
        )

    def merge(self, left: Gathered, right: Gathered) -> Gathered:
        """Return the statistics of both."""

        def stacked(name: str) -> Any:
            return np.concatenate([getattr(left, name), getattr(right, name)])

        return Gathered(
            **{name: stacked(name) for name in ("stratum", "unit", "weight", "units")},
            load=sparse.csr_array(sparse.vstack([left.load, right.load])),
            hours=sparse.csr_array(sparse.vstack([left.hours, right.hours])),
            exposure=left.exposure + right.exposure,
            phase=left.phase + right.phase,
            pairs=left.pairs + right.pairs,
        )

    def solve(self, statistics: Gathered) -> Intensity:
        """Return the rates of maximum penalised likelihood; all 0 where nothing converted."""
        kernels = len(self.half_lives_h)
        strata, features = statistics.hours.shape[1], len(statistics.exposure)
        rhythm, cascade = profile(statistics.phase), cascade_of(statistics.pairs)
        if not statistics.weight.sum() > 0.0:
            none = np.zeros((features // kernels, kernels))
            return Intensity(np.zeros(strata), none, alike(), rhythm, cascade)
        exposure = in_rhythm(statistics.exposure, np.repeat(rhythm, kernels, axis=0))
        fit, frailty = _alternated(statistics, exposure, kernels)
        return Intensity(fit.mu, fit.gamma.reshape(-1, kernels), frailty, rhythm, cascade, fit)

    def design_at(self, journeys: Journeys, parameters: Intensity) -> Design:
        """Return loads of touches by channel and kernel, and of every journey on its stratum.

        What a touch passes back loads the touch that caused it, on a feature of its own: the rate is that
        of the later channel, the credit goes to the earlier one.
        """
        kernels, strata, m = len(self.half_lives_h), journeys.strata_h.shape[1], len(journeys.channel)
        routes = parameters.cascade.routes
        owner = np.concatenate([np.arange(journeys.channels), routes[:, 1]])
        features = strata + len(owner) * kernels
        moved = sparse.coo_array(passed(journeys, parameters.cascade))
        way = _ways(journeys.channels, routes)[journeys.channel[moved.col], journeys.channel[moved.row]]
        load = (self._load(journeys)[moved.col] * moved.data[:, None]).ravel()
        column = (strata + way[:, None] * kernels + np.arange(kernels)).ravel()
        touch = sparse.csr_array((load, (np.repeat(moved.row, kernels), column)), shape=(m, features))
        base = sparse.csr_array(
            (parameters.frailty.of(journeys.unit), journeys.stratum, np.arange(journeys.n + 1)),
            shape=(journeys.n, features),
        )
        return Design(touch, base, np.concatenate([np.full(strata, -1), np.repeat(owner, kernels)]))

    def strength(self, parameters: Intensity) -> Floats:
        """Return the rates: strata first, then channels, then those of credit that is passed back."""
        rates = np.concatenate([parameters.mu, parameters.gamma.ravel()])
        return rates[self._sources(parameters)]

    def _sources(self, parameters: Intensity) -> Ints:
        """Return for each feature of the design which fitted rate it has."""
        kernels, strata = len(self.half_lives_h), len(parameters.mu)
        fitted = np.arange(strata + parameters.gamma.size)
        routed = strata + parameters.cascade.routes[:, :1] * kernels + np.arange(kernels)
        return np.concatenate([fitted, routed.ravel()])

    def resampler(self, journeys: Journeys, index: Ints, point: Intensity) -> Resample:
        """Return what steps from the fit: one Newton step on reweighted scores, then clipped at 0.

        The score bootstrap of Kline & Santos (2012), Journal of Econometric Methods 1(1), 23-41: scores
        at the fit are reweighted by unit and mapped by the inverse information, so nothing is refitted.
        """
        fit, sources = point.fit, self._sources(point)
        if fit is None:
            return lambda weights: np.zeros((len(sources), weights.shape[1]))
        gathered = self.gather(journeys)
        task = task_of(_evidence(gathered, fit.scale[len(fit.mu) :], point.frailty), fit.scale, fit.active)
        scale = fit.scale[fit.active]
        rates = np.concatenate([fit.mu, fit.gamma])
        x = rates[fit.active] * scale
        inverse = np.linalg.inv(information(task, x))
        units = index[journeys.converted]
        ratio = 1.0 / task.intensity(x)
        watched = self._watched(journeys, index, point)[fit.active]
        usual = product(watched, np.ones(watched.shape[1]))

        def refit(weights: Floats) -> Floats:
            pull = task.pull(ratio[:, None] * weights[units])
            more = product(watched, weights[: watched.shape[1]]) - usual[:, None]
            slope = pull + (PRIOR / x - 1.0)[:, None] - more / scale[:, None]
            rate = np.repeat(rates[:, None], weights.shape[1], axis=1)
            rate[fit.active] = np.maximum(x[:, None] + inverse @ slope, 0.0) / scale[:, None]
            return rate[sources]

        return refit

    def _load(self, journeys: Journeys) -> Floats:
        """Return the (m, kernels) loads of touches at the end of their journey."""
        inside = journeys.gap_h <= journeys.lookback_h[journeys.channel]
        return np.exp(-journeys.gap_h[:, None] / self.tau_h) * inside[:, None]

    def _loads(self, journeys: Journeys) -> Sparse:
        """Return the (n, channels * kernels) loads of journeys at their end."""
        kernels = len(self.half_lives_h)
        column = journeys.channel[:, None] * kernels + np.arange(kernels)
        loads = sparse.csr_array(
            (self._load(journeys).ravel(), column.ravel(), journeys.offsets * kernels),
            shape=(journeys.n, journeys.channels * kernels),
        )
        loads.sum_duplicates()
        return loads

    def _watch(self, journeys: Journeys, kernel: int) -> Iterator[Complexes]:
        """Yield the (m,) integrals of the touches' loads over their journey, times the daily waves.

        From the touch, or the journey's start where the touch came before it, to the end of the journey
        or of the look-back window.
        """
        start = np.maximum(journeys.gap_h - journeys.span_h[journeys.row], 0.0)
        end = np.maximum(np.minimum(journeys.gap_h, journeys.lookback_h[journeys.channel]), start)
        return integrals(start, end, float(self.tau_h[kernel]))

    def _whole(self, journeys: Journeys) -> Complexes:
        """Return the (channels, kernels, 1 + harmonics) integrals over a whole look-back window."""
        start = np.zeros(journeys.channels)
        by_kernel = [list(integrals(start, journeys.lookback_h, float(tau))) for tau in self.tau_h]
        return np.stack([np.stack(waves, axis=1) for waves in by_kernel], axis=1)

    def _exposure(self, journeys: Journeys, weight: Floats) -> Complexes:
        """Return the (channels * kernels, 1 + harmonics) weighted integrals."""
        each, channels = weight[journeys.row], journeys.channels
        expired = product(journeys.expired.T, weight)
        found = expired[:, None, None] * self._whole(journeys)
        for kernel in range(len(self.half_lives_h)):
            for harmonic, wave in enumerate(self._watch(journeys, kernel)):
                found[:, kernel, harmonic] += sums_by(journeys.channel, each * wave.real, channels)
                found[:, kernel, harmonic] += 1j * sums_by(journeys.channel, each * wave.imag, channels)
        return found.reshape(channels * found.shape[1], found.shape[2])

    def _watched(self, journeys: Journeys, index: Ints, point: Intensity) -> Sparse:
        """Return the (strata + channels * kernels, units) sparse exposure of every unit."""
        kernels = len(self.half_lives_h)
        strata, units = journeys.strata_h.shape[1], int(index.max(initial=-1)) + 1
        hours, late = sparse.coo_array(journeys.strata_h), sparse.coo_array(journeys.expired)
        inclined = hours.data * point.frailty.of(journeys.unit)[hours.row]
        each = np.arange(kernels)
        touch = strata + journeys.channel[:, None] * kernels + each
        old = strata + late.col[:, None] * kernels + each
        own = point.rhythm[journeys.channel]
        seen = [in_rhythm(np.stack(list(self._watch(journeys, k)), axis=1), own) for k in range(kernels)]
        whole = in_rhythm(self._whole(journeys), point.rhythm[:, None, :])
        expired = late.data[:, None] * whole[late.col]
        data = np.concatenate([inclined, np.stack(seen, axis=1).ravel(), expired.ravel()])
        feature = np.concatenate([hours.col, touch.ravel(), old.ravel()])
        owner = np.concatenate([hours.row, np.repeat(journeys.row, kernels), np.repeat(late.row, kernels)])
        shape = (strata + journeys.channels * kernels, units)
        return sparse.csr_array((data, (feature, index[owner])), shape=shape)


def _ways(channels: int, routes: Ints) -> Ints:
    """Return (channels, channels) the number of the way from a touch's channel to a channel that earns."""
    way = np.zeros((channels, channels), np.int64)
    np.fill_diagonal(way, np.arange(channels))
    way[routes[:, 0], routes[:, 1]] = channels + np.arange(len(routes))
    return way


def _by_unit(hours: Sparse, index: Ints, weight: Floats, units: int) -> Sparse:
    """Return the (units, strata) sums of the weighted hours of each unit's journeys."""
    each = sparse.coo_array(hours)
    place = (index[each.row], each.col)
    return sparse.csr_array((each.data * weight[each.row], place), shape=(units, hours.shape[1]))


def _alternated(statistics: Gathered, exposure: Floats, kernels: int) -> tuple[Fit, Frailty]:
    """Return rates, and homes' factors where homes differ beyond chance; each given the other in turn."""
    unit, at = np.unique(statistics.units, return_inverse=True)
    hours = _by_unit(statistics.hours, at, np.ones(len(at)), len(unit))
    owner = np.searchsorted(unit, statistics.unit)
    frailty = alike()
    evidence = _evidence(statistics, exposure, frailty)
    mean = _prior_means(evidence, kernels)
    fit = maximise(evidence, mean)
    variance = -1.0
    for _ in range(_ROUNDS):
        base = evidence.factor * fit.mu[statistics.stratum]
        part = base / (base + product(statistics.load, fit.gamma))
        seen, expected = sums_by(owner, statistics.weight * part, len(unit)), product(hours, fit.mu)
        if variance < 0.0:
            noise = sums_by(owner, statistics.weight * part**2, len(unit))
            variance = variance_of(seen, noise, expected)
        if not variance:
            break
        before = frailty.of(unit)
        frailty = Frailty(unit, (1.0 + variance * seen) / (1.0 + variance * expected))
        if float(np.abs(frailty.factor - before).max()) < _STILL:
            break
        evidence = _evidence(statistics, exposure, frailty)
        fit = maximise(evidence, mean, np.concatenate([fit.mu, fit.gamma]))
    return fit, frailty


def _evidence(statistics: Gathered, exposure: Floats, frailty: Frailty) -> Evidence:
    """Return what the likelihood knows once every home has its factor."""
    return Evidence(
        stratum=statistics.stratum,
        factor=frailty.of(statistics.unit),
        load=statistics.load,
        weight=statistics.weight,
        hours=product(statistics.hours.T, frailty.of(statistics.units)),
        exposure=exposure,
    )


def _prior_means(evidence: Evidence, kernels: int) -> Floats:
    """Return the (strata + q,) rates that the prior leans to: those of one channel for all touches.

    A fifth of what touches cause is spread over the kernels evenly, so that none is ruled out because
    the others carry the mean.
    """
    exposure = np.maximum(evidence.exposure.reshape(-1, kernels).sum(axis=0), 1.0)
    hours = max(float(evidence.hours.sum()), 1.0)
    count = float(evidence.weight.sum())
    pool = sparse.csr_array(np.tile(np.eye(kernels), (len(evidence.exposure) // kernels, 1)))
    pooled = Evidence(
        stratum=np.zeros(len(evidence.stratum), np.int64),
        factor=evidence.factor,
        load=sparse.csr_array(evidence.load @ pool),
        weight=evidence.weight,
        hours=np.array([hours]),
        exposure=exposure,
    )
    even = np.concatenate([[count / 2 / hours], count / 2 / kernels / exposure])
    fit = maximise(pooled, even)
    caused = fit.gamma * exposure
    all_ = max(float(caused.sum()), 1.0)
    mean = (0.8 * caused + 0.2 * all_ / kernels) / exposure
    mu = max(float(fit.mu[0]) * hours, 1.0) / hours
    channels = len(evidence.exposure) // kernels
    return np.concatenate([np.full(len(evidence.hours), mu), np.tile(mean, channels)])


MODEL: Model = AdditiveHazard()
