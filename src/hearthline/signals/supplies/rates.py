"""How fast a supply goes: each home's rate, weighted to the recent and shrunk to its kind, and its doubt.

Times are *operational* days: a calendar day counts as much as the kind uses on such a day (weekday and,
with 13 months of data, season). A kind is a kind of device, a measure and a sensor's step.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from scipy.optimize import nnls

from hearthline.signals._clock import months_of
from hearthline.signals._columns import DAY_US, Floats, Ints, micros
from hearthline.signals.supplies.readings import Crossings, Series

__all__ = ["DROPS", "Kinds", "Rates", "factors_of", "paced", "rates_of"]

DROPS: Final = (0.15, 0.3, 0.5, 0.7)
"""Parts of a pack whose passing is forecast in the past, to see how wrong such forecasts are."""
_LEAST: Final = 1e-9
_USUAL: Final = 8.0


@dataclass(frozen=True, slots=True)
class Rates:
    """What is known of g supplies' use, in packs a day.

    Attributes:
        rate: use a day; `doubt` the variance of it, relative to its square.
        spread: variance of use for each pack used (how lumpy it is).
        drift: variance of use for each squared pack used (how much the rate itself moves).
        noise: variance of a reading beside its step, in squared packs.
    """

    rate: Floats
    doubt: Floats
    spread: Floats
    drift: Floats
    noise: Floats


@dataclass(frozen=True, slots=True)
class Kinds:
    """What is known of k kinds: `mean` and `between` (variance) of homes' rates, others as in `Rates`.

    `weight` is for how many days a kind's mean counts in a home.
    """

    mean: Floats
    between: Floats
    spread: Floats
    drift: Floats
    noise: Floats
    weight: Floats
    homes: Ints


def weekdays_of(s: Series, kind: Ints, kinds: int, weekday0: float) -> Floats:
    """Return (kinds, 7) how much is used on each weekday (Monday first), 1 on average, shrunk to 1.

    Least squares of what went between two neighbouring readings on the part of each weekday between them.
    """
    at = np.flatnonzero(
        (np.diff(s.cycle) == 0) & (np.diff(s.day) < 3) & (s.x[:-1] < 1 - s.step[s.group[:-1]] / 2)
    )
    span, used = s.day[at + 1] - s.day[at], s.x[at] - s.x[at + 1]
    at, span, used = at[span > 0.2], span[span > 0.2], used[span > 0.2]
    part = _parts(s.day[at] + weekday0, span)
    of = kind[s.group[at]]
    out = np.ones((kinds, 7))
    for k in range(kinds):
        own = of == k
        if own.sum() < 400:
            continue
        mean = max(used[own].sum() / span[own].sum(), _LEAST)
        design = part[own] * mean
        residual = used[own].var()
        ridge = np.eye(7) * residual / (mean * 0.15) ** 2 * mean**2  # factors vary by about .15
        found = np.linalg.solve(design.T @ design + ridge, design.T @ used[own] + ridge @ np.ones(7))
        found = np.clip(found, 0.2, 3.0)
        out[k] = found / found.mean()
    return out


def _parts(begin: Floats, span: Floats) -> Floats:
    """Return (n, 7) how many days of each weekday lie in spans that begin so many days after a Monday."""
    n, out = np.arange(len(begin)), np.zeros((len(begin), 7))
    left, at = span.copy(), begin.copy()
    for _ in range(4):
        stay = np.minimum(np.floor(at) + 1 - at, left)
        out[n, np.floor(at).astype(np.int64) % 7] += stay
        left, at = left - stay, np.floor(at + stay + 1e-9)
    return out


def factors_of(s: Series, kind: Ints, kinds: int, as_of: datetime) -> tuple[Floats, Floats]:
    """Return how much each kind uses by weekday (kinds, 7) and by month (kinds, 12); 1 is average, UTC."""
    weekday = weekdays_of(s, kind, kinds, (micros(as_of) / DAY_US + 3) % 7)
    return weekday, _months(s, kind, kinds, as_of)


def _months(s: Series, kind: Ints, kinds: int, as_of: datetime) -> Floats:
    """Return the season of all homes together: use in a month against the same homes' use in a year.

    Only homes that were read for 13 months or more speak, and only they say what is usual for them; a
    month counts as much as its expected use, beside three packs that say nothing (so a few homes have none).
    """
    out = np.ones((kinds, 12))
    age = s.day[s.last] - s.day[s.first] if len(s.first) else np.zeros(0)
    at = np.flatnonzero((np.diff(s.cycle) == 0) & (np.diff(s.day) < 10) & (age[s.group[:-1]] > 395))
    if not len(at):
        return out
    span, used, of = s.day[at + 1] - s.day[at], s.x[at] - s.x[at + 1], s.group[at]
    recent = s.day[at] > s.day[s.last][of] - 365 * np.floor(age[of] / 365)  # whole years only
    g = len(s.first)
    pace = np.bincount(of, used * recent, g) / np.maximum(np.bincount(of, span * recent, g), _LEAST)
    month = months_of(as_of, np.floor(s.day[at] + (micros(as_of) / DAY_US) % 1).astype(np.int64))
    for k in range(kinds):
        own = kind[of] == k
        gone = np.bincount(month[own], used[own], 12)
        expected = np.bincount(month[own], (pace[of] * span)[own], 12)
        found = np.clip((gone + 3) / (expected + 3), 0.3, 3.0)
        out[k] = found / found.mean()
    return out


def rates_of(s: Series, c: Crossings, kind: Ints, kinds: int, half_life: float) -> tuple[Rates, Kinds]:
    """Return the rates of all supplies and what holds for their kinds.

    The days of `s` and `c` are operational. Exponential weights of a half-life in days; shrinkage by the
    variance between homes (DerSimonian & Laird 1986); variances from the errors of forecasts that the same
    rule would have made earlier.
    """
    g = len(s.first)
    noise = _noise(s, kind, kinds)
    seen = _seen(s, c, g, half_life)
    mean, between, weight = _shrinkage(seen, s, kind, kinds, noise)
    spread, drift, unlike = _spreads(c, kind, (mean, weight, noise), half_life)
    prior = mean[kind] * weight[kind]
    rate = np.maximum((seen.used + prior) / (seen.days + weight[kind]), 1e-5)
    doubt = np.minimum(spread[kind] / rate / (seen.days + weight[kind]), between[kind] / rate**2 + 0.01)
    usual = np.array([np.median(doubt[kind == k]) for k in range(kinds)])
    more = np.maximum(doubt - usual[kind], 0)  # the usual doubt of a rate is in the past errors already
    homes = np.bincount(kind, minlength=kinds)
    return (
        Rates(rate, doubt, spread[kind] * unlike, drift[kind] * unlike + more, noise[kind]),
        Kinds(mean, between, spread, drift, noise, weight, homes),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What each supply was seen to use, and in how many days; both weighted to the recent."""

    used: Floats
    days: Floats


