"""Additive hazard: every touch raises the rate of buying for a while; the rest is the baseline's."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import sparse

from hearthline.attribution._hazard import PRIOR, Evidence, Fit, information, maximise, merged, task_of
from hearthline.attribution._model import Model
from hearthline.attribution._proportional import Design, Proportional, Resample
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse


@dataclass(frozen=True, slots=True)
class Intensity:
    """The fitted rates, in conversions an hour.

    Attributes:
        mu: (strata,) without any touch.
        gamma: (channels, kernels) added right after a touch; each kernel fades with its half-life.
        fit: the maximum as found, for replicates that step from it; None where nothing converted.
    """

    mu: Floats
    gamma: Floats
    fit: Fit | None = None


@dataclass(frozen=True)
class AdditiveHazard(Proportional):
    """A journey's conversion is the first event of a process that touches excite and time calms.

    The intensity is `mu[stratum] + sum over touches of sum_k gamma[channel, k] * 2 ** (-gap / half_life[k])`
    inside the look-back window. How fast an effect fades is estimated: a mixture of half-lives. Rates
    are those of maximum likelihood over all journeys, also those that did not convert, with a gamma
    prior of half a conversion for every rate that leans to the mean over channels. A touch's share is
    its part of the intensity at the conversion; the part of `mu` stays unattributed.

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

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Evidence:
        """Return the conversions' loads, and the time that every feature was watched."""
        each = np.ones(journeys.n) if weight is None else weight
        bought = np.flatnonzero(journeys.converted & (each > 0.0))
        return Evidence(
            stratum=journeys.stratum[bought],
            load=self._loads(journeys)[bought],
            weight=each[bought],
            hours=product(journeys.strata_h.T, each),
            exposure=self._exposure(journeys, each),
        )

    def merge(self, left: Evidence, right: Evidence) -> Evidence:
        """Return the evidence of both."""
        return merged(left, right)

    def solve(self, statistics: Evidence) -> Intensity:
        """Return the rates of maximum penalised likelihood; all 0 where nothing converted."""
        kernels = len(self.half_lives_h)
        strata, features = len(statistics.hours), len(statistics.exposure)
        if not statistics.weight.sum() > 0.0:
            return Intensity(np.zeros(strata), np.zeros((features // kernels, kernels)))
        fit = maximise(statistics, _prior_means(statistics, kernels))
        return Intensity(fit.mu, fit.gamma.reshape(-1, kernels), fit)

    def design(self, journeys: Journeys) -> Design:
        """Return loads of every touch by channel and kernel, and of every journey on its stratum."""
        kernels, strata = len(self.half_lives_h), journeys.strata_h.shape[1]
        m, features = len(journeys.channel), strata + journeys.channels * kernels
        column = strata + journeys.channel[:, None] * kernels + np.arange(kernels)
        touch = sparse.csr_array(
            (self._load(journeys).ravel(), column.ravel(), np.arange(m + 1) * kernels), shape=(m, features)
        )
        base = sparse.csr_array(
            (np.ones(journeys.n), journeys.stratum, np.arange(journeys.n + 1)), shape=(journeys.n, features)
        )
        owner = np.repeat(np.arange(journeys.channels), kernels)
        return Design(touch, base, np.concatenate([np.full(strata, -1), owner]))

    def strength(self, parameters: Intensity) -> Floats:
        """Return the rates, strata first."""
        return np.concatenate([parameters.mu, parameters.gamma.ravel()])

    def resampler(self, journeys: Journeys, index: Ints, point: Intensity) -> Resample:
        """Return what steps from the fit: one Newton step on reweighted scores, then clipped at 0.

        The score bootstrap of Kline & Santos (2012), Journal of Econometric Methods 1(1), 23-41: scores
        at the fit are reweighted by unit and mapped by the inverse information, so nothing is refitted.
        """
        fit = point.fit
        if fit is None:
            return lambda weights: np.zeros((len(self.strength(point)), weights.shape[1]))
        evidence = self.gather(journeys)
        task = task_of(evidence, fit.scale, fit.active)
        scale = fit.scale[fit.active]
        x = self.strength(point)[fit.active] * scale
        inverse = np.linalg.inv(information(task, x))
        units = index[journeys.converted]
        ratio = 1.0 / task.intensity(x)
        watched = self._watched(journeys, index)[fit.active]
        usual = product(watched, np.ones(watched.shape[1]))

        def refit(weights: Floats) -> Floats:
            pull = task.pull(ratio[:, None] * weights[units])
            more = product(watched, weights[: watched.shape[1]]) - usual[:, None]
            slope = pull + (PRIOR / x - 1.0)[:, None] - more / scale[:, None]
            rate = np.repeat(self.strength(point)[:, None], weights.shape[1], axis=1)
            rate[fit.active] = np.maximum(x[:, None] + inverse @ slope, 0.0) / scale[:, None]
            return rate

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

    def _seen(self, journeys: Journeys) -> Floats:
        """Return the (m, kernels) integrals of the touches' loads over their journey.

        From the touch, or the journey's start where the touch came before it, to the end of the journey
        or of the look-back window.
        """
        tau = self.tau_h
        start = np.maximum(journeys.gap_h - journeys.span_h[journeys.row], 0.0)
        end = np.minimum(journeys.gap_h, journeys.lookback_h[journeys.channel])
        seen = tau * (np.exp(-start[:, None] / tau) - np.exp(-end[:, None] / tau))
        return np.asarray(np.maximum(seen, 0.0), dtype=np.float64)

    def _whole(self, journeys: Journeys) -> Floats:
        """Return the (channels, kernels) integrals over a whole look-back window."""
        tau = self.tau_h
        whole: Floats = tau * (1.0 - np.exp(-journeys.lookback_h[:, None] / tau))
        return whole

    def _exposure(self, journeys: Journeys, weight: Floats) -> Floats:
        seen = self._seen(journeys) * weight[journeys.row][:, None]
        by_kernel = [sums_by(journeys.channel, kernel, journeys.channels) for kernel in seen.T]
        expired = product(journeys.expired.T, weight)
        exposure = np.stack(by_kernel, axis=1) + expired[:, None] * self._whole(journeys)
        return exposure.ravel()

    def _watched(self, journeys: Journeys, index: Ints) -> Sparse:
        """Return the (strata + channels * kernels, units) sparse exposure of every unit."""
        kernels = len(self.half_lives_h)
        strata, units = journeys.strata_h.shape[1], int(index.max(initial=-1)) + 1
        hours, late = sparse.coo_array(journeys.strata_h), sparse.coo_array(journeys.expired)
        each = np.arange(kernels)
        touch = strata + journeys.channel[:, None] * kernels + each
        old = strata + late.col[:, None] * kernels + each
        expired = late.data[:, None] * self._whole(journeys)[late.col]
        data = np.concatenate([hours.data, self._seen(journeys).ravel(), expired.ravel()])
        feature = np.concatenate([hours.col, touch.ravel(), old.ravel()])
        owner = np.concatenate([hours.row, np.repeat(journeys.row, kernels), np.repeat(late.row, kernels)])
        shape = (strata + journeys.channels * kernels, units)
        return sparse.csr_array((data, (feature, index[owner])), shape=shape)


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
