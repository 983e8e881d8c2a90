"""Query to purchase: orders after questions by voice, beside like days without; orders finished elsewhere."""

from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hearthline.signals import Asked, Tables
from hearthline.signals._asks import ASKS
from hearthline.signals._chances import Z90
from hearthline.signals._columns import WHEN, Floats, Ints, made, schema, sorted_by

__all__ = ["NEEDS", "OPTIONS", "PAPER", "READS", "TABLES", "TELLS", "TITLE", "derive"]

TITLE: Final = "Query to purchase"
TELLS: Final = (
    "Orders by hand in the days after a question by voice, beside matched days of like homes without one, "
    "and orders that began with a question by voice and were finished on another device."
)
PAPER: Final = "exact matching on strata (Iacus, King & Porro 2012); household bootstrap"
READS: Final = {
    "query_days": f"SELECT DISTINCT unit, CAST(time AS DATE) AS day, intent FROM ({ASKS}) WHERE commerce",
    "hand_days": """
        SELECT DISTINCT unit, day FROM orders
        WHERE unit IS NOT NULL AND kind = 'person' AND coalesce(status, 'placed') = 'placed'""",
    "begun": f"""
        WITH hand AS (
          SELECT shop, order_id, unit, time, day, via, net FROM orders
          WHERE unit IS NOT NULL AND kind = 'person' AND coalesce(status, 'placed') = 'placed'),
        spoken AS (
          SELECT unit, time AS spoken_at FROM homed_events
          WHERE modality = 'voice' AND commerce_action = 'placed'),
        asked AS (SELECT unit, time AS asked_at, intent, assistant FROM ({ASKS}) WHERE commerce)
        SELECT h.shop, h.order_id, h.unit, h.time, h.day, CAST(h.net AS DOUBLE) AS net,
          CASE WHEN s.spoken_at >= h.time - INTERVAL 10 MINUTE THEN 'voice'
               ELSE coalesce(h.via, 'unknown') END AS via, a.asked_at, a.intent, a.assistant
        FROM hand h ASOF LEFT JOIN asked a ON h.unit = a.unit AND h.time >= a.asked_at
          ASOF LEFT JOIN spoken s ON h.unit = s.unit AND h.time + INTERVAL 10 MINUTE >= s.spoken_at
        WHERE h.via = 'voice' OR s.spoken_at >= h.time - INTERVAL 10 MINUTE
          OR h.time - a.asked_at <= INTERVAL 24 HOUR""",
    "span": "SELECT first_day, last_day FROM run",
}
NEEDS: Final = ()
TABLES: Final = {
    "query_to_purchase": schema(
        intent=(pa.string(), "which question, or all"),
        days=(pa.int64(), "length of the window after the question"),
        queries=(pa.int64(), "home-days with such a question whose window was seen whole and had a match"),
        homes=(pa.int64(), "homes with one"),
        unmatched=(pa.int64(), "home-days with such a question and no like day without one"),
        ordered=(pa.float64(), "part of them followed by an order by hand within the window"),
        matched=(pa.float64(), "the same part on like days without a question"),
        lift=(pa.float64(), "difference of the two; not said to be caused by the question"),
        low=(pa.float64(), "low end of its 90 % interval over homes"),
        high=(pa.float64(), "high end"),
    ),
    "voice_orders": schema(
        order_id=(pa.string(), "the order"),
        shop=(pa.string(), "of which shop"),
        unit=(pa.int64(), "key of the household"),
        time=(WHEN, "when it was placed (UTC)"),
        day=(pa.date32(), "on which day (UTC)"),
        how=(
            pa.string(),
            "direct (bought by voice within ten minutes) or initiated (asked, finished elsewhere)",
        ),
        via=(pa.string(), "how it was placed; voice also where the shop does not know it"),
        asked_at=(WHEN, "the last question by voice before it"),
        intent=(pa.string(), "that question"),
        assistant=(pa.string(), "where it was asked"),
        hours=(pa.float64(), "hours from the question to the order"),
        net=(pa.float64(), "net revenue"),
    ),
}
OPTIONS: Final = {"days": 7.0, "draws": 100.0, "min_homes": 30.0, "most_homes": 20_000.0}
_EPOCH: Final = 719_163


def derive(seen: Tables, asked: Asked) -> Tables:
    """Return the comparison of days with and without questions, and orders that voice placed or began."""
    return {"query_to_purchase": _compared(seen, asked), "voice_orders": _orders(seen["begun"])}


def _orders(begun: pa.Table) -> pa.Table:
    rows = sorted_by(begun, "time", "order_id", "shop")
    time, at = (
        np.asarray(rows[n].combine_chunks().cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.float64)
        for n in ("time", "asked_at")
    )
    how = ["direct" if v == "voice" else "initiated" for v in rows["via"].to_pylist()]
    plain = {n: rows[n].combine_chunks() for n in ("order_id", "shop", "unit", "time", "day", "via")}
    plain |= {n: rows[n].combine_chunks() for n in ("asked_at", "intent", "assistant", "net")}
    return made(
        TABLES["voice_orders"], plain | {"how": pa.array(how, pa.string()), "hours": (time - at) / 3.6e9}
    )