def _seen(s: Series, c: Crossings, g: int, half_life: float) -> _Seen:
    weight = np.exp2(np.minimum(c.day - c.span / 2, 0) / half_life)
    used = np.bincount(c.group, weight * c.used, g)
    days = np.bincount(c.group, weight * c.span, g)
    # since the last crossing nothing was seen to go: at most what a step hides
    tail = np.zeros(g)
    here = c.cycle == s.cycle[s.last][c.group] if g else np.zeros(0, np.bool_)
    latest = np.full(g, -np.inf)
    np.maximum.at(latest, c.group[here], c.day[here])
    known = np.isfinite(latest)
    tail[known] = np.maximum(s.day[s.last][known] - latest[known], 0)
    rate = used / np.maximum(days, _LEAST)
    hidden = np.minimum(rate * tail, s.step / 2)
    late = np.exp2(s.day[s.last] / half_life) if g else tail
    return _Seen(np.maximum(used + late * hidden, 0), days + late * tail)


def _noise(s: Series, kind: Ints, kinds: int) -> Floats:
    """Return the variance of a reading beside its step.

    Noise makes neighbouring changes undo each other; habits make changes alike over more than one day. So
    it is the covariance of changes two apart less that of neighbours, within each supply.
    """
    d = np.diff(s.x)
    inner = (np.diff(s.cycle) == 0) & (s.x[:-1] < 1 - 1e-6) & (s.x[1:] > 1e-6)
    count = np.maximum(np.bincount(s.group[:-1][inner], minlength=len(s.first)), 1)
    d = d - (np.bincount(s.group[:-1][inner], d[inner], len(s.first)) / count)[s.group[:-1]]
    by_lag = []
    for lag in (1, 2):
        at = np.arange(len(d) - lag)
        at = at[np.all([inner[at + i] for i in range(lag + 1)], axis=0)] if len(at) else at
        of = kind[s.group[at]]
        by_lag.append(
            np.bincount(of, d[at] * d[at + lag], kinds) / np.maximum(np.bincount(of, minlength=kinds), 1)
        )
    step = np.bincount(kind, s.step, kinds) / np.maximum(np.bincount(kind, minlength=kinds), 1)
    undone = by_lag[1] - by_lag[0]
    # of a sensor that says only whole steps, neighbours undo each other where its noise moves it over one
    return np.where(undone > step**2 / 24, np.maximum(undone - step**2 / 12, (0.2 * step) ** 2), 0.0)


