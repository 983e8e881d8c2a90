"""Reorder policies lived day by day on pantries: service, empty days and spare packs on the shelf."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
from pantry import HABITS, SENSORS, Pantry, futures, stock
from run_outs import MONDAY, asked_at, supplies_at

from hearthline import signals
from hearthline.signals import Asked
from published import markdown

__all__ = ["told"]

WARM, END = 140, 400
LEAD = (2, 3, 4, 5)
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SERVICES = (0.95, 0.98, 0.99, 0.997, 0.9995)
KNOWN = (0.95, 0.98, 0.99)
_WHEN = pa.timestamp("us", tz="UTC")


@dataclass
class Life:
    """What a policy lived through: refills, those before which the home was empty, and more."""

    refills: int = 0
    late: int = 0
    empty_days: float = 0.0
    spare_days: float = 0.0
    home_days: float = 0.0

    @property
    def service(self) -> float:
        """Part of refills before which it never was empty."""
        return 1 - self.late / max(self.refills, 1)


def lived(seed: int, homes: int, policy: str, level: float) -> Life:
    """Return how a policy does: `threshold` orders at that reading, `signal` and `all known` for a service.

    Who knows all has the true level, each home's habits and how it lives at the moment, and no sensor.
    """
    step, noise, missing = SENSORS["5 %, noise 1.5, 20 % missing"]
    pantry = stock(seed, homes, END, HABITS["steady homes"])
    pace = pantry.use.mean(axis=0)
    rng = np.random.default_rng([seed, 80])  # the same days, noise and deliveries for every policy
    seen, seen_miss = rng.normal(0, noise, pantry.use.shape), rng.random(pantry.use.shape) < missing
    leads = rng.choice(LEAD, pantry.use.shape)
    now, coming = rng.uniform(0.3, 1.0, homes), np.full(homes, -1)
    ran_dry, life, reads = np.zeros(homes, dtype=bool), Life(), []
    said = np.ones(homes)
    for day in range(END):
        arrive = coming == 0
        if day >= WARM:
            life.refills += int(arrive.sum())
            life.late += int((arrive & ran_dry).sum())
            life.spare_days += float((now[arrive] / pace[arrive]).sum())
        now, ran_dry = np.where(arrive, np.minimum(now + 1, 2.0), now), ran_dry & ~arrive
        coming = np.where(coming >= 0, coming - 1, -1)
        wanted = pantry.use[day]
        dry = wanted > now
        ran_dry |= dry
        if day >= WARM:
            life.empty_days += float(dry.sum())
            life.home_days += homes
        now = np.maximum(now - wanted, 0)
        heard = ~seen_miss[day]
        reading = np.clip(np.round(np.clip(now + seen[day], 0, 1) / step) * step, 0, 1)
        said = np.where(heard, reading, said)
        at = np.flatnonzero(heard)
        reads.append((at, np.full(len(at), day), reading[at]))
        if day >= WARM and policy == "all known":
            order = _risk(pantry, day + 1, seed, now) > 1 - level
        elif day < WARM or policy == "threshold":
            order = said <= (level if policy == "threshold" else 0.3)
        else:
            order = _due(reads, day + 1, level, homes)
        coming = np.where(order & (coming < 0), leads[day], coming)
    return life


def _risk(pantry: Pantry, day: int, seed: int, left: np.ndarray) -> np.ndarray:
    """Return the chance that a home is empty before a delivery that is ordered tomorrow."""
    total, risk = np.zeros(len(left)), np.zeros(len(left))
    for later, use in enumerate(futures(pantry, day, seed, 200, max(LEAD) + 1)):
        total = total + use
        if later in LEAD:  # ordered tomorrow, it is there after so many days and one more
            risk += (total > left).mean(axis=0) / len(LEAD)
    return risk


def _due(reads: Sequence[tuple[np.ndarray, ...]], day: int, service: float, homes: int) -> np.ndarray:
    """Return which homes the signal would order for now."""
    home, when, said = (np.concatenate(part) for part in zip(*reads[-120:], strict=True))
    us = int(MONDAY.timestamp() * 1e6) + (when + 1) * 86_400_000_000 - 1_800_000_000
    n = len(home)
    seen = pa.table(
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
    made = dict(supplies_at(seen, day))
    prices = [
        ("product", pa.string()),
        ("packs", pa.int64()),
        ("price", pa.float64()),
        ("orders", pa.int64()),
    ]
    made["prices"] = pa.schema(prices).empty_table()
    options = {"service": service, "lead_days": 3.5, "lead_spread": 1.1}
    asked = signals.asked_of("reorders", Asked(asked_at(day, "reorders").as_of), options)
    out = signals.load("reorders").derive(made, asked)["reorders"]
    due = np.zeros(homes, dtype=bool)
    due[out["unit"].to_numpy()] = np.nan_to_num(out["wait"].to_numpy(), nan=366) <= 0
    return due


def _row(name: str, lives: list[Life]) -> tuple[list[str], float, float]:
    total = Life(*(sum(getattr(life, f) for life in lives) for f in Life.__dataclass_fields__))
    spare = total.spare_days / max(total.refills, 1)
    cells = [
        name,
        f"{total.service:.3f}",
        f"{365 * total.empty_days / total.home_days:.2f}",
        f"{spare:.1f}",
        f"{total.refills:,}",
    ]
    return cells, total.service, spare


def told(seeds: tuple[int, ...], *, small: bool) -> str:
    """Return the table of policies, and the spare stock at equal service."""
    homes, some = (30, (0.9, 0.95)) if small else (50, SERVICES)
    found = [
        _row(f"order at {t:.0%} left", [lived(s, homes, "threshold", t) for s in seeds]) for t in THRESHOLDS
    ]
    own = [_row(f"signal, service {v:.2%}", [lived(s, homes, "signal", v) for s in seeds]) for v in some]
    best = [
        _row(f"all known, service {v:.1%}", [lived(s, homes, "all known", v) for s in seeds]) for v in KNOWN
    ]
    heads = ["policy", "refills in time", "empty days a year", "days spare at delivery", "refills"]
    table = markdown(heads, [cells for cells, _, _ in found + own + best])
    limit = _at_equal_service(found, best).replace("the signal", "all known")
    return f"{table}\n\n{_at_equal_service(found, own)} {limit}"


def _at_equal_service(
    rules: list[tuple[list[str], float, float]], own: list[tuple[list[str], float, float]]
) -> str:
    """Return what is spare at a service of .985, between the policies on either side of it."""
    spare = [_between([(service, days) for _, service, days in part], 0.985) for part in (rules, own)]
    if None in spare or not spare[0]:
        return "At .985 refills in time: not reached by both."
    said = [f"{v:.1f}" for v in spare if v is not None]
    ratio = (spare[1] or 0) / spare[0]
    return (
        f"At .985 refills in time (between neighbours): {said[1]} days spare with the signal, {said[0]} with "
        f"the best threshold: ratio {ratio:.2f}."
    )


def _between(points: list[tuple[float, float]], service: float) -> float | None:
    """Return the spare days at a service, on a line between its neighbours; None beyond the ends."""
    points = sorted(points)
    for (low, a), (high, b) in pairwise(points):
        if low <= service <= high:
            return a + (b - a) * (service - low) / max(high - low, 1e-9)
    return None
