"""Supplies that no sensor reads: from counted uses since the last pack came, and from orders alone."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hearthline.signals import Asked
from hearthline.signals._columns import DAY_US, WHEN, Floats, Ints, days_of, groups, sorted_by
from hearthline.signals.supplies.readings import starts

__all__ = ["Paces", "before_refills", "from_orders", "from_schedules", "from_uses", "paces"]

NAMES: Final = ("unit", "device", "supply")
_FAR_DAYS: Final = 100_000.0
_BEGUN_DAYS: Final = 3.0
"""How many days (standard deviation) after its order a scheduled pack is begun."""
_KEPT: Final = 0.1
"""By which part of it (standard deviation) a schedule is kept: people change a filter early and late."""
_LATE_DAYS: Final = 10.0
"""A refill so many days after an order, at most, is that order's."""


@dataclass(frozen=True, slots=True)
class Paces:
    """g groups' use in packs: `rate` a day, `doubt` (its relative variance), `spread` of use a pack."""

    rate: Floats
    doubt: Floats
    spread: float


def paces(group: Ints, day: Floats, used: Floats, half_life: float) -> Paces:
    """Return how fast each group uses, from what it used between one moment and the next of the same group.

    `day` is sorted in each group, `used[i]` went between `i` and `i + 1`; the last one of a group is not
    looked at. Weighted to the recent; shrunk to all groups (a gamma prior by moments, Robbins 1956).
    """
    first, last = starts(group)
    inner = np.ones(len(group), dtype=np.bool_)
    inner[last] = False
    span = np.zeros(len(group))
    span[:-1] = np.where(inner[:-1], np.diff(day), 0)
    weight = np.where(inner, np.exp2((day + span / 2) / half_life), 0)
    packs, days = (np.bincount(group, weight * v, len(first)) for v in (used, span))
    plain_days = np.bincount(group, span * inner, len(first))
    plain = np.bincount(group, used * inner, len(first)) / np.maximum(plain_days, 1e-9)
    mean = packs.sum() / max(days.sum(), 1e-9) if days.sum() else 1 / 30
    known = plain_days > 0
    error = np.where(inner, used - plain[group] * span, 0)
    spread = (
        float(np.sum(error**2) / max(np.sum(used[inner]), 1e-9)) * _freed(inner, first)
        if inner.any()
        else 0.2
    )
    spread = min(max(spread, 0.01), 1.0)
    moved = (
        float(np.var(plain[known])) - spread * mean / max(float(np.mean(plain_days[known])), 1.0)
        if known.any()
        else 0
    )
    prior = min(
        max(spread * mean / max(moved, (0.2 * mean) ** 2), 5.0), 120.0
    )  # days that the fleet counts for
    rate = (packs + mean * prior) / (days + prior)
    return Paces(rate, spread / np.maximum(rate * (days + prior), 1e-9), spread)


def _freed(inner: NDArray[np.bool_], first: Ints) -> float:
    """Return what makes up for each group's own mean in its errors."""
    n = int(inner.sum())
    return n / max(n - len(first), n * 0.3)


def from_orders(bought: pa.Table, sensed: set[tuple[Any, Any]], asked: Asked) -> dict[str, Any] | None:
    """Return supplies known from orders, as columns; None where there are none.

    A home and product with two orders or more, unless a sensor (`sensed`: home and product) tells better.
    """
    rows = _joined_days(bought)
    keys = zip(rows["unit"].to_pylist(), rows["product"].to_pylist(), strict=True)
    rows = rows.filter(pa.array([k not in sensed for k in keys], pa.bool_()))
    group = groups(rows["unit"], rows["product"])
    several = np.bincount(group, minlength=1)[group] > 1 if len(group) else group.astype(np.bool_)
    rows = rows.filter(pa.array(several))
    if not rows.num_rows:
        return None
    group, day = groups(rows["unit"], rows["product"]), days_of(rows["time"], asked.as_of)
    quantity = rows["quantity"].to_numpy()
    first, last = starts(group)
    pace = paces(group, day, quantity, 2 * asked.options["half_life"])
    at = pa.array(last)
    n = len(first)
    when = rows["time"].take(at).combine_chunks()
    return {
        "unit": rows["unit"].take(at).combine_chunks(),
        "device": pa.repeat("", n),
        "supply": rows["product"].take(at).combine_chunks(),
        "product": rows["product"].take(at).combine_chunks(),
        "kind": pa.repeat("orders", n),
        "basis": pa.repeat("orders", n),
        "last": when,
        "reading": np.full(n, np.nan),
        "pack": np.ones(n),
        "since": when,
        "packs": quantity[last],
        "packs_sd": np.full(n, 0.1),
        "rate": pace.rate,
        "rate_sd": pace.rate * np.sqrt(pace.doubt),
        "spread": np.full(n, pace.spread),
        "drift": pace.doubt,
        "readings": last - first + 1,
        "refills": last - first + 1,
        "refilled": when,
    }