def _shrinkage(
    seen: _Seen, s: Series, kind: Ints, kinds: int, noise: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return each kind's mean rate, the variance between homes, and for how many days the kind counts."""
    mean, between, weight = np.zeros(kinds), np.zeros(kinds), np.full(kinds, 5.0)
    rate = seen.used / np.maximum(seen.days, _LEAST)
    for k in range(kinds):
        own = (kind == k) & (seen.days > 3)
        if own.sum() < 3:
            total = seen.used[kind == k].sum()
            mean[k] = max(total / max(seen.days[kind == k].sum(), _LEAST), 1e-4) if total else 1 / 30
            between[k] = (0.5 * mean[k]) ** 2
            continue
        mean[k] = seen.used[own].sum() / seen.days[own].sum()
        within = (2 * (noise[k] + s.step[own] ** 2 / 12) + 0.02 * mean[k] * seen.days[own]) / seen.days[
            own
        ] ** 2
        spread = np.median(np.abs(rate[own] - np.median(rate[own]))) * 1.4826
        between[k] = max(spread**2 - np.median(within), (0.1 * mean[k]) ** 2)
        weight[k] = np.clip(np.median(within * seen.days[own]) / between[k], 0.5, 30.0)
    return mean, between, weight


def _spreads(
    c: Crossings, kind: Ints, prior: tuple[Floats, Floats, Floats], half_life: float
) -> tuple[Floats, Floats, Floats]:
    """Return each kind's `spread` and `drift`, from forecasts made of the past, and each supply's own factor.

    A home whose forecasts erred more than its kind's is less sure: its factor, shrunk to 1.
    """
    kinds, homes = len(prior[0]), len(kind)
    spread, drift = np.full(kinds, 0.02), np.full(kinds, 0.04)
    if len(c.day) < 30:
        return spread, drift, np.ones(homes)
    expected, gone, group = _past_forecasts(c, kind, prior, half_life)
    of = kind[group]
    for k in range(kinds):
        own = of == k
        if own.sum() < 60:
            continue
        u, e2 = gone[own], (gone[own] - expected[own]) ** 2 - prior[2][k]
        design = np.stack([np.ones_like(u), u], axis=1)  # of e2 / u: errors grow with u, so equal weight
        found, _ = nnls(design, np.maximum(e2 / u, -1.0))
        spread[k], drift[k] = max(found[0], 1e-4), max(found[1], 1e-3)
    usual = prior[2][of] + spread[of] * gone + drift[of] * gone**2
    unlike = np.bincount(group, (gone - expected) ** 2 / usual, homes)
    seen = np.bincount(group, minlength=homes) / len(DROPS) / 4  # crossings side by side err alike
    return spread, drift, np.clip((_USUAL + unlike / len(DROPS) / 4) / (_USUAL + seen), 0.3, 4.0)


def paced(
    c: Crossings, kind: Ints, prior: tuple[Floats, Floats, Floats], half_life: float
) -> tuple[Floats, Floats]:
    """Return the rate as it was known at each crossing, and the (weighted) days that it rests on.

    `prior` holds each kind's mean rate, for how many days it counts, and the noise.
    """
    weight = np.exp2((c.day - c.span / 2) / half_life)
    first = np.flatnonzero(np.diff(c.group, prepend=-1))
    base = np.repeat(first, np.diff(np.append(first, len(c.group))))

    def so_far(value: Floats) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(value)])
        out: Floats = total[1:] - total[base]
        return out

    today = np.exp2(-c.day / half_life)
    k = kind[c.group]
    used, days = so_far(weight * c.used) * today, so_far(weight * c.span) * today
    rate = np.maximum((used + prior[0][k] * prior[1][k]) / (days + prior[1][k]), 1e-5)
    return rate, days


def _past_forecasts(
    c: Crossings, kind: Ints, prior: tuple[Floats, Floats, Floats], half_life: float
) -> tuple[Floats, Floats, Ints]:
    """Return what was expected to go until a part of a pack had gone, what had, and the supplies.

    As of each crossing, with what was known then: the forecast that is made of the rest of a pack.
    """
    rate, days = paced(c, kind, prior, half_life)
    lowest = _lowest(c)
    expected, gone, of = [], [], []
    for drop in DROPS:
        at = np.flatnonzero(days > 10)
        to = np.searchsorted(lowest, c.cycle[at] * 4.0 + 1.0 - c.x[at] + drop)
        good = to < len(c.day)
        at, to = at[good], to[good]
        good = c.cycle[to] == c.cycle[at]
        at, to = at[good], to[good]
        expected.append(rate[at] * (c.day[to] - c.day[at]))
        gone.append(c.x[at] - c.x[to])
        of.append(c.group[at])
    return np.concatenate(expected), np.concatenate(gone), np.concatenate(of)


def _lowest(c: Crossings) -> Floats:
    """Return a number that grows from stretch to stretch, and in each as its lowest level so far falls."""
    out: Floats = np.maximum.accumulate(c.cycle * 4.0 + 1.0 - c.x)
    return out
