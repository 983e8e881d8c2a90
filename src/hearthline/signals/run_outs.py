"""Run-outs: when each supply of each home will be used up, with an interval, and how likely this week."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hearthline.signals import DERIVED, Asked, Tables
from hearthline.signals._ahead import FAR, Ahead
from hearthline.signals._columns import DAY_US, WHEN, Floats, made, micros, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Run-outs"
TELLS: Final = (
    "When each supply will be used up, with an 80% and a 90% interval, and how likely it is within a week: "
    "the distribution of the day on which use first exceeds what is left. Where a home may be gone, less "
    "likely by that chance."
)
PAPER: Final = (
    "first passage of a use that never goes back (Birnbaum & Saunders 1969), with the doubt of level and rate"
)
READS: Final[dict[str, str]] = {}
NEEDS: Final = ("supplies", "supply_kinds", "churn", "churn_model")
TABLES: Final = {
    "run_outs": schema(
        unit=(pa.int64(), "key of the household"),
        device=(pa.string(), "id of the device; of supplies known from orders: empty"),
        supply=(pa.string(), "which of the device's supplies, or the product"),
        product=(pa.string(), "the product that fills it; null: not known"),
        basis=(pa.string(), "`sensor`, `uses`, `schedule` or `orders`"),
        packs=(pa.float64(), "what is left now, in packs"),
        days=(pa.float64(), "days from now until it is used up, the middle of the distribution"),
        low80=(pa.float64(), "one time in ten it is used up before so many days"),
        high80=(pa.float64(), "one time in ten only after so many days; null: not within a year"),
        low=(pa.float64(), "one time in twenty it is used up before so many days"),
        high=(pa.float64(), "one time in twenty only after so many days; null: not within a year"),
        date=(WHEN, "now and `days` (UTC); null: not within a year"),
        week=(pa.float64(), "chance that somebody is there and it is used up within 7 days"),
        month=(pa.float64(), "the same within 28 days"),
    ),
    "derived": DERIVED,
}
OPTIONS: Final = {"soon": 0.5}
_TOLD_BY_DEVICES: Final = pa.array(["sensor", "uses"])
_TAILS: Final = (0.05, 0.1, 0.5, 0.9, 0.95)


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `run_outs`, one row a supply, sorted by household, device and supply.

    A derived event tells each supply that is used up within a week more likely than the option `soon`.
    """
    rows = sorted_by(seen["supplies"], "unit", "device", "supply")
    ahead = Ahead(rows, seen["supply_kinds"], asked)
    days = np.stack([ahead.quantile(p) for p in _TAILS], axis=1)
    days[days > FAR] = np.nan
    days = np.maximum(days, 0.0) + 0.0  # no day lies a rounding error before now
    there = _there(rows, seen["churn"], seen["churn_model"])
    week, month = there * ahead.chance(7.0), there * ahead.chance(28.0)
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


def _there(rows: pa.Table, churn: pa.Table, model: pa.Table) -> Floats:
    """Return the (n,) chance that somebody is still there to use a supply.

    That is what `churn` says of the household. One that is silent for so long that it is not judged comes
    back as often as those before it did; that counts only where devices would tell of use.
    """
    pauses = sum(model["pauses"].to_pylist())
    back = sum(model["returns"].to_pylist()) / pauses if pauses else 1.0
    gone = np.asarray(pc.fill_null(churn["gone"].cast(pa.float64()), 0.0), np.float64)
    silent = np.asarray(pc.equal(churn["state"], "silent"), np.bool_)
    household = np.asarray(churn["unit"], np.int64)
    order = np.argsort(household)
    unit = np.asarray(rows["unit"], np.int64)
    at = np.searchsorted(household, unit, sorter=order)
    known = at < len(household)
    known[known] = household[order[at[known]]] == unit[known]
    told = np.asarray(pc.is_in(rows["basis"], value_set=_TOLD_BY_DEVICES), np.bool_)
    there = np.ones(len(unit))
    of = order[at[known]]
    there[known] = (1.0 - np.nan_to_num(gone[of])) * np.where(silent[of] & told[known], back, 1.0)
    return there


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