def from_schedules(bought: pa.Table, schedules: pa.Table, asked: Asked) -> dict[str, Any] | None:
    """Return supplies that are changed by the calendar (filters, pads), as columns; None: there are none.

    `schedules` says how many days a pack of a product lasts. One order is enough to know when the next is
    due: a pack is begun when it came, or when the one before it was over.
    """
    lasts = dict(zip(*(schedules[n].to_pylist() for n in ("product", "days")), strict=True))
    rows = _joined_days(bought)
    days = [lasts.get((p or "").lower()) for p in rows["product"].to_pylist()]
    known = pa.array([d is not None and d > 0 for d in days], pa.bool_())
    rows = rows.filter(known)
    if not rows.num_rows:
        return None
    length = np.array([d for d in days if d is not None and d > 0], dtype=np.float64)
    group, day = groups(rows["unit"], rows["product"]), days_of(rows["time"], asked.as_of)
    first, last = starts(group)
    used = rows["quantity"].to_numpy() * length
    total = np.cumsum(used)
    total -= np.concatenate([[0.0], total])[first][group]
    apart = group * _FAR_DAYS  # so that what one home began says nothing of the next
    over = total + np.maximum.accumulate(day - (total - used) + apart) - apart
    at, n = pa.array(last), len(first)
    when = rows["time"].take(at).combine_chunks()
    product = rows["product"].take(at).combine_chunks()
    return {
        "unit": rows["unit"].take(at).combine_chunks(),
        "device": pa.repeat("", n),
        "supply": product,
        "product": product,
        "kind": pa.repeat("schedule", n),
        "basis": pa.repeat("schedule", n),
        "last": when,
        "reading": np.full(n, np.nan),
        "pack": np.ones(n),
        "since": pa.repeat(pa.scalar(asked.as_of, WHEN), n),
        "packs": np.maximum(over[last], 0) / length[last],
        "packs_sd": np.full(n, _BEGUN_DAYS) / length[last],
        "rate": 1 / length[last],
        "rate_sd": np.zeros(n),
        "spread": np.zeros(n),
        "drift": np.full(n, _KEPT**2),
        "readings": last - first + 1,
        "refills": last - first + 1,
        "refilled": when,
    }


def _joined_days(bought: pa.Table) -> pa.Table:
    """Return one row for each home, product and day with an order, sorted; quantities summed."""
    day = bought["time"].combine_chunks().cast(pa.int64()).to_numpy() // DAY_US
    rows = bought.append_column("day", pa.array(day))
    rows = rows.group_by(["unit", "product", "day"]).aggregate([("time", "min"), ("quantity", "sum")])
    rows = rows.rename_columns(["unit", "product", "day", "time", "quantity"]).drop_columns(["day"])
    return sorted_by(rows, "unit", "product", "time")


