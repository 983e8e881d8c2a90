"""Churn: which households are about to leave or are gone already, why, and when to win them back."""

from typing import Final

import numpy as np
import pyarrow as pa

from hearthline.signals import DERIVED, Asked, Tables
from hearthline.signals._columns import Floats, Ints, made, schema
from hearthline.signals._leaving import HORIZON, SILENCE, Days, active
from hearthline.signals._risk import Risk, at_risk

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Churn"
TELLS: Final = (
    "Which households are about to leave within 28 days or are gone already without saying so, with "
    "calibrated chances, reasons, and the days in which those who paused before came back."
)
PAPER: Final = "penalised logistic hazards over fortnights; chances set right as Platt (1999)"
READS: Final = {
    "daily_use": """
        SELECT unit, day, sum(uses) AS uses, sum(acts) AS acts, sum(errors) AS errors
        FROM device_uses GROUP BY unit, day""",
    "daily_orders": """
        SELECT DISTINCT unit, day FROM orders
        WHERE unit IS NOT NULL AND kind = 'person' AND coalesce(status, 'placed') = 'placed'""",
}
NEEDS: Final = ()
TABLES: Final = {
    "churn": schema(
        unit=(pa.int64(), "key of the household"),
        state=(pa.string(), "active (did something in the last 28 days), new (known for less), or silent"),
        last=(pa.date32(), "last day with a use or an order by hand (UTC)"),
        silent_days=(pa.int64(), "days since then"),
        gone=(pa.float64(), "chance that the household is gone already; null: not judged"),
        leaves=(pa.float64(), "chance that it leaves within 28 days if it is not gone; null: not judged"),
        chance=(pa.float64(), "chance of either"),
        reason=(pa.string(), "the strongest reason"),
        second=(pa.string(), "the second reason"),
        third=(pa.string(), "the third reason"),
        win_back_until=(pa.date32(), "for silent ones: day by which nine in ten of those who came back had"),
    ),
    "churn_model": schema(
        lessons=(pa.int64(), "household-fortnights that the model learned from"),
        departures=(pa.int64(), "of them ended in leaving"),
        horizon_days=(pa.int64(), "days that are foretold"),
        silence_days=(pa.int64(), "days without use or order that are leaving"),
        win_back_days=(pa.float64(), "pauses of four weeks or more that ended: nine in ten ended within"),
        returns=(pa.int64(), "pauses of four weeks or more that ended"),
        pauses=(pa.int64(), "pauses of four weeks or more"),
    ),
    "derived": DERIVED,
}
OPTIONS: Final = {"alarm": 0.5}


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return `churn`, one row a household, `churn_model`, and an event for each chance above `alarm`."""
    units, days = _days(seen)
    if not len(units):
        return {name: kind.empty_table() for name, kind in TABLES.items()}
    now = asked.as_of.date().toordinal() - _EPOCH
    risk, last = at_risk(days, now), _last(days)
    window, returns, pauses = _pauses(days, now)
    table = _table(units, days, now, risk, np.where(np.isnan(window), np.nan, last + window))
    about = {
        "lessons": [risk.lessons if risk else 0],
        "departures": [risk.departures if risk else 0],
        "horizon_days": [HORIZON],
        "silence_days": [SILENCE],
        "win_back_days": np.array([window]),
        "returns": [returns],
        "pauses": [pauses],
    }
    alarms = table.filter(pa.compute.greater_equal(table["chance"], asked.options["alarm"]))
    return {
        "churn": table,
        "churn_model": made(TABLES["churn_model"], about),
        "derived": _events(alarms, asked),
    }


_EPOCH: Final = 719_163  # ordinal of 1 January 1970


def _codes(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.combine_chunks().cast(pa.int64()).to_numpy(), dtype=np.int64)


def _ints(column: pa.ChunkedArray) -> Ints:
    return np.asarray(column.combine_chunks().cast(pa.int32()).to_numpy(), dtype=np.int64)


def _days(seen: Tables) -> tuple[Ints, Days]:
    """Return the households' keys, sorted, and what they did by day, day 0 = 1 January 1970."""
    use, orders = seen["daily_use"], seen["daily_orders"]
    use_unit, order_unit = _codes(use["unit"]), _codes(orders["unit"])
    units = np.unique(np.concatenate([use_unit, order_unit]))
    at, order_at = np.searchsorted(units, use_unit), np.searchsorted(units, order_unit)
    day, order_day = _ints(use["day"]), _ints(orders["day"])
    first = np.full(len(units), np.iinfo(np.int64).max)
    np.minimum.at(first, at, day)
    np.minimum.at(first, order_at, order_day)
    uses, acts, errors = (
        np.asarray(use[n].combine_chunks().cast(pa.float64()).to_numpy(), dtype=np.float64)
        for n in ("uses", "acts", "errors")
    )
    return units, Days(at, day, uses, errors, order_at, order_day, first, acts)


