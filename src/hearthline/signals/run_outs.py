"""Run-outs: when each supply of each home will be used up, with an interval, and how likely this week."""

from typing import Final

import numpy as np
import pyarrow as pa
from scipy.special import ndtr, ndtri

from hearthline.signals import DERIVED, Asked, Tables
from hearthline.signals._columns import DAY_US, WHEN, Floats, days_of, made, micros, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Run-outs"
TELLS: Final = (
    "When each supply will be used up, with an 80% and a 90% interval, and how likely it is within a week: "
    "the distribution of the day on which use first exceeds what is left."
)
PAPER: Final = (
    "first passage of a use that never goes back (Birnbaum & Saunders 1969), with the doubt of level and rate"
)
READS: Final[dict[str, str]] = {}
NEEDS: Final = ("supplies", "supply_kinds")
TABLES: Final = {
    "run_outs": schema(
        unit=(pa.int64(), "key of the household"),
        device=(pa.string(), "id of the device; of supplies known from orders: empty"),
        supply=(pa.string(), "which of the device's supplies, or the product"),
        product=(pa.string(), "the product that fills it; null: not known"),
        basis=(pa.string(), "`sensor`, `uses` or `orders`"),
        packs=(pa.float64(), "what is left now, in packs"),
        days=(pa.float64(), "days from now until it is used up, the middle of the distribution"),
        low80=(pa.float64(), "one time in ten it is used up before so many days"),
        high80=(pa.float64(), "one time in ten only after so many days; null: not within a year"),
        low=(pa.float64(), "one time in twenty it is used up before so many days"),
        high=(pa.float64(), "one time in twenty only after so many days; null: not within a year"),
        date=(WHEN, "now and `days` (UTC); null: not within a year"),
        week=(pa.float64(), "chance that it is used up within 7 days"),
        month=(pa.float64(), "chance that it is used up within 28 days"),
    ),
    "derived": DERIVED,
}
OPTIONS: Final = {"soon": 0.5}
_FAR: Final = 366.0
_TAILS: Final = (0.05, 0.1, 0.5, 0.9, 0.95)


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `run_outs`, one row a supply, sorted by household, device and supply.

    A derived event tells each supply that is used up within a week more likely than the option `soon`.
    """
    rows = sorted_by(seen["supplies"], "unit", "device", "supply")
    ahead = _Ahead(rows, seen["supply_kinds"], asked)
    days = np.stack([ahead.quantile(p) for p in _TAILS], axis=1)
    days[days > _FAR] = np.nan
    week, month = ahead.chance(7.0), ahead.chance(28.0)
    near = np.where(np.isnan(days[:, 2]), 0, days[:, 2])
    date = micros(asked.as_of) + (near * DAY_US).astype(np.int64)
    told = {
        **{n: rows[n].combine_chunks() for n in ("unit", "device", "supply", "product", "basis")},
        "packs": ahead.left_now(),
        "low": days[:, 0],
        "low80": days[:, 1],
        "days": days[:, 2],
        "high80": days[:, 3],
        "high": days[:, 4],
        "date": pa.array(date, mask=np.isnan(days[:, 2])).cast(WHEN),
        "week": week,
        "month": month,
    }
    out = made(TABLES["run_outs"], told)
    return {"run_outs": out, "derived": _events(out.filter(pa.array(week > asked.options["soon"])), asked)}


class _Ahead:
    """The distribution of each supply's last day, in calendar days from the as-of.

    Use over an operational time t is about normal around u = rate x t, with the variance `packs_sd`^2 +
    spread u + drift u^2; it never goes back, so P(used up by t) = P(use by t >= left).
    """

    def __init__(self, rows: pa.Table, kinds: pa.Table, asked: Asked) -> None:
        get = {n: rows[n].to_numpy() for n in ("packs", "packs_sd", "rate", "spread", "drift")}
        self.left, self.rate, self.spread = get["packs"], np.maximum(get["rate"], 1e-6), get["spread"]
        self.base = get["packs_sd"] ** 2
        self.drift = get["drift"]
        names = {name: i for i, name in enumerate(kinds["kind"].to_pylist())}
        weekday = np.array([*kinds["weekday"].to_pylist(), [1.0] * 7])
        kind = np.array([names.get(k, len(names)) for k in rows["kind"].to_pylist()], dtype=np.int64)
        weekday0 = (micros(asked.as_of) / DAY_US + 3) % 7
        self.day = np.arange(0, _FAR * 2)
        self.clock = _clock(weekday, weekday0, self.day)
        self.kind = kind
        self.gone = np.maximum(-days_of(rows["since"], asked.as_of), 0)  # since what is left was told
        self.before = self._passed(self.rate * self.gone)

    def _passed(self, use: Floats) -> Floats:
        """Return the chance that so much expected use exceeds what was left."""
        sd = np.sqrt(self.base + self.spread * use + self.drift * use**2)
        out: Floats = ndtr((use - self.left) / np.maximum(sd, 1e-9))
        return out

    def left_now(self) -> Floats:
        """Return what is left now, in packs."""
        out: Floats = np.maximum(self.left - self.rate * self.gone, 0)
        return out

    def chance(self, days: float) -> Floats:
        """Return the chance that it is used up within so many calendar days, given that it is not yet."""
        ahead = np.array([np.interp(days, self.day, row) for row in self.clock])[self.kind]
        then = self._passed(self.rate * (self.gone + ahead))
        counted = self.gone > 0
        given = np.where(counted, (then - self.before) / np.maximum(1 - self.before, 1e-6), then)
        out: Floats = np.clip(given, 0, 1)
        return out

    def quantile(self, p: float) -> Floats:
        """Return the calendar days within which it is used up with chance p; 0 when it may be already."""
        counted = self.gone > 0
        z = ndtri(np.clip(np.where(counted, self.before + p * (1 - self.before), p), 1e-6, 1 - 1e-6))
        use = _root(self.left, self.base, self.spread, self.drift, z)
        operational = np.maximum(use / self.rate - self.gone, 0)
        out: Floats = np.empty_like(operational)
        for k in range(len(self.clock)):
            own = self.kind == k
            out[own] = np.interp(operational[own], self.clock[k], self.day, right=np.inf)
        return out


def _clock(weekday: Floats, weekday0: float, day: Floats) -> Floats:
    """Return (kinds, days) operational days by each calendar day from now."""
    step = np.floor(day[:-1] + weekday0).astype(np.int64) % 7
    part = (weekday0 % 1) * np.ones_like(day[:-1])
    today, tomorrow = weekday[:, step], weekday[:, (step + 1) % 7]
    passing = (1 - part) * today + part * tomorrow
    out: Floats = np.concatenate([np.zeros((len(weekday), 1)), np.cumsum(passing, axis=1)], axis=1)
    return out


def _root(left: Floats, base: Floats, spread: Floats, drift: Floats, z: Floats) -> Floats:
    """Return the use u with (u - left) = z sd(u): a quadratic; infinite where none is."""
    a = 1 - z**2 * drift
    b = 2 * left + z**2 * spread
    c = left**2 - z**2 * base
    inner = np.sqrt(np.maximum(b**2 - 4 * a * c, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        use = np.where(z >= 0, (b + inner) / (2 * a), (b - inner) / (2 * a))
        low = np.where(z >= 0, use, 2 * c / (b + inner))  # the same, without cancellation
    out: Floats = np.where((a <= 0) & (z > 0), np.inf, np.maximum(low, 0))
    return out


def _events(rows: pa.Table, asked: Asked) -> pa.Table:
    """Return one derived event for each of these run-outs."""
    n = rows.num_rows
    keys = zip(*(rows[c].to_pylist() for c in ("unit", "device", "supply")), strict=True)
    ids = [f"{u}/{d}/{s}/{asked.as_of:%Y%m%dT%H%M%S}" for u, d, s in keys]
    days = rows["days"].combine_chunks()
    columns = {
        "id": pa.array(ids, pa.string()),
        "source": pa.repeat("//hearthline/signals/run_outs", n),
        "type": pa.repeat("derived.supply.running_out", n),
        "time": pa.repeat(pa.scalar(asked.as_of, WHEN), n),
        "layer": pa.repeat("derived", n),
        "unit": rows["unit"].combine_chunks(),
        "device_id": rows["device"].combine_chunks(),
        "device_kind": pa.nulls(n, pa.string()),
        "signal_capability": pa.repeat("supply", n),
        "signal_attribute": pa.repeat("runs_out_in", n),
        "signal_instance": rows["supply"].combine_chunks(),
        "signal_value": rows["date"].combine_chunks().cast(pa.string()),
        "signal_number": days,
        "signal_unit": pa.repeat("days", n),
    }
    return pa.Table.from_arrays([columns[f.name] for f in DERIVED], schema=DERIVED)
