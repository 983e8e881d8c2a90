"""The rates that make homes buy: gathered from journeys, found by maximum likelihood, leaned on by others."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from scipy import sparse

from hearthline.attribution._cascade import Cascade, Pairs, cascade_of
from hearthline.attribution._exposures import hours_by_unit
from hearthline.attribution._frailty import Frailty, alike, variance_of
from hearthline.attribution._hazard import Evidence, Fit, maximise
from hearthline.attribution._rhythm import Complexes, in_rhythm, profile
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Bools, Floats, Ints, Sparse

__all__ = [
    "ROUNDS",
    "STILL",
    "Gathered",
    "Intensity",
    "Leaning",
    "again_of",
    "borrowed",
    "evidence_of",
    "found_alone",
    "found_beside",
    "joined",
    "leaning_of",
    "mean_parts",
    "means_of",
    "one_feature",
    "pool",
    "spread",
    "strata_of",
    "told_apart",
    "touch_parts",
]

ROUNDS, STILL = 8, 0.02
_SUMMED = ("exposure", "exposure_held", "phase", "pairs")
_OWN_FADING = 5.0
_MOST_LEANING = 20.0
_LEAN_AGAIN = 5.0


@dataclass(frozen=True, slots=True)
class Gathered:
    """Additive statistics of journeys.

    Attributes:
        stratum: (N,) baseline stratum at each conversion.
        unit: (N,) whose conversion it is.
        load: (N, q) sparse loads of each conversion's touches by channel and kernel, touches that came again
            apart (`Kernels`).
        weight: (N,) how often each conversion counts.
        units: (u,) keys; one may come again in another batch.
        hours: (u, strata) sparse weighted hours that each spent in each stratum.
        exposure: (q, 1 + harmonics) weighted integrals of the loads, plain and times daily waves, while no
            enrolment went on.
        held: (N,) whether an enrolment went on.
        exposure_held: (q, 1 + harmonics) those while one went on.
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
    held: Bools
    exposure_held: Complexes
    phase: Complexes
    pairs: Pairs

    def __add__(self, other: "Gathered") -> "Gathered":
        """Return the statistics of both."""

        def both(name: str) -> Any:
            left, right = getattr(self, name), getattr(other, name)
            if name in ("load", "hours"):
                return sparse.csr_array(sparse.vstack([left, right]))
            return left + right if name in _SUMMED else np.concatenate([left, right])

        return Gathered(**{f.name: both(f.name) for f in fields(self)})

    @property
    def reaches_held(self) -> bool:
        """Whether any enrolment went on while touches acted or somebody bought."""
        return bool(self.held.any() or self.exposure_held.any())

    def acting(self, parts: tuple[float, float]) -> "Gathered":
        """Return the statistics with touches that act so much while no enrolment goes on, and while one does.

        Args:
            parts: of what they do in the fit, in either state.
        """
        free, held = parts
        if free == 1.0 and not self.reaches_held:
            return self
        part = np.repeat(np.where(self.held, held, free), np.diff(self.load.indptr))
        known = (self.load.data * part, self.load.indices, self.load.indptr)
        gone = 0.0 in parts
        load = Sparse(known, shape=self.load.shape, copy=gone)  # what falls away falls away here only
        if gone:
            load.eliminate_zeros()
        exposure = free * self.exposure + held * self.exposure_held
        return replace(self, load=load, exposure=exposure, exposure_held=0.0 * exposure)


@dataclass(frozen=True, slots=True)
class Intensity:
    """The fitted rates, in conversions an hour.

    Attributes:
        mu: (strata,) without any touch, in a home of factor 1.
        gamma: (channels, 2 * kernels) added right after a touch; each kernel fades with its half-life. The
            first half is of touches, the second of those that came again within a day.
        frailty: the homes' factors of the baseline.
        rhythm: (channels, 1 + harmonics) coefficients of the channels' daily profiles.
        cascade: which touches led to others.
        fit: the maximum as found, for replicates that step from it; None where nothing converted.
        fading: (channels, kernels) each channel's mix of kernels, where it was taken from another fit: the
            fit's features are then channels, and not channels by kernel.
        leaning: what the strata's rates lean to, where they are too many for the conversions.
        held: how much touches do while an enrolment goes on, beside what they do otherwise.
        again: how much a touch does that came within a day after another of its channel, beside others.
    """

    mu: Floats
    gamma: Floats
    frailty: Frailty
    rhythm: Complexes
    cascade: Cascade
    fit: Fit | None = None
    fading: Floats | None = None
    leaning: "Leaning | None" = None
    held: float = 1.0
    again: float = 1.0


@dataclass(frozen=True, slots=True)
class Leaning:
    """What the strata's rates lean to: a gamma prior worth `weight` conversions around the rate `mean`."""

    mean: float
    weight: float


