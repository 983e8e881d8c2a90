"""How much each subscribed home uses: from sensors, from its orders, and from what those of others cover.

Orders say what a home bought here. What it bought elsewhere, and on which days it went without, they do not:
where enough homes have a sensor and orders by hand, these say which part of use such orders cover.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hearthline.signals import Asked, Tables
from hearthline.signals._columns import days_of, micros, sorted_by

__all__ = ["Use", "uses_of"]

_ENOUGH: Final = 20
_LEAST_SPREAD: Final = 0.1
_USUAL: Final = (1 / 28, 0.5)
_SENSED: Final = ("sensor", "uses")


@dataclass(frozen=True, slots=True)
class Use:
    """A home's use in packs a day, its relative standard deviation, and what it is known from.

    `topped` is how many orders by hand a day it placed beside the subscription, `covered` the part of use
    that orders by hand cover in homes whose use is known (None: not known).
    """

    rate: float
    doubt: float
    basis: str
    device: str | None = None
    packs: float | None = None
    idle: float = 0.0
    topped: float = 0.0
    covered: float | None = None


@dataclass(frozen=True, slots=True)
class _Fleet:
    """All homes: mean use, its relative spread, and the part that orders by hand cover (with its spread)."""

    mean: float
    spread: float
    covered: float | None = None
    unlike: float = 0.0


def uses_of(rows: pa.Table, seen: Tables, asked: Asked) -> list[Use]:
    """Return what each subscription's home uses, from the best evidence that there is."""
    sensed = {
        r["unit"]: r
        for r in sorted_by(seen["supplies"], "unit", "rate").to_pylist()
        if r["basis"] != "orders"
    }
    hand = _by_hand(seen["by_hand"], asked)
    fleet = _fleet(hand, seen)
    began, out = days_of(rows["began"], asked.as_of).tolist(), []
    for row, start in zip(rows.to_pylist(), began, strict=True):
        own, days = sensed.get(row["unit"]), hand.get(row["unit"], [])
        topped = sum(d >= start for d in days) / max(-start, 7.0)
        if own is not None:
            idle = (micros(asked.as_of) - micros(own["last"])) / 86_400_000_000
            doubt = own["rate_sd"] / max(own["rate"], 1e-9)
            found = (own["rate"], doubt, own["basis"], own["device"] or None, own["packs"], idle, topped)
            out.append(Use(*found))
        else:
            out.append(_by_orders(row, days, start, fleet))
    return out


def _by_hand(rows: pa.Table, asked: Asked) -> dict[int, list[float]]:
    """Return the days before the as-of (negative) on which each home ordered by hand, in order."""
    rows = sorted_by(rows, "unit", "time")
    out: dict[int, list[float]] = {}
    days = days_of(rows["time"], asked.as_of).tolist()
    for unit, day in zip(rows["unit"].to_pylist(), days, strict=True):
        if day <= 0:
            out.setdefault(unit, []).append(day)
    return out


def _fleet(hand: dict[int, list[float]], seen: Tables) -> _Fleet:
    """Return what is usual, as sensors say where there are enough, else as homes order by hand."""
    rate: dict[int, float] = {}
    for row in seen["supplies"].to_pylist():
        if row["basis"] in _SENSED:
            rate[row["unit"]] = rate.get(row["unit"], 0.0) + row["rate"]
    free = {r["unit"]: r for r in seen["free_hand"].to_pylist()}
    both = sorted(rate.keys() & free.keys())
    if len(both) < _ENOUGH:
        return _ordered(hand)
    counts = np.array([free[u]["orders"] - 1 for u in both], dtype=np.float64)
    spans = np.array([max(free[u]["days"], 7.0) for u in both])
    used = np.array([max(rate[u], 1e-6) for u in both])
    part = np.log(counts / spans / used)
    unlike = _spread(part) ** 2 - float(np.mean(1 / counts))  # what few orders differ by is luck
    every = np.log(np.maximum(list(rate.values()), 1e-6))
    return _Fleet(
        float(np.exp(np.median(every))),
        max(_spread(every), _LEAST_SPREAD),
        float(np.exp(np.median(part))),
        float(np.sqrt(max(unlike, _LEAST_SPREAD**2))),
    )


def _spread(values: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """Return a standard deviation that outliers do not move."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def _ordered(hand: dict[int, list[float]]) -> _Fleet:
    """Return the mean pace of homes that order by hand, and its relative spread between homes."""
    paces = np.array([(len(d) - 1) / max(d[-1] - d[0], 7.0) for d in hand.values() if len(d) > 2])
    if len(paces) < 5:
        return _Fleet(*_USUAL)
    return _Fleet(float(paces.mean()), float(min(max(paces.std() / paces.mean(), 0.2), 0.8)))


def _by_orders(row: dict[str, Any], days: list[float], start: float, fleet: _Fleet) -> Use:
    """Return the use of a home that no sensor reads.

    Orders by hand beside the subscription say that it is too slow: then all that came was used. Without
    them, the pace before it began speaks, over the part of use that such orders cover; shrunk to all homes.
    """
    before, after = [d for d in days if d < start], [d for d in days if d >= start]
    covered, unlike, topped = 1.0, 0.0, len(after) / max(-start, 7.0)
    if len(after) >= 2 and row["orders"] >= 2:
        count, span, basis = row["orders"] + len(after), max(-start, 7.0), "top-ups"
    elif len(before) >= 2:
        count, span, basis = len(before) - 1, max(start - before[0], 7.0), "before"
        covered, unlike = fleet.covered or 1.0, fleet.unlike
    else:
        return Use(fleet.mean, fleet.spread, "fleet", topped=topped, covered=fleet.covered)
    known, usual = 1 / (1 / count + unlike**2), 1 / fleet.spread**2
    middle = known * np.log(count / span / covered) + usual * np.log(fleet.mean)
    rate = float(np.exp(middle / (known + usual)))
    doubt = float(1 / np.sqrt(known + usual))
    return Use(rate, doubt, basis, topped=topped, covered=fleet.covered)
