"""How well a fitted process foretells orders, and what a touch of each channel does.

A process says at every moment how often a home orders. If it is right, then homes of which it says much order
as often as it says, so do those of which it says little, and so do all in every week. And fitted to one half
of the homes it finds the orders of the other half likelier than simpler processes do.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from hearthline.attribution._exposures import Kernels
from hearthline.attribution._frailty import alike
from hearthline.attribution._instants import instants_of
from hearthline.attribution._intensity import Intensity
from hearthline.attribution._sums import product, sums_by
from hearthline.attribution._weights import bucket_of, replicate_weights
from hearthline.schema.journey import Floats, Ints, Journeys, Sparse

__all__ = ["Effect", "Fitness", "effects_of", "fitness_of"]

_BINS = 10
_WEEK_MS, _HOUR_MS = 7 * 86_400_000, 3_600_000.0
_ENDS = (0.05, 0.95)


class Process(Protocol):
    """What is asked of a model of conversions as a process in time."""

    @property
    def kernels(self) -> Kernels:
        """The kernels that effects are mixed from."""
        ...

    def gather(self, journeys: Journeys, weight: Floats | None = None) -> Any:
        """Return additive statistics."""
        ...

    def solve(self, statistics: Any) -> Intensity:
        """Return the fit."""
        ...

    def resampler(self, journeys: Journeys, index: Ints, point: Intensity) -> Callable[[Floats], Floats]:
        """Return what refits to weighted units; strata's rates come first, then channels' by kernel."""
        ...

    def watched(self, journeys: Journeys, index: Ints, point: Intensity) -> Sparse:
        """Return the (strata + channels * kernels, units) exposures."""
        ...


@dataclass(frozen=True, slots=True)
class Effect:
    """What a touch of each channel does within its look-back window; (channels,) each.

    Attributes:
        caused: conversions that a touch causes.
        low, high: its 90 % interval, by the household bootstrap.
        half_h: hours until half of it has come.
        touches: how many touches were watched.
    """

    caused: Floats
    low: Floats
    high: Floats
    half_h: Floats
    touches: Ints


@dataclass(frozen=True, slots=True)
class Fitness:
    """Conversions of homes that a fit did not see, as foretold and as seen; and by week, those of all.

    Attributes:
        rate: (bins,) mean rate that was foretold, conversions a day; homes by their rate, a tenth each.
        foretold, seen: (bins,) conversions by bin.
        week_ms: (weeks,) when each began.
        week_foretold, week_seen: (weeks,) conversions by week.
        likelihood: log-likelihood for each conversion, in nats: all homes and hours alike; by stratum; by
            stratum and touches.
    """

    rate: Floats
    foretold: Floats
    seen: Floats
    week_ms: Ints
    week_foretold: Floats
    week_seen: Floats
    likelihood: tuple[float, float, float]


def effects_of(
    model: Process, journeys: Journeys, fit: Intensity, replicates: int = 100, seed: int = 1
) -> Effect:
    """Return what a touch of each channel does, outside enrolments."""
    kernels, strata = len(model.kernels), len(fit.mu)
    units, index = np.unique(journeys.unit, return_inverse=True)
    weights = replicate_weights(units, replicates, seed)
    drawn = model.resampler(journeys, index, fit)(weights)[strata : strata + fit.gamma.size]
    tau = model.kernels.tau_h
    hours = np.linspace(0.0, 1.0, 721)[:, None] * journeys.lookback_h  # (steps, channels)
    whole = tau * (1.0 - np.exp(-hours[:, :, None] / tau))  # (steps, channels, kernels)
    come = (whole * fit.gamma[:, :kernels]).sum(axis=2)
    caused = come[-1]
    first = drawn.reshape(journeys.channels, -1, replicates)[:, :kernels]
    draws = (first * whole[-1][:, :, None]).sum(axis=1)
    low, high = np.quantile(draws, _ENDS, axis=1, method="weibull")
    at = (come >= caused / 2.0).argmax(axis=0)
    own = journeys.gap_h <= journeys.span_h[journeys.row]
    touches = np.bincount(journeys.channel[own], minlength=journeys.channels)
    touches += np.asarray(journeys.expired.sum(axis=0)).ravel().astype(np.int64)
    half = hours[at, np.arange(journeys.channels)]
    return Effect(caused, np.minimum(low, caused), np.maximum(high, caused), half, touches)


def fitness_of(model: Process, journeys: Journeys, end_ms: Ints, fit: Intensity, seed: int = 1) -> Fitness:
    """Return how well conversions are foretold: one half of the homes by a fit to the other; weeks by `fit`.

    Args:
        model: the model.
        journeys: what it was fitted to, or some homes of it.
        end_ms: (n,) when each journey ended.
        fit: the fit.
        seed: of the moments at which weeks are looked at.
    """
    first = bucket_of(journeys.unit, 2) == 0
    learned, other = (journeys.take(np.flatnonzero(some)) for some in (first, ~first))
    half = replace(model.solve(model.gather(learned)), frailty=alike())  # nothing is known of the other homes
    units, at = np.unique(other.unit, return_inverse=True)
    index = at.astype(np.int64)
    rates = np.concatenate([half.mu, half.gamma.ravel()])
    foretold = product(model.watched(other, index, half).T, rates)
    watched_h = np.asarray(other.strata_h.sum(axis=1), np.float64).ravel()
    hours = sums_by(index, watched_h, len(units))
    seen = sums_by(index, other.converted.astype(np.float64), len(units))
    order = np.argsort(foretold / np.maximum(hours, 1.0), kind="stable")
    bin_: Ints = np.empty(len(units), np.int64)
    bin_[order] = np.arange(len(units), dtype=np.int64) * _BINS // max(len(units), 1)
    by_bin, watched = sums_by(bin_, foretold, _BINS), sums_by(bin_, hours, _BINS)
    week_ms, by_week = _weeks(model, journeys, end_ms, fit, seed)
    return Fitness(
        rate=24.0 * np.divide(by_bin, watched, out=np.zeros(_BINS), where=watched > 0.0),
        foretold=by_bin,
        seen=sums_by(bin_, seen, _BINS),
        week_ms=week_ms,
        week_foretold=by_week[0],
        week_seen=by_week[1],
        likelihood=_likelihood(model, learned, other, half, float(foretold.sum())),
    )


def _likelihood(
    model: Process, learned: Journeys, other: Journeys, fit: Intensity, foretold: float
) -> tuple[float, float, float]:
    """Return log-likelihoods of the other homes' conversions, for each of them."""
    watched, hours = (np.asarray(j.strata_h.sum(axis=0)).ravel() for j in (learned, other))
    orders = np.bincount(learned.stratum[learned.converted], minlength=len(hours)).astype(np.float64)
    mean = max(float(orders.sum()), 1.0) / max(float(watched.sum()), 1.0)
    by_stratum = (orders + 1.0) / (watched + 1.0 / mean)
    won = other.take(np.flatnonzero(other.converted))
    loads = product(model.kernels.loads(won), fit.gamma.ravel()) * np.where(won.held, fit.held, 1.0)
    rates = np.full(won.n, mean), by_stratum[won.stratum], fit.mu[won.stratum] + loads
    whole = mean * float(hours.sum()), float(by_stratum @ hours), foretold
    count = max(won.n, 1)
    told = [
        (float(np.log(np.maximum(rate, 1e-12)).sum()) - expected) / count
        for rate, expected in zip(rates, whole, strict=True)
    ]
    return told[0], told[1], told[2]


def _weeks(
    model: Process, journeys: Journeys, end_ms: Ints, fit: Intensity, seed: int
) -> tuple[Ints, tuple[Floats, Floats]]:
    """Return when weeks began, and conversions foretold and seen in each."""
    instants = instants_of(journeys, np.ones(journeys.n), model.kernels, np.random.default_rng(seed))
    base = fit.frailty.of(journeys.unit[instants.journey]) * fit.mu[instants.stratum]
    acting = np.where(journeys.held[instants.journey], fit.held, 1.0)
    rate = base + acting * product(instants.load, fit.gamma.ravel())
    at_ms = end_ms[instants.journey] - np.rint(instants.before_h * _HOUR_MS).astype(np.int64)
    weeks, row = np.unique(at_ms // _WEEK_MS, return_inverse=True)
    by_week = sums_by(row, rate * instants.hours, len(weeks)), sums_by(row, instants.bought, len(weeks))
    return weeks * _WEEK_MS, by_week
