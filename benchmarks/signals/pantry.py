"""A world of pantries whose form no forecast shares: people come and go, use in lumps, and change habits.

Every home is lived hour by hour in effect day by day: an occupancy that goes away for whole trips, a
number of uses a day (Poisson of a rate that wanders and is lumpy between days), an amount a use
(log-normal), a weekly profile of the home's own, refills by people who look late, early, or top up.
Nothing here is imported by a signal, and nothing of a signal is imported here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["HABITS", "SENSORS", "Habits", "Pantry", "best_days", "futures", "read_by", "stock"]

SENSORS = {
    "1 %, noise .5, 5 % missing": (0.01, 0.005, 0.05),
    "5 %, noise 1.5, 20 % missing": (0.05, 0.015, 0.20),
    "10 %, noise 3, 50 % missing": (0.10, 0.03, 0.50),
    "25 % (four steps), 20 % missing": (0.25, 0.0, 0.20),
}
"""Quality of a sensor: its step, its noise, and the part of days without a reading."""


@dataclass(frozen=True)
class Habits:
    """How homes live.

    Attributes:
        wander: how much their rate of use wanders a day (log-scale).
        lumps: shape of the gamma that makes days unequal; small is lumpy.
        trips: days between trips; `moves` years between somebody moving in or out.
    """

    wander: float
    lumps: float
    trips: float
    moves: float


HABITS = {"steady homes": Habits(0.018, 8.0, 180.0, 3.0), "restless homes": Habits(0.045, 2.5, 75.0, 0.66)}


@dataclass(frozen=True)
class Mind:
    """What nobody outside knows of the homes: (n,) uses a day and days of a pack, (7, n) their weeks.

    `wander` (days, n) is the logarithm of their pace beside it at each day's end, `away` the days of a trip
    that are left then.
    """

    habits: Habits
    uses: np.ndarray
    pack_days: np.ndarray
    profile: np.ndarray
    wander: np.ndarray
    away: np.ndarray


@dataclass(frozen=True)
class Pantry:
    """n homes over so many days; `use` wanted, `level` at each day's end, `filled`: all (days, n)."""

    use: np.ndarray
    level: np.ndarray
    filled: np.ndarray
    mind: Mind


def stock(seed: int, homes: int, days: int, habits: Habits = HABITS["restless homes"]) -> Pantry:
    """Return the life of the pantries; levels and use in packs."""
    rng = np.random.default_rng([seed, 77])
    pack_days = np.exp(rng.normal(np.log(32), 0.45, homes))
    uses = rng.choice([0.6, 1.2, 2.5, 5.0], homes)
    profile = rng.dirichlet(np.full(7, 12.0), homes).T * 7
    wander = np.zeros(homes)
    away = np.zeros(homes, dtype=int)
    use, known = np.empty((days, homes)), np.empty((2, days, homes))
    for day in range(days):
        wander += -wander / 45 + rng.normal(0, habits.wander, homes)
        jump = rng.random(homes) < 1 / 365 / habits.moves  # somebody moves in or out
        wander += jump * rng.normal(0, 0.35, homes)
        leave = (away == 0) & (rng.random(homes) < 1 / habits.trips)
        away = np.where(leave, rng.integers(2, 12, homes), np.maximum(away - 1, 0))
        season = 1 + 0.12 * np.sin(2 * np.pi * day / 365)
        lumpy = rng.gamma(habits.lumps, 1 / habits.lumps, homes)
        count = rng.poisson(uses * profile[day % 7] * np.exp(wander) * season * lumpy * (away == 0))
        amount = np.exp(rng.normal(-0.08, 0.4, homes)) / (uses * pack_days)
        use[day], known[:, day] = count * amount, (wander, away)
    return Pantry(use, *_filled(rng, use), Mind(habits, uses, pack_days, profile, *known))


def futures(pantry: Pantry, day: int, seed: int, draws: int, ahead: int) -> Iterator[np.ndarray]:
    """Yield (draws, n) what is used on each day to come, drawn from all that is true at the end of a day."""
    rng, mind, shape = np.random.default_rng([seed, day, 81]), pantry.mind, (draws, pantry.use.shape[1])
    wander = np.broadcast_to(mind.wander[day - 1], shape).copy()
    away = np.broadcast_to(mind.away[day - 1].astype(np.int64), shape).copy()
    habits = mind.habits
    for now in range(day, day + ahead):
        wander += -wander / 45 + rng.normal(0, habits.wander, shape)
        wander += (rng.random(shape) < 1 / 365 / habits.moves) * rng.normal(0, 0.35, shape)
        leave = (away == 0) & (rng.random(shape) < 1 / habits.trips)
        away = np.where(leave, rng.integers(2, 12, shape), np.maximum(away - 1, 0))
        season = 1 + 0.12 * np.sin(2 * np.pi * now / 365)
        lumpy = rng.gamma(habits.lumps, 1 / habits.lumps, shape)
        rate = mind.uses * mind.profile[now % 7] * np.exp(wander) * season * lumpy * (away == 0)
        yield rng.poisson(rate) * np.exp(rng.normal(-0.08, 0.4, shape)) / (mind.uses * mind.pack_days)


def best_days(pantry: Pantry, day: int, seed: int, draws: int = 101, ahead: int = 150) -> np.ndarray:
    """Return the days left that nobody can beat: the middle of futures drawn from all that is true now.

    Whoever knows the true level, each home's habits, how it lives at the moment and who is on a trip still
    does not know what comes: this is the least mean error that any forecast can have here.
    """
    left = np.broadcast_to(pantry.level[day - 1], (draws, pantry.level.shape[1])).copy()
    out = np.full(left.shape, float(ahead))
    for later, use in enumerate(futures(pantry, day, seed, draws, ahead)):
        over = (left > 0) & (use >= left)
        out[over] = later + (left[over] / np.maximum(use[over], 1e-12))
        left = np.where(left > 0, np.maximum(left - use, 0), 0)
        if not (left > 0).any():
            break
    middle: np.ndarray = np.median(out, axis=0)
    return middle


def _filled(rng: np.random.Generator, use: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    days, homes = use.shape
    level, filled = np.empty_like(use), np.zeros(use.shape, dtype=bool)
    now = np.asarray(rng.uniform(0.1, 1.0, homes))
    wait = np.full(homes, -1)
    eager = rng.random(homes) < 0.3
    for day in range(days):
        now = np.maximum(now - use[day], np.zeros(homes))
        due = (wait < 0) & ((now <= 0) | (eager & (now < 0.15) & (rng.random(homes) < 0.3)))
        wait = np.where(due, rng.integers(0, 4, homes), wait)
        fill = wait == 0
        now[fill] = 1.0
        filled[day] = fill
        wait = np.where(wait >= 0, wait - 1, -1)
        level[day] = now
    return level, filled


def read_by(
    pantry: Pantry, sensor: tuple[float, float, float], seed: int, upto: int
) -> tuple[np.ndarray, ...]:
    """Return home, day and reading (parts of a pack) of all readings on days before `upto`."""
    step, noise, missing = sensor
    rng = np.random.default_rng([seed, 78])
    level = pantry.level[:upto] + rng.normal(0, noise, pantry.level[:upto].shape) * (noise > 0)
    said = np.clip(np.round(np.clip(level, 0, 1) / step) * step, 0, 1)
    day, home = np.nonzero(rng.random(said.shape) >= missing)
    return home, day, said[day, home]
