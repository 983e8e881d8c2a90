"""Who leaves within four weeks: the chance against what is known without devices, and calibration.

The town: households use devices and order until a day on which they stop for good. Most of those who stop
use less beforehand, some in a straight line, some by a sudden halving, some by ever longer pauses; some stop
after weeks of faults; the others stop without a sign. Households that stay go on holiday. In the control
nobody shows a sign. No part of it is a logistic curve.
"""

from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from hearthline.signals._leaving import HORIZON, Days, active
from hearthline.signals._risk import at_risk, boosted
from published import markdown

__all__ = ["told"]

DAYS = 300


@dataclass(frozen=True)
class Town:
    """What was seen until the last day, and on which day each household stopped (infinite: never)."""

    days: Days
    now: int
    stopped: NDArray[np.float64]


def town(homes: int, seed: int, *, signs: bool = True) -> Town:
    """Return a town; without `signs` nobody shows that they will stop."""
    random = np.random.default_rng([seed, 811])
    now = DAYS
    stop = np.where(random.random(homes) < 0.42, random.integers(40, now + 200, homes), 10**6)
    kind = (
        np.where(random.random(homes) < 0.8, random.integers(0, 4, homes), 9) if signs else np.full(homes, 9)
    )
    rate = random.gamma(1.6, 1.4, homes) + 0.15
    day = np.arange(1, now + 1)
    level = np.ones((homes, now))
    before = stop[:, None] - day[None, :]
    length = random.integers(21, 63, homes)[:, None]
    level = np.where((kind == 0)[:, None], np.clip(before / length, 0.05, 1), level)
    level = np.where((kind == 1)[:, None] & (before < length * 0.7), 0.35, level)
    pauses = (random.random((homes, now)) < np.clip(1 - before / length, 0, 0.9)) & (before < length)
    level = np.where((kind == 2)[:, None] & pauses, 0.0, level)
    away = random.integers(20, now, homes)[:, None]
    gone = (day[None, :] >= away) & (day[None, :] < away + random.integers(5, 17, homes)[:, None])
    level = np.where(gone & (random.random(homes) < 0.5)[:, None], 0.0, level)
    weekly = 1 + 0.35 * np.sin(2 * np.pi * (day + random.integers(0, 7, homes)[:, None]) / 7)
    mood = random.gamma(2.5, 1 / 2.5, (homes, now))
    uses = random.poisson(rate[:, None] * level * weekly * mood) * (day[None, :] < stop[:, None])
    faults = (random.random((homes, now)) < 0.01).astype(np.int64)
    failing = (kind == 3)[:, None] & (before < 24) & (before >= 0)
    faults += random.poisson(0.5 * failing)
    faults *= day[None, :] < stop[:, None]
    unit, at = np.nonzero((uses > 0) | (faults > 0))
    rhythm = random.gamma(4, 9, homes) + 8
    gaps = rhythm[:, None] * random.gamma(2, 0.5, (homes, 60))
    when = np.floor(np.cumsum(gaps, axis=1) - gaps[:, :1] * random.random((homes, 1)))
    ordered = (when >= 1) & (when <= now) & (when < stop[:, None])
    order_unit, nth = np.nonzero(ordered)
    days = Days(
        unit,
        at + 1,
        uses[unit, at].astype(np.float64),
        faults[unit, at].astype(np.float64),
        order_unit,
        when[order_unit, nth].astype(np.int64),
        np.ones(homes, dtype=np.int64),
        uses[unit, at].astype(np.float64),
    )
    return Town(days, now, np.where(stop > 10**5, np.inf, stop).astype(np.float64))


def auc(score: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve; ties count half."""
    from scipy.stats import rankdata

    rank, n = rankdata(score), int(happened.sum())
    return float((rank[happened].sum() - n * (n + 1) / 2) / (n * (len(score) - n)))


def precision(score: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """Return the average precision; ties in the order of a coin."""
    order = np.argsort(-score + 1e-9 * np.random.default_rng(0).random(len(score)))
    hits = happened[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def miscalibrated(chance: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """Return the mean distance of said and true chances over tenths of the scale."""
    tenth = np.clip((chance * 10).astype(np.int64), 0, 9)
    parts = [tenth == k for k in range(10) if (tenth == k).any()]
    return float(sum(abs(chance[p].mean() - happened[p].mean()) * p.mean() for p in parts))


def measured(homes: int, seed: int, *, signs: bool = True) -> dict[str, float]:
    """Return the measures of one town: trained on what was seen, judged on who stopped afterwards."""
    one = town(homes, seed, signs=signs)
    found = at_risk(one.days, one.now)
    if found is None:
        raise SystemExit("churn: too few households left to learn from; take more --homes")
    unit = np.flatnonzero(active(one.days, one.now))
    here = one.stopped[unit] > one.now
    known, unit = one.stopped[unit] <= one.now + HORIZON, unit[here]
    truth = known[here]
    last_order = np.full(one.days.n, -np.inf)
    np.maximum.at(last_order, one.days.order_unit, one.days.order_day.astype(np.float64))
    last_use = np.full(one.days.n, -np.inf)
    used = one.days.uses > 0
    np.maximum.at(last_use, one.days.unit[used], one.days.day[used].astype(np.float64))
    recency, idle = one.now - last_order[unit], one.now - last_use[unit]
    recency, idle = np.minimum(recency, 999), np.minimum(idle, 999)
    trees = boosted(one.days, one.now)[here]
    out = {
        "base": float(truth.mean()),
        "calibration error": miscalibrated(found.chance, known),
        "seen gone": auc(found.gone, ~here),
    }
    scores = {
        "order recency": recency,
        "days since use": idle,
        "explainable": found.leaves[here],
        "boosted trees": trees,
    }
    for name, score in scores.items():
        out[f"{name} auc"], out[f"{name} pr"] = auc(score, truth), precision(score, truth)
    return out


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return the measures as Markdown: medians over seeds, the range in brackets."""
    homes = 2500 if small else 5000
    town, control = ([measured(homes, s, signs=signs) for s in seeds] for signs in (True, False))

    def cell(found: list[dict[str, float]], name: str) -> str:
        values = [one[name] for one in found]
        return f"{median(values):.3f} ({min(values):.3f}–{max(values):.3f})"

    rows = [
        [name, cell(town, f"{name} auc"), cell(town, f"{name} pr"), cell(control, f"{name} auc")]
        for name in ("order recency", "days since use", "explainable", "boosted trees")
    ]
    heads = ["score", "AUC", "average precision", "AUC, nobody shows a sign"]
    gain = median(o["explainable auc"] - o["order recency auc"] for o in town)
    times = median(o["explainable pr"] / o["order recency pr"] for o in town)
    nothing = [o["explainable auc"] - o["order recency auc"] for o in control]
    said = (
        f"{homes:,} households, seeds {', '.join(map(str, seeds))}: medians, ranges in brackets.",
        f"Judged on households that have not stopped yet; {cell(town, 'base')} of them leave within",
        f"{HORIZON} days. Against order recency: AUC {gain:+.3f} (goal: +0.25), average precision",
        f"× {times:.1f} (goal: 6). Where nobody shows a sign the gain in AUC is {median(nothing):+.3f}",
        f"({min(nothing):+.3f} to {max(nothing):+.3f}). Mean distance of said and true chances of being",
        f"gone by then: {cell(town, 'calibration error')}; in the control",
        f"{cell(control, 'calibration error')}. Who had",
        f"stopped already unnoticed is told apart with an AUC of {cell(town, 'seen gone')}.",
    )
    return markdown(heads, rows) + "\n\n" + " ".join(said)
