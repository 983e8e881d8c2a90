"""Run-out forecasts on pantries, over four qualities of sensor, beside rules that people use."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pyarrow as pa
from pantry import HABITS, SENSORS, Habits, Pantry, best_days, read_by, stock

from hearthline import signals
from hearthline.signals import Asked
from published import markdown

__all__ = ["asked_at", "readings_of", "supplies_at", "told"]

MONDAY = datetime(2025, 1, 6, tzinfo=UTC)
DAYS = range(150, 310, 17)
NEAR = (3, 7, 14, 21)
_WHEN = pa.timestamp("us", tz="UTC")
_NAMED = [("unit", pa.int64()), ("device", pa.string()), ("supply", pa.string()), ("time", _WHEN)]
_BOUGHT = [("unit", pa.int64()), ("product", pa.string()), ("time", _WHEN), ("quantity", pa.float64())]
NOTHING = {
    "uses": pa.schema([*_NAMED, ("uses", pa.float64())]).empty_table(),
    "bought": pa.schema(_BOUGHT).empty_table(),
    "schedules": pa.schema([("product", pa.string()), ("days", pa.float64())]).empty_table(),
}


def asked_at(day: int, name: str) -> Asked:
    """Return what a signal is asked at the end of a day of the pantries."""
    return signals.asked_of(name, Asked(MONDAY + timedelta(days=day)), {})


def readings_of(pantry: Pantry, sensor: tuple[float, float, float], seed: int, upto: int) -> pa.Table:
    """Return what the sensors said before that day, as the signal sees it."""
    home, day, said = read_by(pantry, sensor, seed, upto)
    n = len(home)
    minute = np.random.default_rng([seed, 79]).integers(0, 30, n)
    us = int(MONDAY.timestamp() * 1e6) + (day + 1) * 86_400_000_000 - 1_800_000_000 + minute * 60_000_000
    return pa.table(
        {
            "unit": home,
            "device": pa.array(home).cast(pa.string()),
            "supply": pa.repeat("pods", n),
            "kind": pa.repeat("appliance", n),
            "measure": pa.repeat("percent", n),
            "time": pa.array(us).cast(_WHEN),
            "level": np.round(said * 100, 3),
        }
    )


def supplies_at(seen: pa.Table, day: int) -> signals.Tables:
    """Return the tables of `supplies` and `run_outs` as of the end of a day."""
    made = signals.load("supplies").derive({"level_readings": seen, **NOTHING}, asked_at(day, "supplies"))
    unsaid = {n: t.empty_table() for n, t in signals.load("churn").TABLES.items()}
    return {**made, **signals.load("run_outs").derive({**made, **unsaid}, asked_at(day, "run_outs"))}


def _true_days(pantry: Pantry, day: int) -> np.ndarray:
    """Return in how many days what is there at the end of a day is used up, without a refill; part days."""
    ahead = np.cumsum(pantry.use[day:], axis=0)
    left = pantry.level[day - 1]
    out: np.ndarray = np.argmax(ahead >= left, axis=0).astype(float)
    out[ahead[-1] < left] = np.nan
    home = np.flatnonzero(~np.isnan(out))
    at = out[home].astype(int)
    before = np.where(at > 0, ahead[np.maximum(at - 1, 0), home], 0)
    out[home] = at + (left[home] - before) / np.maximum(pantry.use[day + at, home], 1e-12)
    return out


def _by_interval(pantry: Pantry, day: int, *, mean: bool) -> np.ndarray:
    """Return the days left by the last refill-to-refill interval, or the mean of all of them."""
    out = np.full(pantry.level.shape[1], np.nan)
    for home in range(len(out)):
        days = np.flatnonzero(pantry.filled[:day, home])
        if len(days) > 1:
            gaps = np.diff(days)
            usual = gaps.mean() if mean else gaps[-1]
            out[home] = max(days[-1] + usual - (day - 1), 0)
    return out


def _known_rate(pantry: Pantry, day: int) -> np.ndarray:
    """Return the days left of somebody who knows the true level and the true use of the last 28 days."""
    pace = pantry.use[day - 28 : day].mean(axis=0)
    out: np.ndarray = np.minimum(pantry.level[day - 1] / np.maximum(pace, 1e-9), 366)
    return out


@cache
def _pantry(seed: int, homes: int, habits: Habits) -> tuple[Pantry, dict[int, np.ndarray]]:
    """Return a town's pantries, and on each day asked what nobody can foretell better."""
    pantry = stock(seed, homes, 460, habits)
    return pantry, {day: best_days(pantry, day, seed) for day in DAYS}


def _errors(
    seeds: tuple[int, ...], sensor: tuple[float, float, float], habits: Habits, homes: int
) -> Iterator[tuple[np.ndarray, ...]]:
    for seed in seeds:
        pantry, best = _pantry(seed, homes, habits)
        for day in DAYS:
            out = supplies_at(readings_of(pantry, sensor, seed, day), day)["run_outs"]
            home = out["unit"].to_numpy()
            true, rules = (
                _true_days(pantry, day)[home],
                [
                    _by_interval(pantry, day, mean=False)[home],
                    _by_interval(pantry, day, mean=True)[home],
                    _known_rate(pantry, day)[home],
                    best[day][home],
                ],
            )
            good = ~np.isnan(true) & ~np.isnan(rules[0]) & (pantry.level[day - 1][home] > 0.02)
            get = {n: out[n].to_numpy() for n in ("days", "low80", "high80", "low", "high")}
            far = {n: np.nan_to_num(v, nan=np.inf) for n, v in get.items()}
            made = [np.abs(v - true) for v in (np.nan_to_num(get["days"], nan=366), *rules)]
            made += [
                (get["low80"] <= true) & (true <= far["high80"]),
                (get["low"] <= true) & (true <= far["high"]),
            ]
            made.append(np.min(np.abs(true[:, None] - np.array(NEAR)), axis=1) < 0.5)
            yield tuple(v[good] for v in made)


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return the tables, one for each kind of homes."""
    parts = []
    homes = 120 if small else 400
    for title, habits in HABITS.items():
        rows = []
        for name, sensor in SENSORS.items():
            found = list(zip(*_errors(seeds, sensor, habits, homes), strict=True))
            own, last, mean, known, best, in80, in90, near = (np.concatenate(p) for p in found)
            cells = [
                f"{own[near].mean():.2f}",
                f"{last[near].mean():.2f}",
                f"{own[near].mean() / last[near].mean():.2f}",
                f"{best[near].mean() / last[near].mean():.2f}",
                f"{own.mean() / last.mean():.2f}",
                f"{best.mean() / last.mean():.2f}",
                f"{mean.mean() / last.mean():.2f}",
                f"{known.mean() / last.mean():.2f}",
                f"{in80.mean():.3f}",
                f"{in90.mean():.3f}",
                f"{len(own):,}",
            ]
            rows.append([name, *cells])
        heads = [
            f"{title}: sensor",
            "days off, 3 to 21 before",
            "last interval",
            "ratio",
            "all known",
            "ratio on any day",
            "all known",
            "mean interval",
            "true level, true 28 days",
            "80 % holds",
            "90 % holds",
            "forecasts",
        ]
        parts.append(markdown(heads, rows))
    return "\n\n".join(parts)
