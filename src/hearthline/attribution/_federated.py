"""The additive hazard fitted where the journeys stay at home: Newton's method on sums over homes.

What the coordinator sees of all homes together: how much was watched and seen, and round by round the slope
and the curvature of the log-likelihood at the rates that it named. Whoever carries the messages must see to
it that it sees sums only: a home's own sums tell much about that home (docs/federated.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from hearthline.attribution._cascade import LAG_EDGES_H, Pairs, cascade_of
from hearthline.attribution._frailty import alike, variance_from
from hearthline.attribution._hazard import PRIOR, Fit, climb
from hearthline.attribution._homes import Ask, HomeSums, Rates, Want, symmetric, triangle
from hearthline.attribution._intensity import (
    ROUNDS,
    Intensity,
    Leaning,
    borrowed,
    leaning_of,
    means_of,
    pool,
    spread,
)
from hearthline.attribution._rhythm import HARMONICS, in_rhythm, profile
from hearthline.attribution._sums import product
from hearthline.schema.journey import Floats, Ints, Sparse

__all__ = ["Federated", "Sums", "Terms", "fitted_on_sums", "sums_of"]

Sums = Callable[[Ask], Floats]
"""Asks all homes and returns the sum of their answers."""
_DAYS = 45
_EXPECTING = 5  # rounds of expectation-maximisation before Newton's: each is an exchange with all homes


def sums_of(homes: Iterable[HomeSums]) -> Sums:
    """Return what asks these homes, all in this process."""
    known = list(homes)
    return lambda ask: np.asarray(np.sum([home.answer(ask) for home in known], axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Terms:
    """What everybody agrees on beforehand: how many channels, kernels and strata there are."""

    channels: int
    kernels: int
    strata: int


@dataclass(frozen=True, slots=True)
class Federated:
    """A fit, and what homes need to find their own factors by themselves.

    Attributes:
        fit: the rates, all homes alike.
        past: the rates under which factors were found, step by step.
        variance: of the factors; 0 where homes do not differ beyond chance.
        rounds: how often homes were asked.
    """

    fit: Intensity
    past: tuple[Rates, ...]
    variance: float
    rounds: int

    def at(self, home: HomeSums) -> Intensity:
        """Return the fit with this home's own factors, for crediting at home."""
        return home.inclined(self.fit, self.past, self.variance)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The sums of `counts`, unpacked."""

    count: float
    hours: Floats
    carried: Floats
    exposure: Floats
    plain: Intensity


def fitted_on_sums(sums: Sums, terms: Terms, other: Intensity | None = None) -> Federated:
    """Return the fit that all journeys together would give.

    Args:
        sums: asks all homes.
        terms: what everybody agrees on.
        other: a federated fit to more conversions, to lean on (`solve_beside`).
    """
    rounds = 0

    def asked(ask: Ask) -> Floats:
        nonlocal rounds
        rounds += 1
        return sums(ask)

    seen = _seen(asked(Ask("counts")), terms)
    if not seen.count > 0.0:
        return Federated(seen.plain, (), 0.0, rounds)
    if other is None or other.fit is None:
        task = _Remote(asked, Ask("slope"), seen.exposure, _active(terms.strata, seen.carried))
        found = _alternated(task, _means(asked, seen, terms), seen)
        gamma = found.fit.gamma.reshape(-1, terms.kernels)
        fit = replace(seen.plain, mu=found.fit.mu, gamma=gamma, fit=found.fit)
        return Federated(fit, found.past, found.variance, rounds)
    whole = np.full(terms.strata, float(seen.hours.sum()))
    fading, watched, mean = borrowed(other, seen.exposure, whole, seen.count)
    carried = seen.carried.reshape(-1, terms.kernels).sum(axis=1)
    ask = Ask("slope", mix=spread(fading))
    task = _Remote(asked, ask, watched, _active(terms.strata, carried))
    first = _maximised(task, ask, seen.hours, mean, seen.count)
    told = asked(replace(ask, want="strata", rates=Rates(first.mu, first.gamma)))
    leaning = leaning_of(told[: terms.strata], told[terms.strata :], seen.hours)
    leant = replace(seen, hours=seen.hours + leaning.weight / leaning.mean)
    found = _alternated(replace(task, sums=_with(leaning, asked)), mean, leant)
    gamma = found.fit.gamma[:, None] * fading
    fit = replace(seen.plain, mu=found.fit.mu, gamma=gamma, fit=found.fit, fading=fading, leaning=leaning)
    return Federated(fit, found.past, found.variance, rounds)


def _with(leaning: Leaning, sums: Sums) -> Sums:
    """Return the sums together with what the strata lean to: for each, conversions that no home had."""

    def told(ask: Ask) -> Floats:
        answer = sums(ask)
        if ask.want == "hours":
            return answer + leaning.weight / leaning.mean
        if ask.rates is None or ask.want not in ("slope", "curve"):
            return answer
        mu, strata = ask.rates.mu, len(ask.rates.mu)
        if ask.want == "slope":
            answer[0] += leaning.weight * np.log(mu).sum()
            answer[1 : 1 + strata] += leaning.weight / mu
            return answer
        size = strata + len(ask.rates.gamma)
        own = np.zeros(size)
        own[:strata] = leaning.weight / mu**2
        return answer + triangle(np.diag(own))

    return told


@dataclass(frozen=True, slots=True)
class _Remote:
    """What homes are asked about: features, what was watched of them, those that some conversion carries."""

    sums: Sums
    ask: Ask
    exposure: Floats
    active: Ints


@dataclass(frozen=True, slots=True)
class _Asking:
    """The objective in units of expected conversions; every question goes to all homes."""

    remote: _Remote
    ask: Ask
    scale: Floats
    strata: int
    told: dict[tuple[Want, bytes], Floats] = field(default_factory=dict)

    def height(self, x: Floats) -> float:
        """Return the objective."""
        return float(self._told(x, "slope")[0]) + PRIOR * float(np.log(x).sum()) - float(x.sum())

    def pulled(self, x: Floats) -> Floats:
        """Return the (p,) slopes of the likelihood."""
        active = self.remote.active
        return self._told(x, "slope")[1:][active] / self.scale[active]

    def bent(self, x: Floats) -> Floats:
        """Return the (p, p) curvature."""
        active = self.remote.active
        whole = symmetric(self._told(x, "curve"), len(self.scale))[np.ix_(active, active)]
        found: Floats = whole / np.outer(self.scale[active], self.scale[active])
        return found

    def _told(self, x: Floats, want: Want) -> Floats:
        """Return the answer at a point; a point is not asked about twice."""
        key = (want, x.tobytes())
        if key not in self.told:
            self.told[key] = self._asked(x, want)
        return self.told[key]

    def _asked(self, x: Floats, want: Want) -> Floats:
        rate = np.zeros(len(self.scale))
        rate[self.remote.active] = x / self.scale[self.remote.active]
        rates = Rates(rate[: self.strata], rate[self.strata :])
        return self.remote.sums(replace(self.ask, want=want, rates=rates))


@dataclass(frozen=True, slots=True)
class _Found:
    fit: Fit
    past: tuple[Rates, ...]
    variance: float


def _alternated(remote: _Remote, mean: Floats, seen: _Seen) -> _Found:
    """Return rates, and the steps in which homes found their factors; each given the other in turn."""
    ask, hours, variance = remote.ask, seen.hours, -1.0
    past: tuple[Rates, ...] = ()
    fit = _maximised(remote, ask, hours, mean, seen.count)
    for _ in range(ROUNDS):
        past = (*past, Rates(fit.mu, fit.gamma))
        told = remote.sums(replace(ask, want="inclined", past=past, variance=max(variance, 0.0)))
        if variance < 0.0:
            variance = variance_from(told[1:])
            if not variance:
                return _Found(fit, (), 0.0)
            told = remote.sums(replace(ask, want="inclined", past=past, variance=variance))
        if not told[0]:
            break
        ask = replace(ask, past=past, variance=variance)
        hours = remote.sums(replace(ask, want="hours"))
        fit = _maximised(remote, ask, hours, mean, seen.count, np.concatenate([fit.mu, fit.gamma]))
    return _Found(fit, past, variance)


def _maximised(
    remote: _Remote, ask: Ask, hours: Floats, mean: Floats, count: float, near: Floats | None = None
) -> Fit:
    """Return the rates of maximum penalised likelihood: `maximise`, by asking."""
    scale = np.concatenate([hours, remote.exposure]) + PRIOR / mean
    task, active = _Asking(remote, ask, scale, len(hours)), remote.active
    x = np.full(len(scale), PRIOR)
    if near is None:
        x[active] = climb(task, np.full(len(active), count / len(active) + PRIOR), _EXPECTING)
    else:
        x[active] = climb(task, near[active] * scale[active], rounds=2)
    rate = x / scale
    return Fit(rate[: len(hours)], rate[len(hours) :], scale, active)


def _means(sums: Sums, seen: _Seen, terms: Terms) -> Floats:
    """Return the (strata + q,) rates that the prior leans to: those of one channel for all touches."""
    exposure = np.maximum(seen.exposure.reshape(-1, terms.kernels).sum(axis=0), 1.0)
    hours = np.array([max(float(seen.hours.sum()), 1.0)])
    even = np.concatenate([seen.count / 2 / hours, seen.count / 2 / terms.kernels / exposure])
    mix: Sparse = pool(terms.channels, terms.kernels)
    ask = Ask("slope", mix=mix, one_stratum=True)
    remote = _Remote(sums, ask, exposure, _active(1, product(mix.T, seen.carried)))
    pooled = _maximised(remote, ask, hours, even, seen.count)
    return means_of(pooled, exposure, seen.hours, terms.channels)


def _active(strata: int, carried: Floats) -> Ints:
    return np.concatenate([np.arange(strata), strata + np.flatnonzero(carried > 0.0)])


def _seen(told: Floats, terms: Terms) -> _Seen:
    """Return the counts, unpacked in the order in which homes pack them."""
    channels, waves = terms.channels, 1 + HARMONICS
    features, lags = channels * terms.kernels, len(LAG_EDGES_H)
    shapes = [
        (1,),
        (terms.strata,),
        (features,),
        *[(features, waves)] * 2,
        *[(channels, waves)] * 2,
        (channels, channels, lags),
        (channels, channels),
        (2, channels, _DAYS),
        (2, _DAYS),
    ]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = [part.reshape(shape) for part, shape in zip(np.split(told, ends[:-1]), shapes, strict=True)]
    rhythm = profile(parts[5] + 1j * parts[6])
    exposure = in_rhythm(parts[3] + 1j * parts[4], np.repeat(rhythm, terms.kernels, axis=0))
    none = np.zeros((channels, terms.kernels))
    plain = Intensity(np.zeros(terms.strata), none, alike(), rhythm, cascade_of(Pairs(*parts[7:])))
    return _Seen(float(parts[0][0]), parts[1], parts[2], exposure, plain)