def found_alone(statistics: Gathered, kernels: int) -> Intensity:
    """Return the rates of maximum penalised likelihood; all 0 where nothing converted."""
    if not statistics.weight.sum() > 0.0:
        return _without_rates(statistics, kernels)[0]
    held, again = touch_parts(statistics, kernels)
    seen = statistics.acting((1.0, held))
    plain, exposure = _without_rates(seen, kernels)
    mix = joined(plain.gamma.shape[0], kernels, again)
    seen, exposure = _made_of(seen, exposure, mix)
    fit, frailty = _alternated(seen, exposure, _prior_means(evidence_of(seen, exposure, alike()), kernels))
    gamma = product(mix, fit.gamma).reshape(plain.gamma.shape)
    return replace(plain, mu=fit.mu, gamma=gamma, frailty=frailty, fit=fit, held=held, again=again)


def touch_parts(statistics: Gathered, kernels: int) -> tuple[float, float]:
    """Return how much touches do while an enrolment goes on, and when they come again; beside others.

    A home whose machine orders for it buys little by hand, and touches move it little. What they do is found
    where no enrolment goes on; then one number says how much of it is seen where one does, with a prior of a
    fifth of a conversion that leans to 1. The same way one number says what a touch does that came within a
    day after another of its channel: at most as much as the first, for a channel that repeats itself as need
    grows would seem to do more.
    """
    channels, count = statistics.load.shape[1] // (2 * kernels), float(statistics.weight.sum())

    def seen(parts: tuple[float, float], mix: Sparse) -> Evidence:
        """Return the evidence where touches act so much; large ones do not stay."""
        acting = statistics.acting(parts)
        return evidence_of(*_made_of(acting, _without_rates(acting, kernels)[1], mix), alike())

    evidence = seen((1.0, 0.0), joined(channels, kernels, 1.0))
    gamma, again = maximise(evidence, _prior_means(evidence, kernels)).gamma, 1.0
    if np.any(statistics.load.indices % (2 * kernels) >= kernels):
        evidence = seen((1.0, 0.0), told_apart(gamma, kernels))
        found = maximise(evidence, mean_parts(evidence.hours, count, 2)).gamma
        again = again_of(found, evidence.exposure)
    if not statistics.reaches_held:
        return 1.0, again
    evidence = seen((0.0, 1.0), one_feature(product(joined(channels, kernels, again), gamma)))
    return float(maximise(evidence, mean_parts(evidence.hours, count, 1)).gamma[0]), again


def _made_of(statistics: Gathered, exposure: Floats, mix: Sparse) -> tuple[Gathered, Floats]:
    """Return statistics and exposures in features that are mixed of others."""
    return replace(statistics, load=sparse.csr_array(statistics.load @ mix)), product(mix.T, exposure)


def joined(channels: int, kernels: int, again: float) -> Sparse:
    """Return the (channels * 2 * kernels, channels * kernels) sparse mix of touches and those again.

    >>> joined(1, 2, 0.5).toarray().T.tolist()
    [[1.0, 0.0, 0.5, 0.0], [0.0, 1.0, 0.0, 0.5]]
    """
    one = np.concatenate([np.eye(kernels), again * np.eye(kernels)])
    return sparse.csr_array(sparse.kron(sparse.eye_array(channels), one))


