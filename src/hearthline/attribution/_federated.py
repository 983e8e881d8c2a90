"""The additive hazard fitted where the journeys stay at home: Newton's method on sums over homes.

What the coordinator sees of all homes together: how much was watched and seen, and round by round the slope
and the curvature of the log-likelihood at the rates that it named. Whoever carries the messages must see to
it that it sees sums only: a home's own sums tell much about that home (docs/federated.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from hearthline.attribution._cascade import LAG_EDGES_H, Pairs, cascade_of
from hearthline.attribution._frailty import alike, variance_from
from hearthline.attribution._hazard import PRIOR, Fit, climb
from hearthline.attribution._homes import Ask, HomeSums, Rates, Want, symmetric, triangle
from hearthline.attribution._intensity import (
    ROUNDS,
    Intensity,
    Leaning,
    again_of,
    borrowed,
    joined,
    leaning_of,
    mean_parts,
    means_of,
    one_feature,
    pool,
    spread,
    told_apart,
)
from hearthline.attribution._rhythm import HARMONICS, Complexes, in_rhythm, profile
from hearthline.attribution._sums import product
from hearthline.schema.journey import Floats, Ints, Sparse

__all__ = ["Federated", "Sums", "Terms", "fitted_on_sums", "sums_of"]

Sums = Callable[[Ask], Floats]
"""Asks all homes and returns the sum of their answers."""
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

    @property
    def features(self) -> int:
        """Features of a channel: its kernels, and those of touches that came again."""
        return 2 * self.kernels


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
    carried: tuple[Floats, Floats]
    exposure: tuple[Complexes, Complexes]
    plain: Intensity

    def acting(self, parts: tuple[float, float]) -> tuple[Floats, Floats]:
        """Return exposures, and by how many conversions features are carried, where touches act that much."""
        exposure = parts[0] * self.exposure[0] + parts[1] * self.exposure[1]
        waves = np.repeat(self.plain.rhythm, len(exposure) // len(self.plain.rhythm), axis=0)
        carried = [(part > 0.0) * count for part, count in zip(parts, self.carried, strict=True)]
        return in_rhythm(exposure, waves), carried[0] + carried[1]


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
        held, again = _touch_parts(asked, seen, terms)
        mix = joined(terms.channels, terms.kernels, again)
        remote, mean = _usual(asked, seen, terms, (1.0, held), mix)
        found = _alternated(remote, mean, seen)
        gamma = product(mix, found.fit.gamma).reshape(-1, terms.features)
        fit = replace(seen.plain, mu=found.fit.mu, gamma=gamma, fit=found.fit, held=held, again=again)
        return Federated(fit, found.past, found.variance, rounds)
    whole, (exposure, of_kernels) = np.full(terms.strata, float(seen.hours.sum())), seen.acting((1.0, 1.0))
    fading, watched, mean = borrowed(other, exposure, whole, seen.count)
    carried = of_kernels.reshape(-1, terms.features).sum(axis=1)
    ask = Ask("slope", mix=spread(fading))
    task = _Remote(asked, ask, watched, _active(terms.strata, carried))
    first = _maximised(task, ask, seen.hours, mean, seen.count)
    told = asked(replace(ask, want="strata", rates=Rates(first.mu, first.gamma)))
    leaning = leaning_of(told[: terms.strata], told[terms.strata :], seen.hours)
    leant = replace(seen, hours=seen.hours + leaning.weight / leaning.mean)
    found = _alternated(replace(task, sums=_with(leaning, asked)), mean, leant)
    gamma = found.fit.gamma[:, None] * fading
    fit = replace(seen.plain, mu=found.fit.mu, gamma=gamma, fit=found.fit, fading=fading, leaning=leaning)
    return Federated(replace(fit, again=other.again), found.past, found.variance, rounds)


def _usual(
    sums: Sums, seen: _Seen, terms: Terms, acting: tuple[float, float], mix: Sparse
) -> tuple["_Remote", Floats]:
    """Return the question about all channels and kernels, and what the prior leans to."""
    return _about(sums, seen, acting, mix), _means(sums, seen, terms, acting, mix)


def _about(sums: Sums, seen: _Seen, acting: tuple[float, float], mix: Sparse) -> "_Remote":
    """Return the question about features that are mixed of others."""
    exposure, carried = seen.acting(acting)
    active = _active(len(seen.hours), product(abs(mix).T, carried))
    return _Remote(sums, Ask("slope", mix=mix, acting=acting), product(mix.T, exposure), active)


def _touch_parts(sums: Sums, seen: _Seen, terms: Terms) -> tuple[float, float]:
    """Return how much touches do while an enrolment goes on, and when they come again: by asking."""
    usual, again = joined(terms.channels, terms.kernels, 1.0), 1.0
    free, mean = _usual(sums, seen, terms, (1.0, 0.0), usual)
    gamma = _maximised(free, free.ask, seen.hours, mean, seen.count).gamma
    if seen.acting((1.0, 0.0))[1].reshape(-1, terms.features)[:, terms.kernels :].any():
        two = _about(sums, seen, (1.0, 0.0), told_apart(gamma, terms.kernels))
        parts = _maximised(two, two.ask, seen.hours, mean_parts(seen.hours, seen.count, 2), seen.count).gamma
        again = again_of(parts, two.exposure)
    if not (seen.exposure[1].any() or seen.carried[1].any()):
        return 1.0, again
    mix = one_feature(product(joined(terms.channels, terms.kernels, again), gamma))
    held = _about(sums, seen, (0.0, 1.0), mix)
    lean = mean_parts(seen.hours, seen.count, 1)
    return float(_maximised(held, held.ask, seen.hours, lean, seen.count).gamma[0]), again


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


def _means(sums: Sums, seen: _Seen, terms: Terms, acting: tuple[float, float], made: Sparse) -> Floats:
    """Return the (strata + q,) rates that the prior leans to: those of one channel for all touches."""
    watched, carried = (product(made.T, part) for part in seen.acting(acting))
    exposure = np.maximum(watched.reshape(-1, terms.kernels).sum(axis=0), 1.0)
    hours = np.array([max(float(seen.hours.sum()), 1.0)])
    even = np.concatenate([seen.count / 2 / hours, seen.count / 2 / terms.kernels / exposure])
    pooled_of = pool(terms.channels, terms.kernels)
    mix = sparse.csr_array(made @ pooled_of)
    ask = Ask("slope", mix=mix, one_stratum=True, acting=acting)
    remote = _Remote(sums, ask, exposure, _active(1, product(pooled_of.T, carried)))
    pooled = _maximised(remote, ask, hours, even, seen.count)
    return means_of(pooled, exposure, seen.hours, terms.channels)


def _active(strata: int, carried: Floats) -> Ints:
    return np.concatenate([np.arange(strata), strata + np.flatnonzero(carried > 0.0)])


def _seen(told: Floats, terms: Terms) -> _Seen:
    """Return the counts, unpacked in the order in which homes pack them."""
    channels, size = terms.channels, 1 + HARMONICS
    features, lags = channels * terms.features, len(LAG_EDGES_H)
    shapes = [
        (1,),
        (terms.strata,),
        *[(features,)] * 2,
        *[(features, size)] * 4,
        *[(channels, size)] * 2,
        *[(channels, channels)] * 2,
        *[(2, channels, channels, lags)] * 2,
    ]
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = [part.reshape(shape) for part, shape in zip(np.split(told, ends[:-1]), shapes, strict=True)]
    rhythm = profile(parts[8] + 1j * parts[9])
    exposure = parts[4] + 1j * parts[5], parts[6] + 1j * parts[7]
    none = np.zeros((channels, terms.features))
    plain = Intensity(np.zeros(terms.strata), none, alike(), rhythm, cascade_of(Pairs(*parts[10:])))
    return _Seen(float(parts[0][0]), parts[1], (parts[2], parts[3]), exposure, plain)
