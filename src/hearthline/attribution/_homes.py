"""A home's side of a federated fit: it keeps its journeys and answers questions with sums over them.

A question carries everything that the answer depends on, so a home remembers nothing between rounds.
Answers are flat vectors, and only their sum over homes is used.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import sparse

from hearthline.attribution._frailty import Frailty, alike, surplus
from hearthline.attribution._hazard import curvature, task_of
from hearthline.attribution._intensity import (
    STILL,
    Gathered,
    Intensity,
    evidence_of,
    joined,
    spread,
    strata_of,
)
from hearthline.attribution._sums import product, sums_by
from hearthline.schema.journey import Floats, Ints, Sparse

__all__ = ["Ask", "HomeSums", "Rates", "Want", "symmetric", "triangle"]


Want = Literal["counts", "hours", "slope", "curve", "strata", "inclined", "watched", "caused"]


@dataclass(frozen=True, slots=True)
class Rates:
    """Conversions an hour: (strata,) without any touch, and (features,) right after one."""

    mu: Floats
    gamma: Floats


@dataclass(frozen=True, slots=True)
class Ask:
    """One round's question to every home.

    Attributes:
        want: `counts`: what was seen and watched. `hours`: (strata,) hours times factors. `slope`: the
            log-likelihood and its (p,) slopes at the rates. `curve`: its curvature, upper triangle.
            `strata`: (2 * strata,) the baseline's conversions at the rates, and sums of their squares.
            `inclined`: how far factors moved in the last step, and the sums that their variance follows
            from. And for a private fit: `watched`: conversions, (strata,) hours and (channels * kernels,)
            exposures; `caused`: (p,) expected conversions of every feature at the rates.
        rates: where slopes and curvature are wanted; strata first.
        past: the rates under which homes' factors were found, step by step.
        variance: of the factors.
        mix: (channels * 2 * kernels, features) sparse: what the features are made of; None: as they are.
        one_stratum: whether all strata count as one.
        acting: how much touches do while no enrolment goes on, and while one does.
        most: the most that a home may answer: Euclidean lengths of the parts of `watched` (conversions,
            hours, exposures), or of `caused`. A longer answer is shortened. Empty: no limit.
    """

    want: Want
    rates: Rates | None = None
    past: tuple[Rates, ...] = ()
    variance: float = 0.0
    mix: Sparse | None = None
    one_stratum: bool = False
    acting: tuple[float, float] = (1.0, 1.0)
    most: tuple[float, ...] = ()


@dataclass(frozen=True)
class HomeSums:
    """A home's statistics, which stay where they are.

    Attributes:
        gathered: what the model gathers from the home's own journeys.
    """

    gathered: Gathered

    def answer(self, ask: Ask) -> Floats:
        """Return the home's answer, a vector whose length depends on the question alone."""
        if ask.want == "counts":
            return self._counts()
        if ask.want == "watched":
            return self._watched(ask.most)
        own = self._asked(ask)
        if ask.want == "inclined":
            return self._inclined(own, ask)
        frailty = self._factors(own, ask)
        if ask.want == "hours":
            return product(own.hours.T, frailty.of(own.units))
        if ask.rates is None:
            raise ValueError(f"federated: '{ask.want}' needs rates; got none; say where")
        return shortened(self._at(own, frailty, ask.rates, ask.want), *ask.most)

    def inclined(self, fit: Intensity, past: tuple[Rates, ...], variance: float) -> Intensity:
        """Return the fit with this home's own factors, for crediting at home."""
        mix = joined(len(fit.gamma), fit.gamma.shape[1] // 2, fit.again)
        mix = mix if fit.fading is None else spread(fit.fading)
        own = self._asked(Ask("hours", mix=mix, acting=(1.0, fit.held)))
        return replace(fit, frailty=self._factors(own, Ask("hours", past=past, variance=variance)))

    def _counts(self) -> Floats:
        own = self.gathered
        held = np.repeat(own.held, np.diff(own.load.indptr))
        carried = [np.bincount(own.load.indices[some], minlength=own.load.shape[1]) for some in (~held, held)]
        waves = (own.exposure, own.exposure_held, own.phase)
        parts = [
            np.array([own.weight.sum()]),
            np.asarray(own.hours.sum(axis=0), dtype=np.float64).ravel(),
            *(part.astype(np.float64) for part in carried),
            *(np.ravel(part) for wave in waves for part in (wave.real, wave.imag)),
            *(np.ravel(getattr(own.pairs, name)) for name in ("surplus", "spread", "led", "unled")),
        ]
        return np.concatenate(parts)

    def _watched(self, most: tuple[float, ...]) -> Floats:
        own = self.gathered
        hours = np.asarray(own.hours.sum(axis=0), dtype=np.float64).ravel()
        exposure = (own.exposure + own.exposure_held)[:, 0].real
        parts = [np.array([own.weight.sum()]), hours, exposure]
        limits = most or (np.inf,) * len(parts)
        return np.concatenate([shortened(p, m) for p, m in zip(parts, limits, strict=True)])

    def _asked(self, ask: Ask) -> Gathered:
        """Return the statistics in the features of the question."""
        own = self.gathered.acting(ask.acting)
        if ask.mix is not None:
            own = replace(own, load=sparse.csr_array(own.load @ ask.mix))
        if ask.one_stratum:
            hours = sparse.csr_array(np.asarray(own.hours.sum(axis=1)).reshape(-1, 1))
            own = replace(own, stratum=np.zeros_like(own.stratum), hours=hours)
        return own

    def _factors(self, own: Gathered, ask: Ask) -> Frailty:
        frailty = alike()
        for rates in ask.past:
            unit, seen, _, expected = _baseline(own, frailty, rates)
            frailty = Frailty(unit, (1.0 + ask.variance * seen) / (1.0 + ask.variance * expected))
        return frailty

    def _inclined(self, own: Gathered, ask: Ask) -> Floats:
        """Return how many units' factors still move, and the three sums of the last step."""
        before = self._factors(own, replace(ask, past=ask.past[:-1]))
        after = self._factors(own, ask)
        unit, seen, noise, expected = _baseline(own, before, ask.past[-1])
        moved = float((np.abs(after.of(unit) - before.of(unit)) >= STILL).sum())
        return np.concatenate([[moved], surplus(seen, noise, expected)])

    def _at(self, own: Gathered, frailty: Frailty, rates: Rates, want: Want) -> Floats:
        evidence = evidence_of(own, np.zeros(len(rates.gamma)), frailty)
        size = len(rates.mu) + len(rates.gamma)
        task = task_of(evidence, np.ones(size), np.arange(size))
        x = np.concatenate([rates.mu, rates.gamma])
        if want == "curve":
            return triangle(curvature(task, x))
        if want == "caused":
            return x * task.pulled(x)
        if want == "strata":
            return np.concatenate(strata_of(evidence, rates.mu, rates.gamma))
        return np.concatenate([[float(task.weight @ np.log(task.intensity(x)))], task.pulled(x)])


def shortened(vector: Floats, most: float = np.inf) -> Floats:
    """Return the vector, made as long as `most` (Euclidean) where it is longer.

    >>> shortened(np.array([3.0, 4.0]), 2.5).tolist()
    [1.5, 2.0]
    """
    length = float(np.linalg.norm(vector))
    return vector * (most / length) if length > most else vector


def triangle(matrix: Floats) -> Floats:
    """Return the upper triangle of a symmetric matrix as a vector."""
    return np.asarray(matrix[np.triu_indices(len(matrix))], dtype=np.float64)


def symmetric(upper: Floats, size: int) -> Floats:
    """Return the matrix of which this is the upper triangle.

    >>> symmetric(np.array([1.0, 2.0, 3.0]), 2).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    found = np.zeros((size, size))
    found[np.triu_indices(size)] = upper
    return found + np.triu(found, 1).T


def _baseline(own: Gathered, frailty: Frailty, rates: Rates) -> tuple[Ints, Floats, Floats, Floats]:
    """Return units, their baseline conversions in expectation, the squares' sums, and those expected."""
    unit, at = np.unique(own.units, return_inverse=True)
    base = frailty.of(own.unit) * rates.mu[own.stratum]
    part = base / (base + product(own.load, rates.gamma))
    owner = np.searchsorted(unit, own.unit)
    seen = sums_by(owner, own.weight * part, len(unit))
    noise = sums_by(owner, own.weight * part**2, len(unit))
    return unit, seen, noise, sums_by(at, product(own.hours, rates.mu), len(unit))