def told_apart(gamma: Floats, kernels: int) -> Sparse:
    """Return the (q, 2) sparse mix in which touches are one feature at these rates, those again another."""
    by_channel, none = gamma.reshape(-1, kernels), np.zeros((len(gamma) // kernels, kernels))
    columns = [np.hstack(halves).ravel() for halves in ((by_channel, none), (none, by_channel))]
    return sparse.csr_array(np.stack(columns, axis=1))


def again_of(parts: Floats, exposure: Floats) -> float:
    """Return how much touches do that came again: at most 1, to which it leans by five conversions.

    Args:
        parts: (2,) how much touches do, and those that came again.
        exposure: (2,) conversions that they would cause at their usual rates.
    """
    would, did = parts * exposure[1]
    return min(float((did + _LEAN_AGAIN) / (would + _LEAN_AGAIN)), 1.0)


def mean_parts(hours: Floats, count: float, parts: int) -> Floats:
    """Return the (strata + parts,) rates that `touch_parts` leans to: strata alike, and touches as usual."""
    return np.append(np.full(len(hours), count / max(float(hours.sum()), 1.0)), np.ones(parts))


def one_feature(gamma: Floats) -> Sparse:
    """Return the (q, 1) sparse mix in which all touches are one feature, at these rates."""
    return sparse.csr_array(gamma[:, None])


def found_beside(statistics: Gathered, kernels: int, other: Intensity) -> Intensity:
    """Return rates that lean on a fit to more conversions of another kind that the same touches cause.

    How a touch fades is a matter of memory, whatever it leads to: each channel's mix of kernels is that of
    the other fit (`other`), five conversions' worth of it that of all channels together. Found anew is
    one rate a channel; the prior of a fifth of a conversion leans to the other fit's division.
    """
    if not statistics.weight.sum() > 0.0 or other.fit is None:
        return found_alone(statistics, kernels)
    statistics = statistics.acting((1.0, 1.0))
    plain, exposure = _without_rates(statistics, kernels)
    count, hours = float(statistics.weight.sum()), float(statistics.hours.sum())
    fading, watched, mean = borrowed(other, exposure, np.full(len(plain.mu), hours), count)
    mixed = replace(statistics, load=sparse.csr_array(statistics.load @ spread(fading)))
    evidence = evidence_of(mixed, watched, alike())
    first = maximise(evidence, mean)
    leaning = leaning_of(*strata_of(evidence, first.mu, first.gamma), evidence.hours)
    fit, frailty = _alternated(mixed, watched, mean, leaning)
    gamma = fit.gamma[:, None] * fading
    found = replace(plain, mu=fit.mu, gamma=gamma, frailty=frailty, fit=fit)
    return replace(found, fading=fading, leaning=leaning, again=other.again)


def borrowed(
    other: Intensity, exposure: Floats, hours: Floats, count: float
) -> tuple[Floats, Floats, Floats]:
    """Return the (channels, 2 * kernels) fading of the other fit, (channels,) exposures in it, prior means.

    Args:
        other: a fit to more conversions.
        exposure: (channels * 2 * kernels,) exposures of the fit that borrows.
        hours: (strata,) each of them all its hours watched.
        count: its conversions.
    """
    channels, kernels = len(other.gamma), other.gamma.shape[1] // 2
    own, caused = product(joined(channels, kernels, other.again).T, exposure), np.zeros((channels, kernels))
    if other.fit is not None:
        caused = (other.fit.gamma * other.fit.scale[len(other.mu) :]).reshape(-1, kernels)
    fading = _fading(caused, np.maximum(own.reshape(-1, kernels), 1e-9))
    fading = np.hstack([fading, other.again * fading])
    watched = product(spread(fading).T, exposure)
    of_channels = np.maximum(count / 2 * caused.sum(axis=1) / caused.sum(), 0.01)
    mean = np.concatenate([count / 2 / np.maximum(hours, 1.0), of_channels / np.maximum(watched, 1.0)])
    return fading, watched, mean


def spread(fading: Floats) -> Sparse:
    """Return the (channels * kernels, channels) sparse mix of each channel's kernels."""
    channels, kernels = fading.shape
    place = (np.arange(fading.size), np.repeat(np.arange(channels), kernels))
    return sparse.csr_array((fading.ravel(), place), shape=(fading.size, channels))


def pool(channels: int, kernels: int) -> Sparse:
    """Return the (channels * kernels, kernels) sparse sum over channels."""
    return sparse.csr_array(np.tile(np.eye(kernels), (channels, 1)))


def evidence_of(
    statistics: Gathered, exposure: Floats, frailty: Frailty, leaning: Leaning | None = None
) -> Evidence:
    """Return what the likelihood knows once every home has its factor.

    What the strata lean to is evidence too: for each, last of all, one conversion without a touch that counts
    `leaning.weight` times, and the hours that it takes at the mean rate.
    """
    seen = Evidence(
        stratum=statistics.stratum,
        factor=frailty.of(statistics.unit),
        load=statistics.load,
        weight=statistics.weight,
        hours=product(statistics.hours.T, frailty.of(statistics.units)),
        exposure=exposure,
    )
    if leaning is None:
        return seen
    strata = len(seen.hours)
    none = sparse.csr_array((strata, seen.load.shape[1]))
    return replace(
        seen,
        stratum=np.concatenate([seen.stratum, np.arange(strata)]),
        factor=np.concatenate([seen.factor, np.ones(strata)]),
        load=sparse.csr_array(sparse.vstack([seen.load, none])),
        weight=np.concatenate([seen.weight, np.full(strata, leaning.weight)]),
        hours=seen.hours + leaning.weight / leaning.mean,
    )


def strata_of(evidence: Evidence, mu: Floats, gamma: Floats) -> tuple[Floats, Floats]:
    """Return the (strata,) conversions that are the baseline's at these rates, and sums of their squares."""
    base = evidence.factor * mu[evidence.stratum]
    part = base / (base + product(evidence.load, gamma))
    seen, noise = (sums_by(evidence.stratum, evidence.weight * x, len(mu)) for x in (part, part**2))
    return seen, noise


def leaning_of(seen: Floats, noise: Floats, hours: Floats) -> Leaning:
    """Return what strata lean to: the less they differ beyond chance, the more (`_frailty.variance_of`).

    Without it a few hundred conversions would find a rate for each of as many strata, and leave touches
    what strata cannot explain; replicates, whose strata are fewer still, even less.
    """
    rate = max(float(seen.sum()), 1.0) / max(float(hours.sum()), 1.0)
    variance = variance_of(seen, noise, rate * hours)
    return Leaning(rate, min(1.0 / max(variance, 1e-9), _MOST_LEANING))


def _without_rates(statistics: Gathered, kernels: int) -> tuple[Intensity, Floats]:
    """Return an intensity of 0 with its rhythm and cascade, and the (q,) exposures in that rhythm."""
    rhythm, size = profile(statistics.phase), 2 * kernels
    exposure = in_rhythm(statistics.exposure, np.repeat(rhythm, size, axis=0))
    none = np.zeros((len(exposure) // size, size))
    strata = np.zeros(statistics.hours.shape[1])
    return Intensity(strata, none, alike(), rhythm, cascade_of(statistics.pairs)), exposure


def _fading(caused: Floats, exposure: Floats) -> Floats:
    """Return (channels, kernels) rates right after a touch, summing to 1, from the conversions caused."""
    pooled = caused.sum(axis=0) / max(float(caused.sum()), 1e-300)
    part = (caused + _OWN_FADING * pooled) / (caused.sum(axis=1, keepdims=True) + _OWN_FADING)
    rate = part / exposure
    fading: Floats = rate / rate.sum(axis=1, keepdims=True)
    return fading


def _alternated(
    statistics: Gathered, exposure: Floats, mean: Floats, leaning: Leaning | None = None
) -> tuple[Fit, Frailty]:
    """Return rates, and homes' factors where homes differ beyond chance; each given the other in turn."""
    unit, at = np.unique(statistics.units, return_inverse=True)
    hours = hours_by_unit(statistics.hours, at, np.ones(len(at)), len(unit))
    owner = np.searchsorted(unit, statistics.unit)
    frailty = alike()
    evidence = evidence_of(statistics, exposure, frailty, leaning)
    fit = maximise(evidence, mean)
    variance = -1.0
    for _ in range(ROUNDS):
        base = frailty.of(statistics.unit) * fit.mu[statistics.stratum]
        part = base / (base + product(statistics.load, fit.gamma))
        seen, expected = sums_by(owner, statistics.weight * part, len(unit)), product(hours, fit.mu)
        if variance < 0.0:
            noise = sums_by(owner, statistics.weight * part**2, len(unit))
            variance = variance_of(seen, noise, expected)
        if not variance:
            break
        before = frailty.of(unit)
        frailty = Frailty(unit, (1.0 + variance * seen) / (1.0 + variance * expected))
        if float(np.abs(frailty.factor - before).max()) < STILL:
            break
        evidence = evidence_of(statistics, exposure, frailty, leaning)
        fit = maximise(evidence, mean, np.concatenate([fit.mu, fit.gamma]))
    return fit, frailty


def _prior_means(evidence: Evidence, kernels: int) -> Floats:
    """Return the (strata + q,) rates that the prior leans to: those of one channel for all touches.

    A fifth of what touches cause is spread over the kernels evenly, so that none is ruled out because
    the others carry the mean.
    """
    exposure = np.maximum(evidence.exposure.reshape(-1, kernels).sum(axis=0), 1.0)
    hours = max(float(evidence.hours.sum()), 1.0)
    count = float(evidence.weight.sum())
    pooled = Evidence(
        stratum=np.zeros(len(evidence.stratum), np.int64),
        factor=evidence.factor,
        load=sparse.csr_array(evidence.load @ pool(len(evidence.exposure) // kernels, kernels)),
        weight=evidence.weight,
        hours=np.array([hours]),
        exposure=exposure,
    )
    even = np.concatenate([[count / 2 / hours], count / 2 / kernels / exposure])
    fit = maximise(pooled, even)
    return means_of(fit, exposure, evidence.hours, len(evidence.exposure) // kernels)


def means_of(pooled: Fit, exposure: Floats, hours: Floats, channels: int) -> Floats:
    """Return the prior means from the fit in which all touches are one channel's.

    Args:
        pooled: that fit, over one stratum and the kernels.
        exposure: (kernels,) exposures of all touches.
        hours: (strata,) hours watched.
        channels: how many channels there are.
    """
    caused, whole = pooled.gamma * exposure, max(float(hours.sum()), 1.0)
    all_ = max(float(caused.sum()), 1.0)
    mean = (0.8 * caused + 0.2 * all_ / len(exposure)) / exposure
    mu = max(float(pooled.mu[0]) * whole, 1.0) / whole
    return np.concatenate([np.full(len(hours), mu), np.tile(mean, channels)])