def from_uses(uses: pa.Table, bought: pa.Table, asked: Asked) -> dict[str, Any] | None:
    """Return supplies known from uses since the last order of the home, as columns; None: there are none.

    A pack holds as many uses as usually lie between two orders of a home with such a device.
    """
    rows = sorted_by(uses, *NAMES, "time")
    if not rows.num_rows or not bought.num_rows:
        return None
    clock, orders = _clocks(rows, bought)
    orders = np.sort(orders)
    pack_no = np.searchsorted(orders, clock, side="right")  # counts the orders of all homes before
    device = groups(*(rows[n] for n in NAMES))
    count = rows["uses"].to_numpy()
    stretch = groups(pa.chunked_array([pa.array(device)]), pa.chunked_array([pa.array(pack_no)]))
    first, _ = starts(stretch)
    total = np.add.reduceat(count, first)
    after = orders[np.maximum(pack_no[first] - 1, 0)] // _FAR == clock[first] // _FAR
    of = device[first]
    whole = after & (np.append(np.diff(of), 1) == 0) & (total > 0)
    if not whole.any():
        return None
    pack = float(np.median(total[whole]))
    begin, end = starts(device)
    day = days_of(rows["time"], asked.as_of)
    pace = paces(device, day, count / pack, asked.options["half_life"])
    newest = np.append(np.diff(of), 1) > 0
    gone, known = total[newest] / pack, after[newest]
    n, at = len(begin), pa.array(end)
    doubt = float(np.var(total[whole] / pack)) if whole.sum() > 2 else 0.1
    out = {name: rows[name].take(at).combine_chunks() for name in NAMES}
    out |= {
        "product": pa.nulls(n, pa.string()),
        "kind": pa.repeat("uses", n),
        "basis": pa.repeat("uses", n),
        "last": rows["time"].take(at).combine_chunks(),
        "reading": count[end],
        "pack": np.full(n, pack),
        "since": pa.repeat(pa.scalar(asked.as_of, WHEN), n),
        "packs": np.maximum(1 - gone, 0),
        "packs_sd": np.full(n, np.sqrt(max(doubt, 1e-4))),
        "rate": pace.rate,
        "rate_sd": pace.rate * np.sqrt(pace.doubt),
        "spread": np.full(n, pace.spread),
        "drift": pace.doubt,
        "readings": end - begin + 1,
        "refills": np.zeros(n, dtype=np.int64),
        "refilled": pa.nulls(n, WHEN),
    }
    some = pa.array(known)
    return {
        name: pa.array(v).filter(some) if isinstance(v, np.ndarray) else v.filter(some)
        for name, v in out.items()
    }


_FAR: Final = 1 << 36


def _clocks(*tables: pa.Table) -> tuple[Ints, ...]:
    """Return for each table numbers that sort by home, then by time to a second; homes alike in all."""
    homes = np.unique(np.concatenate([t["unit"].to_numpy() for t in tables]))
    seconds = [t["time"].combine_chunks().cast(pa.int64()).to_numpy() // 1_000_000 for t in tables]
    ranks = [np.searchsorted(homes, t["unit"].to_numpy()) for t in tables]
    return tuple(rank * _FAR + second for rank, second in zip(ranks, seconds, strict=True))


def before_refills(
    refills: pa.Table, bought: pa.Table
) -> tuple[dict[tuple[Any, Any, Any], str], dict[str, Any]]:
    """Return which product fills each supply, and how long its deliveries took, as columns.

    A supply (home, device, supply) is filled by the product most ordered just before its refills; on a
    tie by the last by name. Each order is delivered once.
    """
    if not refills.num_rows or not bought.num_rows:
        return {}, {
            "unit": pa.array([], pa.int64()),
            "product": pa.array([], pa.string()),
            "days": np.zeros(0),
        }
    orders, refills = sorted_by(bought, "unit", "time"), sorted_by(refills, *NAMES, "time")
    clock, filled = _clocks(orders, refills)
    product = orders["product"].to_pylist()
    at = np.searchsorted(clock, filled, side="right") - 1
    took = filled - clock[np.maximum(at, 0)]
    good = (at >= 0) & (took <= _LATE_DAYS * 86_400)
    counts: dict[tuple[Any, Any, Any], dict[str, int]] = {}
    keys = zip(*(refills[n].to_pylist() for n in NAMES), strict=True)
    for place, (key, fits) in enumerate(zip(keys, good.tolist(), strict=True)):
        if fits:
            own = counts.setdefault(key, {})
            name = product[at[place]]
            own[name] = own.get(name, 0) + 1
    names = {key: max((n, name) for name, n in own.items())[1] for key, own in counts.items()}
    hit = np.flatnonzero(good)
    leads = {
        "unit": refills["unit"].take(pa.array(hit)).combine_chunks(),
        "product": orders["product"].take(pa.array(at[hit])).combine_chunks(),
        "days": took[hit] / 86_400,
    }
    return names, leads