def _whole(column: pa.ChunkedArray, kind: pa.DataType) -> Ints:
    return np.asarray(column.combine_chunks().cast(kind).to_numpy(), dtype=np.int64)


def _compared(seen: Tables, asked: Asked) -> pa.Table:
    queries, hand, span = seen["query_days"], seen["hand_days"], seen["span"]
    if not queries.num_rows or not span.num_rows:
        return TABLES["query_to_purchase"].empty_table()
    first = _whole(span["first_day"], pa.int32())[0]
    days, window = int(_whole(span["last_day"], pa.int32())[0] - first + 1), int(asked.options["days"])
    units = np.unique(_whole(queries["unit"], pa.int64()))
    most = int(asked.options["most_homes"])
    if len(units) > most:  # every k-th home, in the order of keys
        units = units[:: -(-len(units) // most)]
    order = _grid(hand, units, first, days)
    every = _grid(queries, units, first, days)
    rows = []
    intents = sorted(set(queries["intent"].to_pylist()))
    for intent in ["all questions", *(intents if len(intents) > 1 else ())]:
        mask = pa.compute.equal(queries["intent"], intent)
        grid = every if intent == "all questions" else _grid(queries.filter(mask), units, first, days)
        row = _lift(grid, every, order, window, asked)
        if row is not None:
            rows.append({"intent": intent, "days": window, **row})
    return pa.Table.from_pylist(rows, schema=TABLES["query_to_purchase"])


def _grid(rows: pa.Table, units: Ints, first: int, days: int) -> NDArray[np.bool_]:
    """Return (homes, days): whether there is a row."""
    unit, day = _whole(rows["unit"], pa.int64()), _whole(rows["day"], pa.int32()) - first
    keep = np.isin(unit, units) & (day >= 0) & (day < days)
    out = np.zeros((len(units), days), dtype=np.bool_)
    out[np.searchsorted(units, unit[keep]), day[keep]] = True
    return out


def _within(grid: NDArray[np.bool_], before: int, after: int) -> NDArray[np.bool_]:
    """Return whether there is a day from `before` days earlier to `after` days later (both counted)."""
    total = np.pad(np.cumsum(grid, axis=1), ((0, 0), (1, 0)))
    day = np.arange(grid.shape[1])
    low, high = np.maximum(day - before, 0), np.minimum(day + after + 1, grid.shape[1])
    out: NDArray[np.bool_] = total[:, high] > total[:, low]
    return out


def _strata(order: NDArray[np.bool_]) -> Ints:
    """Return the stratum of each home-day: days since the last order, orders before, and the fortnight."""
    homes, days = order.shape
    day = np.arange(days)
    last = np.maximum.accumulate(np.where(order, day, -1000), axis=1)
    last = np.concatenate([np.full((homes, 1), -1000), last[:, :-1]], axis=1)
    since = np.digitize(day - last, (4, 8, 15, 29, 500))
    before = np.minimum(np.cumsum(order, axis=1) - order, 4)
    out: Ints = (since * 5 + before) * (days // 14 + 1) + day // 14
    return out


def _lift(
    grid: NDArray[np.bool_], every: NDArray[np.bool_], order: NDArray[np.bool_], window: int, asked: Asked
) -> dict[str, Any] | None:
    """Return what follows questions against like days without one; None: too few homes."""
    homes, days = order.shape
    whole = np.broadcast_to(np.arange(days) + window < days, order.shape)
    bought = np.zeros_like(order)
    bought[:, :-1] = _within(order, 0, window - 1)[:, 1:]
    stratum = _strata(order)
    free = ~_within(every, window, window) & whole
    treated = grid & whole
    home = np.broadcast_to(np.arange(homes)[:, None], order.shape)
    k = int(stratum.max()) + 1

    def sums(rows: NDArray[np.bool_], weight: Floats) -> tuple[Floats, Floats]:
        own = weight[home[rows]]
        at = stratum[rows]
        return (
            np.bincount(at, weights=own, minlength=k).astype(np.float64),
            np.bincount(at, weights=own * bought[rows], minlength=k).astype(np.float64),
        )

    def both(weight: Floats) -> tuple[float, float, float]:
        (n, y), (m, z) = sums(treated, weight), sums(free, weight)
        use = (n > 0) & (m > 0)
        count = n[use].sum()
        return count, float(y[use].sum() / count), float((n[use] * z[use] / m[use]).sum() / count)

    ones = np.ones(homes)
    there = np.unique(home[treated])
    if len(there) < asked.options["min_homes"] or not free.any():
        return None
    count, ordered, matched = both(ones)
    if not count:
        return None
    random, drawn = np.random.default_rng(8), []
    for _ in range(int(asked.options["draws"])):
        weight = np.bincount(random.integers(0, homes, homes), minlength=homes).astype(np.float64)
        _, one, other = both(weight)
        drawn.append(one - other)
    spread, lift = float(np.nanstd(drawn)), ordered - matched
    return {
        "queries": int(count),
        "homes": len(there),
        "unmatched": int(treated.sum() - count),
        "ordered": ordered,
        "matched": matched,
        "lift": lift,
        "low": lift - Z90 * spread,
        "high": lift + Z90 * spread,
    }