def _last(days: Days) -> Floats:
    out = np.full(days.n, -np.inf)
    np.maximum.at(out, days.unit, days.day.astype(np.float64))
    np.maximum.at(out, days.order_unit, days.order_day.astype(np.float64))
    return out


def _pauses(days: Days, now: int) -> tuple[float, int, int]:
    """Return the days in which nine in ten of the long pauses that ended did; how many ended, of how many."""
    unit = np.concatenate([days.unit, days.order_unit])
    day = np.concatenate([days.day, days.order_day])
    order = np.lexsort((day, unit))
    unit, day = unit[order], day[order]
    gap = np.diff(day)[unit[1:] == unit[:-1]]
    ended = gap[gap >= SILENCE]
    open_ones = int((now - _last(days) >= SILENCE).sum())
    window = float(np.quantile(ended, 0.9)) if len(ended) >= 20 else np.nan
    return window, len(ended), len(ended) + open_ones


def _table(units: Ints, days: Days, now: int, risk: Risk | None, until: Floats) -> pa.Table:
    last = _last(days)
    silent = np.maximum(now - last, 0).astype(np.int64)
    state = np.where(active(days, now), "active", np.where(silent >= SILENCE, "silent", "new"))
    gone, leaves, chance = (np.full(len(units), np.nan) for _ in range(3))
    reasons: list[list[str | None]] = [[None] * len(units) for _ in range(3)]
    if risk is not None:
        gone[risk.unit], leaves[risk.unit], chance[risk.unit] = risk.gone, risk.leaves, risk.chance
        for row, told in zip(risk.unit.tolist(), risk.reasons, strict=True):
            for place, reason in enumerate(told):
                reasons[place][row] = reason
    until = np.where((state == "silent") & (until >= now), until, np.nan)
    return made(
        TABLES["churn"],
        {
            "unit": units,
            "state": pa.array(state.tolist()),
            "last": pa.array(last.astype(np.int32)),
            "silent_days": silent,
            "gone": gone,
            "leaves": leaves,
            "chance": chance,
            "reason": pa.array(reasons[0], pa.string()),
            "second": pa.array(reasons[1], pa.string()),
            "third": pa.array(reasons[2], pa.string()),
            "win_back_until": pa.array(
                np.nan_to_num(until).astype(np.int32), mask=np.isnan(until)
            ),
        },
    )  # fmt: skip


def _events(alarms: pa.Table, asked: Asked) -> pa.Table:
    """Return an event for each household that is likely to leave."""
    n = alarms.num_rows
    day = asked.as_of.date().isoformat()
    plain = {
        "id": pa.array([f"churn-{day}-{u}" for u in alarms["unit"].to_pylist()], pa.string()),
        "source": pa.array(["//hearthline/signals/churn"] * n, pa.string()),
        "type": pa.array(["derived.churn.expected"] * n, pa.string()),
        "time": pa.array([asked.as_of] * n, DERIVED.field("time").type),
        "layer": pa.array(["derived"] * n, pa.string()),
        "unit": alarms["unit"].combine_chunks(),
        "signal_capability": pa.array(["churn"] * n, pa.string()),
        "signal_attribute": pa.array(["chance"] * n, pa.string()),
        "signal_value": alarms["reason"].combine_chunks(),
        "signal_number": alarms["chance"].combine_chunks(),
        "signal_unit": pa.array(["probability"] * n, pa.string()),
    }
    return pa.table([plain.get(f.name, pa.nulls(n, f.type)) for f in DERIVED], schema=DERIVED)
