"""The chance that a household leaves within four weeks, learned from who left before, with reasons.

Two explainable models: whether it is gone already without saying so, and whether it leaves if it is not.
Both are penalised logistic regressions whose chances are set right on households held out (Platt 1999).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hearthline.signals import _logistic
from hearthline.signals._leaving import GROUPS, HORIZON, SILENCE, Days, active, gone, left, traits

__all__ = ["ENOUGH", "Lessons", "Risk", "at_risk", "boosted", "lessons"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
ENOUGH: Final = 30
"""Households that left, and that stayed, that a model needs."""
_FOLDS: Final = 5
_APART: Final = 14
_MOST_LESSONS: Final = 8
_TURN: Final = 56
"""Days of past that traits need before the first lesson."""
_REASON: Final = 0.1
"""What a reason adds to the log-odds at least."""


class Lessons(NamedTuple):
    """Rows of traits, whose they are (number of the household), and what happened next."""

    traits: Floats
    unit: NDArray[np.int64]
    gone: Flags
    left: Flags


@dataclass(frozen=True, slots=True)
class Risk:
    """n households that did something lately.

    Attributes:
        unit: their numbers.
        gone: chance that a household is gone already.
        leaves: chance that it leaves within `HORIZON` days if it is not.
        reasons: up to three reasons of each, the strongest first.
        lessons: rows that the models learned from; `departures` of them ended in leaving.
    """

    unit: NDArray[np.int64]
    gone: Floats
    leaves: Floats
    reasons: list[list[str]]
    lessons: int
    departures: int

    @property
    def chance(self) -> Floats:
        """The chance that a household is gone or leaves within `HORIZON` days."""
        out: Floats = self.gone + (1 - self.gone) * self.leaves
        return out


def lessons(days: Days, until: int) -> Lessons:
    """Return what was seen at days whose outcome was known by day `until`.

    The latest days first, two weeks apart, at most eight of them.
    """
    start = int(days.first.min()) + _TURN if days.n else 0
    found = [Lessons(np.zeros((0, len(GROUPS))), *(np.zeros(0, dtype=k) for k in (np.int64, bool, bool)))]
    for day in range(until - HORIZON - SILENCE, start - 1, -_APART)[:_MOST_LESSONS]:
        rows = np.flatnonzero(active(days, day))
        found.append(Lessons(traits(days, day)[rows], rows, gone(days, day)[rows], left(days, day)[rows]))
    return Lessons(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _learned(x: Floats, y: Flags, unit: NDArray[np.int64], now: Floats) -> tuple[Floats, Floats]:
    """Return calibrated chances of the rows `now`, and what each trait adds to the log-odds."""
    fold, held_out = _logistic.folds(unit, _FOLDS), np.zeros(len(y))
    for k in range(_FOLDS):
        inside, outside = fold != k, fold == k
        held_out[outside] = _logistic.scores(_logistic.fit(x[inside], y[inside]), x[outside])
    model = _logistic.fit(x, y)
    return _logistic.calibrated(_logistic.scores(model, now), held_out, y), _logistic.parts(model, now)


def at_risk(days: Days, day: int) -> Risk | None:
    """Return who is gone or leaves within four weeks of a day; None where too few left to learn from.

    Learned from outcomes seen by that day alone.
    """
    known = lessons(days, day)
    stays = ~known.gone
    departures = int((known.left & stays).sum())
    if min(departures, int((~known.left).sum())) < ENOUGH:
        return None
    unit = np.flatnonzero(active(days, day))
    now = traits(days, day)[unit]
    leaves, added = _learned(known.traits[stays], known.left[stays], known.unit[stays], now)
    away = np.zeros(len(unit))
    if known.gone.sum() >= ENOUGH:
        away, more = _learned(known.traits, known.gone, known.unit, now)
        added = np.maximum(added, more)
    return Risk(unit, away, leaves, _reasons(added), len(known.unit), departures)


def _reasons(added: Floats) -> list[list[str]]:
    """Return up to three reasons of each row: groups of traits by what they add together."""
    words = list(dict.fromkeys(GROUPS))
    group = np.array([words.index(g) for g in GROUPS])
    totals = np.stack([added[:, group == i].sum(axis=1) for i in range(len(words))], axis=1)
    best = np.argsort(-totals, axis=1, kind="stable")[:, :3]
    strong = np.take_along_axis(totals, best, axis=1) > _REASON
    return [
        [words[i] for i, said in zip(row, says, strict=True) if said]
        for row, says in zip(best.tolist(), strong.tolist(), strict=True)
    ]


def boosted(days: Days, day: int) -> Floats:
    """Return the chance of leaving (if not gone) of the households in `at_risk`, by boosted trees.

    To be shown beside the explainable model, since it gives no reasons.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed (extra `ml`).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 # an extra

    known = lessons(days, day)
    stays = ~known.gone
    model = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=60, random_state=0
    )
    model.fit(known.traits[stays], known.left[stays])
    chance: Floats = model.predict_proba(traits(days, day)[active(days, day)])[:, 1]
    return chance
