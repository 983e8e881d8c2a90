"""A federated fit that no single home can move much: clipped answers, Gaussian noise, a stated budget.

Differential privacy of homes: whether a home took part changes the odds of any outcome by at most
`exp(epsilon)`, but for a chance of `delta`. Every answer is clipped at home, noise is added to the sum, and
all releases together spend the budget (zero-concentrated: Bun & Steinke 2016, arXiv:1605.02065). Newton's
method would ask for thousands of numbers a round; expectation-maximisation asks for one a feature.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from hearthline.attribution._cascade import Cascade
from hearthline.attribution._federated import Sums, Terms
from hearthline.attribution._frailty import alike
from hearthline.attribution._hazard import PRIOR
from hearthline.attribution._homes import Ask, Rates
from hearthline.attribution._intensity import Intensity, joined, pool
from hearthline.attribution._rhythm import HARMONICS
from hearthline.attribution._sums import product
from hearthline.schema.journey import Floats

__all__ = ["Privacy", "fitted_privately"]

_POOLED = 6
_OF_WATCHED, _OF_POOLED, _OF_ROUNDS = 0.3, 0.1, 0.6


@dataclass(frozen=True, slots=True)
class Privacy:
    """The budget and the limits of what one home may say.

    Attributes:
        epsilon: of differential privacy for homes; infinite: clipped, but without noise.
        delta: the chance that `epsilon` does not hold; well below one over the number of homes.
        conversions: the most that a home counts in any one round.
        hours: the longest that a home can have been watched.
        exposures_h: the length of a home's exposures, hours; 40 touches are some 10,000.
        rounds: how often expected conversions are asked for; the last quarter is averaged.
        seed: of the noise. Keep it secret where the noise matters: who knows it can take it away.
    """

    epsilon: float
    hours: float
    delta: float = 1e-6
    conversions: float = 6.0
    exposures_h: float = 10_000.0
    rounds: int = 40
    seed: int | None = None

    @property
    def rho(self) -> float:
        """The budget in zero-concentrated terms.

        >>> round(Privacy(epsilon=3.0, hours=2880.0).rho, 3)
        0.147
        """
        if np.isinf(self.epsilon):
            return np.inf
        doubt = np.log(1.0 / self.delta)
        return float((np.sqrt(doubt + self.epsilon) - np.sqrt(doubt)) ** 2)


def fitted_privately(sums: Sums, terms: Terms, privacy: Privacy) -> Intensity:
    """Return rates under the budget: homes alike, days flat, no cascade.

    Where the noise is larger than what a stratum or channel says for itself, its rate stays that of all
    strata or of all channels together.

    Args:
        sums: asks all homes; clipping is theirs, the noise is added here to the sum.
        terms: what everybody agrees on.
        privacy: the budget and the limits.
    """
    noise = _Noise(sums, privacy, np.random.default_rng(privacy.seed))
    count, hours, apart = noise.watched(terms.strata)
    whole = joined(terms.channels, terms.kernels, 1.0)  # what comes again counts as any touch
    exposure = product(whole.T, apart)
    of_kernel = exposure.reshape(-1, terms.kernels).sum(axis=0)
    scale = np.concatenate([[hours.sum()], of_kernel])
    rates = count / len(scale) / scale
    pooled = sparse.csr_array(whole @ pool(terms.channels, terms.kernels))
    alone = Ask("caused", mix=pooled, one_stratum=True)
    for _ in range(_POOLED):
        rates = (noise.caused(alone, Rates(rates[:1], rates[1:]), _OF_POOLED / _POOLED) + PRIOR) / scale
    usual = np.concatenate([np.full(terms.strata, rates[0]), np.tile(rates[1:], terms.channels)])
    scale, rates = np.concatenate([hours, exposure]), usual
    last: list[Floats] = []
    for _ in range(privacy.rounds):
        at, part = Rates(rates[: terms.strata], rates[terms.strata :]), _OF_ROUNDS / privacy.rounds
        rates = (noise.caused(Ask("caused", mix=whole), at, part, usual * scale) + PRIOR) / scale
        last = [*last, rates][-max(privacy.rounds // 4, 1) :]
    found = np.mean(last, axis=0)
    flat = np.tile(np.eye(1 + HARMONICS)[0].astype(np.complex128), (terms.channels, 1))
    nothing = Cascade(np.zeros((terms.channels, terms.channels, 5)), np.zeros((0, 2), np.int64))
    gamma = product(whole, found[terms.strata :]).reshape(-1, terms.features)
    return Intensity(found[: terms.strata], gamma, alike(), flat, nothing)


@dataclass(frozen=True, slots=True)
class _Noise:
    """Asks all homes under the budget; every answer comes back with its noise."""

    sums: Sums
    privacy: Privacy
    dice: np.random.Generator

    def scale(self, length: float, part: float) -> float:
        """Return the noise's standard deviation for answers of that length, at a part of the budget."""
        return float(length / np.sqrt(2.0 * self.privacy.rho * part))

    def noised(self, told: Floats, scale: float) -> Floats:
        """Return the sum with noise."""
        return told + self.dice.normal(0.0, scale, len(told)) if scale > 0.0 else told

    def watched(self, strata: int) -> tuple[float, Floats, Floats]:
        """Return conversions, hours and exposures; what is small beside its noise is made about as large."""
        limits = (self.privacy.conversions, self.privacy.hours, self.privacy.exposures_h)
        parts = np.split(self.sums(Ask("watched", most=limits)), [1, 1 + strata])
        scales = [self.scale(limit, _OF_WATCHED / 3) for limit in limits]
        found = [self.noised(p, s) for p, s in zip(parts, scales, strict=True)]
        count, hours, exposure = (np.maximum(f, s + 1.0) for f, s in zip(found, scales, strict=True))
        return float(count[0]), hours, exposure

    def caused(self, ask: Ask, rates: Rates, part: float, usual: Floats | None = None) -> Floats:
        """Return expected conversions of every feature; near the usual ones as far as noise could tell so."""
        limit = self.privacy.conversions
        scale = self.scale(limit, part)
        found = self.noised(self.sums(replace(ask, rates=rates, most=(limit,))), scale)
        if usual is not None and scale > 0.0:
            apart = found - usual
            found = usual + apart * np.maximum(1.0 - scale**2 / np.maximum(apart**2, 1e-300), 0.0)
        return np.maximum(found, 0.0)
