"""A federated fit that no single home can move much: clipped answers, Gaussian noise, a stated budget.

Differential privacy of homes: whether a home took part changes the odds of any outcome by at most
`exp(epsilon)`, but for a chance of `delta`. Every answer is clipped at home, noise is added to the sum, and
all releases together spend the budget (zero-concentrated: Bun & Steinke 2016, arXiv:1605.02065). Newton's
method would ask for thousands of numbers a round; expectation-maximisation asks for one a feature.
"""

from dataclasses import dataclass

import numpy as np

from hearthline.attribution._cascade import Cascade
from hearthline.attribution._federated import Sums, Terms
from hearthline.attribution._frailty import alike
from hearthline.attribution._hazard import PRIOR
from hearthline.attribution._homes import Ask, Rates
from hearthline.attribution._intensity import Intensity, pool
from hearthline.attribution._rhythm import HARMONICS
from hearthline.schema.journey import Floats

__all__ = ["Privacy", "fitted_privately"]

_POOLED = 6
_OF_WATCHED, _OF_POOLED = 0.3, 0.1


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

    Args:
        sums: asks all homes; clipping is theirs, the noise is added here to the sum.
        terms: what everybody agrees on.
        privacy: the budget and the limits.
    """
    dice = np.random.default_rng(privacy.seed)

    def noised(told: Floats, length: float, part: float) -> Floats:
        scale = length / np.sqrt(2.0 * privacy.rho * part)
        return told + dice.normal(0.0, scale, len(told)) if scale > 0.0 else told

    limits = (privacy.conversions, privacy.hours, privacy.exposures_h)
    told = sums(Ask("watched", most=limits))
    parts = np.split(told, [1, 1 + terms.strata])
    count, hours, exposure = (
        np.maximum(noised(part, limit, _OF_WATCHED / 3), 1.0)
        for part, limit in zip(parts, limits, strict=True)
    )

    def caused(ask: Ask, rates: Floats, part: float) -> Floats:
        strata = 1 if ask.one_stratum else terms.strata
        at = Rates(rates[:strata], rates[strata:])
        found = sums(Ask("caused", at, mix=ask.mix, one_stratum=ask.one_stratum, most=limits[:1]))
        return np.maximum(noised(found, limits[0], part), 0.0) + PRIOR

    of_kernel = np.maximum(exposure.reshape(-1, terms.kernels).sum(axis=0), 1.0)
    scale = np.concatenate([[hours.sum()], of_kernel])
    rates = float(count[0]) / len(scale) / scale
    for _ in range(_POOLED):
        ask = Ask("caused", mix=pool(terms.channels, terms.kernels), one_stratum=True)
        rates = caused(ask, rates, _OF_POOLED / _POOLED) / scale
    mean: list[Floats] = []
    scale = np.concatenate([hours, exposure])
    rates = np.concatenate([np.full(terms.strata, rates[0]), np.tile(rates[1:], terms.channels)])
    for _ in range(privacy.rounds):
        part = (1.0 - _OF_WATCHED - _OF_POOLED) / privacy.rounds
        mean.append(caused(Ask("caused"), rates, part) / scale)
        rates = mean[-1]
    found = np.mean(mean[-max(privacy.rounds // 4, 1) :], axis=0)
    flat = np.tile(np.eye(1 + HARMONICS)[0].astype(np.complex128), (terms.channels, 1))
    nothing = Cascade(np.zeros((terms.channels, terms.channels, 5)), np.zeros((0, 2), np.int64))
    gamma = found[terms.strata :].reshape(-1, terms.kernels)
    return Intensity(found[: terms.strata], gamma, alike(), flat, nothing)
